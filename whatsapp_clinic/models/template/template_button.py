from odoo import Command, api, fields, models

from ...cloud_api import payloads
from ...cloud_api.templates import (
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    OneTimeCodeButton,
    PhoneButton,
    QuickReplyButton,
    UrlButton,
    VoiceCallButton,
)
from ...tools.text import fold
from ..vocabulary.actions import ACTIONS, TAPS
from . import template_part  # noqa: F401 - registered before what inherits it

# Cloud API, buttons of templates; the first eight can be written here.
KINDS = [
    ("QUICK_REPLY", "Answer (quick reply)"),
    ("URL", "Open a page"),
    ("PHONE_NUMBER", "Call"),
    ("COPY_CODE", "Copy a code"),
    ("FLOW", "Open a form"),
    ("OTP", "One-time code"),
    ("VOICE_CALL", "Call on WhatsApp"),
    ("REQUEST_CONTACT_INFO", "Ask for the phone number"),
    ("CATALOG", "Catalogue"),
    ("MPM", "Several products"),
    ("SPM", "One product"),
    ("OTHER", "Another kind"),
]
# Stands after every other button until it has its number.
_LAST = 99


class TemplateButton(models.Model):
    """A button under a template and what a tap on it does."""

    _name = "whatsapp.clinic.template.button"
    _description = "WhatsApp Template Button"
    _inherit = ["whatsapp.clinic.template.part"]
    _defined = frozenset(
        {"index", "kind", "text", "url", "phone", "example", "flow_id", "flow_screen"}
    )
    _order = "template_id, index, id"

    template_id = fields.Many2one(
        "whatsapp.clinic.template", required=True, ondelete="cascade", index=True
    )
    index = fields.Integer(default=_LAST, help="Place among the buttons, from 0.")
    kind = fields.Selection(KINDS, default="QUICK_REPLY", required=True)
    text = fields.Char()
    url = fields.Char("Address", help="It may end in {{1}}, which is filled when sent.")
    phone = fields.Char(help="With + and the country's code, digits only.")
    example = fields.Char(help="The whole address with its end filled, or a code.")
    flow_id = fields.Char("Form ID")
    flow_screen = fields.Char("First Screen")
    action = fields.Selection(TAPS, default="none", required=True)

    _place_uniq = models.Constraint(
        "UNIQUE (template_id, index) DEFERRABLE INITIALLY DEFERRED",
        "One button for each place.",
    )

    @api.constrains("action")
    def _check_action(self):
        self.template_id._check_mapped()

    @api.onchange("text")
    def _onchange_text(self):
        if self.action == "none":
            self.action = _guess(self.text or "")

    @property
    def _label(self) -> str:
        """What stands on it; WhatsApp itself labels some."""
        if self.text:
            return self.text
        if self.kind == "COPY_CODE":
            return self.env._("Copy offer code")
        if self.kind == "OTP":
            return self.env._("Copy code")
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _part(self):
        """The button as `cloud_api.templates` knows it; None for another kind."""
        text = self.text or ""
        if self.kind == "QUICK_REPLY":
            return QuickReplyButton(text)
        if self.kind == "URL":
            return UrlButton(text, self.url or "", self.example or "")
        if self.kind == "PHONE_NUMBER":
            return PhoneButton(text, self.phone or "")
        if self.kind == "COPY_CODE":
            return CopyCodeButton(self.example or "")
        if self.kind == "FLOW":
            return FlowButton(text, self.flow_id or "", self.flow_screen or "")
        if self.kind == "OTP":
            return OneTimeCodeButton(text)
        if self.kind == "VOICE_CALL":
            return VoiceCallButton(text)
        if self.kind == "REQUEST_CONTACT_INFO":
            return ContactRequestButton()
        return None

    def _foreign_problems(self) -> list[str]:
        return [
            self.env._("Button “%s”: this kind cannot be written here.", one.text or "")
            for one in self
            if not one._part()
        ]

    def _number(self):
        """Number the buttons of each template from 0, in their order."""
        for template in self.template_id:
            for index, button in enumerate(template.button_ids.sorted(_place)):
                if button.index != index:
                    button.index = index

    def _parameters(self, key: str, values: dict):
        """What each button sends back, opens or copies (`payloads.QuickReply` …)."""
        for button in self:
            part = f"button:{button.index}"
            if button.kind == "QUICK_REPLY" and button.action != "none":
                payload = f"{button.action}:{key}"
                yield payloads.QuickReply(button.index, payload)
            elif button.kind == "URL":
                for (component, _name), text in values.items():
                    if component == part:
                        end = button._end_of_address(text)
                        yield payloads.UrlSuffix(button.index, end)
            elif button.kind == "COPY_CODE":
                yield payloads.CouponCode(button.index, button.example or "")
            elif button.kind == "FLOW":
                yield payloads.FlowStart(button.index, key)
            elif button.kind == "OTP":
                code = values.get(payloads.CODE_VARIABLE, "")
                yield payloads.OneTimeCode(button.index, code)

    def _end_of_address(self, text: str) -> str:
        """What comes after the button's own address, without blanks.

        A whole address that begins like the button's is as good as its end.
        """
        start, _opening, _variable = (self.url or "").partition("{{")
        return text.removeprefix(start).replace(" ", "%20")

    def _take_over(self, template):
        """Make the rows of a template equal to the buttons in its definition."""
        wanted = dict(enumerate(_definitions(template.components or [])))
        known = {button.index: button for button in self}
        commands = [
            Command.delete(button.id)
            for index, button in known.items()
            if index not in wanted
        ]
        for index, definition in wanted.items():
            values = _row_values(definition)
            if index not in known:
                action = _guess(values["text"] or "")
                values = {**values, "index": index, "action": action}
                commands.append(Command.create(values))
            elif any(known[index][name] != value for name, value in values.items()):
                commands.append(Command.update(known[index].id, values))
        if commands:
            template.button_ids = commands


def _row_values(definition: dict) -> dict:
    is_code = payloads.is_one_time_code(definition)
    kind = "OTP" if is_code else str(definition.get("type")).upper()
    example = definition.get("example")
    if isinstance(example, list):
        example = example[0] if example else False
    flow_id = definition.get("flow_id")
    return {
        "kind": kind if kind in dict(KINDS) else "OTHER",
        "text": definition.get("text") or False,
        "url": definition.get("url") or False,
        "phone": definition.get("phone_number") or False,
        "example": example or False,
        "flow_id": str(flow_id) if flow_id else False,
        "flow_screen": definition.get("navigate_screen") or False,
    }


def _place(button):
    return button.index, button.id


def _definitions(components: list[dict]) -> list[dict]:
    parts = payloads.template_parts(components)
    return [part for name, part in parts if name.startswith("BUTTON ")]


def _guess(text: str) -> str:
    word = fold(text)
    return next(
        (name for name, one in ACTIONS.items() if word in map(fold, one.buttons)),
        "none",
    )
