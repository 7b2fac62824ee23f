"""What people call themselves is one bounded line, also what came before."""

from odoo.addons.whatsapp_clinic.cloud_api.webhooks.reading import LONGEST_NAME, name

# Names that may not be as they would be taken in today: the rest is plain and short.
_ODD = r"char_length({column}) > %s OR {column} ~ '[^[:alnum:] .-]|  |^ | $'"


def migrate(cr, version):
    for column in ("profile_name", "username"):
        odd = _ODD.format(column=column)
        cr.execute(
            f"SELECT id, {column} FROM whatsapp_clinic_identity WHERE {odd}",
            [LONGEST_NAME],
        )
        for identity_id, called in cr.fetchall():
            if name(called) != called:
                cr.execute(
                    f"UPDATE whatsapp_clinic_identity SET {column} = %s WHERE id = %s",
                    [name(called), identity_id],
                )
