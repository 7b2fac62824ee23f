from itertools import chain, count

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from ...cloud_api import payloads, templates
from ...cloud_api.templates import Header, Problem, TemplateDefinition
from ...tools.compat import decoded
from .template_button import button_of

_lt = LazyTranslate(__name__)

HEADERS = [
    ("TEXT", "Text"),
    ("IMAGE", "Image"),
    ("VIDEO", "Video"),
    ("DOCUMENT", "Document"),
    ("LOCATION", "Location"),
]
# What a person writes.
AUTHORED = {
    "name",
    "language",
    "company_id",
    "parameter_format",
    "header_kind",
    "header_text",
    "header_sample",
    "body_text",
    "footer_text",
    "add_security_recommendation",
    "code_expiration_minutes",
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
# Context key: a copy keeps also what cannot be written here.
WHOLE = "whatsapp_clinic_whole"
# Stands for the handle of a sample until the template is submitted.
SAMPLE = "sample"


class Template(models.Model):
    """A template as a manager writes it.

    Only a draft can be written. What a messenger has approved is changed by a draft of
    its own: `original_id` is the template that it is to replace, which stays in use
    meanwhile.
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
    is_draft = fields.Boolean(
        compute="_compute_is_draft", help="No messenger has it, and it can be written."
    )
    is_busy = fields.Boolean(compute="_compute_is_busy")
    header_kind = fields.Selection(HEADERS, "Header")
    header_text = fields.Char(trim=False)
    header_sample = fields.Binary(
        "Sample File", attachment=True, help="WhatsApp's reviewers look at it."
    )
    header_sample_name = fields.Char()
    body_text = fields.Text("Text")
    footer_text = fields.Char("Footer", trim=False)
    add_security_recommendation = fields.Boolean(
        "Advise to Keep It Secret",
        help="WhatsApp adds that the code should not be shared.",
    )
    code_expiration_minutes = fields.Integer(
        "Code Expires After (Minutes)",
        help="WhatsApp says below the code for how long it holds: 1 to 90 minutes, or "
        "0 to say nothing of it.",
    )
    advice = fields.Text(compute="_compute_problems")
    body_length = fields.Integer(compute="_compute_body_length")
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

    def _compute_is_draft(self):
        """Hook: what messengers have approved, or review, is none."""
        self.is_draft = True

    def _compute_is_busy(self):
        """Hook: a messenger is being asked about it."""
        self.is_busy = False

    @api.depends("body_text")
    def _compute_body_length(self):
        for template in self:
            template.body_length = len(template.body_text or "")

    @api.depends("name", "company_id")
    def _compute_variant_ids(self):
        for template in self:
            template.variant_ids = self.search(
                [
                    ("company_id", "=", template.company_id.id),
                    ("name", "=", template.name),
                    ("original_id", "=", False),
                ]
            )

    @api.depends(
        "name",
        "language",
        "is_draft",
        "expected_category",
        "parameter_format",
        "header_kind",
        "header_text",
        "header_sample",
        "body_text",
        "footer_text",
        "add_security_recommendation",
        "code_expiration_minutes",
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

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(self._remote & vals.keys() for vals in vals_list):
            raise UserError(self.env._("What WhatsApp says cannot be entered by hand."))
        # A change of a template begins with “Edit” alone.
        plain = self.with_context(default_original_id=False)
        created = super(Template, plain).create(vals_list).with_env(self.env)
        created._rebuild()
        return created

    def write(self, vals):
        self._check_may_write(vals)
        result = super().write(vals)
        if vals.keys() & (AUTHORED | _CARRIED):
            self._rebuild()
        return result

    def copy_data(self, default=None):
        if not self.env.context.get(WHOLE):
            self._check_writable()
        default = dict(default or {})
        return [
            {**values, **({} if "name" in default else {"name": f"{values['name']}_2"})}
            for values in super().copy_data(default)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if not all(one.is_draft for one in self):
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
        if self._remote & vals.keys():
            raise UserError(self.env._("What WhatsApp says cannot be entered by hand."))
        if vals.keys() & AUTHORED:
            self._check_unsettled()

    @property
    def _remote(self) -> set[str]:
        """What nobody enters by hand."""
        return {"components", "original_id"}

    def _check_unsettled(self):
        """Raise UserError for what is not the clinic's to write at this moment."""
        if not all(one.is_draft for one in self):
            raise UserError(
                self.env._(
                    "WhatsApp has approved or reviews this text. Press “Edit” to write "
                    "a change and submit it."
                )
            )
        if any(one.is_busy for one in self):
            raise UserError(self.env._("This is being submitted at this moment."))

    def _check_writable(self):
        """Raise UserError for what a draft would lose of a template: an edit replaces
        all components."""
        for template in self.filtered(lambda one: not one.is_draft):
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
        values = {**self._revision_values(), "original_id": self.id}
        (values,) = self.copy_data(values)
        return self.sudo().create(values).sudo(False)

    def _revision_values(self) -> dict:
        """Hook: what a change says otherwise than its template, to begin with."""
        return {"name": self.name}

    def _check_editable(self):
        """Hook: raise UserError where no change can be submitted now."""

    def _copy_for(self, values: dict):
        """A copy with all that a messenger approved of it, in use like this one."""
        copied = self.with_context(**{WHOLE: True}).copy(values)
        copied.enabled = self.enabled
        return copied.with_env(self.env)

    def _replace_by(self, change, components: list[dict]):
        """Say what a change of it says; `components` as the messenger lists them."""
        self.enabled = False
        self.variable_ids.unlink()
        self.button_ids.unlink()
        change.variable_ids.template_id = self
        change.button_ids.template_id = self
        self.write(
            {
                "expected_category": change.expected_category,
                "model": change.model,
                "asked_purpose_id": change.asked_purpose_id.id,
                "header_sample": change.header_sample,
                "header_sample_name": change.header_sample_name,
            }
        )
        self._adopt(components, self.parameter_format)

    def _adopt(self, components: list[dict], parameter_format: str):
        """Have the words that a messenger lists; rows stay as they are."""
        listed = {"parameter_format": parameter_format, "components": components}
        said = templates.read(listed)
        kind = said.header and said.header.kind
        self.write(
            {
                **listed,
                "header_kind": kind if kind in dict(HEADERS) else False,
                "header_text": said.header and said.header.text,
                "body_text": said.body,
                "footer_text": said.footer,
                "add_security_recommendation": said.add_security_recommendation,
                "code_expiration_minutes": said.code_expiration_minutes or 0,
            }
        )

    def _take(self, components: list[dict], parameter_format: str):
        """Say what a messenger lists; rows keep what the clinic added to them."""
        self._adopt(components, parameter_format)
        former = self.variable_ids._sources()
        places = self.card_ids._follow(self)
        self._list_variables()
        self.variable_ids._follow_cards(places, former)
        self.button_ids._follow(self)

    def _says(self, components: list[dict] | None) -> bool:
        """Whether patients read the same in these components."""
        theirs = {"components": components, "parameter_format": self.parameter_format}
        return templates.wording(templates.read(theirs)) == templates.wording(
            templates.read({**theirs, "components": self.components})
        )

    @api.model
    def _named(self, company, name: str, language: str):
        """The template of this name in a language, archived or not; no change."""
        return self.with_context(active_test=False).search(
            [
                ("company_id", "=", company.id),
                ("name", "=", name),
                ("language", "=", language),
                ("original_id", "=", False),
            ]
        )

    @api.model
    def _free_name(self, company, name: str, language: str) -> str:
        """A name that the company has not used in a language: this, else with a
        number."""
        numbered = (f"{name}_{number}" for number in count(2))
        return next(
            one
            for one in chain([name], numbered)
            if not self._named(company, one, language)
        )

    def _rebuild(self):
        """Bring the components and the list of variables of drafts up to date."""
        for draft in self.sudo().filtered("is_draft"):
            if draft._is_code and draft.parameter_format != templates.POSITIONAL:
                draft.parameter_format = templates.POSITIONAL
            draft.button_ids._number()
            components = templates.listed_components(draft._definition())
            if components != draft.components:
                draft.components = components
            draft._list_variables()

    def _list_variables(self):
        """List what the text has, keep where it comes from; also while typing."""
        if self.is_draft:
            self.variable_ids._follow_language(self.language)
        components = self._present_components()
        commands = self.variable_ids._matching(components, self)
        if commands:
            self.variable_ids = commands

    def _present_components(self) -> list[dict]:
        """What WhatsApp has, or what a draft would be."""
        if self.is_draft:
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

    def _sample(self) -> bytes:
        return decoded(self.with_context(bin_size=False).header_sample)

    def _problems(self) -> list[str]:
        """For a draft: everything that keeps it from being submitted."""
        return self._writing_problems() if self.is_draft else super()._problems()

    def _writing_problems(self) -> list[str]:
        """Everything that keeps its text from being submitted."""
        found = [one for one in self._found() if not one.is_advice]
        unmapped = self.variable_ids.filtered(lambda one: not one._is_mapped())
        return [
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
        if not self.is_draft:
            return []
        return [self._tell(one) for one in self._found() if one.is_advice]

    def _found(self) -> list[Problem]:
        return templates.problems(self._definition())

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
