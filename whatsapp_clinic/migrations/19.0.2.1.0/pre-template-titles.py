"""Titles of templates are bounded; a longer one is cut."""


def migrate(cr, version):
    """A database of before titles has none."""
    cr.execute("SELECT to_regclass('whatsapp_clinic_template_title') IS NOT NULL")
    if cr.fetchone()[0]:
        cr.execute(
            "UPDATE whatsapp_clinic_template_title SET title = left(title, 100) "
            "WHERE char_length(title) > 100"
        )
