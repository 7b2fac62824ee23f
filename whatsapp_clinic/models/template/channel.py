from odoo import models
from odoo.fields import Domain


class Channel(models.Model):
    """A number that moves to another company, with the templates of its account."""

    _inherit = "whatsapp.clinic.channel"

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
            templates = every.env["whatsapp.clinic.template"]
            templates.search(of_account).company_id = self.company_id
