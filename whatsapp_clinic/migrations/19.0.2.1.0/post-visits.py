from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Thanks wait only for visits of which somebody has noted that they took place."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    rows = env["whatsapp.clinic.message"].search(
        [("rule_id.anchor", "=", "end"), ("state", "in", ("queued", "held"))]
    )
    if rows:
        rules = env["whatsapp.clinic.message.rule"]
        visits = rows._subjects("whatsapp.clinic.appointment")
        rules._plan(visits, rules=rows.rule_id)
