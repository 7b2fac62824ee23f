from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ....cloud_api.templates import TemplateDefinition
from ...template.template import CATEGORIES
from .approval import TASKS
from .listing import QUALITIES, STATUSES

# What only WhatsApp says.
_REMOTE = {
    "approval_ids",
    "approval_id",
    "status",
    "category",
    "quality",
    "remote_id",
    "ttl_seconds",
    "name_blocked_until",
}
_ACCOUNT = {"business_account_id", "channel_id"}
# How a template of the library stands in an account, by its status.
_STANDS = {
    "APPROVED": "approved",
    "PENDING": "review",
    "IN_APPEAL": "review",
    "DRAFT": "draft",
}


class Template(models.Model):
    """A template and its approvals, one for each WhatsApp account.

    What is shown of a template is what the first account says that has it: most
    clinics have one.
    """

    _inherit = "whatsapp.clinic.template"

    approval_ids = fields.One2many(
        "whatsapp.clinic.template.approval", "template_id", "At WhatsApp"
    )
    approval_id = fields.Many2one(
        "whatsapp.clinic.template.approval",
        compute="_compute_approval_id",
        store=True,
        index="btree_not_null",
    )
    approval_count = fields.Integer(compute="_compute_approval_count")
    other_account_count = fields.Integer(
        compute="_compute_approval_count",
        help="So many WhatsApp accounts of the company do not have it.",
    )
    business_account_id = fields.Char(
        "WhatsApp Account ID",
        compute="_compute_account",
        inverse="_inverse_business_account_id",
        search="_search_business_account_id",
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        "Account of",
        compute="_compute_account",
        inverse="_inverse_channel_id",
        help="Templates belong to the WhatsApp account of this number.",
    )
    status = fields.Selection(
        STATUSES, compute="_compute_status", store=True, tracking=True
    )
    category = fields.Selection(
        CATEGORIES, compute="_compute_status", store=True, tracking=True
    )
    quality = fields.Selection(QUALITIES, compute="_compute_status", store=True)
    remote_id = fields.Char(related="approval_id.remote_id")
    status_reason = fields.Char(related="approval_id.status_reason")
    flagged_at = fields.Datetime(related="approval_id.flagged_at")
    disable_at = fields.Datetime(related="approval_id.disable_at")
    coming_category = fields.Selection(related="approval_id.coming_category")
    category_changes_at = fields.Datetime(related="approval_id.category_changes_at")
    name_blocked_until = fields.Datetime(related="approval_id.name_blocked_until")
    edit_quota = fields.Char(related="approval_id.edit_quota")
    ttl_seconds = fields.Integer(related="approval_id.ttl_seconds")
    ttl_is_long = fields.Boolean(related="approval_id.ttl_is_long")
    ttl_hours = fields.Float("Hours", compute="_compute_ttl_hours")
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
    draft_count = fields.Integer("Languages to Submit", compute="_compute_draft_count")

    @api.depends("approval_ids.status")
    def _compute_approval_id(self):
        """The first that WhatsApp has, else the first that is written for it."""
        for template in self:
            template.approval_id = template.approval_ids.sorted(
                lambda one: (
                    one.status == "DELETED",
                    one.status == "DRAFT",
                    # Of a closed account nothing is sent.
                    not one.channel_id,
                    one._origin.id,
                )
            )[:1]

    @api.depends("approval_ids", "company_id")
    def _compute_approval_count(self):
        for template in self:
            template.approval_count = len(template.approval_ids)
            template.other_account_count = len(template._other_accounts())

    @api.depends("approval_id.business_account_id")
    def _compute_account(self):
        for template in self:
            approval, is_new = template.approval_id, not template._origin
            template.business_account_id = approval.business_account_id
            template.channel_id = approval.channel_id
            if is_new and not approval:
                template.channel_id = template._default_channel()

    @api.depends("approval_id.status", "approval_id.category", "approval_id.quality")
    def _compute_status(self):
        for template in self:
            approval = template.approval_id
            template.status = approval.status or "DRAFT"
            template.category = approval.category
            template.quality = approval.quality

    @api.depends("approval_id.useful_seconds")
    def _compute_ttl_hours(self):
        for template in self:
            template.ttl_hours = template.approval_id.useful_seconds / 3600

    @api.depends("approval_ids.task_ids.state")
    @api.depends_context("lang")
    def _compute_task(self):
        """What is under way, and what failed last, at whatever account."""
        for template in self:
            approvals = template.approval_ids
            template.task = next(filter(None, approvals.mapped("task")), False)
            errors = filter(None, approvals.mapped("task_error"))
            template.task_error = next(errors, False)
            template.ttl_wanted = any(approvals.mapped("ttl_wanted"))
            errors = filter(None, approvals.mapped("ttl_error"))
            template.ttl_error = next(errors, False)

    @api.depends("name", "approval_ids.status")
    def _compute_draft_count(self):
        for template in self:
            template.draft_count = len(template._drafts_in_all_languages())

    @api.depends("approval_ids.status")
    def _compute_is_draft(self):
        result = super()._compute_is_draft()
        for template in self:
            template.is_draft = not template.approval_ids.filtered(
                lambda one: one.status != "DRAFT"
            )
        return result

    @api.depends("approval_ids.task_ids.state")
    def _compute_is_busy(self):
        result = super()._compute_is_busy()
        for template in self:
            template.is_busy = bool(template.task)
        return result

    @api.depends(
        "approval_ids.name_blocked_until",
        "approval_ids.business_account_id",
        "approval_ids.status",
        "approval_ids.ttl_seconds",
    )
    @api.depends_context("lang")
    def _compute_problems(self):
        return super()._compute_problems()

    @api.depends("approval_ids.status", "approval_ids.differs")
    def _compute_is_ready(self):
        return super()._compute_is_ready()

    @api.depends("approval_ids.status")
    def _compute_preview_html(self):
        return super()._compute_preview_html()

    def _inverse_business_account_id(self):
        for template in self.filtered("business_account_id"):
            template._write_for(template.business_account_id)

    def _inverse_channel_id(self):
        for template in self.filtered("channel_id.business_account_id"):
            channel = template.channel_id
            template._write_for(channel.business_account_id)
            template.company_id = channel.company_id

    def _search_business_account_id(self, operator, value):
        return [("approval_ids.business_account_id", operator, value)]

    def _search_task_error(self, operator, value):
        if operator != "not in" or {*value} != {False}:
            return NotImplemented
        tasks = self.env["whatsapp.clinic.channel.task"].sudo()
        return [("approval_ids", "in", tasks._last_failed().ids)]

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        for template, vals in zip(created, vals_list, strict=True):
            if "approval_ids" not in vals and not template.approval_ids:
                template._begin_approvals()
        return created

    def write(self, vals):
        result = super().write(vals)
        if "name" in vals:
            drafts = self.filtered("is_draft").sudo().approval_ids
            drafts.remote_name = vals["name"]
        return result

    def action_submit(self):
        """Have WhatsApp review drafts; raises UserError for what it would refuse."""
        self.check_access("write")
        for template in self:
            if not template.approval_ids:
                template._begin_approvals()
            approvals = template.approval_ids.filtered(
                lambda one: one.status == "DRAFT"
            )
            if not approvals or template.task:
                raise UserError(self.env._("Only a draft can be submitted."))
            approvals.action_submit()

    def action_submit_all_languages(self):
        """Submit the drafts of this name in all languages, all or none of them."""
        self.ensure_one()
        self._drafts_in_all_languages().action_submit()

    def action_submit_to_others(self):
        """Submit it to the WhatsApp accounts of the company that do not have it."""
        self.ensure_one()
        self.check_access("write")
        self._check_writable()
        for account in self._other_accounts():
            self._write_for(account, is_new=True).action_submit()

    def action_delete_remote(self):
        there = self.approval_ids.filtered(lambda one: one._is_there)
        (there or self.approval_ids).action_delete_remote()

    def action_unpause(self):
        paused = self.approval_ids.filtered(lambda one: one.status == "PAUSED")
        (paused or self.approval_ids).action_unpause()

    def action_rewrite(self):
        gone = self.approval_ids.filtered(lambda one: one.status == "DELETED")
        (gone or self.approval_ids).action_rewrite()

    def action_limit_ttl(self):
        long = self.approval_ids.filtered("ttl_is_long")
        (long or self.approval_ids).action_limit_ttl()

    def action_accept_category(self):
        """Use the template in the category that WhatsApp gave it."""
        self.approval_id.action_accept_category()

    def action_translate(self) -> dict:
        action = super().action_translate()
        context = {**action["context"], "default_channel_id": self.channel_id.id}
        return {**action, "context": context}

    def _drafts_in_all_languages(self):
        return self.variant_ids.filtered(
            lambda one: one.status == "DRAFT" and not one.task
        )

    def _check_may_write(self, vals: dict):
        result = super()._check_may_write(vals)
        if not self.env.su and _ACCOUNT & vals.keys():
            self._check_unsettled()
        return result

    @property
    def _remote(self) -> set[str]:
        return super()._remote | _REMOTE

    def _approvals_of(self, account: str | None):
        return self.approval_ids.filtered(
            lambda one: one.business_account_id == account
        )

    def _approvals_at(self, channel):
        """Those by which it may leave by a channel; all where none is known."""
        account = channel and channel.business_account_id
        return self._approvals_of(account) if account else self.approval_ids

    @api.model
    def _default_channel(self):
        """The number whose WhatsApp account a company's templates are written for."""
        channels = self.env["whatsapp.clinic.channel"]
        company = self.company_id or self.env.company
        of_company = [("company_id", "=", company.id)]
        with_account = [("business_account_id", "!=", False)]
        return channels.search([*of_company, *with_account], limit=1)

    def _other_accounts(self) -> list[str]:
        """WhatsApp accounts of the company's numbers that do not have it."""
        channels = self.env["whatsapp.clinic.channel"]
        of_company = channels.search([("company_id", "in", self.company_id.ids)])
        accounts = filter(None, of_company.mapped("business_account_id"))
        known = self.approval_ids.mapped("business_account_id")
        return [one for one in dict.fromkeys(accounts) if one not in known]

    def _begin_approvals(self):
        """Write it for the account of the company, a change for those of its
        template."""
        original = self.original_id
        for approval in original.sudo().approval_ids:
            if approval.remote_id and approval.status != "DELETED":
                values = {"ttl_seconds": approval.ttl_seconds}
                self._write_for(approval.business_account_id, True, **values)
        account = self._default_channel().business_account_id
        if not original and account:
            self._write_for(account)

    def _write_for(self, account: str, is_new=False, **values):
        """Have it written for an account: for another one than before, or for one
        more."""
        # sudo: who may write a template may say for which account
        template = self.sudo()
        drafts = template.approval_ids.filtered(lambda one: one.status == "DRAFT")
        if template._approvals_of(account):
            return self.browse().approval_ids
        if drafts and not is_new:
            drafts[0].business_account_id = account
            return drafts[0].sudo(False)
        approval = template.approval_ids.create(
            {
                "template_id": template.id,
                "business_account_id": account,
                "remote_name": template.name,
                **values,
            }
        )
        return approval.sudo(False)

    def _check_editable(self):
        """Raise UserError where WhatsApp takes no change now."""
        there = self.approval_ids.filtered(lambda one: one._is_there)
        there._check_editable()
        return super()._check_editable()

    def _revision_values(self) -> dict:
        """What WhatsApp has approved keeps the category that it has there."""
        category = self.category or self.expected_category
        return {**super()._revision_values(), "expected_category": category}

    def _definition(self) -> TemplateDefinition:
        """With the time to live that the template has at WhatsApp."""
        seconds = self.approval_id.ttl_seconds or None
        return replace(super()._definition(), ttl_seconds=seconds)

    def _definition_at(self, approval) -> TemplateDefinition:
        """As it is submitted to an account."""
        return replace(
            self._definition(),
            name=approval.remote_name,
            ttl_seconds=approval.ttl_seconds or None,
        )

    def _problems(self) -> list[str]:
        found = super()._problems()
        if not self.is_draft:
            return found
        here = (
            [*one._name_problems(), *one._twin_problems()] for one in self.approval_ids
        )
        return [*(problem for problems in here for problem in problems), *found]

    def _ready_at(self, channel):
        ready = super()._ready_at(channel)
        if channel and channel.provider != "whatsapp":
            return ready
        return ready.filtered(
            lambda one: any(known._may_leave for known in one._approvals_at(channel))
        )

    @api.model
    def _called(self, name: str) -> Domain:
        at_whatsapp = Domain("approval_ids.remote_name", "=", name)
        return super()._called(name) | at_whatsapp

    def _name_at(self, channel) -> str:
        approval = self._approvals_at(channel)[:1]
        return approval.remote_name or super()._name_at(channel)

    @api.model
    def _library_status(self, channel) -> list[tuple[dict, models.Model, str]]:
        """Each entry of the library, the company's template of it if there is one, and
        how that stands in a channel's account: missing, draft, review, approved or
        trouble."""
        found = self.with_context(active_test=False).search(
            Domain("company_id", "=", channel.company_id.id)
            & Domain("original_id", "=", False)
        )
        by_key = {(one.name, one.language): one for one in found}
        for approval in found.approval_ids:
            if approval.business_account_id == channel.business_account_id:
                key = approval.remote_name, approval.template_id.language
                by_key[key] = approval.template_id
        status = []
        for entry in self._library():
            template = by_key.get((entry["name"], entry["language"]), self.browse())
            approval = template._approvals_of(channel.business_account_id)
            status.append((entry, template, _stands(approval)))
        return status

    @api.model
    def _add_missing(self, channel):
        """Drafts of what the account does not have; returns all that can be submitted.

        Drafts that were written from the library before are among them.
        """
        drafts = self.browse()
        account = channel.business_account_id
        for entry, template, stands in self._library_status(channel):
            if stands == "missing" and not template:
                values = self._entry_values(entry, channel)
                template = self.create({**values, "business_account_id": account})
            approval = template._approvals_of(account)
            if approval._name_is_blocked:
                continue
            if stands == "missing" and approval.status == "DELETED":
                approval.action_rewrite()
            elif not approval:
                template._write_for(account, is_new=True)
            if stands in ("missing", "draft"):
                drafts |= template
        return drafts


def _stands(approval) -> str:
    if not approval or approval.status == "DELETED":
        return "missing"
    return "review" if approval.task else _STANDS.get(approval.status, "trouble")
