"""What is written on the bubbles can be read by people who see less well."""

import re
from pathlib import Path

from odoo.tests import BaseCase, tagged

ADDON = Path(__file__).resolve().parents[2]
# WCAG 2.2, success criterion 1.4.3 (AA).
READABLE = 4.5
GROUNDS = ("wallpaper", "outgoing", "incoming")


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@tagged("post_install", "-at_install")
class TestContrast(BaseCase):
    def test_every_colour_of_text_can_be_read_on_every_ground(self):
        styles = (ADDON / "static/src/scss/bubbles.scss").read_text()
        colours = dict(
            re.findall(r"\$o-whatsapp-clinic-(\w+): (#[0-9a-f]{6});", styles)
        )
        self.assertLess(set(GROUNDS), colours.keys())
        for text in colours.keys() - set(GROUNDS):
            for ground in GROUNDS:
                with self.subTest(f"{text} on {ground}"):
                    found = contrast(colours[text], colours[ground])
                    self.assertGreaterEqual(found, READABLE)
