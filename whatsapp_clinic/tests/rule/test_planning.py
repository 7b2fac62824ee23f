from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.rule import message_planning
from ...models.vocabulary.states import WAITING_STATES
from ..common import ClinicCase, staff_user, tomorrow


@tagged("post_install", "-at_install")
class TestPlanning(ClinicCase):
    """A rule or a branch is changed about which much is planned already."""

    def setUp(self):
        super().setUp()
        # What the demonstration planned is not counted.
        self.env.cr.execute("UPDATE whatsapp_clinic_appointment SET state = 'noshow'")
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.reminder = self.rule()
        self.visits = self.env["whatsapp.clinic.appointment"].union(
            *(self.book(self.patient, tomorrow(24 * day)) for day in range(3, 10))
        )
        for name, size in (("AT_ONCE", 3), ("BATCH", 2)):
            patcher = patch.object(message_planning, name, size)
            patcher.start()
            self.addCleanup(patcher.stop)

    @property
    def plannings(self):
        return self.env["whatsapp.clinic.message.planning"].search([])

    @property
    def waiting(self):
        domain = [("rule_id", "=", self.reminder.id), ("state", "in", WAITING_STATES)]
        return self.env["whatsapp.clinic.message"].search(domain)

    def work(self):
        """Let the scheduled action plan what is left."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["whatsapp.clinic.message.planning"]._cron_plan()
        self.env.invalidate_all()

    def due_before(self, hours):
        """Whether each visit's reminder is due so long before it."""
        return {
            row._subject: row._subject.start - row.due_at == timedelta(hours=hours)
            for row in self.waiting
        }

    def verdicts(self):
        found = self.env["whatsapp.clinic.gate"]._judge(self.waiting)
        return {(one.action, one.reason) for one in found.values()}

    def test_nobody_writes_how_often_a_rule_or_branch_changed(self):
        manager = staff_user(self, "manager")
        for record in (self.reminder, self.branch):
            with self.subTest(record._name), self.assertRaises(AccessError):
                record.with_user(manager).plan_version = 2147483647

    def test_who_edits_a_rule_does_not_wait_for_many_visits(self):
        self.reminder.offset = 30
        self.assertEqual(set(self.due_before(24).values()), {True})
        self.assertEqual(self.plannings.rule_id, self.reminder)
        self.work()
        self.assertFalse(self.plannings)
        self.assertEqual(self.due_before(30), dict.fromkeys(self.visits, True))

    def stamps(self):
        return {(row.is_automatic, row.in_quiet_hours) for row in self.waiting}

    def test_rows_say_what_the_gate_asks_of_their_rule_and_say_it_anew(self):
        self.assertEqual(self.stamps(), {(True, False)})
        self.reminder.in_quiet_hours = True
        self.assertEqual(self.stamps(), {(True, False)})
        self.assertEqual(self.verdicts(), {("hold", "replanning")})
        self.work()
        self.assertEqual(self.stamps(), {(True, True)})

    def test_a_rules_row_is_automatic(self):
        row = self.waiting[0]
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            row.is_automatic = False
            row.flush_recordset()

    def test_few_visits_are_planned_at_once(self):
        with patch.object(message_planning, "AT_ONCE", len(self.visits)):
            self.reminder.offset = 30
        self.assertEqual(self.due_before(30), dict.fromkeys(self.visits, True))

    def test_new_rule_writes_about_all_that_is_to_come(self):
        other = self.rule(offset=2)
        self.assertFalse(other.waiting_count)
        self.work()
        other.invalidate_recordset()
        self.assertEqual(other.waiting_count, len(self.visits))

    def test_what_is_out_of_date_is_held_until_it_is_planned_again(self):
        self.reminder.offset = 30
        self.assertEqual(self.verdicts(), {("hold", "replanning")})
        self.plannings._plan_next(2)
        self.assertIn(("send", None), self.verdicts())
        self.work()
        self.assertEqual(self.verdicts(), {("send", None)})

    def test_confirmation_of_what_is_booked_meanwhile_is_not_held(self):
        self.reminder.offset = 30
        visit = self.book(self.patient, tomorrow(24 * 12))
        row = visit.whatsapp_message_ids
        verdict = self.env["whatsapp.clinic.gate"]._judge(row)[row.id]
        self.assertEqual(verdict.action, "send")
        self.work()
        self.assertEqual(visit.whatsapp_message_ids, row)

    def test_what_staff_send_again_is_not_held_by_what_was_planned_without_it(self):
        row = self.waiting[0]
        row.action_cancel()
        self.reminder.offset = 30
        self.work()
        row.action_send_again()
        verdict = self.env["whatsapp.clinic.gate"]._judge(row)[row.id]
        self.assertEqual((row.state, verdict.action), ("queued", "send"))

    def test_rule_for_what_was_just_done_writes_at_night_before_its_text_is_chosen(
        self,
    ):
        rule = self.reminder.new({"anchor": "booked"})
        self.assertTrue(rule.in_quiet_hours)

    def test_how_far_it_is_is_told_on_the_rule(self):
        self.assertEqual(self.reminder.planning_progress, 0)
        self.reminder.offset = 30
        self.plannings._plan_next(4)
        manager_sees = self.reminder.with_env(self.env)
        manager_sees.invalidate_recordset()
        self.assertEqual(manager_sees.planning_progress, 400 // 7)
        self.work()
        self.assertEqual(self.reminder.planning_progress, 0)

    def test_what_one_batch_planned_stays_planned_when_the_next_one_fails(self):
        self.reminder.offset = 30
        plan, calls = type(self.reminder)._plan, []

        def fail_at_the_second(model, subjects, **options):
            calls.append(subjects)
            if len(calls) == 2:
                raise ValueError("KUMQUAT")
            return plan(model, subjects, **options)

        with (
            patch.object(type(self.reminder), "_plan", fail_at_the_second),
            self.assertLogs(message_planning.__name__, "ERROR") as logs,
        ):
            self.work()
        self.assertNotIn("KUMQUAT", "".join(logs.output))
        self.assertEqual(self.plannings.planned_count, 2)
        self.assertEqual(sum(self.due_before(30).values()), 2)
        self.work()
        self.assertEqual(self.due_before(30), dict.fromkeys(self.visits, True))

    def test_rule_that_is_edited_again_meanwhile_is_planned_as_it_is_then(self):
        self.reminder.offset = 30
        self.plannings._plan_next(4)
        self.reminder.offset = 36
        self.assertEqual(len(self.plannings), 2)
        self.work()
        self.assertFalse(self.plannings)
        self.assertEqual(self.due_before(36), dict.fromkeys(self.visits, True))

    def test_rule_that_is_switched_off_and_on_again_has_its_messages_back(self):
        rows = self.waiting
        self.reminder.active = False
        self.assertEqual(self.verdicts(), {("hold", "replanning")})
        self.work()
        self.assertEqual(set(rows.mapped("state")), {"cancelled"})
        self.reminder.active = True
        self.work()
        self.assertEqual(set(rows.mapped("state")), {"queued"})
        self.assertEqual(self.waiting, rows)

    def test_number_of_a_branch_is_changed_in_the_background(self):
        other = self.channel.copy({"name": "Other", "phone_number_id": "65"})
        self.branch.channel_id = other
        self.assertEqual(self.waiting.channel_id, self.channel)
        self.assertEqual(self.verdicts(), {("hold", "replanning")})
        self.work()
        self.assertEqual(self.waiting.channel_id, other)
        self.assertEqual(len(self.waiting), len(self.visits))

    def test_rule_that_is_deleted_leaves_nothing_to_plan(self):
        self.reminder.offset = 30
        rows = self.waiting
        self.reminder.unlink()
        self.assertFalse(self.plannings)
        self.assertEqual(set(rows.mapped("state")), {"cancelled"})

    def test_what_a_switch_would_plan_is_told_of_many_by_a_sample(self):
        idle = self.rule(active=False, offset=2)
        path = "odoo.addons.whatsapp_clinic.models.rule.message_rule.SAMPLE"
        with patch(path, 2):
            sentence = idle.outlook_of_switch(True)
        self.assertIn("about 7", sentence)
