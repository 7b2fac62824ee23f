from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...cloud_api import payloads
from ..provider.door import OutgoingFile
from .template_card import card_payload

CATEGORIES = [
    ("UTILITY", "Utility"),
    ("MARKETING", "Marketing"),
    ("AUTHENTICATION", "Authentication"),
]
# Filled by the message: its file or its place.
FILLED_HEADERS = ("HEADER IMAGE", "HEADER VIDEO", "HEADER DOCUMENT", "HEADER LOCATION")
FILLED_BUTTONS = ("BUTTON COPY_CODE", "BUTTON FLOW")
# Stands for a one-time code in what is kept of a message.
HIDDEN_CODE = "••••••"


class Template(models.Model):
    """A message template of the clinic, in one language: what the clinic wrote.

    What a messenger says of it, such as whether it approved the text, is that
    messenger's business (`_ready_at`, `is_draft`).
    """

    _name = "whatsapp.clinic.template"
    _description = "WhatsApp Template"
    _inherit = [
        "whatsapp.clinic.given.ids.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "title, language"
    _rec_names_search = ("title", "name")

    name = fields.Char(
        "Technical Name",
        required=True,
        help="Small letters, digits and underscores.",
    )
    language = fields.Char(required=True, help="WhatsApp's code, such as tr or en_US.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    expected_category = fields.Selection(
        CATEGORIES,
        default="UTILITY",
        required=True,
        tracking=True,
        help="WhatsApp may change the category. The template is then not used until "
        "somebody accepts the new one here.",
    )
    parameter_format = fields.Selection(
        [("NAMED", "Names: {{patient_name}}"), ("POSITIONAL", "Numbers: {{1}}")],
        "Variables Have",
        default="NAMED",
        required=True,
    )
    components = fields.Json(readonly=True, help="In WhatsApp's own form.")
    problems = fields.Text(compute="_compute_problems")
    model = fields.Selection(
        "_select_models",
        default=lambda self: self._select_models()[0][0],
        required=True,
        help="The kind of record that fills the variables.",
    )
    enabled = fields.Boolean(
        "In Use",
        copy=False,
        tracking=True,
        help="Only a template whose variables are all mapped can be in use.",
    )
    is_ready = fields.Boolean(
        compute="_compute_is_ready", help="It may leave by a channel."
    )
    variable_ids = fields.One2many(
        "whatsapp.clinic.template.variable", "template_id", "Variables", copy=True
    )
    button_ids = fields.One2many(
        "whatsapp.clinic.template.button", "template_id", "Buttons", copy=True
    )

    card_ids = fields.One2many(
        "whatsapp.clinic.template.card", "template_id", "Cards", copy=True
    )
    is_carousel = fields.Boolean(compute="_compute_shape")
    shows_code = fields.Boolean(compute="_compute_shape")
    asks_consent = fields.Boolean(compute="_compute_asks_consent")
    header_format = fields.Char(
        compute="_compute_shape",
        help="image, video, document or location; empty for a text or no header.",
    )
    asked_purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose",
        "Asks About",
        ondelete="restrict",
        help="What the patient agrees to by the tap. The text has to say it.",
    )

    _key_uniq = models.UniqueIndex(
        "(company_id, name, language) WHERE original_id IS NULL",
        "This template is already there in this language.",
    )

    @api.depends("title", "language")
    @api.depends_context("lang", "in_any_language")
    def _compute_display_name(self):
        """With its language, except where each patient gets their own."""
        in_any = self.env.context.get("in_any_language")
        for template in self:
            language = "" if in_any else f" ({template.language or '…'})"
            template.display_name = template.title and f"{template.title}{language}"

    @api.depends(
        "components",
        "variable_ids.source",
        "variable_ids.builtin",
        "variable_ids.field_path",
        "variable_ids.text",
        "button_ids.action",
        "card_ids.sha256",
        "asked_purpose_id",
    )
    def _compute_problems(self):
        for template in self:
            template.problems = "\n".join(template._problems())

    @api.depends("components")
    def _compute_shape(self):
        for template in self:
            components = template.components or []
            parts = payloads.unfillable_parts(components)
            template.is_carousel = payloads.CAROUSEL in parts
            template.shows_code = payloads.shows_one_time_code(components)
            found = (part for part in parts if part in FILLED_HEADERS)
            header = next(found, "")
            template.header_format = header.partition(" ")[2].lower()

    @api.depends("button_ids.action")
    def _compute_asks_consent(self):
        for template in self:
            template.asks_consent = "agree" in template.button_ids.mapped("action")

    @api.depends("enabled")
    def _compute_is_ready(self):
        ready = self._ready_at(None)
        for template in self:
            template.is_ready = template in ready

    @api.constrains(
        "enabled", "variable_ids", "button_ids", "components", "asked_purpose_id"
    )
    def _check_mapped(self):
        for template in self.filtered("enabled"):
            problems = template._problems()
            if problems:
                raise ValidationError(
                    self.env._(
                        "The template “%(template)s” cannot be used yet: %(problems)s",
                        template=template.display_name,
                        problems=" ".join(problems),
                    )
                )

    def action_enable(self):
        self.check_access("write")
        self.write({"enabled": True})

    def action_disable(self):
        self.check_access("write")
        self.write({"enabled": False})

    def _problems(self) -> list[str]:
        """What keeps the template from being filled, one sentence each."""
        self.ensure_one()
        filled = (*FILLED_HEADERS, *FILLED_BUTTONS, payloads.CAROUSEL)
        parts = payloads.unfillable_parts(self.components or [], filled)
        sentences = [self.env._("“%s” is not supported yet.", part) for part in parts]
        for variable in self.variable_ids.filtered(lambda one: not one._is_mapped()):
            sentences.append(
                self.env._("Say where “%s” comes from.", variable.display_name)
            )
        sentences += self.card_ids._problems()
        return [*sentences, *self._question_problems()]

    def _question_problems(self) -> list[str]:
        """Who is asked for consent is shown the privacy notice (KVKK, article 10)."""
        if not self.asks_consent:
            return []
        sentences = []
        if not any(one._tells_of_notice for one in self.variable_ids):
            sentences.append(
                self.env._(
                    "A question for consent shows the privacy notice: add the variable "
                    "{{notice_link}} to the text, with the built-in value “Address of "
                    "the privacy notice”."
                )
            )
        if not self.asked_purpose_id:
            sentences.append(
                self.env._("Say which purpose the patient agrees to by the tap.")
            )
        return sentences

    @api.constrains("model")
    def _check_model(self):
        """Odoo compares no value of a selection that a method lists."""
        if not {*self.mapped("model")} <= dict(self._select_models()).keys():
            raise ValidationError(self.env._("No template can be about this."))

    @api.model
    def _select_models(self) -> list[tuple[str, str]]:
        """What a template may be about; its variables are read from such a record."""
        return [("res.partner", self.env._("Patient"))]

    def _default_purpose(self):
        """What it is most likely sent for, by its kind.

        Without a template the purpose of answers.
        """
        if not self:
            code = "conversation"
        elif self._is_advertising:
            code = "marketing"
        else:
            code = "followup" if self.model == "res.partner" else "appointment"
        purposes = self.env["whatsapp.clinic.consent.purpose"]
        for_codes = self._is_code and purposes.search(
            [("use_authentication", "=", True)], limit=1
        )
        return for_codes or purposes.search([("code", "=", code)], limit=1)

    @api.model
    def _with_personal_link(self, channel):
        """Templates that may leave by a channel and lead to the consent page."""
        return self._for_patients(
            channel, [("variable_ids.builtin", "=", "personal_link")]
        )

    @api.model
    def _asking_about(self, purpose, channel):
        """Templates that may leave by a channel and ask for this consent."""
        return self._for_patients(
            channel,
            [
                ("asked_purpose_id", "in", purpose.ids),
                ("button_ids.action", "=", "agree"),
                ("button_ids.action", "=", "decline"),
            ],
        )

    @api.model
    def _for_patients(self, channel, domain: list):
        about_patients = [("enabled", "=", True), ("model", "=", "res.partner")]
        return self.search([*about_patients, *domain])._ready_at(channel)

    def _ready_at(self, channel):
        """Hook: those of them that may leave by a channel; None for any channel."""
        return self.filtered("enabled")

    @api.model
    def _called(self, name: str) -> Domain:
        """Hook: a domain of what the clinic or a messenger calls so."""
        return Domain("name", "=", name)

    def _name_at(self, channel) -> str:
        """Hook: what the messenger of a channel calls it."""
        return self.name

    @property
    def _is_advertising(self) -> bool:
        return self.expected_category == "MARKETING"

    def _values(self, record, given: dict | None = None) -> dict:
        """Values of all variables for a record, keyed by (component, name).

        `given` are the texts that the sender was asked for, by the variables'
        `_asked_key`. Raises `MissingValue` for a variable that is empty.
        """
        self.ensure_one()
        return {
            (variable.component, variable._key()): variable._value(record, given or {})
            for variable in self.variable_ids
        }

    def _payload(
        self,
        recipient: str,
        values: dict,
        key: str,
        callback: str,
        header=None,
        card_headers=(),
        name: str | None = None,
    ) -> dict:
        """What is posted to WhatsApp.

        `values` as `_values` returns them, `key` is the outbox row's random key that
        quick replies carry, `callback` comes back in every status; `header` fills one
        that is no text (an `OutgoingFile`, or a place as messages keep it),
        `card_headers` are the files of a carousel's cards, `name` is that at WhatsApp
        where it is another one.
        """
        self.ensure_one()
        payloads.check_filled(self.components or [], values)
        header = _native_header(header)
        self._check_header(header)
        texts = {
            name: text for (part, name), text in values.items() if part == "header"
        }
        named = self.parameter_format == "NAMED"
        if texts:
            header = texts if named else next(iter(texts.values()))
        return payloads.template(
            recipient,
            name or self.name,
            self.language,
            header=header,
            body=self._body_parameters(values),
            cards=self._filled_cards(values, card_headers),
            buttons=[*self.button_ids._parameters(key, values)],
            callback_data=callback,
        )

    def _body_parameters(self, values: dict) -> dict | list:
        """Those of the text, by name or in the order of their numbers."""
        body = {name: text for (part, name), text in values.items() if part == "body"}
        if self.parameter_format == "NAMED":
            return body
        return [body[number] for number in sorted(body)]

    def _filled_cards(self, values: dict, headers) -> list[payloads.Card]:
        """The cards of a carousel; a tap on an answer comes back with its number."""
        if not self.is_carousel:
            return []
        definitions = payloads.template_cards(self.components)
        cards = []
        for index, (definition, header) in enumerate(
            zip(definitions, headers, strict=True)
        ):
            own = payloads.card_values(values, index)
            buttons = payloads.card_buttons(definition, own, card_payload(index))
            cards.append(payloads.Card(header, self._body_parameters(own), buttons))
        return cards

    def _check_header(self, header):
        """Raise PayloadError for a file of another kind than the header's (132012)."""
        expected = self.header_format
        if isinstance(header, payloads.MediaHeader) and header.kind != expected:
            raise payloads.PayloadError(
                "header", f"a file of the kind {expected} is needed"
            )

    def _render(self, values: dict) -> str:
        """The text as the patient will see it; a one-time code is hidden in it."""
        self.ensure_one()
        if self.shows_code:
            values = {**values, payloads.CODE_VARIABLE: HIDDEN_CODE}
        return payloads.render(self.components or [], values)


def _native_header(header: OutgoingFile | dict | None):
    """A file or a place in WhatsApp's form."""
    if isinstance(header, OutgoingFile):
        media = payloads.Media(id=header.remote_id)
        return payloads.MediaHeader(header.kind, media, header.filename)
    if header:
        return payloads.Location(
            float(header["latitude"]),
            float(header["longitude"]),
            header.get("name") or "",
            header.get("address") or "",
        )
    return None
