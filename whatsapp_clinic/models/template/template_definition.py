from dataclasses import replace

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import LazyTranslate, format_date

from ...cloud_api import payloads, templates
from ...cloud_api.templates import Header, Problem, TemplateDefinition
from ...tools import clock
from .template_button import button_of

_lt = LazyTranslate(__name__)

HEADERS = [
    ("TEXT", "Text"),
    ("IMAGE", "Image"),
    ("VIDEO", "Video"),
    ("DOCUMENT", "Document"),
    ("LOCATION", "Location"),
]
# What a person writes, and what only WhatsApp says.
AUTHORED = {
    "name",
    "language",
    "company_id",
    "business_account_id",
    "parameter_format",
    "header_kind",
    "header_text",
    "header_sample",
    "body_text",
    "footer_text",
    "add_security_recommendation",
    "code_expiration_minutes",
}
REMOTE = {
    "remote_id",
    "status",
    "category",
    "components",
    "original_id",
    "quality",
    "edited_at",
    "name_blocked_until",
    "ttl_seconds",
}
_PARTS = {
    "name": _lt("Name"),
    "language": _lt("Language"),
    "category": _lt("Category"),
    "header": _lt("Header"),
    "body": _lt("Text"),
    "footer": _lt("Footer"),
    "buttons": _lt("Buttons"),
    "button": _lt("Button %s"),
    "ttl": _lt("Time to live"),
}
# What a text in another language begins with, besides the text.
_CARRIED = {"model", "expected_category", "button_ids", "variable_ids"}
# Stands for the handle of a sample until the template is submitted.
SAMPLE = "sample"


class Template(models.Model):
    """A template as a manager writes it.

    Only a draft can be written. What WhatsApp has is changed by a draft of its own:
    `original_id` is the template that it is to replace, which stays in use meanwhile.
    """

    _inherit = "whatsapp.clinic.template"

    original_id = fields.Many2one(
        "whatsapp.clinic.template",
        "Change of",
        readonly=True,
        copy=False,
        ondelete="cascade",
        index="btree_not_null",
    )
    revision_ids = fields.One2many(
        "whatsapp.clinic.template", "original_id", "Changes", readonly=True
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        "Account of",
        compute="_compute_channel_id",
        inverse="_inverse_channel_id",
        help="Templates belong to the WhatsApp account of this number.",
    )
    header_kind = fields.Selection(
        HEADERS, "Header", compute="_compute_parts", store=True, readonly=False
    )
    header_text = fields.Char(
        compute="_compute_parts", store=True, readonly=False, trim=False
    )
    header_sample = fields.Binary(
        "Sample File", attachment=True, help="WhatsApp's reviewers look at it."
    )
    header_sample_name = fields.Char()
    body_text = fields.Text(
        "Text", compute="_compute_parts", store=True, readonly=False
    )
    footer_text = fields.Char(
        "Footer", compute="_compute_parts", store=True, readonly=False, trim=False
    )
    add_security_recommendation = fields.Boolean(
        "Advise to Keep It Secret",
        compute="_compute_parts",
        store=True,
        readonly=False,
        help="WhatsApp adds that the code should not be shared.",
    )
    code_expiration_minutes = fields.Integer(
        "Code Expires After (Minutes)",
        compute="_compute_parts",
        store=True,
        readonly=False,
        help="WhatsApp says below the code for how long it holds: 1 to 90 minutes, or "
        "0 to say nothing of it.",
    )
    advice = fields.Text(compute="_compute_problems")
    body_length = fields.Integer(compute="_compute_body_length")
    name_blocked_until = fields.Datetime(readonly=True, copy=False)
    variant_ids = fields.Many2many(
        "whatsapp.clinic.template", compute="_compute_variant_ids", string="Languages"
    )

    _revision_uniq = models.UniqueIndex(
        "(original_id) WHERE original_id IS NOT NULL",
        "A change of this template is being written already.",
    )

    @api.depends("original_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        for template in self.filtered("original_id"):
            template.display_name = self.env._(
                "%s: change", template.original_id.display_name
            )
        return result

    @api.depends("business_account_id")
    def _compute_channel_id(self):
        channels = self.env["whatsapp.clinic.channel"]
        for template in self:
            account = template.business_account_id
            template.channel_id = account and channels.search(
                [("business_account_id", "=", account)], limit=1
            )

    def _inverse_channel_id(self):
        for template in self:
            channel = template.channel_id
            account = channel.business_account_id
            if account and account != template.business_account_id:
                template.write(
                    {
                        "business_account_id": account,
                        "company_id": channel.company_id.id,
                    }
                )

    @api.depends("components", "status")
    def _compute_parts(self):
        """What WhatsApp has; a draft keeps what was written."""
        for template in self.filtered(lambda one: one.status != "DRAFT"):
            said = template._listed()
            kind = said.header and said.header.kind
            template.header_kind = kind if kind in dict(HEADERS) else False
            template.header_text = said.header and said.header.text
            template.body_text = said.body
            template.footer_text = said.footer
            template.add_security_recommendation = said.add_security_recommendation
            template.code_expiration_minutes = said.code_expiration_minutes or 0

    @api.depends("body_text")
    def _compute_body_length(self):
        for template in self:
            template.body_length = len(template.body_text or "")

    @api.depends("name", "business_account_id")
    def _compute_variant_ids(self):
        for template in self:
            template.variant_ids = self.search(
                [
                    ("business_account_id", "=", template.business_account_id),
                    ("name", "=", template.name),
                    ("original_id", "=", False),
                ]
            )

    @api.depends(
        "name",
        "language",
        "status",
        "expected_category",
        "parameter_format",
        "header_kind",
        "header_text",
        "header_sample",
        "body_text",
        "footer_text",
        "add_security_recommendation",
        "code_expiration_minutes",
        "name_blocked_until",
        "model",
        "variable_ids.example",
        "variable_ids.source",
        "variable_ids.builtin",
        "variable_ids.field_path",
        "variable_ids.text",
        "button_ids.kind",
        "button_ids.text",
        "button_ids.url",
        "button_ids.phone",
        "button_ids.example",
        "button_ids.flow_id",
        "button_ids.flow_screen",
        "button_ids.index",
        "button_ids.action",
    )
    @api.depends_context("lang")
    def _compute_problems(self):
        result = super()._compute_problems()
        for template in self:
            template.advice = "\n".join(template._advice())
        return result

    @api.onchange("header_kind", "header_text", "body_text", "parameter_format")
    def _onchange_texts(self):
        self._list_variables()

    @api.onchange("expected_category")
    def _onchange_expected_category(self):
        """A one-time code has one button, and its variable a number."""
        if self._is_code:
            self.parameter_format = templates.POSITIONAL
        if self._is_code and not self.button_ids:
            self.button_ids = [Command.create({"kind": "OTP"})]
        self._list_variables()

    @api.onchange("button_ids")
    def _onchange_button_ids(self):
        self._list_variables()

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if "business_account_id" in fields_list and not values.get(
            "business_account_id"
        ):
            channels = self.env["whatsapp.clinic.channel"].search(
                [("company_id", "=", self.env.company.id)], limit=1
            )
            values["business_account_id"] = channels.business_account_id
        return values

    @api.constrains("business_account_id", "company_id")
    def _check_business_account(self):
        """Templates of a WhatsApp account are submitted and loaded with the token of
        its numbers: where others have these, nobody writes templates."""
        every = self.env["whatsapp.clinic.channel"].sudo()
        numbers = every.with_context(active_test=False)
        for template in self:
            of_account = [("business_account_id", "=", template.business_account_id)]
            owners = numbers.search(of_account).company_id.root_id
            if owners and template.company_id.root_id not in owners:
                raise ValidationError(
                    self.env._(
                        "Your company has no number of this WhatsApp account: check "
                        "the WhatsApp account id."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(REMOTE & vals.keys() for vals in vals_list):
            raise UserError(self.env._("What WhatsApp says cannot be entered by hand."))
        created = super().create(vals_list)
        created._rebuild()
        return created

    def write(self, vals):
        self._check_may_write(vals)
        result = super().write(vals)
        if vals.keys() & (AUTHORED | _CARRIED):
            self._rebuild()
        return result

    def copy_data(self, default=None):
        self._check_writable()
        default = dict(default or {})
        return [
            {**values, **({} if "name" in default else {"name": f"{values['name']}_2"})}
            for values in super().copy_data(default)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(one.status != "DRAFT" for one in self):
            raise UserError(
                self.env._(
                    "WhatsApp has this template: use “Delete at WhatsApp”, or archive "
                    "it here."
                )
            )

    def action_edit(self) -> dict:
        """Open the draft that is to replace a template, a new one if there is none."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable()
        return (self.revision_ids or self._revise())._open()

    def action_translate(self) -> dict:
        """Write the same template in another language, beginning with this text."""
        self.ensure_one()
        self.check_access("write")
        values = {
            name: value
            for name, value in self.copy_data({"name": self.name})[0].items()
            if name in AUTHORED | _CARRIED and name not in ("language", "header_sample")
        }
        return {
            **self.browse()._open(),
            "name": self.env._("Another Language"),
            "context": {f"default_{name}": value for name, value in values.items()},
        }

    def action_open(self) -> dict:
        self.ensure_one()
        return self._open()

    def _open(self) -> dict:
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def _check_may_write(self, vals: dict):
        """Raise UserError for what may not be changed here."""
        if self.env.su:
            return
        if REMOTE & vals.keys():
            raise UserError(self.env._("What WhatsApp says cannot be entered by hand."))
        if not vals.keys() & AUTHORED:
            return
        if any(one.status != "DRAFT" for one in self):
            raise UserError(
                self.env._(
                    "WhatsApp has approved or reviews this text. Press “Edit” to write "
                    "a change and submit it."
                )
            )
        if any(one.task for one in self):
            raise UserError(self.env._("This is being submitted at this moment."))

    def _check_writable(self):
        """Raise UserError for what a draft would lose of a template: an edit replaces
        all components."""
        for template in self.filtered(lambda one: one.status != "DRAFT"):
            lost = templates.lost_parts(
                template.components or [], template._definition()
            )
            if lost:
                sentences = [
                    self.env._(
                        "“%(template)s” has parts that cannot be written here and "
                        "would be lost: %(parts)s. Change it in WhatsApp Manager.",
                        template=template.display_name,
                        parts=", ".join(lost),
                    )
                ]
                if payloads.ONE_TIME_CODE in lost:
                    sentences.append(
                        self.env._(
                            "One-tap and zero-tap codes need an Android app of the "
                            "clinic's own; only “Copy code” is written here."
                        )
                    )
                raise UserError(" ".join(sentences))

    def _revise(self):
        """A draft with the text of a template, which it is to replace."""
        self.ensure_one()
        self.sudo().button_ids._follow(self.sudo())
        values = {
            "name": self.name,
            "expected_category": self.category or self.expected_category,
        }
        (values,) = self.copy_data({**values, "original_id": self.id})
        return self.sudo().create(values).sudo(False)

    def _rebuild(self):
        """Bring the components and the list of variables of drafts up to date."""
        for draft in self.sudo().filtered(lambda one: one.status == "DRAFT"):
            if draft._is_code and draft.parameter_format != templates.POSITIONAL:
                draft.parameter_format = templates.POSITIONAL
            draft.button_ids._number()
            components = templates.listed_components(draft._definition())
            if components != draft.components:
                draft.components = components
            draft._list_variables()

    def _list_variables(self):
        """List what the text has, keep where it comes from; also while typing."""
        if self.status == "DRAFT":
            self.variable_ids._follow_language(self.language)
        components = self._present_components()
        commands = self.variable_ids._matching(components, self)
        if commands:
            self.variable_ids = commands

    def _present_components(self) -> list[dict]:
        """What WhatsApp has, or what a draft would be."""
        if self.status == "DRAFT":
            return templates.listed_components(self._definition())
        return self.components or []

    def _listed(self) -> TemplateDefinition:
        """What WhatsApp has, or what a draft would be, as it lists it."""
        return templates.read(
            {
                "parameter_format": self.parameter_format,
                "components": self._present_components(),
            }
        )

    @property
    def _is_code(self) -> bool:
        """Whether it is for one-time codes: WhatsApp itself writes its texts."""
        return self.expected_category == templates.AUTHENTICATION

    def _definition(self) -> TemplateDefinition:
        """The draft as `cloud_api.templates` checks and submits it."""
        return TemplateDefinition(
            name=self.name or "",
            language=self.language or "",
            category=self.expected_category or "",
            **self._own_parts(),
            buttons=[*filter(None, map(button_of, self.button_ids))],
            parameter_format=self.parameter_format or templates.NAMED,
            examples={
                (variable.component, variable._key()): variable.example or ""
                for variable in self.variable_ids
            },
            ttl_seconds=self.ttl_seconds or None,
            add_security_recommendation=self.add_security_recommendation,
            code_expiration_minutes=self.code_expiration_minutes or None,
        )

    def _own_parts(self) -> dict:
        """Header, text and footer, where WhatsApp does not write them itself."""
        if self._is_code:
            return {"body": ""}
        return {
            "header": self._header(),
            "body": self.body_text or "",
            "footer": self.footer_text or "",
        }

    def _header(self) -> Header | None:
        if not self.header_kind:
            return None
        if self.header_kind == "TEXT":
            return Header("TEXT", text=self.header_text or "")
        return Header(self.header_kind, handle=SAMPLE if self.header_sample else "")

    def _with_handle(self, handle: str) -> TemplateDefinition:
        """The definition with the handle of the sample that WhatsApp has now."""
        definition = self._definition()
        return replace(definition, header=replace(definition.header, handle=handle))

    def _problems(self) -> list[str]:
        """For a draft: everything that keeps it from being submitted."""
        if self.status != "DRAFT":
            return super()._problems()
        found = [one for one in self._found() if not one.is_advice]
        unmapped = self.variable_ids.filtered(lambda one: not one._is_mapped())
        return [
            *self._name_problems(),
            *self._twin_problems(),
            *(self._tell(problem) for problem in found),
            *self.button_ids._foreign_problems(),
            *(
                self.env._("Say where “%s” comes from.", one.display_name)
                for one in unmapped
            ),
            *self._question_problems(),
        ]

    def _advice(self) -> list[str]:
        """What WhatsApp may accept nevertheless."""
        if self.status != "DRAFT":
            return []
        return [self._tell(one) for one in self._found() if one.is_advice]

    def _found(self) -> list[Problem]:
        return templates.problems(self._definition())

    def _name_problems(self) -> list[str]:
        until = self.name_blocked_until
        if not until or until <= clock.now():
            return []
        return [
            self.env._(
                "Name: “%(name)s” was deleted; WhatsApp takes it again from %(date)s "
                "on. Choose another name, or wait.",
                name=self.name,
                date=format_date(self.env, until),
            )
        ]

    def _twin_problems(self) -> list[str]:
        """WhatsApp takes a text once in a language (Cloud API, template components)."""
        if self._is_code or not self.body_text:
            return []
        footers = [self.footer_text] if self.footer_text else [False, ""]
        twin = self.with_context(active_test=False).search(
            [
                ("business_account_id", "=", self.business_account_id),
                ("language", "=", self.language),
                ("remote_id", "!=", False),
                ("status", "!=", "DELETED"),
                ("id", "!=", self.original_id.id),
                ("body_text", "=", self.body_text),
                ("footer_text", "in", footers),
            ],
            limit=1,
        )
        if not twin:
            return []
        return [
            self.env._(
                "Text: “%s” has this text and footer already; WhatsApp takes them once "
                "in a language.",
                twin.display_name,
            )
        ]

    def _tell(self, problem: Problem) -> str:
        """A broken rule in one sentence that names the part and the offending text."""
        kind, _, detail = problem.part.partition(":")
        label = self.env._(_PARTS.get(kind, kind))
        if kind == "button":
            label = label % (int(detail) + 1)
        elif detail:
            label = f"{label} {{{{{detail}}}}}"
        message = problem.tell(self.env._)
        if not problem.text:
            return f"{label}: {message}"
        text = problem.text if len(problem.text) <= 60 else f"{problem.text[:57]}…"
        return f"{label}: “{text}”: {message}"
