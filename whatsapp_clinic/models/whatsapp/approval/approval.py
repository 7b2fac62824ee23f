from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import LazyTranslate, format_date, format_datetime
from odoo.tools.mimetypes import guess_mimetype

from ....cloud_api import media as file_kinds
from ....cloud_api import templates
from ....cloud_api.payloads import PayloadError
from ....cloud_api.templates import operations
from ....plain import file_types
from ....tools import clock
from ....tools.access import require_group
from ...channel.channel_task import OPEN
from ...template.template import CATEGORIES
from .channel_task import KIND, TTL
from .listing import (
    QUALITIES,
    REJECTIONS,
    STATUSES,
    by_key,
    known_category,
    listed_values,
    news_values,
    parameter_format,
)
from .trouble import ADVICE, TROUBLES

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
# Time to live: Cloud API, utility templates.
SHORTEST, LONGEST = 30, 43_200
DEFAULT_DAYS = 30
# WhatsApp has nothing of such a template.
_NOT_THERE = ("DRAFT", "DELETED")
# What WhatsApp takes as the file of a header (Cloud API, media).
_SAMPLES = {
    "image": _lt("The sample file has to be a JPEG or PNG image of up to 5 MB."),
    "video": _lt("The sample file has to be an MP4 or 3GP video of up to 16 MB."),
    "document": _lt("The sample file has to be a PDF or an office file, up to 100 MB."),
}


class TemplateApproval(models.Model):
    """A template at a WhatsApp account: what WhatsApp says of it and is asked for.

    The template says what the clinic wrote. While it was not submitted to an account,
    its row there is a draft.
    """

    _name = "whatsapp.clinic.template.approval"
    _description = "Approval of a WhatsApp Template"
    _order = "id"

    template_id = fields.Many2one(
        "whatsapp.clinic.template",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="template_id.company_id", store=True)
    business_account_id = fields.Char(
        "WhatsApp Account ID", required=True, readonly=True
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", "Account of", compute="_compute_channel_id"
    )
    remote_name = fields.Char(
        "Name at WhatsApp",
        required=True,
        readonly=True,
        help="Where two WhatsApp accounts have different texts of one name, one of "
        "them has another name in the clinic.",
    )
    remote_id = fields.Char("Template ID", readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    category_at = fields.Datetime(
        readonly=True, help="When WhatsApp told the category."
    )
    coming_category = fields.Selection(CATEGORIES, readonly=True)
    category_changes_at = fields.Datetime(readonly=True)
    status = fields.Selection(STATUSES, default="DRAFT", required=True, readonly=True)
    status_at = fields.Datetime(
        readonly=True, help="When WhatsApp told the status, by its clock."
    )
    components = fields.Json(readonly=True, help="In WhatsApp's own form.")
    differs = fields.Boolean(
        "Has Another Text",
        compute="_compute_differs",
        store=True,
        help="WhatsApp has another text here than the clinic.",
    )
    quality = fields.Selection(QUALITIES, readonly=True)
    flagged_at = fields.Datetime(
        readonly=True, help="When WhatsApp warned of its quality."
    )
    disable_at = fields.Datetime(
        "Will Be Disabled",
        readonly=True,
        help="When WhatsApp disables it if patients go on to block or report it.",
    )
    reason_code = fields.Char(readonly=True)
    reason_words = fields.Char(readonly=True, help="WhatsApp's own words, in English.")
    status_reason = fields.Char("Reason", compute="_compute_status_reason")
    name_blocked_until = fields.Datetime(readonly=True)
    edited_at = fields.Json(
        readonly=True, help="When it was changed while it was approved."
    )
    edit_quota = fields.Char("Changes Left", compute="_compute_edit_quota")
    ttl_seconds = fields.Integer(
        "Time to Live (s)",
        readonly=True,
        help=f"How long WhatsApp tries to deliver; 0 for its own {DEFAULT_DAYS} days.",
    )
    useful_seconds = fields.Integer(
        compute="_compute_useful_seconds",
        help="How long after it leaves a message of this template is of use, by the "
        "rules that send it; 0 for long.",
    )
    ttl_is_long = fields.Boolean(compute="_compute_useful_seconds")
    told_trouble = fields.Char(readonly=True)
    notice_ids = fields.Many2many(
        "mail.activity", readonly=True, groups=fields.NO_ACCESS
    )
    task_ids = fields.One2many(
        "whatsapp.clinic.channel.task", "approval_id", groups=fields.NO_ACCESS
    )
    task = fields.Selection(
        TASKS, "Under Way", compute="_compute_task", compute_sudo=True
    )
    task_error = fields.Text(
        "What Went Wrong", compute="_compute_task", compute_sudo=True
    )
    ttl_wanted = fields.Boolean(compute="_compute_task", compute_sudo=True)
    ttl_error = fields.Char(compute="_compute_task", compute_sudo=True)

    _account_uniq = models.Constraint(
        "UNIQUE (template_id, business_account_id)",
        "A template has one approval in a WhatsApp account.",
    )
    _remote_uniq = models.UniqueIndex(
        "(business_account_id, remote_id) WHERE remote_id IS NOT NULL",
        "This template of the WhatsApp account is already there.",
    )

    @api.depends("template_id", "business_account_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for approval in self:
            approval.display_name = approval.template_id.display_name

    @api.depends("business_account_id")
    def _compute_channel_id(self):
        channels = self.env["whatsapp.clinic.channel"]
        for approval in self:
            account = approval.business_account_id
            approval.channel_id = account and channels.search(
                [("business_account_id", "=", account)], limit=1
            )

    @api.depends("status", "components", "template_id.components")
    def _compute_differs(self):
        for approval in self:
            approval.differs = approval._is_there and not approval.template_id._says(
                approval.components
            )

    @api.depends("reason_code", "reason_words")
    @api.depends_context("lang")
    def _compute_status_reason(self):
        for approval in self:
            known = REJECTIONS.get(approval.reason_code)
            reason = self.env._(known) if known else approval.reason_code
            words = [reason, approval.reason_words]
            approval.status_reason = " ".join(filter(None, words))

    @api.depends("edited_at", "status")
    @api.depends_context("lang", "tz")
    def _compute_edit_quota(self):
        for approval in self:
            approval.edit_quota = approval._tell_quota()

    @api.depends("ttl_seconds", "category", "template_id.name")
    def _compute_useful_seconds(self):
        rules = self.env["whatsapp.clinic.message.rule"].sudo()
        for approval in self:
            reminders = rules._reminding_with(approval.template_id)
            leads = [-int(rule._delta.total_seconds()) for rule in reminders]
            lead = min(leads, default=0) if approval.category == "UTILITY" else 0
            useful = min(max(lead, SHORTEST), LONGEST) if lead else 0
            approval.useful_seconds = useful
            is_enough = 0 < approval.ttl_seconds <= useful
            approval.ttl_is_long = bool(useful) and not is_enough

    @api.depends("task_ids.state")
    @api.depends_context("lang")
    def _compute_task(self):
        """What is under way, and what failed last."""
        for approval in self:
            for_ttl = approval.task_ids.filtered(lambda one: one.kind == TTL)
            others = approval.task_ids - for_ttl
            open_task = others.filtered(lambda one: one.state in OPEN)[:1]
            kind = (open_task.kind or "").removeprefix(KIND)
            approval.task = kind or False
            approval.task_error = others._last_failure()
            approval.ttl_wanted = any(one.state in OPEN for one in for_ttl)
            approval.ttl_error = for_ttl._last_failure()

    @api.constrains("business_account_id", "company_id")
    def _check_business_account(self):
        """Templates of a WhatsApp account are submitted and loaded with the token of
        its numbers: who has none of them writes no templates for it."""
        every = self.env["whatsapp.clinic.channel"].sudo()
        numbers = every.with_context(active_test=False)
        for approval in self:
            of_account = [("business_account_id", "=", approval.business_account_id)]
            owners = numbers.search(of_account).company_id.root_id
            if approval.company_id.root_id not in owners:
                raise ValidationError(
                    self.env._(
                        "Your company has no number of this WhatsApp account: check "
                        "the WhatsApp account id."
                    )
                )

    def action_submit(self):
        """Have WhatsApp review what is not there yet, or has another text there.

        Raises UserError for what it would refuse.
        """
        self._check_may_ask()
        for approval in self:
            if approval.task or not (approval.status == "DRAFT" or approval.differs):
                raise UserError(self.env._("Only a draft can be submitted."))
            approval._check_connected()
            replaced = approval._replaced
            if replaced:
                replaced._check_editable(approval.template_id.expected_category)
            problems = [*approval._problems(), *approval._sample_problems()]
            if problems:
                raise UserError("\n".join(problems))
            approval._ask_for("edit" if replaced else "create")

    def action_delete_remote(self):
        """Have WhatsApp delete templates; their names are blocked for 30 days."""
        self._check_may_ask()
        for approval in self:
            if not approval.remote_id or approval.task:
                raise UserError(self.env._("WhatsApp does not have this template."))
            if approval.status == "DISABLED":
                raise UserError(
                    self.env._("WhatsApp deletes no template that it has disabled.")
                )
            approval._check_connected()
            approval._ask_for("delete")

    def action_unpause(self):
        """End a pause that WhatsApp made to see how the first messages fare."""
        self._check_may_ask()
        for approval in self:
            if approval.status != "PAUSED" or approval.task:
                raise UserError(self.env._("WhatsApp has not paused this template."))
            approval._check_connected()
            approval._ask_for("unpause")

    def action_limit_ttl(self):
        """Ask WhatsApp for the time that the rules leave; a scheduled action does."""
        self._check_may_ask()
        for approval in self:
            if not approval.ttl_is_long:
                raise UserError(self.env._("There is no time to live to be limited."))
            approval._check_editable()
            approval._check_connected()
        for approval in self:
            approval._ask_for("ttl")

    def action_rewrite(self):
        """Make a draft of a template that WhatsApp no longer has."""
        self._check_may_ask()
        for approval in self.sudo():
            if approval.status != "DELETED":
                raise UserError(self.env._("Only a deleted template can be recreated."))
            template = approval.template_id
            template._check_writable()
            approval.write(
                {
                    "status": "DRAFT",
                    "remote_id": False,
                    "category": False,
                    "quality": False,
                    "edited_at": False,
                }
            )
            approval.task_ids.unlink()
            template._rebuild()

    def action_accept_category(self):
        """Use the template in the category that WhatsApp gave it."""
        self._check_may_ask()
        for approval in self.sudo():
            approval.template_id.expected_category = approval.category
        self.template_id.sudo().approval_ids._settle_notices()

    def _check_may_ask(self):
        """Who may change a template may have WhatsApp asked about it."""
        require_group(self.env, "group_manager")
        self.template_id.check_access("write")

    def _ask_for(self, task: str):
        """Have WhatsApp asked; see `whatsapp.clinic.channel.task`."""
        self.env["whatsapp.clinic.channel.task"]._ask(self, f"{KIND}{task}")

    @property
    def _is_there(self) -> bool:
        """Whether WhatsApp has it, in whatever state."""
        return self.status not in _NOT_THERE

    @property
    def _name_is_blocked(self) -> bool:
        """Whether WhatsApp takes no template of its name yet, as it deleted one."""
        until = self.name_blocked_until
        return bool(until and until > clock.now())

    @property
    def _may_leave(self) -> bool:
        return self.status == "APPROVED" and not self.differs

    @property
    def _others(self):
        """The other approvals of the template that WhatsApp has."""
        others = self.template_id.approval_ids - self
        return others.filtered(lambda one: one._is_there)

    @property
    def _replaced(self):
        """What a submission replaces at WhatsApp: for a change that of the template
        which it changes, else itself; empty for what is new there."""
        original = self.template_id.original_id
        mine = original._approvals_of(self.business_account_id) if original else self
        return mine.filtered("remote_id")

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

    def _definition(self) -> templates.TemplateDefinition:
        """What is submitted: the clinic's text under the name that it has here."""
        return self.template_id._definition_at(self)

    def _problems(self) -> list[str]:
        """What keeps the template from being submitted here, one sentence each."""
        here = [*self._name_problems(), *self._twin_problems()]
        return [*here, *self.template_id._writing_problems()]

    def _name_problems(self) -> list[str]:
        until = self.name_blocked_until
        if not until or until <= clock.now():
            return []
        return [
            self.env._(
                "Name: “%(name)s” was deleted; WhatsApp takes it again from %(date)s "
                "on. Choose another name, or wait.",
                name=self.remote_name,
                date=format_date(self.env, until),
            )
        ]

    def _twin_problems(self) -> list[str]:
        """WhatsApp takes a text once in a language (Cloud API, template components)."""
        template = self.template_id
        if template._is_code or not template.body_text:
            return []
        footers = [template.footer_text] if template.footer_text else [False, ""]
        ours = template | template.original_id
        twin = self.with_context(active_test=False).search(
            [
                ("business_account_id", "=", self.business_account_id),
                ("remote_id", "!=", False),
                ("status", "!=", "DELETED"),
                ("template_id", "not in", ours.ids),
                ("template_id.language", "=", template.language),
                ("template_id.body_text", "=", template.body_text),
                ("template_id.footer_text", "in", footers),
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

    def _sample_problems(self) -> list[str]:
        """Why WhatsApp would not take the sample file of a draft's header."""
        template = self.template_id
        kind = (template.header_kind or "").lower()
        if kind not in file_kinds.KINDS or not template.header_sample:
            return []
        content = template._sample()
        try:
            file_kinds.check(kind, content, _type_of(content))
        except PayloadError:
            return [self.env._(_SAMPLES[kind])]
        return []

    def _sample_file(self) -> operations.Sample | None:
        """The sample of a draft's header, where it has one."""
        header = self._definition().header
        if not header or not header.handle:
            return None
        content = self.template_id._sample()
        return operations.Sample(content, _type_of(content))

    def _check_editable(self, category: str | None = None):
        """Raise UserError where WhatsApp takes no change now."""
        for approval in self:
            problems = approval._edit_problems(clock.now(), category)
            if problems:
                sentences = [problem.tell(self.env._) for problem in problems]
                raise UserError(" ".join([*sentences, approval.edit_quota or ""]))

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

    def _note_edit(self):
        """Only those of an approved template count (Cloud API)."""
        if self.status == "APPROVED":
            self.edited_at = [*(self.edited_at or []), clock.now().isoformat()]

    def _call_template_create(self, again=0):
        asked = self.business_account_id, self._definition(), self._sample_file()
        return lambda client, _app: operations.create(client, *asked, again)

    def _apply_template_create(self, listed: dict):
        template, is_first = self.template_id, not self._others
        self.write(listed_values(listed))
        if is_first:
            template._adopt(self.components, parameter_format(listed))
            template.enabled = not template._problems()
        self._settle_notices()

    def _call_template_edit(self, again=0):
        replaced = self._replaced
        asked = (
            self.business_account_id,
            replaced.remote_id,
            replaced.category,
            self._definition(),
            self._sample_file(),
        )
        return lambda client, _app: operations.edit(client, *asked, again)

    def _apply_template_edit(self, listed: dict):
        replaced, change = self._replaced, self.template_id
        template = replaced.template_id
        replaced._note_edit()
        told = {name: listed[name] for name in ("status", "components")}
        if replaced == self:
            self.write(told)
            return
        is_wanted = template.enabled
        template._replace_by(change, listed["components"])
        replaced.write(told)
        for other in change.approval_ids - self:
            # What else was asked for the change is asked for the template now.
            other.task_ids.approval_id = other._replaced or other
        change.unlink()
        template.enabled = is_wanted and not template._problems()

    def _call_template_unpause(self, again=0):
        remote_id = self.remote_id
        return lambda client, _app: operations.unpause(client, remote_id, again)

    def _apply_template_unpause(self, _answer):
        self.write({"status": "APPROVED", "reason_code": False, "reason_words": False})
        self._settle_notices()

    def _call_template_delete(self, again=0):
        asked = self.business_account_id, self.remote_name, self.remote_id
        return lambda client, _app: operations.delete(client, *asked, again)

    def _apply_template_delete(self, _answer):
        blocked = self.status == "APPROVED" and clock.now() + templates.NAME_BLOCK
        self.write({"status": "DELETED", "name_blocked_until": blocked})
        self._leave_use()
        if not self._others:
            self.template_id.revision_ids.unlink()

    def _leave_use(self):
        """A template that no account has any more is not in use."""
        gone = self.filtered(lambda one: not one._others)
        gone.template_id.enabled = False

    def _move_to(self, company):
        """Have templates belong to another company; what other accounts have as well
        stays, and is written once more there."""
        for approval in self:
            template = approval.template_id
            name = template._free_name(company, template.name, template.language)
            values = {"company_id": company.id, "name": name}
            if approval._others:
                link = [fields.Command.link(approval.id)]
                template._copy_for({**values, "approval_ids": link})
            else:
                template.write(values)

    def _call_template_ttl(self, again=0):
        asked = self.remote_id, self.useful_seconds
        return lambda client, _app: operations.limit_ttl(client, *asked, again)

    def _apply_template_ttl(self, seconds: int):
        self._note_edit()
        self.ttl_seconds = seconds

    @api.model
    def _load(self, channel, definitions: list[dict]):
        """Take over the account's templates as the Cloud API lists them.

        Templates that the account no longer has are marked deleted. A template that can
        be mapped by the names of its variables is put in use at once. What is written
        here and was not submitted stays as it is.
        """
        ours = self.search(
            [
                ("business_account_id", "=", channel.business_account_id),
                ("template_id.original_id", "=", False),
            ]
        )
        drafts = ours.filtered(lambda one: one.status == "DRAFT")
        known = ours - drafts
        at_hand = {(one.remote_name, one.template_id.language): one for one in ours}
        changed_ids, seen_ids = [], []
        for key, definition in by_key(definitions).items():
            approval = at_hand.get(key) or self._begin(channel, definition)
            seen_ids.append(approval.id)
            if approval in drafts:
                approval._keep_draft_beside(definition)
            if approval._take_over(definition, is_new=approval not in known):
                changed_ids.append(approval.id)
        seen, changed = self.browse(seen_ids), self.browse(changed_ids)
        gone = (known - seen).filtered(lambda one: one.status != "DELETED")
        gone.status = "DELETED"
        gone._leave_use()
        (seen - known)._note_trouble()
        (changed & known | gone)._settle_notices()

    @api.model
    def _begin(self, channel, definition: dict):
        """The draft of what an account has and the clinic does not: of the clinic's
        template of this name where it says the same, else of a new one."""
        name, language = definition["name"], definition["language"]
        account = channel.business_account_id
        sister = self.search(
            [
                ("business_account_id", "=", account),
                ("remote_name", "=", name),
                ("company_id", "=", channel.company_id.id),
            ],
            limit=1,
        )
        company = channel.company_id
        texts = self.env["whatsapp.clinic.template"]
        here = sister.template_id.name or name
        template = texts._named(company, here, language)
        components = listed_values(definition)["components"]
        is_taken = template._approvals_of(account)
        if template and (is_taken or not template._says(components)):
            here = texts._free_name(company, name, language)
            template = texts
        approval = {"business_account_id": account, "remote_name": name}
        if template:
            return self.create({**approval, "template_id": template.id})
        template = texts.create(
            {
                "name": here,
                "language": language,
                "company_id": company.id,
                "parameter_format": parameter_format(definition),
                "expected_category": known_category(definition, "UTILITY"),
                "approval_ids": [fields.Command.create(approval)],
            }
        )
        return template.approval_ids

    def _keep_draft_beside(self, definition: dict):
        """A template of the draft's name came up at WhatsApp: if it says something
        else, what was written here becomes a change of it."""
        template = self.template_id
        if template.is_draft and not self._is_of(definition):
            self.remote_id = definition.get("id")
            template._revise()
        self.task_ids.unlink()

    def _is_of(self, definition: dict) -> bool:
        """Whether a definition at WhatsApp has the text of this draft."""
        if self.template_id._is_code:
            return definition.get("category") == templates.AUTHENTICATION
        components = definition.get("components") or []
        return operations.body_of(components) == self.template_id.body_text

    def _take_over(self, definition: dict, is_new: bool) -> bool:
        """Make the approval equal to a definition; whether anything was to change.

        The template says the same, unless another account has it as the clinic does. In
        use stays what still can be filled, and what comes back is in use again.
        """
        template, values = self.template_id, listed_values(definition)
        told_format = parameter_format(definition)
        is_same = all(self[name] == value for name, value in values.items())
        if not is_new and is_same and told_format == template.parameter_format:
            return False
        is_kept = not self._others.filtered(lambda one: not one.differs)
        is_wanted = template.enabled or self.status == "DELETED"
        if is_new:
            is_wanted |= is_kept
        self.write(values)
        if is_kept:
            template.enabled = False
            template._take(self.components, told_format)
        template.enabled = is_wanted and not template._problems()
        return True

    @api.model
    def _apply_update(self, update):
        """News by webhook (`cloud_api.webhooks.TemplateUpdate`).

        A template that is not known here, or that was changed at WhatsApp, is loaded.
        """
        account = update.business_account_id
        approval = self.search(
            [
                ("remote_id", "=", update.template_id),
                ("business_account_id", "=", account),
            ]
        )
        if update.kind == "components" or not approval:
            channels = self.env["whatsapp.clinic.channel"].search(
                [("business_account_id", "=", account)], limit=1
            )
            channels.action_load_templates()
            if not channels:
                self.env["whatsapp.clinic.inbound"]._note_account("template", account)
            return
        approval.write(news_values(approval, update))
        if approval.status == "DELETED":
            approval._leave_use()
        approval._settle_notices()

    @property
    def _trouble(self) -> str | None:
        """What keeps it from being sent that somebody has to decide about."""
        if self.status in TROUBLES:
            return self.status
        if self.flagged_at:
            return f"flagged:{self.flagged_at}"
        expected = self.template_id.expected_category
        if self.category and self.category != expected:
            return f"category:{self.category}"
        return None

    def _note_trouble(self):
        """Take what is wrong as known, as of templates that are loaded first."""
        for approval in self:
            approval.told_trouble = approval._trouble

    def _settle_notices(self):
        """Tell the managers of new trouble, once, and take back what is over."""
        for approval in self:
            trouble = approval._trouble
            if (approval.told_trouble or None) == trouble:
                continue
            approval.notice_ids.unlink()
            approval.told_trouble = trouble
            if trouble:
                approval._tell_managers(trouble.partition(":")[0])

    def _tell_managers(self, kind: str):
        for user in self._managers():
            approval = self.with_context(lang=user.lang)
            template = approval.template_id
            summary = approval.env._(TROUBLES[kind])
            note = [
                approval.env._(ADVICE[kind]),
                approval._told_end() if kind == "flagged" else approval.status_reason,
            ]
            self.notice_ids |= template.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary % template.name,
                note=" ".join(filter(None, note)),
                user_id=user.id,
            )

    def _told_end(self) -> str | None:
        """When WhatsApp disables it, where it said so."""
        if not self.disable_at:
            return None
        zone = self.channel_id.branch_ids[:1].tz
        end = format_datetime(self.env, self.disable_at, tz=zone)
        return self.env._("WhatsApp disables it on %s.", end)

    def _managers(self):
        """Managers who work in the template's company."""
        managers = self.env.ref("whatsapp_clinic.group_manager").all_user_ids
        return managers.filtered(lambda user: self.company_id in user.company_ids)


def _type_of(content: bytes) -> str:
    """The MIME type of a file; Odoo knows videos only where libmagic is installed."""
    return file_types.real_type(content, guess_mimetype(content))
