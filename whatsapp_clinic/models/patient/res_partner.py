from dateutil.relativedelta import relativedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ...tools import clock
from ...tools.phone import (
    Reading,
    e164,
    example,
    line,
    missing_digits,
    read,
    written_region,
)
from ...tools.ruled_lines import RuledOne2many
from ..vocabulary.states import WAITING_STATES

# That somebody is a patient is health data: only the clinic's staff may see it.
CLINIC_STAFF = "whatsapp_clinic.group_staff"
# Fields that end all messages to a patient, the values that do, and the reason.
_ENDINGS = (
    ("clinic_deceased_on", bool, "patient_deceased"),
    ("clinic_barred", bool, "patient_barred"),
    ("active", lambda value: value is False, "patient_archived"),
)
# Fields that plan anew what is to come: an obstacle may have ended.
_PLANNING = {"phone", "tz", *(name for name, _ends, _reason in _ENDINGS)}
# What says whose number it is, and how it is read.
_NUMBER = {"phone", "clinic_patient", "clinic_branch_id"}
# What decides, of a guardian or a minor, who of them is written to.
_ADDRESSING = {"clinic_birthdate", *(name for name, _ends, _reason in _ENDINGS)}
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
    appointment_ids = RuledOne2many(
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

    @api.depends("whatsapp_identity_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_clinic_number_ids(self):
        seen = self._origin._of_own_branches()
        for partner in self:
            known = (partner._origin & seen).sudo().whatsapp_identity_ids
            partner.clinic_number_ids = known.with_env(self.env)

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
                raise ValidationError(partner._tell_invalid_phone())

    def _tell_invalid_phone(self) -> str:
        """What is wrong with the number as it is written, and how it is written.

        One with a country code is judged by that country.
        """
        usual = self._phone_countries()[:1]
        region = written_region(self.phone, usual.code)
        named = self.env["res.country"].search([("code", "=", region)], limit=1)
        country = (region and named) or usual
        told = {
            "number": self.phone,
            "country": country.name or self.env._("any country"),
            "example": example(country.code or "TR"),
        }
        missing = missing_digits(self.phone, usual.code)
        if missing == 1:
            return self.env._(
                "“%(number)s” is no valid number for %(country)s: 1 digit is missing. "
                "A whole one is %(example)s.",
                **told,
            )
        if missing > 0:
            return self.env._(
                "“%(number)s” is no valid number for %(country)s: %(missing)s digits "
                "are missing. A whole one is %(example)s.",
                missing=missing,
                **told,
            )
        if region:
            return self.env._(
                "“%(number)s” is no valid number for %(country)s: compare its digits "
                "with what the patient gave. One is written like %(example)s.",
                **told,
            )
        return self.env._(
            "“%(number)s” is no valid number for %(country)s. "
            "Write it with the country code, such as %(example)s.",
            **told,
        )

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
        is_move = "clinic_branch_id" in vals
        homes = {one: one.clinic_branch_id for one in self.sudo() if is_move}
        is_spelling = self.env.context.get("clinic_spells_phone")
        touches_number = not is_spelling and _NUMBER & vals.keys()
        phones = {one.id: one._whatsapp_phone() for one in self if touches_number}
        newcomers = self._newcomers(vals)
        result = super().write(vals)
        newcomers._forget_assumed_zone()
        self._note_move(homes)
        for one, left in homes.items():
            one.guardianship_ids._house_guardians(left)
        if touches_number:
            # How others write a number tells them nothing of whose it is.
            if "phone" not in vals or self._is_written_by_staff():
                self._spell_phone()
            self._follow_number(phones, is_entered="phone" in vals)
        self._cancel_what_ended(vals)
        if _ADDRESSING & vals.keys():
            self._address_waiting()
        if _PLANNING & vals.keys():
            self._plan_messages()
        return result

    def _newcomers(self, vals: dict):
        """Contacts who become patients by these values, which tell no time zone."""
        are_welcome = vals.get("clinic_patient") and "tz" not in vals
        people = self.sudo() if are_welcome else self.browse()
        return people.filtered(lambda one: not one.clinic_patient)

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

    def _mail_track(self, tracked_fields, initial_values):
        """The same number in another spelling is no news: it is spelled when somebody
        becomes a patient, which a trace would tell everybody."""
        before, _country = self._reading_of(initial_values.get("phone") or "")
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

    def _is_of_clinic(self) -> bool:
        """Whether the clinic keeps something about this contact."""
        self.ensure_one()
        return bool(
            self.clinic_patient
            or self.ward_ids
            or self.guardianship_ids
            or self.consent_ids
            or self.appointment_ids
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
        wards = self.sudo().ward_ids.filtered("is_in_force").patient_id
        people = (self.sudo() | wards).with_context(active_test=False)
        visits = people.appointment_ids.filtered(lambda one: one.state != "cancelled")
        return (people.clinic_branch_id | visits.branch_id).company_id.root_id

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
        user = self.env.user
        if user._is_superuser():
            return Domain.TRUE
        if not user.has_group(CLINIC_STAFF):
            return Domain.FALSE
        companies = self.env.companies.ids
        in_reach = Domain("clinic_branch_id", "=", False) | Domain(
            "clinic_branch_id.company_id", "in", companies
        )
        if not user._sees_all_branches():
            in_reach &= Domain(user._patients_of_branches())
        # With the system's rights: branches of others are not the user's to read.
        known = self.sudo().with_context(active_test=False)
        return Domain("id", "in", known._search(in_reach))

    def _note_move(self, homes: dict):
        """Note another home branch, where there was one; `homes` are those before.

        Tracked it would leave a trace that tells anybody who is a patient.
        """
        for partner, before in homes.items():
            after = partner.clinic_branch_id
            if before and before != after:
                lang = before.company_id.partner_id.lang
                noted = partner.with_context(lang=lang)
                noted._note_for_staff(
                    noted.env._(
                        "Home branch: %(before)s → %(after)s",
                        before=before.name,
                        after=after.name or noted.env._("none"),
                    )
                )

    def _follow_guardians(self):
        """Who decides for them has changed: what waits and what is planned follows."""
        self._address_waiting()
        self._plan_messages()

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
            partner._claim_number(is_entered)

    def _cancel_what_ended(self, vals: dict):
        """Planned messages to who died, was barred or archived are cancelled."""
        reasons = [reason for name, ends, reason in _ENDINGS if ends(vals.get(name))]
        if reasons:
            self.env["whatsapp.clinic.message"]._cancel_open(
                [("partner_id", "in", self.ids)], reasons[0]
            )

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
        people = self.sudo()
        waiting = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", (people | people.ward_ids.patient_id).ids),
                    ("state", "in", WAITING_STATES),
                ]
            )
        )
        waiting._address()

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

    def _phone_countries(self):
        """Whose a number without a country code may be, the likeliest first: the
        partner's country, the home branch's, the company's."""
        partner = self.sudo()
        branch = partner.clinic_branch_id
        company = branch.company_id or partner.company_id or self.env.company
        return partner.country_id | branch.country_id | company._clinic_phone_country()

    def _read_phone(self) -> tuple:
        """How the phone field is read, and the country it is read for."""
        return self._reading_of(self.phone)

    def _reading_of(self, text: str | bool) -> tuple:
        """How a number of the partner's is read, and the country it is read for.

        Where a number is one of several countries, of which it is a mobile number of
        one only, that is meant: the same digits are somebody's fixed line elsewhere.
        A (`Reading` or None, `res.country`).
        """
        self.ensure_one()
        countries = self._phone_countries()
        likeliest = countries[:1]
        if not likeliest or (text or "").lstrip().startswith("+"):
            return read(text, likeliest.code), likeliest
        found = [(read(text, country.code), country) for country in countries]
        valid = [one for one in found if one[0]]
        mobile = [one for one in valid if one[0].is_mobile]
        return (mobile or valid or found)[0]

    def _whatsapp_phone(self) -> str | None:
        """The phone number in E.164, None if there is none or it is not valid."""
        reading, _country = self._read_phone() if self.phone else (None, None)
        return reading and reading.e164

    def _phone_get_country(self):
        """Odoo's own look at a number (SMS, search, blacklist) is the same as ours."""
        countries = super()._phone_get_country()
        for partner in self.filtered("phone"):
            _reading, country = partner._read_phone()
            if country:
                countries[partner.id] = country
        return countries

    @api.onchange("phone", "country_id", "company_id", "clinic_branch_id")
    def _onchange_phone_validation(self):
        person = self.sudo()
        reading, _country = person._read_phone()
        # Others see every number spelled in Odoo's way: not who is a patient.
        is_told = self._is_written_by_staff()
        if is_told and person.clinic_patient and reading:
            person.update(person._spelled(reading))
            return None
        result = super()._onchange_phone_validation()
        is_told = person.clinic_patient and self._is_written_by_staff()
        if not is_told or not person.phone or person._whatsapp_phone():
            return result
        return {
            "warning": {
                "type": "notification",
                "title": self.env._("Check the Number"),
                "message": person._tell_invalid_phone(),
            }
        }

    def _spell_phone(self):
        """Write numbers of patients and guardians with the country code.

        So they are read in one way only, whatever becomes of branch and country.
        """
        people = self.sudo().filtered(lambda one: one.clinic_patient or one.ward_ids)
        for partner in people.filtered("phone"):
            reading, _country = partner._read_phone()
            if reading and (reading.note or reading.international != partner.phone):
                spelled = partner._spelled(reading)
                partner.with_context(clinic_spells_phone=True).write(spelled)

    def _spelled(self, reading: Reading) -> dict:
        """A number as it is stored, and what else was known beside it."""
        notes = [self.clinic_phone_note or ""]
        if reading.note not in notes[0]:
            notes.append(reading.note)
        return {
            "phone": reading.international,
            "clinic_phone_note": " · ".join(filter(None, notes)),
        }

    def _is_reachable(self) -> bool:
        """Whether there is a number to write to that nobody stopped, and somebody."""
        partner, phone = self.sudo(), self._whatsapp_phone()
        if not phone or any(ends(partner[name]) for name, ends, _reason in _ENDINGS):
            return False
        return not partner.whatsapp_identity_ids._at(phone).blocked_at

    @api.model
    def _patients_by_phone(self, phones: list[str]) -> dict:
        """Patients who have these numbers, archived ones too: {number as told: …}.

        Numbers without a country code are those of the company's country. Who left a
        number is not found by it, nor whom the user does not look after.
        """
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
        return {phone: behind.get(lines.get(phone), self) for phone in phones}

    def _reception(self):
        """Who of the staff looks after a patient; none if the branch has nobody."""
        branch = self.sudo().clinic_branch_id or (
            self.sudo().appointment_ids.sorted("start")[-1:].branch_id
        )
        return branch._reception()

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
        thread = self.env.ref("whatsapp_clinic.message_view_thread")
        return {
            **action,
            "domain": [("partner_id", "=", self.id)],
            "context": {"hide_patient": True, "thread_of": [self._name, self.id]},
            "views": [
                (thread.id if kind == "kanban" else view, kind)
                for view, kind in sorted(
                    action["views"], key=lambda one: one[1] != "kanban"
                )
            ],
        }
