from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...cloud_api import payloads

# What a template may be about; its variables are read from such a record.
TEMPLATE_MODELS = [
    ("whatsapp.clinic.appointment", "Appointment"),
    ("res.partner", "Patient"),
]
CATEGORIES = [
    ("UTILITY", "Utility"),
    ("MARKETING", "Marketing"),
    ("AUTHENTICATION", "Authentication"),
]
# Cloud API, template status; only an approved template can be sent.
STATUSES = [
    ("APPROVED", "Approved"),
    ("PENDING", "In review"),
    ("REJECTED", "Rejected"),
    ("PAUSED", "Paused by WhatsApp"),
    ("DISABLED", "Disabled by WhatsApp"),
    ("IN_APPEAL", "In appeal"),
    ("LIMIT_EXCEEDED", "Limit exceeded"),
    ("ARCHIVED", "Archived at WhatsApp"),
    ("PENDING_DELETION", "Being deleted"),
    ("DELETED", "Deleted at WhatsApp"),
    ("UNKNOWN", "Unknown"),
]


class Template(models.Model):
    """A message template of a WhatsApp account, in one language."""

    _name = "whatsapp.clinic.template"
    _description = "WhatsApp Template"
    _inherit = ["mail.thread"]
    _order = "name, language"
    _rec_names_search = ["name"]

    name = fields.Char(required=True, readonly=True)
    language = fields.Char(required=True, readonly=True, help="WhatsApp's code.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    business_account_id = fields.Char(
        "WhatsApp Account ID", required=True, readonly=True
    )
    remote_id = fields.Char("Template ID", readonly=True, copy=False)
    category = fields.Selection(CATEGORIES, readonly=True, tracking=True)
    expected_category = fields.Selection(
        CATEGORIES,
        default="UTILITY",
        required=True,
        tracking=True,
        help="WhatsApp may change the category. The template is then not used until "
        "somebody accepts the new one here.",
    )
    status = fields.Selection(STATUSES, default="UNKNOWN", readonly=True, tracking=True)
    parameter_format = fields.Char(default="POSITIONAL", readonly=True)
    components = fields.Json(readonly=True)
    body_text = fields.Text(compute="_compute_texts")
    preview_html = fields.Html(
        "As a Bubble", compute="_compute_preview_html", sanitize=False
    )
    problems = fields.Text(compute="_compute_problems")
    model = fields.Selection(
        TEMPLATE_MODELS,
        default="whatsapp.clinic.appointment",
        required=True,
        help="The kind of record that fills the variables.",
    )
    enabled = fields.Boolean(
        "In Use",
        tracking=True,
        help="Only a template whose variables are all mapped can be in use.",
    )
    variable_ids = fields.One2many(
        "whatsapp.clinic.template.variable", "template_id", "Variables"
    )
    button_ids = fields.One2many(
        "whatsapp.clinic.template.button", "template_id", "Buttons"
    )

    _name_language_uniq = models.Constraint(
        "UNIQUE (business_account_id, name, language)",
        "This template is already there in this language.",
    )

    @api.depends("name", "language")
    def _compute_display_name(self):
        for template in self:
            template.display_name = f"{template.name} ({template.language})"

    @api.depends(
        "components", "variable_ids.text", "variable_ids.example", "variable_ids.source"
    )
    def _compute_texts(self):
        for template in self:
            components = template.components or []
            body = [part.get("text") for part in components if _is_body(part)]
            template.body_text = body[0] if body else False

    @api.depends(
        "components",
        "button_ids.text",
        "variable_ids.text",
        "variable_ids.example",
        "variable_ids.source",
    )
    def _compute_preview_html(self):
        for template in self:
            values = template._example_values()
            parts = [
                {
                    "kind": str(part.get("type")).lower(),
                    "media": not part.get("text") and part.get("format"),
                    "text": payloads.render([part], values),
                }
                for part in template.components or []
                if str(part.get("type")).upper() != "BUTTONS"
            ]
            template.preview_html = self.env["ir.qweb"]._render(
                "whatsapp_clinic.template_bubble",
                {"parts": parts, "buttons": template.button_ids.mapped("text")},
            )

    @api.depends(
        "components",
        "variable_ids.source",
        "variable_ids.builtin",
        "variable_ids.field_path",
        "variable_ids.text",
    )
    def _compute_problems(self):
        for template in self:
            template.problems = "\n".join(template._problems())

    @api.constrains("enabled", "variable_ids", "components")
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

    def action_accept_category(self):
        """Use the template in the category that WhatsApp gave it."""
        self.check_access("write")
        for template in self:
            template.expected_category = template.category

    def _problems(self) -> list[str]:
        """What keeps the template from being filled, one sentence each."""
        self.ensure_one()
        parts = payloads.unfillable_parts(self.components or [])
        sentences = [self.env._("“%s” is not supported yet.", part) for part in parts]
        for variable in self.variable_ids.filtered(lambda one: not one._is_mapped()):
            sentences.append(
                self.env._("Say where “%s” comes from.", variable.display_name)
            )
        return sentences

    def _example_values(self) -> dict:
        return {
            (variable.component, variable._key()): variable.text or variable.example
            for variable in self.variable_ids
            if variable.text or variable.example
        }

    def _for_language(self, lang: str | None):
        """The variant in the patient's language (`tr_TR`), else this one."""
        self.ensure_one()
        wanted = payloads.language_code(lang) if lang else self.language
        if wanted == self.language:
            return self
        variants = self.search(
            [
                ("business_account_id", "=", self.business_account_id),
                ("name", "=", self.name),
                ("enabled", "=", True),
                ("status", "=", "APPROVED"),
            ]
        )
        exact = variants.filtered(lambda one: one.language == wanted)
        close = variants.filtered(
            lambda one: one.language.split("_")[0] == wanted.split("_")[0]
        )
        return (exact or close)[:1] or self

    def _values(self, record) -> dict:
        """Values of all variables for a record, keyed by (component, name).

        Raises `MissingValue` for a variable that is empty for this record.
        """
        self.ensure_one()
        return {
            (variable.component, variable._key()): variable._value(record)
            for variable in self.variable_ids
        }

    def _payload(self, recipient: str, values: dict, key: str, callback: str) -> dict:
        """What is posted to WhatsApp.

        `values` as `_values` returns them, `key` is the outbox row's random key that
        quick replies carry, `callback` comes back in every status.
        """
        self.ensure_one()
        body = {name: text for (part, name), text in values.items() if part == "body"}
        header = {
            name: text for (part, name), text in values.items() if part == "header"
        }
        named = self.parameter_format == "NAMED"
        return payloads.template(
            recipient,
            self.name,
            self.language,
            header=(header if named else next(iter(header.values())))
            if header
            else None,
            body=body if named else [body[number] for number in sorted(body)],
            buttons=[*self.button_ids._parameters(key, values)],
            callback_data=callback,
        )

    def _render(self, values: dict) -> str:
        """The text as the patient will see it."""
        self.ensure_one()
        return payloads.render(self.components or [], values)

    @api.model
    def _load(self, channel, definitions: list[dict]):
        """Take over the account's templates as the Cloud API lists them.

        Templates that the account no longer has are marked deleted. A template that can
        be mapped by the names of its variables is put in use at once.
        """
        account = channel.business_account_id
        known = self.with_context(active_test=False).search(
            [("business_account_id", "=", account)]
        )
        by_key = {(one.name, one.language): one for one in known}
        seen = self.browse()
        for definition in definitions:
            template = by_key.get((definition["name"], definition["language"]))
            values = self._definition_values(definition)
            if template:
                template.write(values)
            else:
                template = self.create(
                    {
                        **values,
                        "name": definition["name"],
                        "language": definition["language"],
                        "business_account_id": account,
                        "company_id": channel.company_id.id,
                        "expected_category": values["category"],
                    }
                )
            template._take_over_parts(is_new=template not in known)
            seen |= template
        (known - seen).write({"status": "DELETED", "enabled": False})

    @api.model
    def _definition_values(self, definition: dict) -> dict:
        return {
            "remote_id": definition.get("id"),
            "category": _known(CATEGORIES, definition.get("category"), False),
            "status": _known(STATUSES, definition.get("status"), "UNKNOWN"),
            "parameter_format": definition.get("parameter_format") or "POSITIONAL",
            "components": definition.get("components") or [],
            "ttl_seconds": max(definition.get("message_send_ttl_seconds") or 0, 0),
        }

    def _take_over_parts(self, is_new: bool):
        """Take over variables and buttons; in use stays what still can be filled."""
        is_wanted = is_new or self.enabled
        self.enabled = False
        self.variable_ids._take_over(self)
        self.button_ids._take_over(self)
        self.enabled = is_wanted and not self._problems()

    @api.model
    def _apply_update(self, update):
        """News by webhook (`cloud_api.webhooks.TemplateUpdate`)."""
        template = self.search(
            [
                ("remote_id", "=", update.template_id),
                ("business_account_id", "=", update.business_account_id),
            ]
        )
        if not template:
            return
        if update.event:
            template.status = _known(STATUSES, update.event, "UNKNOWN")
        if update.category:
            template.category = _known(CATEGORIES, update.category, False)
        if update.kind == "components":
            channels = self.env["whatsapp.clinic.channel"].search(
                [("business_account_id", "=", update.business_account_id)], limit=1
            )
            channels.action_load_templates()


def _is_body(component: dict) -> bool:
    return str(component.get("type")).upper() == "BODY"


def _known(selection: list, value, otherwise):
    return value if value in dict(selection) else otherwise
