"""Words that the clinic has entered itself are not entered again."""

from pathlib import Path

from lxml import etree

from odoo.addons.whatsapp_clinic.tools.text import fold

DATA = Path(__file__).resolve().parents[2] / "data" / "chat" / "stop_word.xml"


def migrate(cr, version):
    """Give the clinic's own words the names of those that come with the addon."""
    for record in etree.parse(DATA).iter("record"):
        cr.execute(
            """
            INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
            SELECT 'whatsapp_clinic', %(name)s, %(model)s, word.id, TRUE
            FROM whatsapp_clinic_stop_word AS word
            WHERE word.folded = %(folded)s AND NOT EXISTS (
                SELECT FROM ir_model_data
                WHERE module = 'whatsapp_clinic' AND model = %(model)s
                  AND (name = %(name)s OR res_id = word.id)
            )
            """,
            {
                "name": record.get("id"),
                "model": "whatsapp.clinic.stop.word",
                "folded": fold(record.findtext("field[@name='word']")),
            },
        )
