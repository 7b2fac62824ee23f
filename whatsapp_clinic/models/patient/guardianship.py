from datetime import date, datetime

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import LazyTranslate, format_date

from ...tools import clock
from ...tools.access import named, require_group
from ..consent.acting import Acting

_lt = LazyTranslate(__name__)

# Civil Code of Turkey, article 11, and the age of majority nearly everywhere.
MAJORITY_YEARS = 18
# FHIR RelatedPerson.relationship, as far as a clinic's desk needs it.
RELATIONS = [
    ("parent", "Parent"),
    ("guardian", "Legal guardian"),
    ("spouse", "Husband or wife"),
    ("child", "Son or daughter"),
    ("carer", "Carer"),
]
# What of it decides where messages to the patient go.
_ADDRESSING = {
    "sequence",
    "patient_id",
    "guardian_id",
    "start_date",
    "end_date",
    "purpose_ids",
    "receives_messages",
}
# What of it says who decides.
_DECIDING = (
    "patient_id",
    "guardian_id",
    "company_id",
    "start_date",
    "end_date",
    "purpose_ids",
)
# How long before a patient comes of age reception is reminded to ask in person.
NOTICE_BEFORE_MAJORITY = relativedelta(days=30)
_COMES_OF_AGE = _lt(
    "{patient} comes of age on {date}: ask in person what may be written about."
)


class Guardianship(models.Model):
    """Somebody decides for a patient, and gets the patient's messages.

    It ends at 18, or on its last day. Two may have it; messages go to the first of them
    who wants them and can be written to. It counts in the tree of the company that
    noted it: what another one was told of a family is not acted upon here.
    """

    _name = "whatsapp.clinic.guardianship"
    _description = "Guardianship"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "sequence, id"
    _rec_name = "guardian_id"
    _mail_post_access = "read"
    _mail_names_nobody = True

    sequence = fields.Integer(default=10)
    patient_id = fields.Many2one(
        "res.partner", required=True, ondelete="restrict", index=True
    )
    guardian_id = fields.Many2one(
        "res.partner", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        required=True,
        precompute=True,
        help="Where it was noted. Besides, the company of the patient's home branch "
        "sees it.",
    )
    relation = fields.Selection(RELATIONS, default="parent", required=True)
    start_date = fields.Date(
        "From", required=True, default=lambda self: clock.now().date()
    )
    end_date = fields.Date(
        "Last Day",
        compute="_compute_end_date",
        store=True,
        readonly=False,
        tracking=True,
        help="Empty: until it is ended. For a minor it is the day before the 18th "
        "birthday, unless it ends sooner.",
    )
    purpose_ids = fields.Many2many(
        "whatsapp.clinic.consent.purpose",
        "whatsapp_clinic_guardianship_purpose",
        string="Only for",
        tracking=True,
        help="Empty: for all purposes.",
    )
    receives_messages = fields.Boolean(
        default=True,
        tracking=True,
        help="Messages to the patient go to the guardian's number.",
    )
    note = fields.Char("Proof", help="What was shown: the family register, a ruling.")
    is_in_force = fields.Boolean(
        "In Force", compute="_compute_is_in_force", search="_search_is_in_force"
    )
    majority_announced = fields.Boolean(
        readonly=True, copy=False, help="Reception was reminded to ask the patient."
    )

    _not_oneself = models.Constraint(
        "CHECK (patient_id <> guardian_id)", "Nobody is their own guardian."
    )
    _ends_after_start = models.Constraint(
        "CHECK (end_date IS NULL OR end_date >= start_date)",
        "It ends after it starts.",
    )

    @api.depends()
    def _compute_company_id(self):
        for one in self:
            home = one.patient_id.sudo().clinic_branch_id
            one.company_id = one.company_id or home.company_id or self.env.company

    @api.depends("patient_id.clinic_birthdate")
    def _compute_end_date(self):
        for guardianship in self:
            born = guardianship.patient_id.sudo().clinic_birthdate
            latest = born and majority(born) - relativedelta(days=1)
            is_minor = latest and latest >= guardianship.start_date
            if is_minor and not (
                guardianship.end_date and guardianship.end_date < latest
            ):
                guardianship.end_date = latest

    @api.depends("start_date", "end_date")
    def _compute_is_in_force(self):
        today = clock.now().date()
        for one in self:
            one.is_in_force = one._covers(today)

    @api.model
    def _search_is_in_force(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = clock.now().date()
        in_force = fields.Domain("start_date", "<=", today) & (
            fields.Domain("end_date", "=", False)
            | fields.Domain("end_date", ">=", today)
        )
        return in_force if True in value else ~in_force

    @api.depends("patient_id", "guardian_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for one in named(self):
            names = (one.guardian_id.name, one.patient_id.name)
            one.display_name = " → ".join(filter(None, names))

    @api.constrains("end_date", "relation", "patient_id")
    def _check_ends_at_majority(self):
        for one in self:
            born = one.patient_id.sudo().clinic_birthdate
            is_minors = born and one.start_date < majority(born)
            if is_minors and (not one.end_date or one.end_date >= majority(born)):
                raise ValidationError(
                    self.env._(
                        "%(patient)s comes of age on %(date)s: guardianship ends the "
                        "day before.",
                        patient=one.patient_id.name,
                        date=majority(born),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        guardianships = super().create(vals_list)
        guardianships.patient_id._check_looked_after()
        guardianships._house_guardians()
        guardianships.guardian_id._forget_assumed_zone()
        guardianships.guardian_id._spell_phone()
        guardianships.patient_id._follow_guardians()
        return guardianships

    def write(self, vals):
        patients = self.patient_id
        patients._check_looked_after()
        result = super().write(vals)
        self.patient_id._check_looked_after()
        if _ADDRESSING & vals.keys():
            self._house_guardians()
            (patients | self.patient_id)._follow_guardians()
        return result

    def unlink(self):
        patients = self.patient_id
        patients._check_looked_after()
        result = super().unlink()
        patients._follow_guardians()
        return result

    def _house_guardians(self, left=None):
        """Who decides for a patient is at home where the patient is, if nowhere yet.

        Who has no home is looked after by everybody, and messages to the patient go to
        the number that stands with the guardian. `left` is the branch that the patient
        leaves: a guardian who is no patient there leaves it, too.
        """
        for one in self.sudo():
            home, guardian = one.patient_id.clinic_branch_id, one.guardian_id
            known = guardian.clinic_branch_id
            wards_homes = guardian.ward_ids.patient_id.clinic_branch_id
            goes_along = known == left and not guardian.clinic_patient
            if home and (not known or goes_along and known not in wards_homes):
                guardian.clinic_branch_id = home

    def action_end_today(self):
        """Make today the last day; from tomorrow the patient decides."""
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        today = clock.now().date()
        for one in self.filtered("is_in_force"):
            one.end_date = max(today, one.start_date)

    @api.model
    def _cron_announce_majority(self, limit: int = 500):
        """Remind reception of patients who come of age, so that they ask in person.

        Once for each guardianship; one without staff to remind is looked at again.
        """
        today = clock.now().date()
        ending = self.search(
            [
                ("majority_announced", "=", False),
                ("end_date", ">=", today),
                ("end_date", "<", today + NOTICE_BEFORE_MAJORITY),
                ("patient_id.clinic_birthdate", "!=", False),
                ("patient_id.active", "=", True),
            ],
            limit=limit,
            order="end_date",
        )
        for one in ending.filtered(lambda one: one._ends_by_majority):
            one._announce_majority()

    @property
    def _ends_by_majority(self) -> bool:
        born = self.patient_id.clinic_birthdate
        return self.end_date == majority(born) - relativedelta(days=1)

    def _announce_majority(self):
        """The activity is the guardianship's: who may see it, sees no more by it."""
        staff = self.patient_id._reception()
        if not staff:
            return
        self.env["mail.activity"]._call_reception(
            self,
            "comes_of_age",
            _COMES_OF_AGE,
            staff,
            told=lambda env: {
                "patient": self.patient_id.name,
                "date": format_date(env, self.end_date + relativedelta(days=1)),
            },
            date_deadline=self.end_date,
        )
        self.majority_announced = True

    def _covers(self, day: date) -> bool:
        return bool(
            self.start_date
            and self.start_date <= day
            and (not self.end_date or day <= self.end_date)
        )

    def _of_tree(self, company):
        """Those that count for a company."""
        root = company.sudo().root_id
        return self.filtered(lambda one: one.sudo().company_id.root_id == root)

    def _receives(self, asked, day: date) -> bool:
        """Whether a message to the patient goes to the guardian on a day.

        `asked` has its purpose and its company: a message, or a rule that writes it.
        """
        is_asked = not self.purpose_ids or asked.purpose_id in self.purpose_ids
        is_here = self._of_tree(asked.company_id)
        return bool(is_here and is_asked and self._covers(day))

    def _receiving(self, asked, day: date):
        """The guardian who gets a patient's message on a day, if any of these does.

        The first of them who has a number that may be written to; of `asked` see
        `_receives`.
        """
        wanting = self.filtered(
            lambda one: one.receives_messages and one._receives(asked, day)
        )
        guardians = wanting.guardian_id
        reachable = guardians.filtered(lambda one: one._is_reachable())
        return (reachable or guardians)[:1]

    @api.model
    def _in_force(self, patient_ids: list[int], at: datetime) -> Acting:
        """Who decides for these patients at a time (naive UTC)."""
        if not patient_ids:
            return Acting()
        found = self.sudo().search_fetch([("patient_id", "in", patient_ids)], _DECIDING)
        scopes = {}
        for one in found.filtered(lambda one: one._covers(at.date())):
            root = one.company_id.root_id
            key = (root.id, one.guardian_id.id, one.patient_id.id)
            purposes = frozenset(one.purpose_ids.ids)
            narrower = scopes.get(key, purposes)
            scopes[key] = purposes and narrower and purposes | narrower
        return Acting(scopes)

    @api.model
    def _receivers(self, patients) -> dict:
        """Who gets the messages of patients, in order: {patient id: guardianships}.

        Past and future ones too.
        """
        found = self.sudo().search(
            [("patient_id", "in", patients.ids), ("receives_messages", "=", True)]
        )
        receivers = {}
        for one in found:
            receivers.setdefault(one.patient_id.id, self.browse())
            receivers[one.patient_id.id] |= one
        return receivers


def majority(born: date) -> date:
    """The day on which somebody comes of age."""
    return born + relativedelta(years=MAJORITY_YEARS)
