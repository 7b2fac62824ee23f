from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...tools.phone import e164, line
from ..patient.res_partner import CLINIC_STAFF


class Partner(models.Model):
    """A patient's numbers, and what was said about writing to them."""

    _inherit = "res.partner"

    whatsapp_identity_ids = fields.Many2many(
        "whatsapp.clinic.identity",
        "whatsapp_clinic_identity_partner",
        "partner_id",
        "identity_id",
        "WhatsApp Numbers",
        groups=fields.NO_ACCESS,
        copy=False,
    )
    clinic_number_ids = fields.Many2many(
        "whatsapp.clinic.identity",
        string="Numbers",
        compute="_compute_clinic_number_ids",
        groups=CLINIC_STAFF,
        help="Of patients whom the user looks after.",
    )
    clinic_act_ids = fields.Many2many(
        "whatsapp.clinic.identity.act",
        string="Stops and Starts",
        compute="_compute_clinic_act_ids",
        groups=CLINIC_STAFF,
    )

    @api.depends("whatsapp_identity_ids.act_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_clinic_act_ids(self):
        for partner in self:
            partner.clinic_act_ids = partner.clinic_number_ids.act_ids

    def _to_call_about(self):
        """The record that an activity about a patient hangs on; may be none."""
        return self.whatsapp_identity_ids[:1]

    @api.depends("whatsapp_identity_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_clinic_number_ids(self):
        seen = self._origin._of_own_branches()
        for partner in self:
            known = (partner._origin & seen).sudo().whatsapp_identity_ids
            partner.clinic_number_ids = known.with_env(self.env)

    @api.model_create_multi
    def create(self, vals_list):
        self._check_keeps_identities(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_keeps_identities([vals])
        return super().write(vals)

    def _check_keeps_identities(self, vals_list: list[dict]):
        """Raise AccessError where a client says by command whose number it is."""
        if not self.env.su and any("whatsapp_identity_ids" in one for one in vals_list):
            raise AccessError(
                self.env._(
                    "Whose WhatsApp number it is follows the phone number: enter it "
                    "with the patient."
                )
            )

    def _is_of_clinic(self):
        return super()._is_of_clinic() or bool(self.whatsapp_identity_ids)

    def _leave_number(self, phone):
        result = super()._leave_number(phone)
        old = self.sudo().whatsapp_identity_ids._at(phone)
        old.write({"partner_ids": [fields.Command.unlink(self.id)]})
        return result

    def _has_left(self, phone):
        left = [("former_partner_ids", "in", self.ids)]
        identities = self.env["whatsapp.clinic.identity"].search(left)
        return super()._has_left(phone) or bool(identities._at(phone))

    def _take_number(self, is_told, is_entered):
        result = super()._take_number(is_told, is_entered)
        patients = self._of_clinic()
        phones = {one.id: one._whatsapp_phone() for one in patients}
        identities = self.env["whatsapp.clinic.identity"].sudo()
        known = identities._for_phones(sorted(set(filter(None, phones.values()))))
        for patient in patients:
            identity = known.get(phones[patient.id], identities.browse())
            if is_told or not identity._is_doubtful_for(patient, is_entered):
                identity._welcome(patient)
            else:
                identity.former_partner_ids |= patient
        return result

    def _has_stopped(self, phone):
        blocked = self.whatsapp_identity_ids._at(phone).blocked_at
        return super()._has_stopped(phone) or bool(blocked)

    @api.model
    def _patients_by_phone(self, phones):
        country = self.env.company._clinic_phone_country().code
        told = {phone: e164(phone, country) for phone in phones}
        lines = {phone: line(number) for phone, number in told.items() if number}
        identities = self.env["whatsapp.clinic.identity"].search(
            [("provider", "=", "whatsapp"), ("line", "in", sorted(set(lines.values())))]
        )
        behind = {
            identity.line: identity.partner_ids.with_env(self.env)
            .filtered("clinic_patient")
            ._of_own_branches()
            for identity in identities.sudo().with_context(active_test=False)
        }
        known = super()._patients_by_phone(phones)
        return known | {
            phone: behind[lines[phone]]
            for phone in phones
            if lines.get(phone) in behind
        }

    def _others_with_number(self):
        others = super()._others_with_number()
        phone = self.clinic_patient and self._whatsapp_phone()
        if not phone:
            return others
        identities = self.env["whatsapp.clinic.identity"].sudo()
        known = identities.search([("line", "=", line(phone))])
        readable = known.partner_ids.with_env(self.env)._filtered_access("read")
        return (others | readable) - self._origin
