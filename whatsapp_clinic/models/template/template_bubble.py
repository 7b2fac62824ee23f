import re

from markupsafe import Markup, escape

from odoo import api, fields, models

from ...cloud_api import payloads
from ...cloud_api.templates import Card, TemplateDefinition
from ...tools import clock
from .template_button import button_values
from .template_variable import partner_of

# How WhatsApp formats a text: marks touch what they surround, and stand alone. Each is
# (mark, what begins, what ends, HTML's tag).
_MARKS = [
    (
        mark,
        re.compile(rf"(?<![\w{mark}]){re.escape(mark)}(?=\S)"),
        re.compile(rf"(?<=\S){re.escape(mark)}(?![\w{mark}])"),
        tag,
    )
    for mark, tag in (("*", "b"), ("_", "i"), ("~", "s"))
]
# Marks within these mean nothing.
_CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\s*\w+\s*\}\}")
MEDIA_ICONS = {
    "IMAGE": "fa-picture-o",
    "VIDEO": "fa-play-circle",
    "DOCUMENT": "fa-file-text-o",
    "LOCATION": "fa-map-marker",
}
BUTTON_ICONS = {
    "QUICK_REPLY": "fa-reply",
    "URL": "fa-external-link",
    "PHONE_NUMBER": "fa-phone",
    "COPY_CODE": "fa-copy",
    "FLOW": "fa-list-alt",
    "OTP": "fa-copy",
    "CATALOG": "fa-shopping-bag",
    "MPM": "fa-shopping-bag",
    "SPM": "fa-shopping-bag",
    "VOICE_CALL": "fa-phone",
    "REQUEST_CONTACT_INFO": "fa-address-card-o",
}
# A phone shows so many; of more the first two, and the others behind a button.
SHOWN_BUTTONS, SHOWN_OF_MORE = 3, 2


class Bubble(models.AbstractModel):
    """Draws a message as a patient's phone does."""

    _name = "whatsapp.clinic.bubble"
    _description = "WhatsApp Bubble"

    @api.model
    def _formatted(self, text: str) -> Markup:
        return formatted(text)

    @api.model
    def _draw(self, parts: list[dict], buttons=(), cards=()):
        """HTML of a bubble; `cards` are those of a carousel, each as (parts, buttons).

        A part has `kind` (header, body, footer) with `text`, or `media` (IMAGE …) with
        `source`, the address of a picture if there is one. `buttons` are (kind, text).
        """
        now = fields.Datetime.context_timestamp(self, clock.now())
        drawn = _drawn_buttons(buttons)
        shown = SHOWN_OF_MORE if len(drawn) > SHOWN_BUTTONS else SHOWN_BUTTONS
        return self.env["ir.qweb"]._render(
            "whatsapp_clinic.template_bubble",
            {
                "parts": _drawn_parts(parts),
                "cards": [
                    {"parts": _drawn_parts(card), "buttons": _drawn_buttons(below)}
                    for card, below in cards
                ],
                "buttons": drawn[:shown],
                "more_buttons": drawn[shown:],
                "sent_at": now.strftime("%H:%M"),
            },
        )


class Template(models.Model):
    """The preview of a template, filled from a record that somebody chose."""

    _inherit = "whatsapp.clinic.template"

    preview_record = fields.Reference(
        "_preview_models",
        "Filled From",
        store=False,
        help="Choose an appointment or a patient to see the message as they get it.",
    )
    preview_html = fields.Html(
        "As a Bubble", compute="_compute_preview_html", sanitize=False
    )
    preview_problem = fields.Char(compute="_compute_preview_html")

    @api.model
    def _preview_models(self):
        return self._fields["model"]._description_selection(self.env)

    @api.depends(
        "components",
        "is_draft",
        "header_kind",
        "header_text",
        "header_sample",
        "card_ids.file",
        "body_text",
        "footer_text",
        "expected_category",
        "add_security_recommendation",
        "code_expiration_minutes",
        "button_ids.kind",
        "button_ids.text",
        "button_ids.index",
        "variable_ids.text",
        "variable_ids.example",
        "variable_ids.source",
        "variable_ids.builtin",
        "variable_ids.field_path",
        "model",
        "language",
        "preview_record",
    )
    @api.depends_context("lang", "tz")
    def _compute_preview_html(self):
        for template in self:
            values, missing = template._preview_values()
            template.preview_html = template._bubble(values)
            template.preview_problem = template._tell_missing(missing)

    def _tell_missing(self, names: list[str]) -> str | None:
        if not names:
            return None
        return self.env._(
            "Empty for this record: %s. The message would be refused.",
            ", ".join(names),
        )

    def _preview_values(self) -> tuple[dict, list[str]]:
        """Values for the preview, and the variables that its record leaves empty.

        What the user may not read of the record is shown by its example.
        """
        values = {
            (variable.component, variable._key()): variable.text or variable.example
            for variable in self.variable_ids
            if variable.text or variable.example
        }
        record = self.preview_record
        if not record or record._name != self.model or not record.has_access("read"):
            return values, []
        lang = partner_of(record).lang or self.env.lang
        record = record.with_context(lang=lang)
        missing = []
        for variable in self.variable_ids.filtered(
            lambda one: (
                one.source != "ask" and one._is_mapped() and one._is_readable(record)
            )
        ):
            key = (variable.component, variable._key())
            values[key] = variable._value_or_none(record)
            if not values[key]:
                del values[key]
                missing.append(variable.display_name)
        return values, missing

    def _bubble(self, values: dict):
        """The message as a patient's phone draws it (HTML), filled with values.

        `values` as `_values` returns them; what is missing stays a placeholder.
        """
        self.ensure_one()
        said = self._listed()
        sample = self.with_context(bin_size=False).header_sample
        parts = _bubble_parts(said, values, _data_address(sample))
        buttons = [(button.kind, button._label) for button in self.button_ids]
        cards = self._bubble_cards(said, values)
        return self.env["whatsapp.clinic.bubble"]._draw(parts, buttons, cards)

    def _bubble_cards(self, said: TemplateDefinition, values: dict) -> list[tuple]:
        """Each card of a carousel: its parts, and its buttons as (kind, text)."""
        sources = {card.index: card._picture() for card in self.card_ids}
        drawn = []
        for index, card in enumerate(said.cards):
            own = payloads.card_values(values, index)
            buttons = [
                (row["kind"], row["text"] or "")
                for row in map(button_values, card.buttons)
            ]
            drawn.append((_bubble_parts(card, own, sources.get(index)), buttons))
        return drawn


class TemplateCard(models.Model):
    """The picture of a card in the preview."""

    _inherit = "whatsapp.clinic.template.card"

    def _picture(self) -> str | None:
        """Its address; one just chosen, and not saved, comes as data."""
        saved = self._origin
        if not self.sha256 or self.sha256 != saved.sha256:
            return _data_address(self.with_context(bin_size=False).file)
        # Another file has another address, so that browsers may keep this one.
        version = self.sha256[:8]
        return f"/web/image/{self._name}/{saved.id}/file/480x480?unique={version}"


def _bubble_parts(said: TemplateDefinition | Card, values: dict, source: str | None):
    """What stands above the buttons; `source` is the address of a picture, if any."""
    parts = []
    if said.header:
        media = said.header.kind if said.header.kind != "TEXT" else None
        text = payloads.filled(said.header.text, "header", values)
        shown = source if media == "IMAGE" else None
        parts.append({"kind": "header", "media": media, "source": shown, "text": text})
    if said.body:
        parts.append(
            {"kind": "body", "text": payloads.filled(said.body, "body", values)}
        )
    footer = getattr(said, "footer", "")
    return [*parts, {"kind": "footer", "text": footer}] if footer else parts


def _data_address(file: bytes | None) -> str | None:
    return f"data:image;base64,{file.decode()}" if file else None


def _drawn_parts(parts: list[dict]) -> list[dict]:
    return [
        {
            **part,
            "shown": formatted(part.get("text") or ""),
            "icon": MEDIA_ICONS.get(part.get("media"), "fa-file-o"),
        }
        for part in parts
    ]


def _drawn_buttons(buttons) -> list[dict]:
    return [
        {"text": text, "icon": BUTTON_ICONS.get(kind, "fa-reply")}
        for kind, text in buttons
    ]


def formatted(text: str) -> Markup:
    """A text with WhatsApp's marks as HTML; what is not filled yet is set off.

    In time that grows with its length, whatever marks it has.
    """
    whole, shown, place = str(escape(text)), [], 0
    for found in _CODE.finditer(whole):
        shown.append(_marked(whole[place : found.start()]))
        shown.append(f"<code>{found[1] or found[2]}</code>")
        place = found.end()
    shown.append(_marked(whole[place:]))
    return Markup(
        _PLACEHOLDER.sub(
            lambda found: f'<span class="o_placeholder">{found[0]}</span>',
            "".join(shown),
        )
    )


def _marked(text: str) -> str:
    for mark, begins, ends, tag in _MARKS:
        if mark in text:
            lines = text.split("\n")
            text = "\n".join(
                _marked_line(line, begins, ends, tag) if line.count(mark) > 1 else line
                for line in lines
            )
    return text


def _marked_line(line: str, begins, ends, tag: str) -> str:
    """Each mark that begins is closed by the next that ends; both are walked once."""
    endings = (found.start() for found in ends.finditer(line))
    shown, place, end = [], 0, -1
    for begin in (found.start() for found in begins.finditer(line)):
        if begin < place:
            continue
        while end < begin + 2:
            end = next(endings, len(line))
        if end == len(line):
            break
        shown.append(f"{line[place:begin]}<{tag}>{line[begin + 1 : end]}</{tag}>")
        place = end + 1
    return "".join((*shown, line[place:]))
