"""Webhooks that waited during the upgrade keep what their number may say."""

from odoo import SUPERUSER_ID, api

from odoo.addons.whatsapp_clinic.cloud_api.webhooks import parse


def migrate(cr, version):
    """Note the app that has the number as who signed what is not processed yet."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    inbound = env["whatsapp.clinic.inbound"]
    waiting = env["whatsapp.clinic.webhook.event"].search(
        [("state", "!=", "done"), ("emptied_at", "=", False)]
    )
    for event in waiting.filtered(lambda one: not one.account_id):
        event.account_id = _only_owner(inbound, bytes(event.body or b""))


def _only_owner(inbound, body: bytes) -> int | bool:
    try:
        owners = set().union(*map(inbound._owners, parse(body)))
    except ValueError:
        return False
    return owners.pop() if len(owners) == 1 else False
