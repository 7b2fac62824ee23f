from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ...tools import clock
from ...tools.access import require_group
from ...tools.ruled_lines import RuledOne2many
from ...tools.text import search_key
from .guardianship import majority
from .looked_after import companies_of, own_patients
from .patient_change import ENDINGS, PatientChange
from .patient_phone import PatientPhone
from .patient_search import (
    PlainChar,
    behind_numbers,
    index_names,
    lookup,
    same_number,
)

# That somebody is a patient is health data: only the clinic's staff may see it.
CLINIC_STAFF = "whatsapp_clinic.group_staff"
# What anybody may add beside a contact: history, followers and activities.
_BESIDE = ("message_", "activity_")


class ResPartner(models.Model):
    """Patients."""

    _name = "res.partner"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "res.partner"]

    clinic_patient = fields.Boolean("Patient", groups=CLINIC_STAFF, copy=False)
    clinic_branch_id = fields.Many2one(
        "whatsapp.clinic.branch",
        "Home Branch",
        groups=CLINIC_STAFF,
        copy=False,
        index="btree_not_null",
    )
    clinic_phone_note = fields.Char(
        "Beside the Number",
        groups=CLINIC_STAFF,
        copy=False,
        help="What was written around the phone number: an extension, whose it is, "
        "another number.",
    )
    clinic_birthdate = fields.Date("Date of Birth", groups=CLINIC_STAFF, copy=False)
    clinic_deceased_on = fields.Date(
        "Died on",
        groups=CLINIC_STAFF,
        copy=False,
        help="Nothing is sent any more.",
    )
    clinic_barred = fields.Boolean(
        "Do Not Contact",
        groups=CLINIC_STAFF,
        copy=False,
        help="The clinic decided so: nothing is sent, whatever the patient agreed to.",
    )
    guardianship_ids = RuledOne2many(
        "whatsapp.clinic.guardianship", "patient_id", "Guardians", groups=CLINIC_STAFF
    )
    ward_ids = RuledOne2many(
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
    consent_ids = RuledOne2many(
        "whatsapp.clinic.consent", "partner_id", "Consents", groups=CLINIC_STAFF
    )
    clinic_is_minor = fields.Boolean(
        "Minor", compute="_compute_clinic_is_minor", groups=CLINIC_STAFF
    )
    clinic_lacks_guardian = fields.Boolean(
        "Minor without Guardian",
        compute="_compute_clinic_is_minor",
        groups=CLINIC_STAFF,
    )
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
        index_names(self.env, self._table)
        return result

    @api.depends("whatsapp_identity_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_clinic_number_ids(self):
        seen = self._origin._of_own_branches()
        for partner in self:
            known = (partner._origin & seen).sudo().whatsapp_identity_ids
            partner.clinic_number_ids = known.with_env(self.env)

    @api.depends("clinic_birthdate", "guardianship_ids.end_date")
    def _compute_clinic_is_minor(self):
        today = clock.now().date()
        for partner in self:
            partner.clinic_is_minor = partner._is_minor(today)
            partner.clinic_lacks_guardian = partner.clinic_is_minor and not any(
                partner.guardianship_ids.mapped("is_in_force")
            )

    @api.depends("name")
    def _compute_clinic_search_name(self):
        for partner in self:
            partner.clinic_search_name = search_key(partner.name or "")

    @api.model
    def _search_clinic_lookup(self, operator, value):
        return lookup(self.env, value or "") if operator == "ilike" else NotImplemented

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
        for partner in self:
            partner.clinic_same_number_ids = same_number(partner)

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
        """Staff alone is told: to others it would tell who is a patient."""
        if not self._is_written_by_staff():
            return
        for partner in self.sudo().filtered("clinic_patient"):
            if partner.phone and not partner._whatsapp_phone():
                raise ValidationError(PatientPhone(partner).what_is_wrong())

    @api.onchange("clinic_branch_id")
    def _onchange_clinic_branch_id(self):
        person = self.sudo()
        if person.clinic_patient and not self._origin and person.clinic_branch_id:
            usual = self._usual_values({"clinic_branch_id": person.clinic_branch_id.id})
            self.update(usual)

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        if self.env.context.get("default_clinic_patient"):
            for name, value in self._usual_values(defaults).items():
                if name in fields and f"default_{name}" not in self.env.context:
                    defaults[name] = value
        return defaults

    @api.model
    def _usual_values(self, vals: dict) -> dict:
        """Home branch, its language and its country, for a patient of whom nothing else
        is said in `vals`. No time zone: the branch's counts where none is known."""
        branches = self.env["whatsapp.clinic.branch"].sudo()
        branch = branches.browse(
            vals.get("clinic_branch_id", branches._usual().id) or []
        )
        company = branch.company_id or self.env.company
        country = branch.country_id or company._clinic_phone_country()
        return {
            "clinic_branch_id": branch.id,
            "country_id": country.id,
            "lang": branch.lang or company.sudo().partner_id.lang or self.env.lang,
            "tz": False,
        }

    def _forget_assumed_zone(self):
        """Odoo takes the zone of who enters a contact for the contact's.

        It is not known, then; who has an account has a zone of their own.
        """
        for person in self.sudo():
            is_assumed = person.tz == person.create_uid.tz and not person.user_ids
            if person.tz and is_assumed:
                person.tz = False

    @api.model_create_multi
    def create(self, vals_list):
        self._check_keeps_identities(vals_list)
        is_patient = self.env.context.get("default_clinic_patient")
        partners = super().create(
            [
                {**self._usual_values(vals), **vals}
                if vals.get("clinic_patient", is_patient)
                else vals
                for vals in vals_list
            ]
        )
        partners._spell_phone()
        partners._claim_number()
        return partners

    def write(self, vals):
        self._check_keeps_identities([vals])
        self._check_may_write(vals)
        change = PatientChange(self, vals)
        result = super().write(vals)
        change.follow()
        return result

    def _check_keeps_identities(self, vals_list: list[dict]):
        """Raise AccessError where a client says by command whose number it is."""
        if not self.env.su and any("whatsapp_identity_ids" in one for one in vals_list):
            raise AccessError(
                self.env._(
                    "Whose WhatsApp number it is follows the phone number: enter it "
                    "with the patient."
                )
            )

    def _check_may_write(self, vals):
        """Raise AccessError unless the user may write this about all these patients.

        Who has no role of the clinic may not see who is a patient: what Odoo lets them
        write on a contact they may write on all. Of roles every field is asked about:
        any may stand in a template.
        """
        is_staff = not self.env.su and self.env.user.has_group(CLINIC_STAFF)
        if is_staff and any(not name.startswith(_BESIDE) for name in vals):
            self._check_looked_after()

    def unlink(self):
        self._check_may_write({"name"})
        self._check_may_remove()
        return super().unlink()

    def _check_may_remove(self):
        """Raise UserError, for who has no role in words that do not tell why."""
        if not self._is_written_by_staff() and any(
            one._is_of_clinic() for one in self.sudo()
        ):
            raise UserError(
                self.env._("This contact is in use: archive it instead of deleting it.")
            )

    def get_formview_id(self, access_uid=None):
        """Who is there already opens as a patient, not in the form for new ones."""
        if self.env.context.get("clinic_tells_apart"):
            return self.env.ref("whatsapp_clinic.patient_view_form").id
        return super().get_formview_id(access_uid=access_uid)

    def _mail_track(self, tracked_fields, initial_values):
        """The same number in another spelling is no news: it is spelled when somebody
        becomes a patient, which a trace would tell everybody."""
        before, _country = PatientPhone(self).reading_of(
            initial_values.get("phone") or ""
        )
        if before and before.e164 == self._whatsapp_phone():
            initial_values = {**initial_values, "phone": self.phone}
        return super()._mail_track(tracked_fields, initial_values)

    def copy(self, default=None):
        self._check_may_write({"name"})
        return super().copy(default)

    def _check_looked_after(self):
        """Raise AccessError unless the user may act for all these people."""
        if not self.env.su and self - self._of_own_branches():
            raise AccessError(
                self.env._(
                    "Another branch looks after this patient: ask there, or a manager "
                    "of its company."
                )
            )

    def _is_minor(self, day: date) -> bool:
        """Whether the patient is not of age on a day; who has no date of birth is."""
        born = self.clinic_birthdate
        return bool(born) and day < majority(born)

    def _is_of_clinic(self) -> bool:
        """Whether the clinic keeps something about this contact."""
        self.ensure_one()
        return bool(
            self.clinic_patient
            or self.ward_ids
            or self.guardianship_ids
            or self.consent_ids
            or self.whatsapp_identity_ids
        )

    def _looked_after_by(self, company):
        """Those who are patients of a company's tree, or decide for such a one.

        Also whom no company looks after yet. None stands for every company.
        """
        return self.filtered(
            lambda one: (
                not company
                or company.root_id in (one._clinic_roots() or company.root_id)
            )
        )

    def _clinic_roots(self):
        """The roots of the companies that look after them or their wards."""
        return companies_of(self)

    def _clinic_branches(self):
        """The branches that look after these patients."""
        return self.clinic_branch_id

    def _is_of_own_branch(self) -> bool:
        """Whether the user looks after this patient."""
        self.ensure_one()
        return bool(self._of_own_branches())

    def _told_guardianships(self):
        """Those of patients whom the user looks after, in forms that Odoo computes
        with the rights of the system, too."""
        return self._of_own_branches().guardianship_ids

    def _of_own_branches(self):
        """Those whom the user looks after: sees what the clinic keeps, and acts for."""
        known = self.sudo().with_context(active_test=False)
        is_one = Domain("id", "in", self.ids)
        mine = set(known.search(is_one & self._of_own_branches_domain()).ids)
        return self.filtered(lambda one: one.id in mine)

    @api.model
    def _of_own_branches_domain(self) -> Domain:
        """Who is at home in a branch of the user's, or visits one; of managers and
        privacy officers, in any branch of their companies. Nobody for who has no role.

        A visit counts where the home's company is the user's, too.
        """
        return own_patients(self, CLINIC_STAFF)

    def _follow_guardians(self):
        """Who decides for them has changed: what waits and what is planned follows."""
        self._address_waiting()
        self._plan_messages()

    def _on_ended(self, reason: str):
        """Nothing may be written to them any more, for this reason."""

    def _leave_number(self, phone: str | None):
        """The clinic replaced the number: it is not this patient's any more."""
        old = self.sudo().whatsapp_identity_ids._at(phone)
        old.write({"partner_ids": [fields.Command.unlink(self.id)]})

    def _has_left(self, phone: str | None) -> bool:
        """Whether this number was reported as not the partner's any more."""
        left = [("former_partner_ids", "in", self.ids)]
        identities = self.env["whatsapp.clinic.identity"].search(left)
        return bool(identities._at(phone))

    def _claim_number(self, is_entered: bool = True):
        """The number that staff entered for a patient is theirs, also if they had left
        it once.

        `is_entered` says that it was written now. What somebody else entered (the
        patient on the portal, a form, an import) is theirs where nothing speaks against
        it; else staff is asked to confirm it with the patient. What still waits for
        them, or for whom they decide, goes to this number.
        """
        is_told = is_entered and self._is_written_by_staff()
        patients = self.sudo().filtered(lambda one: one.clinic_patient or one.ward_ids)
        phones = {one.id: one._whatsapp_phone() for one in patients}
        identities = self.env["whatsapp.clinic.identity"].sudo()
        known = identities._for_phones(sorted(set(filter(None, phones.values()))))
        for patient in patients:
            identity = known.get(phones[patient.id], identities.browse())
            if is_told or not identity._is_doubtful_for(patient, is_entered):
                identity._welcome(patient)
            else:
                identity.former_partner_ids |= patient
        patients._address_waiting()

    @api.model
    def _is_written_by_staff(self) -> bool:
        """Whether a role of the clinic, or the system itself, is at work."""
        return self.env.uid == SUPERUSER_ID or self.env.user.has_group(CLINIC_STAFF)

    def _address_waiting(self):
        """What waits for them, or for whom they decide, goes where it would go now."""

    def _become_patients(self, branch=None):
        """Mark as patients who have an appointment now.

        `branch` becomes the home of who has none.
        """
        home = branch or self.env["whatsapp.clinic.branch"].sudo()._usual()
        news = self.sudo().filtered(lambda one: not one.clinic_patient)
        for has_home, partners in news.grouped(
            lambda one: bool(one.clinic_branch_id)
        ).items():
            values = {} if has_home else {"clinic_branch_id": home.id}
            partners.write({"clinic_patient": True, **values})

    def _whatsapp_phone(self) -> str | None:
        """The phone number in E.164, None if there is none or it is not valid."""
        return PatientPhone(self).e164

    def _phone_get_country(self):
        """Odoo's own look at a number (SMS, search, blacklist) is the same as ours."""
        countries = super()._phone_get_country()
        for partner in self.filtered("phone"):
            if country := PatientPhone(partner).country:
                countries[partner.id] = country
        return countries

    @api.onchange("phone", "country_id", "company_id", "clinic_branch_id")
    def _onchange_phone_validation(self):
        person = self.sudo()
        phone = PatientPhone(person)
        reading = phone.reading
        # Others see every number spelled in Odoo's way: not who is a patient.
        is_told = self._is_written_by_staff()
        if is_told and person.clinic_patient and reading:
            person.update(phone.spelled(reading))
            return None
        result = super()._onchange_phone_validation()
        is_told = person.clinic_patient and self._is_written_by_staff()
        if not is_told or not person.phone or person._whatsapp_phone():
            return result
        return {
            "warning": {
                "type": "notification",
                "title": self.env._("Check the Number"),
                "message": PatientPhone(person).what_is_wrong(),
            }
        }

    def _spell_phone(self):
        """Write numbers of patients and guardians with the country code.

        So they are read in one way only, whatever becomes of branch and country.
        """
        people = self.sudo().filtered(lambda one: one.clinic_patient or one.ward_ids)
        for partner in people.filtered("phone"):
            phone = PatientPhone(partner)
            reading = phone.reading
            if reading and (reading.note or reading.international != partner.phone):
                spelled = phone.spelled(reading)
                partner.with_context(clinic_spells_phone=True).write(spelled)

    def _is_reachable(self) -> bool:
        """Whether there is a number to write to that nobody stopped, and somebody."""
        partner, phone = self.sudo(), self._whatsapp_phone()
        if not phone or any(ends(partner[name]) for name, ends, _reason in ENDINGS):
            return False
        return not partner.whatsapp_identity_ids._at(phone).blocked_at

    @api.model
    def _patients_by_phone(self, phones: list[str]) -> dict:
        """Patients who have these numbers, archived ones too: {number as told: …}.

        Numbers without a country code are those of the company's country. Who left a
        number is not found by it, nor whom the user does not look after.
        """
        return behind_numbers(self, phones)

    def _reception(self):
        """Who of the staff looks after a patient; none if the branch has nobody."""
        return self.sudo()._usual_branch()._reception()

    def _usual_branch(self):
        """Where a patient is at home, if anywhere."""
        return self.clinic_branch_id

    def action_confirm_number(self):
        """Take back a number that was reported as somebody else's, unchanged.

        The patient said to staff that it is theirs.
        """
        self.ensure_one()
        self.check_access("write")
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        self._check_looked_after()
        if self.clinic_has_left_number:
            self.sudo()._confirm_number()
        return {"type": "ir.actions.act_window_close"}

    def _confirm_number(self):
        self._claim_number()
        self._note_for_staff(
            self.env._(
                "The number was confirmed with the patient: messages go there again."
            )
        )

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
