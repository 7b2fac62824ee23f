import logging
from datetime import datetime, timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate
from odoo.tools.mimetypes import guess_mimetype

from ....cloud_api import media as file_kinds
from ....cloud_api import templates
from ....cloud_api.errors import CallFailed, CloudApiError, OutcomeUnknown
from ....cloud_api.payloads import PayloadError
from ....tools import clock
from ....tools.access import require_group
from ....tools.compat import decoded
from ....tools.quiet_sql import place

_lt = LazyTranslate(__name__)
_logger = logging.getLogger(__name__)

TASKS = [
    ("create", "Being submitted"),
    ("edit", "Change being submitted"),
    ("delete", "Being deleted at WhatsApp"),
    ("unpause", "Pause being ended"),
]
# Cloud API, template management: changes of an approved template in 30 days.
EDITS_PER_MONTH = 10
MONTH = timedelta(days=30)
# What WhatsApp takes as the file of a header (Cloud API, media).
_SAMPLES = {
    "image": _lt("The sample file has to be a JPEG or PNG image of up to 5 MB."),
    "video": _lt("The sample file has to be an MP4 or 3GP video of up to 16 MB."),
    "document": _lt("The sample file has to be a PDF or an office file, up to 100 MB."),
}
# Subcodes of code 100.
NAME_BLOCKED, EXISTS = 2388023, 2388024
_REFUSALS = {
    NAME_BLOCKED: _lt(
        "A template of this name was deleted, and WhatsApp blocks the name for 30 days."
        " Choose another name."
    ),
    EXISTS: _lt(
        "WhatsApp has a template with this name in this language, or with the same "
        "text and footer under another name. Load the templates and compare, or "
        "change the text."
    ),
}


class SampleRefused(Exception):
    """No app of the account took the sample file; the text says what to do."""


class Template(models.Model):
    """What is asked of WhatsApp about a template; a scheduled action asks it."""

    _inherit = "whatsapp.clinic.template"

    task = fields.Selection(TASKS, "Under Way", readonly=True, copy=False, index=True)
    task_error = fields.Text("What Went Wrong", readonly=True, copy=False)
    edited_at = fields.Json(
        readonly=True, copy=False, help="When it was changed while it was approved."
    )
    edit_quota = fields.Char("Changes Left", compute="_compute_edit_quota")

    @api.depends("edited_at", "status")
    @api.depends_context("lang", "tz")
    def _compute_edit_quota(self):
        for template in self:
            template.edit_quota = template._tell_quota()

    def action_submit(self):
        """Have WhatsApp review drafts; raises UserError for what it would refuse."""
        self.check_access("write")
        require_group(self.env, "group_manager")
        for draft in self:
            if draft.status != "DRAFT" or draft.task:
                raise UserError(self.env._("Only a draft can be submitted."))
            draft._check_connected()
            if draft.original_id:
                draft.original_id._check_editable(draft.expected_category)
            problems = [*draft._problems(), *draft._sample_problems()]
            if problems:
                raise UserError("\n".join(problems))
            draft._ask_for("edit" if draft.original_id else "create")

    def action_delete_remote(self):
        """Have WhatsApp delete templates; their names are blocked for 30 days."""
        self.check_access("write")
        require_group(self.env, "group_manager")
        for template in self:
            if not template.remote_id or template.task:
                raise UserError(self.env._("WhatsApp does not have this template."))
            if template.status == "DISABLED":
                raise UserError(
                    self.env._("WhatsApp deletes no template that it has disabled.")
                )
            template._check_connected()
            template._ask_for("delete")

    def action_unpause(self):
        """End a pause that WhatsApp made to see how the first messages fare."""
        self.check_access("write")
        require_group(self.env, "group_manager")
        for template in self:
            if template.status != "PAUSED" or template.task:
                raise UserError(self.env._("WhatsApp has not paused this template."))
            template._check_connected()
            template._ask_for("unpause")

    def action_rewrite(self):
        """Make a draft of a template that WhatsApp no longer has."""
        self.check_access("write")
        require_group(self.env, "group_manager")
        for template in self.sudo():
            if template.status != "DELETED":
                raise UserError(self.env._("Only a deleted template can be recreated."))
            template._check_writable()
            template.write(
                {
                    "status": "DRAFT",
                    "remote_id": False,
                    "category": False,
                    "quality": False,
                    "edited_at": False,
                    "task_error": False,
                }
            )
            template._rebuild()

    def _ask_for(self, task: str):
        self.sudo().write({"task": task, "task_error": False})
        self.env["whatsapp.clinic.channel.setup"]._wake()

    def _sample_problems(self) -> list[str]:
        """Why WhatsApp would not take the sample file of a draft's header."""
        kind = (self.header_kind or "").lower()
        if kind not in file_kinds.KINDS or not self.header_sample:
            return []
        content = self._sample()
        try:
            file_kinds.check(kind, content, _type_of(content))
        except PayloadError:
            return [self.env._(_SAMPLES[kind])]
        return []

    def _sample(self) -> bytes:
        return decoded(self.with_context(bin_size=False).header_sample)

    def _check_connected(self):
        # sudo: its own manager may work at no branch of the number
        channels = self.env["whatsapp.clinic.channel"].sudo()
        same = [
            ("business_account_id", "=", self.business_account_id),
            ("company_id", "child_of", self.sudo().company_id.root_id.id),
        ]
        if not any(one.state in ("ready", "held") for one in channels.search(same)):
            raise UserError(
                self.env._("No number of this WhatsApp account is connected.")
            )

    def _check_editable(self, category: str | None = None):
        """Raise UserError where WhatsApp takes no change now."""
        problems = self._edit_problems(clock.now(), category)
        if problems:
            sentences = [problem.tell(self.env._) for problem in problems]
            raise UserError(" ".join([*sentences, self.edit_quota or ""]))

    def _edit_problems(self, now: datetime, category: str | None = None) -> list:
        return [
            *templates.edit_problems(
                self.status, self.category, category or self.category, self._edits, now
            )
        ]

    @property
    def _edits(self) -> list[datetime]:
        return [datetime.fromisoformat(one) for one in self.edited_at or []]

    def _tell_quota(self) -> str | None:
        """How many changes are left, or when the next one is possible."""
        if self.status != "APPROVED":
            return None
        now = clock.now()
        if not self._edit_problems(now):
            used = sum(now - MONTH < edit for edit in self._edits)
            return self.env._(
                "WhatsApp takes one change of an approved template in 24 hours: "
                "%(left)s of %(most)s are left for 30 days.",
                left=EDITS_PER_MONTH - used,
                most=EDITS_PER_MONTH,
            )
        ends = sorted(
            edit + period for edit in self._edits for period in (timedelta(1), MONTH)
        )
        free = next(end for end in ends if not self._edit_problems(end))
        local = fields.Datetime.context_timestamp(self, free)
        return self.env._(
            "WhatsApp takes the next change from %s on.",
            local.strftime("%Y-%m-%d %H:%M"),
        )

    def _carry_out_safely(self, client):
        """Do what was asked for; one that raises must not stop the others."""
        try:
            with self.env.cr.savepoint():
                self._carry_out(client)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Template %s cannot be submitted: %s", self.id, place(error))
            wrong = self.env._("This could not be done: see the log of the server.")
            self.write({"task": False, "task_error": wrong})

    def _carry_out(self, client):
        """Do what was asked for, with the client of a channel of the account.

        What goes wrong is told on the template, which can be submitted again.
        """
        task, self.task = self.task, False
        try:
            getattr(self, f"_{task}_remotely")(client)
        except SampleRefused as refused:
            self.task_error = str(refused)
        except CallFailed as error:
            self.task_error = self._tell_failure(error)

    def _create_remotely(self, client):
        definition = self._complete_definition(client)
        posted = templates.creation(definition)
        try:
            created = client.create_template(self.business_account_id, posted)
        except (OutcomeUnknown, CloudApiError) as error:
            if not self._adopt_created(client, error):
                raise
            return
        self._submitted(
            templates.listed_components(definition),
            remote_id=created.id,
            status=created.status,
            category=created.category or self.expected_category,
        )

    def _adopt_created(self, client, error: CallFailed) -> bool:
        """Whether it is there all the same: an earlier answer may have been lost."""
        if getattr(error, "subcode", EXISTS) != EXISTS:
            return False
        found = [
            one
            for one in client.templates(self.business_account_id)
            if (one.get("name"), one.get("language")) == (self.name, self.language)
            and self._says(one)
        ]
        if found:
            values = self._definition_values(found[0])
            self._submitted(values.pop("components"), **values)
        return bool(found)

    def _says(self, definition: dict) -> bool:
        """Whether a definition at WhatsApp has the text of this draft."""
        if self._is_code:
            return definition.get("category") == templates.AUTHENTICATION
        return body_of(definition.get("components") or []) == self.body_text

    def _submitted(self, components: list[dict], **values):
        self.write({"components": components, **values})
        self.enabled = not self._problems()
        self._settle_notices()

    def _edit_remotely(self, client):
        original = self.original_id
        definition = self._complete_definition(client)
        client.edit_template(
            original.remote_id, templates.edit(definition, original.category)
        )
        original._note_edit()
        is_wanted = original.enabled
        original.enabled = False
        original.variable_ids.unlink()
        original.button_ids.unlink()
        self.variable_ids.template_id = original
        self.button_ids.template_id = original
        original.write(
            {
                "components": templates.listed_components(definition),
                "status": "PENDING",
                "expected_category": self.expected_category,
                "model": self.model,
                "asked_purpose_id": self.asked_purpose_id.id,
                "header_sample": self.header_sample,
                "header_sample_name": self.header_sample_name,
            }
        )
        self.unlink()
        original.enabled = is_wanted and not original._problems()

    def _note_edit(self):
        """Only those of an approved template count (Cloud API)."""
        if self.status == "APPROVED":
            self.edited_at = [*(self.edited_at or []), clock.now().isoformat()]

    def _unpause_remotely(self, client):
        client.unpause_template(self.remote_id)
        self.write({"status": "APPROVED", "reason_code": False, "reason_words": False})
        self._settle_notices()

    def _delete_remotely(self, client):
        client.delete_template(self.business_account_id, self.name, self.remote_id)
        was_approved = self.status == "APPROVED"
        self.write(
            {
                "status": "DELETED",
                "enabled": False,
                "name_blocked_until": was_approved
                and clock.now() + templates.NAME_BLOCK,
            }
        )
        self.revision_ids.unlink()

    def _complete_definition(self, client):
        """The definition with the sample file uploaded, where the header has one."""
        definition = self._definition()
        if not definition.header or not definition.header.handle:
            return definition
        content = self._sample()
        return self._with_handle(self._upload(client, content, _type_of(content)))

    def _upload(self, client, content: bytes, mime_type: str) -> str:
        """Upload a sample by the app that the token belongs to; returns its handle."""
        refusal = None
        for app in client.subscribed_apps(self.business_account_id):
            data = app.get("whatsapp_business_api_data")
            app_id = data.get("id") if isinstance(data, dict) else None
            try:
                if app_id:
                    return client.upload_handle(str(app_id), content, mime_type)
            except CloudApiError as error:
                refusal = error
        if refusal:
            raise refusal
        raise SampleRefused(
            self.env._(
                "The sample file cannot be uploaded: no app is subscribed to this "
                "WhatsApp account. Check the connection of the channel."
            )
        )

    def _tell_failure(self, error: CallFailed) -> str:
        """What went wrong and what to do, with WhatsApp's own words about the text."""
        subcode = getattr(error, "subcode", None)
        if subcode in _REFUSALS:
            return self.env._(_REFUSALS[subcode])
        told = self.env["whatsapp.clinic.channel.setup"]._tell(error)
        details = getattr(error, "details", "")
        if not details:
            return told
        return self.env._(
            "%(told)s WhatsApp says: “%(words)s”", told=told, words=details
        )


def _type_of(content: bytes) -> str:
    """The MIME type of a file; Odoo knows videos only where libmagic is installed."""
    return file_kinds.real_type(content, guess_mimetype(content))


def body_of(components: list[dict]) -> str | None:
    """The text of a definition's body."""
    return next(
        (
            part.get("text")
            for part in components
            if str(part.get("type")).upper() == "BODY"
        ),
        None,
    )
