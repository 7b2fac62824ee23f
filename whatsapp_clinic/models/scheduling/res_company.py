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
