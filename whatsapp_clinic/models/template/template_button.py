from dataclasses import fields as dataclass_fields

from odoo import api, fields, models

from ...cloud_api import payloads
from ...cloud_api.templates import (
    Button,
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    OneTimeCodeButton,
    OtherButton,
    PhoneButton,
    QuickReplyButton,
    UrlButton,
    VoiceCallButton,
)
from ...tools.text import fold
from ..vocabulary.actions import ACTIONS, TAPS
from .template_part import matching

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
# Buttons that can be written here, by the kind of their row.
_BUTTONS = {
    "QUICK_REPLY": QuickReplyButton,
    "URL": UrlButton,
    "PHONE_NUMBER": PhoneButton,
    "COPY_CODE": CopyCodeButton,
    "FLOW": FlowButton,
    "OTP": OneTimeCodeButton,
    "VOICE_CALL": VoiceCallButton,
    "REQUEST_CONTACT_INFO": ContactRequestButton,
}
_KIND_OF = {button: kind for kind, button in _BUTTONS.items()}
# The fields of a row that its definition fills, and what they are called there.
_FIELDS = {
    "text": ("text", "label"),
    "url": ("url",),
    "phone": ("phone",),
    "example": ("example",),
    "flow_id": ("flow_id",),
    "flow_screen": ("screen",),
}
# Stands after every other button until it has its number.
_LAST = 99


class TemplateButton(models.Model):
    """A button under a template and what a tap on it does."""

    _name = "whatsapp.clinic.template.button"
    _description = "WhatsApp Template Button"
    _inherit = ["whatsapp.clinic.template.part"]
    _defined = frozenset({"index", "kind", *_FIELDS})
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

    @api.constrains("action", "template_id")
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

    def _foreign_problems(self) -> list[str]:
        return [
            self.env._("Button “%s”: this kind cannot be written here.", one.text or "")
            for one in self
            if not button_of(one)
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

    def _follow(self, template):
        """Make the rows of a template equal to the buttons in its definition."""
        wanted = [_known(button_values(one)) for one in template._listed().buttons]
        by_place = {button.index: button for button in self}
        kept = [by_place.get(index) for index in range(len(wanted))]
        commands = matching(
            self, kept, wanted, lambda new: {**new, "action": _guess(new["text"] or "")}
        )
        if commands:
            template.button_ids = commands


def button_of(row) -> Button | None:
    """What a row stands for; None for a kind that is not written here."""
    kind = _BUTTONS.get(row.kind)
    told = {name: row[field] for field, names in _FIELDS.items() for name in names[:1]}
    names = [one.name for one in dataclass_fields(kind)] if kind else []
    return kind and kind(**{name: told[name] or "" for name in names if name in told})


def button_values(button: Button) -> dict:
    """Values of the row that stands for a button."""
    is_other = isinstance(button, OtherButton)
    kind = button.kind if is_other else _KIND_OF[type(button)]
    values = {
        field: next(filter(None, (getattr(button, name, "") for name in names)), False)
        for field, names in _FIELDS.items()
    }
    return {"kind": kind, **values}


def _known(values: dict) -> dict:
    kind = values["kind"]
    return {**values, "kind": kind if kind in dict(KINDS) else "OTHER"}


def _place(button):
    return button.index, button.id


def _guess(text: str) -> str:
    word = fold(text)
    return next(
        (name for name, one in ACTIONS.items() if word in map(fold, one.buttons)),
        "none",
    )
