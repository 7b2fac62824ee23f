from odoo import models


class ResCompany(models.Model):
    """What branches tell about their company."""

    _inherit = "res.company"

    def _clinic_phone_country(self):
        """The country of numbers without a country code: the company's own, else the
        one that all its branches share; none if they are in several."""
        # sudo: which countries a clinic works in is no secret from its staff
        company = self.sudo()
        if company.country_id:
            return company.country_id
        branches = self.env["whatsapp.clinic.branch"].sudo()
        shared = branches.search([("company_id", "in", company.ids)]).country_id
        return shared if len(shared) == 1 else shared.browse()

    def _clinic_tz(self) -> str:
        """The time zone in which dates of the company are told: of its first branch."""
        branches = self.env["whatsapp.clinic.branch"].sudo()
        first = branches.search([("company_id", "in", self.ids)], limit=1)
        return first.tz or self.sudo().partner_id.tz or "UTC"

    def _follow_first_branch(self):
        """Odoo makes a company's working hours in a zone of its own choice; they are
        those of the first branch that is entered."""
        branches = self.env["whatsapp.clinic.branch"].sudo()
        every = branches.with_context(active_test=False).search(
            [("company_id", "=", self.id)], limit=2
        )
        hours = self.sudo().resource_calendar_id
        if len(every) == 1 and hours.company_id == self:
            hours.tz = every.tz
