"""Identities get the telephone that their number is, whichever form it has."""

from odoo.addons.whatsapp_clinic.tools.phone import line


def migrate(cr, version):
    """Of several forms of one telephone the oldest identity keeps it; the others are
    merged into it once the models are there."""
    cr.execute(
        "ALTER TABLE whatsapp_clinic_identity ADD COLUMN IF NOT EXISTS line varchar"
    )
    cr.execute(
        "SELECT id, provider, wa_id FROM whatsapp_clinic_identity "
        "WHERE wa_id IS NOT NULL ORDER BY id DESC"
    )
    keepers = {
        (provider, line(wa_id)): identity_id
        for identity_id, provider, wa_id in cr.fetchall()
    }
    cr.execute(
        "UPDATE whatsapp_clinic_identity AS identity SET line = kept.line "
        "FROM unnest(%s, %s) AS kept (id, line) WHERE identity.id = kept.id",
        [list(keepers.values()), [one for _provider, one in keepers]],
    )
