from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate
from odoo.tools.mimetypes import guess_mimetype

from ....cloud_api import media as file_kinds
from ....cloud_api import templates
from ....cloud_api.payloads import PayloadError
from ....cloud_api.templates import operations
from ....plain import file_types
from ....tools import clock
from ....tools.access import require_group
from ....tools.compat import decoded
from ...channel.channel_task import OPEN
from .channel_task import KIND, TTL

_lt = LazyTranslate(__name__)

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


class Template(models.Model):
    """What is asked of WhatsApp about a template, in the background."""

    _inherit = "whatsapp.clinic.template"

    task_ids = fields.One2many(
        "whatsapp.clinic.channel.task", "template_id", groups=fields.NO_ACCESS
    )
    task = fields.Selection(
        TASKS, "Under Way", compute="_compute_task", compute_sudo=True
    )
    task_error = fields.Text(
        "What Went Wrong",
        compute="_compute_task",
        compute_sudo=True,
        search="_search_task_error",
    )
    ttl_wanted = fields.Boolean(compute="_compute_task", compute_sudo=True)
    ttl_error = fields.Char(compute="_compute_task", compute_sudo=True)
    edited_at = fields.Json(
        readonly=True, copy=False, help="When it was changed while it was approved."
    )
    edit_quota = fields.Char("Changes Left", compute="_compute_edit_quota")

    @api.depends("edited_at", "status")
    @api.depends_context("lang", "tz")
    def _compute_edit_quota(self):
        for template in self:
            template.edit_quota = template._tell_quota()

    @api.depends("task_ids.state")
    @api.depends_context("lang")
    def _compute_task(self):
        """What is under way, and what failed last."""
        for template in self:
            for_ttl = template.task_ids.filtered(lambda one: one.kind == TTL)
            others = template.task_ids - for_ttl
            open_task = others.filtered(lambda one: one.state in OPEN)[:1]
            kind = (open_task.kind or "").removeprefix(KIND)
            template.task = kind or False
            template.task_error = others._last_failure()
            template.ttl_wanted = any(one.state in OPEN for one in for_ttl)
            template.ttl_error = for_ttl._last_failure()

    def _search_task_error(self, operator, value):
        if operator != "not in" or {*value} != {False}:
            return NotImplemented
        tasks = self.env["whatsapp.clinic.channel.task"].sudo()
        last = tasks._read_group(
            [("template_id", "!=", False), ("kind", "!=", TTL)],
            ["template_id"],
            ["id:max"],
        )
        failed = tasks.browse(task_id for _template, task_id in last).filtered(
            lambda one: one.state == "failed"
        )
        return [("id", "in", failed.template_id.ids)]

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
                }
            )
            template.task_ids.unlink()
            template._rebuild()

    def _ask_for(self, task: str):
        """Have WhatsApp asked; see `whatsapp.clinic.channel.task`."""
        self.env["whatsapp.clinic.channel.task"]._ask(self, f"{KIND}{task}")

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
        if not self._connected_channel():
            raise UserError(
                self.env._("No number of this WhatsApp account is connected.")
            )

    def _connected_channel(self):
        """A number by which WhatsApp can be asked about the template."""
        # sudo: its own manager may work at no branch of the number
        channels = self.env["whatsapp.clinic.channel"].sudo()
        same = [
            ("business_account_id", "=", self.business_account_id),
            ("company_id", "child_of", self.sudo().company_id.root_id.id),
        ]
        connected = channels.search(same).filtered(
            lambda one: one.state in ("ready", "held")
        )
        return connected[:1]

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

    def _call_template_create(self, again=0):
        asked = self.business_account_id, self._definition(), self._sample_file()
        return lambda client, _app: operations.create(client, *asked, again)

    def _apply_template_create(self, listed: dict):
        values = self._definition_values(listed)
        self._submitted(values.pop("components"), **values)

    def _says(self, definition: dict) -> bool:
        """Whether a definition at WhatsApp has the text of this draft."""
        if self._is_code:
            return definition.get("category") == templates.AUTHENTICATION
        components = definition.get("components") or []
        return operations.body_of(components) == self.body_text

    def _submitted(self, components: list[dict], **values):
        self.write({"components": components, **values})
        self.enabled = not self._problems()
        self._settle_notices()

    def _call_template_edit(self, again=0):
        original = self.original_id
        asked = (
            self.business_account_id,
            original.remote_id,
            original.category,
            self._definition(),
            self._sample_file(),
        )
        return lambda client, _app: operations.edit(client, *asked, again)

    def _apply_template_edit(self, listed: dict):
        original = self.original_id
        original._note_edit()
        is_wanted = original.enabled
        original.enabled = False
        original.variable_ids.unlink()
        original.button_ids.unlink()
        self.variable_ids.template_id = original
        self.button_ids.template_id = original
        original.write(
            {
                "components": listed["components"],
                "status": listed["status"],
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

    def _call_template_unpause(self, again=0):
        remote_id = self.remote_id
        return lambda client, _app: operations.unpause(client, remote_id, again)

    def _apply_template_unpause(self, _answer):
        self.write({"status": "APPROVED", "reason_code": False, "reason_words": False})
        self._settle_notices()

    def _call_template_delete(self, again=0):
        asked = self.business_account_id, self.name, self.remote_id
        return lambda client, _app: operations.delete(client, *asked, again)

    def _apply_template_delete(self, _answer):
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

    def _sample_file(self) -> operations.Sample | None:
        """The sample of a draft's header, where it has one."""
        header = self._definition().header
        if not header or not header.handle:
            return None
        content = self._sample()
        return operations.Sample(content, _type_of(content))


def _type_of(content: bytes) -> str:
    """The MIME type of a file; Odoo knows videos only where libmagic is installed."""
    return file_types.real_type(content, guess_mimetype(content))
