"""The translations are in step with the sources, and Turkish is complete."""

import io
import re
from pathlib import Path

import polib
from lxml import etree

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import trans_export

I18N = Path(__file__).resolve().parents[2] / "i18n"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
# Letters of a filter's name: the menu of the search bar cuts what is longer.
MOST_OF_A_FILTER = 20
# One thing, one word: what the English says, and how the Turkish does not say it.
OTHER_WORDS = [
    (r"consent|agree", r"\bona[yğ](?!lı|ladığ)"),
    (r"token", r"(?<!gizli )anahtar"),
    (r"WhatsApp Manager", r"manager"),
    (r"WhatsApp Clinic", r"WhatsApp Clinic"),
    (r"deliver", r"\b[İi]leti[lm]"),
    (r"\bwords?\b", r"kelime"),
    (r"answer|repl", r"cevap|cevab"),
    (r"e\.g\.", r"örn\."),
    (r"\bstaff", r"personel"),
    (r"\bminor|of age", r"ergin|\bküçük"),
    (r"^(?!.*database).*administrator", r"(?<!sistem )yönetici"),
]


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_the_template_has_every_text_of_the_sources_and_no_other(self):
        exported = io.BytesIO()
        trans_export(None, ["whatsapp_clinic"], exported, "po", self.env)
        in_sources = _texts(polib.pofile(exported.getvalue().decode()))
        in_file = _texts(polib.pofile(str(I18N / "whatsapp_clinic.pot")))
        hint = "Run scripts/translations."
        self.assertEqual(in_sources - in_file, set(), hint)
        self.assertEqual(in_file - in_sources, set(), hint)

    def test_every_text_is_translated_into_turkish(self):
        template = polib.pofile(str(I18N / "whatsapp_clinic.pot"))
        turkish = polib.pofile(str(I18N / "tr.po"))
        translated = _texts(turkish.translated_entries())
        self.assertEqual(_texts(template) - translated, set())

    def test_turkish_keeps_the_placeholders(self):
        for entry in polib.pofile(str(I18N / "tr.po")):
            with self.subTest(entry.msgid):
                self.assertEqual(
                    sorted(PLACEHOLDER.findall(entry.msgstr)),
                    sorted(PLACEHOLDER.findall(entry.msgid)),
                )

    def test_turkish_has_one_word_for_each_thing(self):
        for entry in polib.pofile(str(I18N / "tr.po")):
            for english, other in OTHER_WORDS:
                if re.search(english, entry.msgid, re.IGNORECASE):
                    with self.subTest(entry.msgid):
                        self.assertNotRegex(entry.msgstr, f"(?i){other}")

    def test_names_of_filters_fit_into_their_menu_in_both_languages(self):
        turkish = {
            entry.msgid: entry.msgstr for entry in polib.pofile(str(I18N / "tr.po"))
        }
        own = [
            ("model_data_id.module", "=", "whatsapp_clinic"),
            ("type", "=", "search"),
        ]
        for view in self.env["ir.ui.view"].search(own):
            for name in etree.fromstring(view.arch).xpath("//filter/@string"):
                for shown in (name, turkish.get(name, "")):
                    with self.subTest(view.name, name=shown):
                        self.assertLessEqual(len(shown), MOST_OF_A_FILTER)


def _texts(entries) -> set[str]:
    return {entry.msgid for entry in entries}
