from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import clock
from ...tools.phone import e164

# That somebody is a patient is health data: only the clinic's staff may see it.
CLINIC_STAFF = "whatsapp_clinic.group_staff"
# Fields that end all messages to a patient, the values that do, and the reason.
_ENDINGS = (
    ("clinic_deceased_on", bool, "patient_deceased"),
    ("clinic_barred", bool, "patient_barred"),
    ("active", lambda value: value is False, "patient_archived"),
)
# What decides, of a guardian or a minor, who of them is written to.
_ADDRESSING = {"clinic_birthdate", *(name for name, _ends, _reason in _ENDINGS)}


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
    clinic_birthdate = fields.Date("Date of Birth", groups=CLINIC_STAFF)
    clinic_deceased_on = fields.Date(
        "Died on", groups=CLINIC_STAFF, help="Nothing is sent any more."
    )
    clinic_barred = fields.Boolean(
        "Not to Be Written to",
        groups=CLINIC_STAFF,
        help="The clinic decided so: nothing is sent, whatever the patient agreed to.",
    )
    guardianship_ids = fields.One2many(
        "whatsapp.clinic.guardianship", "patient_id", "Guardians", groups=CLINIC_STAFF
    )
    ward_ids = fields.One2many(
        "whatsapp.clinic.guardianship",
        "guardian_id",
        "Decides for",
        groups=CLINIC_STAFF,
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

    @api.constrains("clinic_birthdate", "clinic_deceased_on")
    def _check_clinic_dates(self):
        # A day ahead of UTC somewhere on earth.
        latest = clock.now().date() + relativedelta(days=1)
        for partner in self.sudo():
            for day in (partner.clinic_birthdate, partner.clinic_deceased_on):
                if day and day > latest:
                    raise ValidationError(self.env._("This date lies in the future."))

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
        touches_number = {"phone", "clinic_patient", "clinic_branch_id"} & vals.keys()
        phones = {one.id: one._whatsapp_phone() for one in self if touches_number}
        result = super().write(vals)
        if touches_number:
            self._follow_number(phones, is_entered="phone" in vals)
        self._cancel_what_ended(vals)
        if _ADDRESSING & vals.keys():
            self._address_waiting()
        return result

    def _follow_number(self, phones_before: dict, is_entered: bool):
        """`phones_before` are E.164 numbers by partner id.

        A number that somebody left stays left, unless it `is_entered` anew.
        """
        for partner in self.sudo():
            phone = partner._whatsapp_phone()
            if phone != phones_before[partner.id]:
                partner._leave_number(phones_before[partner.id])
            elif not is_entered and partner._has_left(phone):
                continue
            partner._claim_number()

    def _cancel_what_ended(self, vals: dict):
        """Planned messages to who died, was barred or archived are cancelled."""
        reasons = [reason for name, ends, reason in _ENDINGS if ends(vals.get(name))]
        if reasons:
            self.env["whatsapp.clinic.message"]._cancel_open(
                [("partner_id", "in", self.ids)], reasons[0]
            )

    def _leave_number(self, phone: str | None):
        """The clinic replaced the number: it is not this patient's any more."""
        old = self.whatsapp_identity_ids.filtered(lambda one: one.phone == phone)
        old.write({"partner_ids": [fields.Command.unlink(self.id)]})

    def _has_left(self, phone: str | None) -> bool:
        """Whether this number was reported as not the partner's any more."""
        left = [("former_partner_ids", "in", self.ids), ("phone", "=", phone)]
        return bool(self.env["whatsapp.clinic.identity"].search_count(left, limit=1))

    def _claim_number(self):
        """The number entered for a patient is theirs, also if they had left it once.

        What still waits for them, or for whom they decide, goes to this number.
        """
        patients = self.sudo().filtered(lambda one: one.clinic_patient or one.ward_ids)
        phones = {one.id: one._whatsapp_phone() for one in patients}
        identities = self.env["whatsapp.clinic.identity"].sudo()
        known = identities._for_phones(sorted(set(filter(None, phones.values()))))
        for patient in patients:
            identity = known.get(phones[patient.id], identities.browse())
            identity._welcome(patient)
        patients._address_waiting()

    def _address_waiting(self):
        """What waits for them, or for whom they decide, goes where it would go now."""
        people = self.sudo()
        waiting = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", (people | people.ward_ids.patient_id).ids),
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

    def _is_reachable(self) -> bool:
        """Whether there is a number to write to that nobody stopped, and somebody."""
        partner, phone = self.sudo(), self._whatsapp_phone()
        if not phone or any(ends(partner[name]) for name, ends, _reason in _ENDINGS):
            return False
        identities = partner.whatsapp_identity_ids
        return not identities.filtered(lambda one: one.phone == phone).blocked_at

    @api.model
    def _patients_by_phone(self, phones: list[str]) -> dict:
        """Patients who have these numbers, archived ones too: {number as told: …}.

        Numbers without a country code are those of the company's country. Who left a
        number is not found by it.
        """
        country = self.env.company.country_id.code
        told = {phone: e164(phone, country) for phone in phones}
        wa_ids = {number.lstrip("+") for number in told.values() if number}
        identities = self.env["whatsapp.clinic.identity"].search(
            [("provider", "=", "whatsapp"), ("wa_id", "in", sorted(wa_ids))]
        )
        behind = {
            identity.phone: identity.partner_ids.filtered("clinic_patient")
            for identity in identities.with_context(active_test=False)
        }
        return {phone: behind.get(number, self) for phone, number in told.items()}

    def _reception(self):
        """Who of the staff looks after a patient; none if the branch has nobody."""
        branch = self.sudo().clinic_branch_id or (
            self.sudo().appointment_ids.sorted("start")[-1:].branch_id
        )
        desk = branch.member_ids.filtered(
            lambda user: user.has_group("whatsapp_clinic.group_receptionist")
        )
        return (desk or branch.member_ids)[:1]

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
