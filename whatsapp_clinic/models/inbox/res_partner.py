from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.phone import e164

# That somebody is a patient is health data: only the clinic's staff may see it.
CLINIC_STAFF = "whatsapp_clinic.group_staff"


class ResPartner(models.Model):
    """Patients."""

    _inherit = "res.partner"

    clinic_patient = fields.Boolean("Patient", groups=CLINIC_STAFF)
    clinic_branch_id = fields.Many2one(
        "whatsapp.clinic.branch",
        "Home Branch",
        groups=CLINIC_STAFF,
        index="btree_not_null",
    )
    whatsapp_identity_ids = fields.Many2many(
        "whatsapp.clinic.identity",
        "whatsapp_clinic_identity_partner",
        "partner_id",
        "identity_id",
        "WhatsApp Numbers",
        groups=CLINIC_STAFF,
        copy=False,
    )
    consent_ids = fields.One2many(
        "whatsapp.clinic.consent", "partner_id", "Consents", groups=CLINIC_STAFF
    )
    appointment_ids = fields.One2many(
        "whatsapp.clinic.appointment", "partner_id", "Appointments", groups=CLINIC_STAFF
    )
    clinic_appointment_count = fields.Integer(
        compute="_compute_clinic_counts", groups=CLINIC_STAFF
    )
    whatsapp_message_count = fields.Integer(
        compute="_compute_clinic_counts", groups=CLINIC_STAFF
    )
    whatsapp_consent_state = fields.Selection(
        [
            ("ready", "May be written to"),
            ("no_consent", "No consent"),
            ("withdrawn", "Consent withdrawn"),
            ("stopped", "Stopped messages"),
            ("no_number", "No WhatsApp number"),
        ],
        "Appointment Messages",
        compute="_compute_whatsapp_consent_state",
        groups=CLINIC_STAFF,
        help="Whether messages about appointments may be sent to this patient now.",
    )

    def _compute_clinic_counts(self):
        for field, model in (
            ("clinic_appointment_count", "whatsapp.clinic.appointment"),
            ("whatsapp_message_count", "whatsapp.clinic.message"),
        ):
            counted = dict(
                self.env[model]._read_group(
                    [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
                )
            )
            for partner in self:
                partner[field] = counted.get(partner._origin, 0)

    @api.depends("phone", "consent_ids", "whatsapp_identity_ids.blocked_at")
    def _compute_whatsapp_consent_state(self):
        purpose = self.env.ref("whatsapp_clinic.purpose_appointment", False)
        states = {}
        if purpose:
            consents = self.env["whatsapp.clinic.consent"].sudo()
            states = consents._states(self._origin, purpose)
        for partner in self:
            phone = partner._whatsapp_phone()
            blocked = partner.sudo().whatsapp_identity_ids.filtered(
                lambda identity, phone=phone: (
                    identity.phone == phone and identity.blocked_at
                )
            )
            decision = purpose and states.get((partner._origin.id, purpose.id))
            if not phone:
                partner.whatsapp_consent_state = "no_number"
            elif blocked:
                partner.whatsapp_consent_state = "stopped"
            elif decision == "withdrawn":
                partner.whatsapp_consent_state = "withdrawn"
            elif decision == "given" or (purpose and not purpose.requires_consent):
                partner.whatsapp_consent_state = "ready"
            else:
                partner.whatsapp_consent_state = "no_consent"

    @api.constrains("phone", "clinic_patient", "clinic_branch_id", "country_id")
    def _check_patient_phone(self):
        for partner in self.sudo().filtered("clinic_patient"):
            if partner.phone and not partner._whatsapp_phone():
                country = partner._phone_country()
                raise ValidationError(
                    self.env._(
                        "“%(number)s” is no valid number for %(country)s. "
                        "Write it with the country code, such as +90 532 123 45 67.",
                        number=partner.phone,
                        country=country.name or self.env._("any country"),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._claim_number()
        return partners

    def write(self, vals):
        if not {"phone", "clinic_patient", "clinic_branch_id"} & vals.keys():
            return super().write(vals)
        phones_before = {one.id: one._whatsapp_phone() for one in self}
        result = super().write(vals)
        for partner in self.sudo():
            if partner._whatsapp_phone() != phones_before[partner.id]:
                partner._leave_number(phones_before[partner.id])
        self._claim_number()
        return result

    def _leave_number(self, phone: str | None):
        """The clinic replaced the number: it is not this patient's any more."""
        old = self.whatsapp_identity_ids.filtered(lambda one: one.phone == phone)
        old.write({"partner_ids": [fields.Command.unlink(self.id)]})

    def _claim_number(self):
        """The number entered for a patient is theirs, also if they had left it once.

        What still waits for them goes to this number.
        """
        patients = self.sudo().filtered("clinic_patient")
        phones = {one.id: one._whatsapp_phone() for one in patients}
        identities = self.env["whatsapp.clinic.identity"].sudo()
        known = identities._for_phones(sorted(set(filter(None, phones.values()))))
        for patient in patients:
            identity = known.get(phones[patient.id], identities.browse())
            identity.former_partner_ids -= patient
            identity._link(patient)
        waiting = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", patients.ids),
                    ("state", "in", ("queued", "held")),
                ]
            )
        )
        waiting._address()

    def _become_patients(self):
        """Mark as patients who have an appointment now."""
        self.sudo().filtered(lambda one: not one.clinic_patient).write(
            {"clinic_patient": True}
        )

    def _phone_country(self, branch=None):
        """The country of numbers without a country code: of the branch, else of the
        patient, else of the company."""
        partner = self.sudo()
        return (
            (branch or partner.clinic_branch_id).country_id
            or partner.country_id
            or (partner.company_id or self.env.company).country_id
        )

    def _whatsapp_phone(self, branch=None) -> str | None:
        """The phone number in E.164, None if there is none or it is not valid."""
        self.ensure_one()
        if not self.phone:
            return None
        return e164(self.phone, self._phone_country(branch).code)

    def action_open_clinic_appointments(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.appointment_action"
        )
        return {
            **action,
            "domain": [("partner_id", "=", self.id)],
            "context": {"default_partner_id": self.id},
            "view_mode": "list,form,calendar",
        }

    def action_open_whatsapp_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": [("partner_id", "=", self.id)], "context": {}}
