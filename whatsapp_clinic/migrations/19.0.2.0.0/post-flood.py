"""Who signed webhooks that wait, and what words mean in other languages."""

from odoo import SUPERUSER_ID, api

from odoo.addons.whatsapp_clinic.models.whatsapp.provider import WHATSAPP


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    _note_signers(env)
    _note_languages(env)


def _note_languages(env):
    """What the data of a new database says of words that were there before."""
    english = env.ref("base.lang_en")
    for name, values in (
        ("stop", {"lang_id": False}),
        ("start", {"lang_id": False}),
        ("red", {"only_in_language": True}),
        ("istemiyorum", {"is_heard_inside": True}),
    ):
        word = env.ref(f"whatsapp_clinic.stop_word_{name}", raise_if_not_found=False)
        if word and ("lang_id" not in values or word.lang_id == english):
            word.write(values)


def _note_signers(env):
    """Note the app that has the number as who signed what is not processed yet."""
    inbound = env["whatsapp.clinic.inbound"]
    waiting = env["whatsapp.clinic.webhook.event"].search(
        [("state", "!=", "done"), ("emptied_at", "=", False)]
    )
    for event in waiting.filtered(lambda one: not one.account_id):
        event.account_id = _only_owner(inbound, bytes(event.body or b""))


def _only_owner(inbound, body: bytes) -> int | bool:
    try:
        named = set().union(*map(inbound._channels_named, WHATSAPP.parse(body)))
    except ValueError:
        return False
    owners = inbound.env["whatsapp.clinic.channel"].browse(named).account_id
    return owners.id if len(owners) == 1 else False
