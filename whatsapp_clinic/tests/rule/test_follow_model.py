from datetime import timedelta
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ...models.rule import message_planning
from ...models.vocabulary.states import WAITING_STATES
from ...tools import clock
from ..common import ClinicCase, make_template, tomorrow

STEPS = (
    "move",
    "correct",
    "change_branch",
    "change_number_of_branch",
    "change_template",
    "change_purpose",
    "archive_rule",
    "restore_rule",
    "delete_rule",
    "new_rule",
    "cancel",
    "book_again",
    "withdraw",
    "give_again",
    "archive_patient",
    "restore_patient",
    "die_by_mistake",
    "live",
    "confirm",
)


@tagged("post_install", "-at_install")
class TestFollowModel(ClinicCase):
    """Whatever happens to what a reminder is made from: it says what holds, or waits
    no more. Where much is planned in the background, nothing that does not hold leaves
    meanwhile. The model is the sentence "the rule in force, about the visit as it is,
    to its patient if they live, are treated and agreed"."""

    def setUp(self):
        super().setUp()
        self.people = [
            self.make_patient(f"+90532111000{number}", f"Model{number} KUMQUAT")
            for number in (1, 2)
        ]
        self.purposes = [
            self.purpose,
            self.env.ref("whatsapp_clinic.purpose_followup"),
        ]
        self.templates = [self.template, make_template(self, "appointment_soon")]
        self.channels = [
            self.channel,
            self.channel.create(
                {
                    "name": "Beşiktaş",
                    "phone_number_id": "650000000000001",
                    "business_account_id": self.channel.business_account_id,
                    "base_url": self.channel.base_url,
                }
            ),
        ]
        self.channels[1]._set_credentials({"access_token": "sandbox-access-token"})
        self.branches = [self.branch, self.branch.copy({"name": "Model Beşiktaş"})]
        self.practitioner.branch_ids |= self.branches[1]
        self.at = clock.now() - timedelta(days=1)
        for person in self.people:
            for purpose in self.purposes:
                self.decide(person, "given", purpose)

    def decide(self, person, decision, purpose):
        # Acts of one moment would be decided by what is stricter.
        self.at += timedelta(seconds=1)
        self.consent(person, decision, self.at, purpose)
        self.agreed[person, purpose] = decision == "given"

    @property
    def agreed(self):
        return self.__dict__.setdefault("_agreed", {})

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=10))
    def test_what_would_leave_is_what_the_model_says(self, steps):
        agreed, at = dict(self.agreed), self.at
        with self.env.cr.savepoint() as point:
            self.reminder = self.rule(branch_ids=False)
            self.visit = self.book(self.people[0], tomorrow(96))
            for step in steps:
                getattr(self, step)()
                self.env.flush_all()
                self.assertEqual(self.leaving(), self.expected(), steps)
            point.rollback()
        self.env.invalidate_all()
        self.agreed.update(agreed)
        self.at = at

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(st.sampled_from([*STEPS, "plan"]), min_size=1, max_size=10))
    def test_nothing_wrong_leaves_before_it_is_planned_again(self, steps):
        agreed, at = dict(self.agreed), self.at
        with (
            self.env.cr.savepoint() as point,
            patch.object(message_planning, "AT_ONCE", 0),
            patch.object(message_planning, "BATCH", 1),
        ):
            self.reminder = self.rule(branch_ids=False)
            self.visit = self.book(self.people[0], tomorrow(96))
            for step in steps:
                getattr(self, step)()
                self.env.flush_all()
                leaving, expected = self.leaving(), self.expected()
                self.assertIn(leaving, ([], expected), steps)
            self.plan()
            self.assertEqual(self.leaving(), self.expected(), steps)
            point.rollback()
        self.env.invalidate_all()
        self.agreed.update(agreed)
        self.at = at

    def leaving(self):
        """What waits and would be let go, as it would leave."""
        rows = self.env["whatsapp.clinic.message"].search(
            [
                *self.visit._messages_domain(),
                ("state", "in", WAITING_STATES),
            ]
        )
        verdicts = self.env["whatsapp.clinic.gate"]._judge(rows)
        return [
            (
                row.partner_id,
                row.identity_id.phone,
                row.branch_id,
                row.channel_id,
                row.company_id,
                row.template_id,
                row.purpose_id,
                row.subject_version,
                row.due_at,
            )
            for row in rows
            if verdicts[row.id].action == "send"
        ]

    def expected(self):
        rule, visit, person = self.reminder, self.visit, self.visit.partner_id
        is_due = rule and rule.active and visit.state == "booked"
        is_treated = person.active and not person.clinic_deceased_on
        if not is_due or not is_treated or not self.agreed[person, rule.purpose_id]:
            return []
        return [
            (
                person,
                person._whatsapp_phone(),
                visit.branch_id,
                visit.branch_id.channel_id,
                visit.company_id,
                rule.template_id,
                rule.purpose_id,
                visit.version,
                visit.start - timedelta(hours=24),
            )
        ]

    def other(self, choices, present):
        return choices[1 - choices.index(present)]

    # What happens.

    def plan(self):
        """The scheduled action has its turn."""
        while left := self.env["whatsapp.clinic.message.planning"].search([], limit=1):
            left._plan_next(message_planning.BATCH)

    def move(self):
        self.visit.start += timedelta(days=1 if self.visit.start.day % 2 else -1)

    def correct(self):
        self.visit.partner_id = self.other(self.people, self.visit.partner_id)

    def change_branch(self):
        self.visit.branch_id = self.other(self.branches, self.visit.branch_id)

    def change_number_of_branch(self):
        branch = self.visit.branch_id
        branch.channel_id = self.other(self.channels, branch.channel_id)

    def change_template(self):
        if self.reminder:
            present = self.reminder.template_id
            self.reminder.template_id = self.other(self.templates, present)

    def change_purpose(self):
        if self.reminder:
            present = self.reminder.purpose_id
            self.reminder.purpose_id = self.other(self.purposes, present)

    def archive_rule(self):
        self.reminder.active = False

    def restore_rule(self):
        self.reminder.active = True

    def delete_rule(self):
        self.reminder.unlink()
        self.reminder = self.reminder.browse()

    def new_rule(self):
        if not self.reminder:
            self.reminder = self.rule(branch_ids=False)

    def cancel(self):
        self.visit.action_cancel()

    def book_again(self):
        self.visit.action_book()

    def withdraw(self):
        for purpose in self.purposes:
            self.decide(self.visit.partner_id, "withdrawn", purpose)

    def give_again(self):
        for purpose in self.purposes:
            self.decide(self.visit.partner_id, "given", purpose)

    def archive_patient(self):
        self.visit.partner_id.active = False

    def restore_patient(self):
        self.visit.partner_id.active = True

    def die_by_mistake(self):
        self.visit.partner_id.clinic_deceased_on = clock.now().date()

    def live(self):
        self.visit.partner_id.clinic_deceased_on = False

    def confirm(self):
        self.visit.action_confirm()
