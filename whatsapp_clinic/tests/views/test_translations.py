"""The translations are in step with the sources, and Turkish is complete."""

import io
import re
from pathlib import Path

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import trans_export

I18N = Path(__file__).resolve().parents[2] / "i18n"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
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


def _texts(entries) -> set[str]:
    return {entry.msgid for entry in entries}
