import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What the clinic says by itself in the chat.
CODES = [
    ("stopped", "All messages are stopped"),
    ("stopped_marketing", "Advertising is stopped"),
    ("started", "Messages are allowed again"),
    ("what_to_cancel", "What should be cancelled?"),
    ("will_call", "The clinic will call"),
    ("not_yours", "An appointment was another patient's"),
    ("tap_confirmed", "Tapped: the appointment is confirmed"),
    ("tap_cancelled", "Tapped: the appointment is cancelled"),
    ("tap_was_cancelled", "Tapped: the appointment had been cancelled before"),
    ("tap_unbooked", "Tapped: the appointment is not booked yet"),
    ("tap_another_time", "Tapped: another time is looked for"),
    ("tap_moved", "Tapped: the message was out of date"),
    ("tap_past", "Tapped: the visit has begun or is over"),
    ("question", "Question for consent"),
    ("agreed", "Thanks for agreeing"),
    ("declined", "Thanks for declining"),
    ("about", "Before it: who is meant, where it may be several people"),
    ("notice", "Where the privacy notice is"),
    ("button_agree", "Button: agree"),
    ("button_decline", "Button: decline"),
    ("button_cancel", "Button: cancel the appointment"),
    ("button_stop", "Button: stop messages"),
]
PLACEHOLDERS = ("clinic", "date", "time", "purpose", "description", "notice")
# Nobody agrees to what they were not told (KVKK, articles 3 and 10).
NEEDED = {
    "question": {"purpose", "notice"},
    "notice": {"notice"},
    "about": {"patient"},
}


class AnswerText(models.Model):
    """What patients are told by itself in the chat, in one language.

    Not a translated field: patients speak languages that nobody installed for staff.
    """

    _name = "whatsapp.clinic.answer.text"
    _description = "Text of an Automatic Answer"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "code, id"
    _rec_name = "code"

    code = fields.Selection(CODES, "Said When", required=True)
    lang_id = fields.Many2one(
        "res.lang",
        "Language",
        required=True,
        ondelete="restrict",
        context={"active_test": False},
    )
    body = fields.Text(
        "Text",
        required=True,
        help="{clinic}, {date}, {time}, {purpose}, {description} and {notice} are "
        "filled in where they are known.",
    )

    _code_lang_uniq = models.Constraint(
        "UNIQUE (code, lang_id)", "This text is already there in this language."
    )

    @api.constrains("code", "body")
    def _check_button_title(self):
        providers = self.env["whatsapp.clinic.provider"]._providers().values()
        limit = min(provider.traits.button_title for provider in providers)
        for text in self.filtered(lambda one: one.code.startswith("button_")):
            if len(text.body) > limit:
                raise ValidationError(
                    self.env._(
                        "WhatsApp allows %(limit)s characters on a button: “%(title)s” "
                        "is longer.",
                        limit=limit,
                        title=text.body,
                    )
                )

    @api.constrains("code", "body")
    def _check_placeholders(self):
        for text in self:
            used = set(re.findall(r"{(\w*)}", text.body))
            needed = NEEDED.get(text.code, set())
            missing = needed - used
            if missing:
                raise ValidationError(
                    self.env._(
                        "This text has to say: %(missing)s.",
                        missing=", ".join(f"{{{name}}}" for name in sorted(missing)),
                    )
                )
            unknown = used.difference(PLACEHOLDERS, needed)
            if unknown:
                raise ValidationError(
                    self.env._(
                        "“%(unknown)s” cannot be filled in; known are: %(known)s.",
                        unknown=", ".join(sorted(unknown)),
                        known=", ".join(PLACEHOLDERS),
                    )
                )

    @api.model
    def _text(self, code: str, lang: str | None, about: str = "", **values: str) -> str:
        """A text in a language (such as `tr_TR`), else the nearest, filled in.

        English is near to all; empty if the clinic removed the text. Before it stands
        whom it is `about`, if a name is given.
        """
        texts = self.sudo().search([("code", "=", code)])
        wanted = lang or "en_US"
        nearest = sorted(
            texts, key=lambda one: _distance(one.lang_id.code or "", wanted)
        )
        body = nearest[0].body if nearest else ""
        for name, value in values.items():
            body = body.replace(f"{{{name}}}", value or "")
        body = body.strip()
        if body and about:
            return f"{self._text('about', lang, patient=about)} {body}".strip()
        return body


def _distance(lang: str, wanted: str) -> int:
    if lang == wanted:
        return 0
    if lang[:2] == wanted[:2]:
        return 1
    return 2 if lang[:2] == "en" else 3
