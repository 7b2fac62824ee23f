"""One telephone is one identity, and patients' numbers carry their country code."""

from odoo import SUPERUSER_ID, api

from odoo.addons.whatsapp_clinic.tools.phone import line


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
    identities = env["whatsapp.clinic.identity"]
    for other in identities.search([("line", "=", False), ("wa_id", "!=", False)]):
        kept = identities.search(
            [("provider", "=", other.provider), ("line", "=", line(other.wa_id))]
        )
        kept._merge(other)
    everybody = env["res.partner"].with_context(active_test=False)
    everybody.search(
        [
            ("phone", "!=", False),
            "|",
            ("clinic_patient", "=", True),
            ("ward_ids", "!=", False),
        ]
    )._spell_phone()
