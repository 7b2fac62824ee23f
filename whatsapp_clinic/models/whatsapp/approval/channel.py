from odoo import api, fields, models
from odoo.fields import Domain

from ...channel.channel_task import OPEN

_MESSAGING_LIMIT = "whatsapp_business_manager_messaging_limit"


class Channel(models.Model):
    """Loading the templates of a number's WhatsApp account."""

    _inherit = "whatsapp.clinic.channel"

    templates_wanted = fields.Boolean(
        compute="_compute_templates_wanted", compute_sudo=True
    )
    templates_error = fields.Char(
        compute="_compute_templates_wanted", compute_sudo=True
    )

    def write(self, vals):
        is_move = "company_id" in vals
        left = {channel: channel.company_id.root_id for channel in self if is_move}
        result = super().write(vals)
        for channel, root in left.items():
            if channel.company_id.root_id != root:
                channel._take_templates_along(root)
        return result

    def _take_templates_along(self, left):
        """Templates are submitted, loaded and deleted with the token of a number of
        their account: they follow the last one that the company's tree had."""
        of_account = Domain("business_account_id", "=", self.business_account_id)
        of_account &= Domain("company_id", "child_of", left.id)
        every = self.sudo().with_context(active_test=False)
        if not every.search_count(of_account, limit=1):
            approvals = every.env["whatsapp.clinic.template.approval"]
            approvals.search(of_account)._move_to(self.company_id)

    @api.depends("task_ids.state")
    @api.depends_context("lang")
    def _compute_templates_wanted(self):
        for channel in self:
            tasks = channel.task_ids.filtered(lambda one: one.kind == "load_templates")
            channel.templates_wanted = any(one.state in OPEN for one in tasks)
            channel.templates_error = tasks._last_failure()

    def action_load_templates(self):
        """Ask for the account's templates; a scheduled action loads them."""
        self.check_access("write")
        for channel in self:
            self.env["whatsapp.clinic.channel.task"]._ask(channel, "load_templates")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("The templates are being loaded from WhatsApp."),
            },
        }

    def _call_load_templates(self, again=0):
        """(templates as WhatsApp lists them, messaging limit of the portfolio)"""
        account = self.business_account_id

        def load(client, _app):
            definitions = list(client.templates(account))
            number = client.phone_number([_MESSAGING_LIMIT])
            return definitions, number.get(_MESSAGING_LIMIT)

        return load

    def _apply_load_templates(self, answer: tuple):
        definitions, limit = answer
        self.env["whatsapp.clinic.template.approval"]._load(self, definitions)
        self.portfolio_id._take_over_limit(limit)
