import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import create_index

from ...tools.phone import e164, line, spellings
from ...tools.text import search_key
from .res_partner import CLINIC_STAFF

# What somebody types who looks for a number; fewer digits are no number.
_PHONE = re.compile(r"[+\d\s().\-/]+")
_LEAST_DIGITS = 4


class PlainChar(fields.Char):
    """Compared byte by byte: with a Turkish locale an index loses rows of I and ı."""

    _column_type = ("varchar", 'varchar COLLATE "C"')


class ResPartner(models.Model):
    """Patients are found as people type: without marks, by phone in any spelling."""

    _inherit = "res.partner"

    clinic_search_name = PlainChar(compute="_compute_clinic_search_name", store=True)
    clinic_lookup = fields.Char(
        "Name or Phone", store=False, search="_search_clinic_lookup"
    )
    clinic_same_number_ids = fields.Many2many(
        "res.partner",
        string="Who Has This Number",
        compute="_compute_clinic_same_number_ids",
        groups=CLINIC_STAFF,
    )

    _phone_sanitized = models.Index(
        "(phone_sanitized) WHERE phone_sanitized IS NOT NULL"
    )

    def init(self):
        result = super().init()
        if self.env.registry.has_trigram:
            create_index(
                self.env.cr,
                "res_partner_clinic_search_name_trigram",
                self._table,
                ["clinic_search_name gin_trgm_ops"],
                method="gin",
            )
        return result

    @api.depends("name")
    def _compute_clinic_search_name(self):
        for partner in self:
            partner.clinic_search_name = search_key(partner.name or "")

    @api.model
    def _search_clinic_lookup(self, operator, value):
        if operator != "ilike":
            return NotImplemented
        words = search_key(value or "").split()
        found = Domain.AND([("clinic_search_name", "like", word)] for word in words)
        is_number = _PHONE.fullmatch(value or "")
        digits = re.sub(r"\D", "", value or "").lstrip("0")
        if is_number and len(digits) >= _LEAST_DIGITS:
            number = e164(value, self.env.company._clinic_phone_country().code)
            found |= Domain("phone_sanitized", "like", digits)
            found |= Domain("phone_sanitized", "in", spellings(number or digits))
        return found if words else Domain.FALSE

    @api.model
    def _search_display_name(self, operator, value):
        domain = super()._search_display_name(operator, value)
        if operator == "ilike" and value:
            return Domain(domain) | Domain("clinic_lookup", "ilike", value)
        return domain

    @api.depends("phone", "clinic_birthdate")
    @api.depends_context("clinic_tells_apart", "formatted_display_name", "uid")
    def _compute_display_name(self):
        """In the drop-down of who is coming: phone and birth year beside the name."""
        super()._compute_display_name()
        context = self.env.context
        if not context.get("clinic_tells_apart") or not context.get(
            "formatted_display_name"
        ):
            return
        may_see = self.env.user.has_group(CLINIC_STAFF)
        for partner in self:
            born = may_see and partner.clinic_birthdate
            told = filter(None, (partner.phone, born and str(born.year)))
            if details := " · ".join(told):
                partner.display_name = f"{partner.display_name} \t --{details}--"

    @api.depends("phone", "country_id", "clinic_branch_id", "clinic_patient")
    def _compute_clinic_same_number_ids(self):
        identities = self.env["whatsapp.clinic.identity"].sudo()
        for partner in self:
            phone = partner.clinic_patient and partner._whatsapp_phone()
            others = self.browse()
            if phone:
                others = self.search([("phone_sanitized", "in", spellings(phone))])
                known = identities.search([("line", "=", line(phone))])
                others |= known.partner_ids.with_env(self.env)._filtered_access("read")
            partner.clinic_same_number_ids = others - partner._origin

    def get_formview_id(self, access_uid=None):
        """Who is there already opens as a patient, not in the form for new ones."""
        if self.env.context.get("clinic_tells_apart"):
            return self.env.ref("whatsapp_clinic.patient_view_form").id
        return super().get_formview_id(access_uid=access_uid)

    def action_take_guardian(self):
        """Who has this number decides for the patient and gets the messages.

        Raises UserError where several have it.
        """
        self.ensure_one()
        if len(self.clinic_same_number_ids) != 1:
            raise UserError(
                self.env._("Several have this number: choose below who decides.")
            )
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.id, "guardian_id": self.clinic_same_number_ids.id}
        )
