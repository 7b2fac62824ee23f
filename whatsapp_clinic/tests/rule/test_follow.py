from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ...models.rule import message_planning
from ...models.vocabulary.states import WAITING_STATES
from ...tools import clock
from ..common import (
    AYSE_WA_ID,
    MARKER,
    PHONE_NUMBER_ID,
    ClinicCase,
    SandboxCase,
    make_template,
    staff_user,
    tomorrow,
)

BARIS_PHONE, BARIS_WA_ID = "+905321110002", "905321110002"


class PlanCase(ClinicCase):
    """Two patients who agreed, and what waits for a visit."""

    def setUp(self):
        super().setUp()
        self.ayse = self.make_patient()
        self.baris = self.make_patient(BARIS_PHONE, "Barış KUMQUAT")
        self.consent(self.ayse)
        self.consent(self.baris)

    def rows(self, appointment, *states):
        domain = [*appointment._messages_domain()]
        if states:
            domain.append(("state", "in", states))
        return self.env["whatsapp.clinic.message"].search(domain)

    def waiting(self, appointment):
        return self.rows(appointment, *WAITING_STATES)

    def other_channel(self, **values):
        return self.channel.create(
            {
                "name": "Beşiktaş",
                "phone_number_id": "650000000000001",
                "business_account_id": self.channel.business_account_id,
                **values,
            }
        )

    def judge(self, row):
        return self.env["whatsapp.clinic.gate"]._judge(row)[row.id]


@tagged("post_install", "-at_install")
class TestPatientCorrected(PlanCase):
    """The visit turns out to be another patient's."""

    def setUp(self):
        super().setUp()
        self.receptionist = staff_user(self, "receptionist")

    def correct(self, appointment, patient):
        appointment.with_user(self.receptionist).partner_id = patient

    def test_what_waits_for_the_first_is_cancelled_and_planned_for_the_second(self):
        self.rule()
        visit = self.book(self.ayse, tomorrow(72))
        first = self.waiting(visit)
        self.correct(visit, self.baris)
        self.assertEqual((first.state, first.reason), ("cancelled", "other_patient"))
        second = self.waiting(visit)
        self.assertEqual(second.partner_id, self.baris)
        self.assertEqual(second.identity_id.wa_id, BARIS_WA_ID)

    def test_version_counts_up_and_the_answer_of_the_first_does_not_count(self):
        visit = self.book(self.ayse, tomorrow(72))
        visit.action_confirm()
        self.correct(visit, self.baris)
        self.assertEqual((visit.version, visit.patient_status), (2, "needs_action"))
        self.assertFalse(visit.confirmed_at)

    def test_second_is_planned_though_the_first_got_it_already(self):
        self.rule()
        visit = self.book(self.ayse, tomorrow(72))
        self.waiting(visit).write({"state": "delivered"})
        self.correct(visit, self.baris)
        self.assertEqual(self.waiting(visit).partner_id, self.baris)

    def test_correcting_back_plans_for_the_first_again(self):
        self.rule()
        visit = self.book(self.ayse, tomorrow(72))
        self.correct(visit, self.baris)
        self.correct(visit, self.ayse)
        self.assertEqual(self.waiting(visit).partner_id, self.ayse)

    def test_second_who_did_not_agree_gets_nothing(self):
        stranger = self.make_patient("+905321110003", "Can KUMQUAT")
        self.rule()
        visit = self.book(self.ayse, tomorrow(72))
        self.correct(visit, stranger)
        self.assertFalse(self.waiting(visit))

    def test_message_goes_to_the_guardian_of_the_second(self):
        guardian = self.make_patient("+905321110004", "Deniz KUMQUAT")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.baris.id, "guardian_id": guardian.id}
        )
        self.rule()
        visit = self.book(self.ayse, tomorrow(72))
        self.correct(visit, self.baris)
        self.assertEqual(self.waiting(visit).guardian_id, guardian)
        self.assertEqual(self.waiting(visit).identity_id.wa_id, "905321110004")

    def test_booking_is_confirmed_to_the_second(self):
        self.rule(anchor="booked", offset=0, offset_side="after")
        visit = self.book(self.ayse, tomorrow(72))
        self.rows(visit).write({"state": "delivered"})
        self.correct(visit, self.baris)
        self.assertEqual(self.waiting(visit).partner_id, self.baris)

    def test_what_staff_wrote_to_the_first_and_waits_is_cancelled(self):
        visit = self.book(self.ayse, tomorrow(72))
        by_hand = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "branch_id": self.branch.id,
                    "partner_id": self.ayse.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **visit._reference(),
                    "due_at": clock.now() + timedelta(hours=1),
                }
            ]
        )
        self.correct(visit, self.baris)
        self.assertEqual(
            (by_hand.state, by_hand.reason), ("cancelled", "other_patient")
        )

    def test_gate_refuses_a_row_whose_patient_is_not_the_appointments(self):
        self.rule()
        row = self.waiting(self.book(self.ayse, tomorrow(72)))
        row.partner_id = self.baris
        self.assertEqual(self.judge(row).reason, "other_patient")

    def told_of(self, visit, patient):
        """A visit of which a patient has heard who may not be written to now."""
        self.env["whatsapp.clinic.message"].create(
            {
                "company_id": self.company.id,
                "channel_id": self.channel.id,
                "branch_id": self.branch.id,
                "identity_id": patient.whatsapp_identity_ids.id,
                "partner_id": patient.id,
                **visit._reference(),
                "state": "delivered",
            }
        )

    def test_reception_calls_who_was_told_and_may_not_be_written_to(self):
        visit = self.book(self.ayse, tomorrow(72))
        self.told_of(visit, self.ayse)
        self.correct(visit, self.baris)
        self.assertIn("by mistake", visit.activity_ids.summary)
        self.correct(visit, self.ayse)
        self.assertFalse(visit.activity_ids)

    def test_nobody_calls_who_is_the_patient_after_all_also_by_another_name(self):
        visit = self.book(self.ayse, tomorrow(72))
        self.told_of(visit, self.ayse)
        self.correct(visit, self.baris)
        self.ayse.name = "Ayşe K. KUMQUAT"
        self.correct(visit, self.ayse)
        self.assertFalse(visit.activity_ids)

    def test_reception_calls_each_of_those_who_were_told(self):
        visit = self.book(self.ayse, tomorrow(72))
        self.told_of(visit, self.ayse)
        self.correct(visit, self.baris)
        self.told_of(visit, self.baris)
        self.correct(visit, self.make_patient("+905321110003", "Can KUMQUAT"))
        told = " ".join(visit.activity_ids.mapped("summary"))
        self.assertIn(self.ayse.name, told)
        self.assertIn(self.baris.name, told)


@tagged("post_install", "-at_install")
class TestTakenBack(SandboxCase):
    """Who was told of a visit that is another's reads that it was a mistake."""

    def setUp(self):
        super().setUp()
        self.ayse = self.make_patient()
        self.baris = self.make_patient(BARIS_PHONE, "Barış KUMQUAT")
        self.consent(self.ayse)
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, f"Hello {MARKER}")
        self.process()
        self.visit = self.book(self.ayse, tomorrow(72))
        self.send_reminder(self.visit)
        self.dispatch()

    def test_first_patient_is_told_within_the_24_hours(self):
        start = self.visit._local_start()
        self.visit.partner_id = self.baris
        self.dispatch()
        told = self.thread()[-1]
        self.assertIn("by mistake", str(told))
        self.assertIn(f"{start:%B}", str(told))
        self.assertNotIn("Barış", str(told))
        self.assertFalse(self.visit.activity_ids)

    def test_tap_of_the_first_patient_changes_nothing(self):
        bubble = self.thread()[-1]
        self.visit.partner_id = self.baris
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], "Cancel")
        self.process()
        self.assertEqual(self.visit.state, "booked")

    def test_nothing_is_taken_back_after_the_visit(self):
        count = len(self.thread())
        self.later(days=4)
        self.visit.partner_id = self.baris
        self.dispatch()
        self.assertEqual(len(self.thread()), count)


@tagged("post_install", "-at_install")
class TestRuleChanged(PlanCase):
    """What waits follows its rule."""

    def setUp(self):
        super().setUp()
        self.reminder = self.rule()
        self.visit = self.book(self.ayse, tomorrow(72))
        self.row = self.waiting(self.visit)

    def test_another_template_is_taken_over(self):
        other = make_template(self, "appointment_soon")
        self.reminder.template_id = other
        self.assertEqual(self.waiting(self.visit), self.row)
        self.assertEqual(self.row.template_id, other)

    def test_another_purpose_is_taken_over(self):
        followup = self.env.ref("whatsapp_clinic.purpose_followup")
        self.reminder.purpose_id = followup
        self.assertEqual(self.row.purpose_id, followup)
        self.assertEqual(self.judge(self.row).reason, "no_consent")

    def test_rule_changed_in_the_archive_and_restored_is_followed(self):
        other = make_template(self, "appointment_soon")
        self.reminder.active = False
        self.reminder.template_id = other
        self.reminder.active = True
        self.assertEqual(self.waiting(self.visit), self.row)
        self.assertEqual(self.row.template_id, other)

    def test_rule_restored_after_a_move_plans_for_the_new_time(self):
        self.reminder.active = False
        self.visit.start += timedelta(days=2)
        self.reminder.active = True
        self.assertEqual(
            self.waiting(self.visit).due_at, self.visit.start - timedelta(hours=24)
        )

    def test_switching_off_tells_how_many_messages_will_not_be_sent(self):
        manager = staff_user(self, "manager")
        told = self.reminder.with_user(manager).outlook_of_switch(False)
        self.assertEqual(told, "Messages that wait and will not be sent: 1.")
        self.assertEqual(self.waiting(self.visit), self.row)

    def test_switching_on_tells_how_many_messages_will_be_planned(self):
        manager = staff_user(self, "manager")
        self.reminder.active = False
        told = self.reminder.with_user(manager).outlook_of_switch(True)
        self.assertEqual(told, "Messages that will be planned at once: about 1.")
        self.assertEqual(self.row.state, "cancelled")
        self.assertFalse(self.reminder.active)

    def test_deleted_rule_takes_what_waits_with_it(self):
        manager = staff_user(self, "manager")
        self.reminder.with_user(manager).unlink()
        self.assertEqual((self.row.state, self.row.reason), ("cancelled", "obsolete"))

    def test_row_of_a_rule_that_is_gone_is_refused(self):
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_message SET rule_id = NULL WHERE id = %s",
            [self.row.id],
        )
        self.row.invalidate_recordset()
        self.assertEqual(self.judge(self.row).reason, "obsolete")

    def test_rule_of_what_is_past_is_followed_too(self):
        followup = self.rule(
            anchor="end", offset=1, offset_unit="days", offset_side="after"
        )
        self.visit.start = clock.now() - timedelta(hours=2)
        self.visit.action_fulfill()
        row = self.waiting(self.visit).filtered(lambda one: one.rule_id == followup)
        other = make_template(self, "appointment_soon")
        followup.template_id = other
        self.assertEqual(row.template_id, other)
        followup.active = False
        self.assertEqual(row.state, "cancelled")


@tagged("post_install", "-at_install")
class TestPlaceChanged(PlanCase):
    """What waits leaves from where the visit is."""

    def setUp(self):
        super().setUp()
        self.rule(branch_ids=False)
        self.visit = self.book(self.ayse, tomorrow(72))
        self.row = self.waiting(self.visit)

    def elsewhere(self, channel):
        branch = self.branch.copy({"name": "Beşiktaş", "channel_id": channel.id})
        self.practitioner.branch_ids |= branch
        return branch

    def test_branch_with_another_number_writes_from_it(self):
        channel = self.other_channel()
        branch = self.elsewhere(channel)
        self.visit.branch_id = branch
        self.assertEqual(self.waiting(self.visit), self.row)
        self.assertEqual((self.row.branch_id, self.row.channel_id), (branch, channel))

    def test_what_staff_wrote_and_waits_leaves_from_there_too(self):
        by_hand = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "branch_id": self.branch.id,
                    "partner_id": self.ayse.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **self.visit._reference(),
                    "due_at": clock.now() + timedelta(hours=1),
                }
            ]
        )
        channel = self.other_channel()
        self.visit.branch_id = self.elsewhere(channel)
        self.assertEqual(by_hand.channel_id, channel)

    def test_patient_known_by_a_user_id_is_found_by_the_new_number(self):
        """A user id is another one in another portfolio."""
        self.ayse.phone = False
        identities = self.env["whatsapp.clinic.identity"]
        portfolio = self.channel.portfolio_id.copy()
        channel = self.other_channel(portfolio_id=portfolio.id)
        by_channel = {}
        for one in (self.channel, channel):
            by_channel[one] = identities.create(
                {
                    "user_id": f"TR.{one.id}",
                    "user_portfolio_id": one.portfolio_id.id,
                    "partner_ids": [(6, 0, self.ayse.ids)],
                }
            )
        self.assertNotEqual(channel.portfolio_id, self.channel.portfolio_id)
        self.ayse._address_waiting()
        self.assertEqual(self.row.identity_id, by_channel[self.channel])
        self.visit.branch_id = self.elsewhere(channel)
        self.assertEqual(self.row.identity_id, by_channel[channel])

    def test_branch_with_other_quiet_hours_writes_outside_of_them(self):
        at = self.row.due_at
        local = at + timedelta(hours=3)
        self.branch.write({"quiet_from": local.hour, "quiet_to": (local.hour + 2) % 24})
        self.assertGreater(self.row.due_at, at)

    def test_longer_visit_is_followed_up_later(self):
        followup = self.rule(anchor="end", offset=1, offset_side="after")
        self.visit.action_arrive()
        row = self.waiting(self.visit).filtered(lambda one: one.rule_id == followup)
        self.visit.duration = 2
        self.assertEqual(row.due_at, self.visit.start + timedelta(hours=3))


@tagged("post_install", "-at_install")
class TestThereAndBack(PlanCase):
    """A time that comes back is a new one to who holds an old message."""

    def setUp(self):
        super().setUp()
        self.reminder = self.rule()

    def test_what_waits_is_one_row_after_a_move_there_and_back(self):
        visit = self.book(self.ayse, tomorrow(72))
        row, due_at = self.waiting(visit), self.waiting(visit).due_at
        visit.start += timedelta(days=1)
        visit.start -= timedelta(days=1)
        self.assertEqual(self.rows(visit), row)
        self.assertEqual((row.due_at, row.subject_version), (due_at, 3))

    def test_what_left_before_is_written_anew_with_buttons_that_count(self):
        visit = self.book(self.ayse, tomorrow(24))
        row = self.rows(visit)
        row.write({"state": "delivered"})
        visit.start += timedelta(days=1)
        visit.start -= timedelta(days=1)
        self.assertEqual(self.waiting(visit).subject_version, 3)

    def test_what_was_done_once_is_told_once(self):
        booked = self.rule(anchor="booked", offset=0, offset_side="after")
        visit = self.book(self.ayse, tomorrow(72))
        rows = self.rows(visit).filtered(lambda one: one.rule_id == booked)
        rows.write({"state": "delivered"})
        visit.start += timedelta(days=1)
        self.assertFalse(self.waiting(visit).filtered(lambda one: one in rows))
        self.assertEqual(
            self.rows(visit).filtered(lambda one: one.rule_id == booked), rows
        )

    def test_each_event_is_told_with_its_rule(self):
        for anchor in ("moved", "confirmed", "cancelled"):
            self.rule(anchor=anchor, offset=0, offset_side="after", name=anchor)
        self.rule(anchor="end", offset=1, offset_side="after", name="end")
        visit = self.book(self.ayse, tomorrow(72))
        told = lambda: set(self.waiting(visit).rule_id.mapped("name"))  # noqa: E731
        self.assertEqual(told(), {"Reminder"})
        visit.action_confirm()
        self.assertEqual(told(), {"Reminder", "confirmed"})
        visit.start += timedelta(days=1)
        self.assertEqual(told(), {"Reminder", "moved"})
        visit.action_cancel()
        self.assertEqual(told(), {"cancelled"})
        visit.action_book()
        self.assertEqual(told(), {"Reminder"})
        visit.action_arrive()
        self.assertEqual(told(), {"end"})


@tagged("post_install", "-at_install")
class TestThanks(PlanCase):
    """Thanks for a visit go to who was there: somebody has noted it."""

    later = SandboxCase.later

    def setUp(self):
        super().setUp()
        self.rule(anchor="end", offset=1, offset_unit="days", offset_side="after")
        self.visit = self.book(self.ayse, clock.now() + timedelta(hours=2))

    def test_visit_that_nobody_noted_is_not_thanked_for(self):
        self.assertFalse(self.rows(self.visit))
        self.later(days=2)
        self.visit.duration = 1
        self.assertFalse(self.rows(self.visit))

    def test_patient_who_will_not_come_or_later_is_not_thanked(self):
        for answer in ("tentative", "declined"):
            self.visit.patient_status = answer
            self.assertFalse(self.rows(self.visit))

    def test_visit_that_was_noted_is_thanked_for_a_day_after_its_end(self):
        for note in (self.visit.action_arrive, self.visit.action_fulfill):
            note()
            row = self.waiting(self.visit)
            self.assertEqual(row.due_at, self.visit.stop + timedelta(days=1))

    def test_visit_that_is_noted_late_is_thanked_for_at_once(self):
        self.later(days=2)
        self.visit.action_fulfill()
        row = self.waiting(self.visit)
        self.assertLess(abs(row.due_at - clock.now()), timedelta(seconds=2))
        self.assertEqual(row.expires_at, self.visit.stop + timedelta(days=3))

    def test_visit_that_is_noted_after_the_shelf_life_is_not_thanked_for(self):
        self.later(days=4)
        self.visit.action_fulfill()
        self.assertFalse(self.rows(self.visit))

    def test_note_that_was_a_mistake_takes_the_thanks_back_and_brings_it_back(self):
        self.visit.action_arrive()
        row = self.waiting(self.visit)
        self.visit.action_book()
        self.assertEqual(row.state, "cancelled")
        self.later(days=2)
        self.visit.action_fulfill()
        self.assertEqual(row.state, "queued")

    def test_stop_that_is_lifted_long_after_brings_no_thanks(self):
        self.visit.action_arrive()
        row = self.waiting(self.visit)
        identity = self.ayse.whatsapp_identity_ids
        identity._stop("staff", at=clock.now(), company=self.company)
        self.assertEqual(row.state, "cancelled")
        self.later(days=2)
        identity._start("start_word", at=clock.now(), company=self.company)
        self.assertEqual(row.state, "cancelled")


@tagged("post_install", "-at_install")
class TestObstacles(PlanCase):
    """What stood against a message at the wrong moment does not cost it for good."""

    def setUp(self):
        super().setUp()
        self.rule()
        self.visit = self.book(self.ayse, tomorrow(72))
        self.row = self.waiting(self.visit)

    def test_patient_who_was_archived_by_mistake_is_reminded(self):
        self.ayse.action_archive()
        self.assertEqual(self.row.reason, "patient_archived")
        self.ayse.action_unarchive()
        self.assertEqual((self.row.state, self.row.reason), ("queued", False))

    def test_patient_who_is_not_dead_is_reminded(self):
        self.ayse.clinic_deceased_on = clock.now().date()
        self.assertEqual(self.row.state, "cancelled")
        self.ayse.clinic_deceased_on = False
        self.assertEqual(self.row.state, "queued")

    def test_lifted_bar_brings_the_reminder_back(self):
        self.ayse.clinic_barred = True
        self.assertEqual(self.row.state, "cancelled")
        self.ayse.clinic_barred = False
        self.assertEqual(self.row.state, "queued")

    def test_one_obstacle_of_two_is_not_enough(self):
        self.ayse.write({"clinic_barred": True, "clinic_deceased_on": "2026-01-01"})
        self.ayse.clinic_barred = False
        self.assertEqual(self.row.state, "cancelled")

    def test_what_staff_stopped_stays_stopped(self):
        self.row.action_cancel()
        self.ayse.clinic_barred = True
        self.ayse.clinic_barred = False
        self.assertEqual(self.row.reason, "cancelled_by_user")

    def refuse(self, reason, minutes):
        self.row.write(
            {
                "state": "refused",
                "reason": reason,
                "due_at": clock.now() - timedelta(minutes=minutes),
            }
        )
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_appointment SET start = %(start)s, "
            "stop = %(start)s + interval '30 minutes' WHERE id = %(id)s",
            {
                "start": clock.now() + timedelta(hours=24, minutes=-minutes),
                "id": self.visit.id,
            },
        )
        self.visit.invalidate_recordset()
        self.row.occurrence = f"start {self.visit.start}"

    def test_consent_given_after_the_reminder_was_refused_sends_it(self):
        self.consent(self.ayse, "withdrawn", clock.now() - timedelta(hours=2))
        self.refuse("no_consent", minutes=40)
        self.consent(self.ayse)
        self.assertEqual(self.row.state, "queued")

    def test_consent_given_hours_later_does_not_send_it_late(self):
        self.consent(self.ayse, "withdrawn", clock.now() - timedelta(hours=2))
        self.refuse("no_consent", minutes=61)
        self.consent(self.ayse)
        self.assertEqual(self.row.state, "refused")

    def test_what_would_be_refused_again_for_the_same_stays_as_it_is(self):
        self.template.enabled = False
        self.refuse("template_disabled", minutes=40)
        self.row.failed_at = long_ago = clock.now() - timedelta(minutes=30)
        self.env["whatsapp.clinic.message.rule"]._plan(self.visit)
        self.assertEqual(self.row.failed_at, long_ago)
        self.assertEqual(self.row.state, "refused")

    def test_what_would_be_refused_for_something_else_now_says_so(self):
        self.template.enabled = False
        self.refuse("no_number", minutes=40)
        self.env["whatsapp.clinic.message.rule"]._plan(self.visit)
        self.assertEqual(
            (self.row.state, self.row.reason), ("refused", "template_disabled")
        )

    def test_number_entered_after_the_reminder_was_refused_sends_it(self):
        self.ayse.phone = False
        self.refuse("no_number", minutes=10)
        self.ayse.phone = "+905321110007"
        self.assertEqual(self.row.state, "queued")
        self.assertEqual(self.row.identity_id.wa_id, "905321110007")


@tagged("post_install", "-at_install")
class TestBasis(PlanCase):
    """Nothing is planned ahead for who has not agreed; it is when consent comes."""

    def setUp(self):
        super().setUp()
        self.can = self.make_patient("+905321110003", "Can KUMQUAT")
        self.followup = self.env.ref("whatsapp_clinic.purpose_followup")

    def test_consent_plans_what_is_to_come(self):
        self.rule()
        visit = self.book(self.can, tomorrow(72))
        self.assertFalse(self.rows(visit))
        self.consent(self.can)
        self.assertEqual(self.waiting(visit).due_at, visit.start - timedelta(hours=24))

    def test_consent_plans_what_follows_a_visit_that_was(self):
        self.rule(
            anchor="end",
            offset=1,
            offset_unit="days",
            offset_side="after",
            purpose_id=self.followup.id,
        )
        visit = self.book(self.can, clock.now() - timedelta(hours=2))
        visit.action_fulfill()
        self.consent(self.can, purpose=self.followup)
        self.assertEqual(self.waiting(visit).due_at, visit.stop + timedelta(days=1))

    def test_consent_to_another_purpose_plans_nothing(self):
        self.rule()
        visit = self.book(self.can, tomorrow(72))
        self.consent(self.can, purpose=self.followup)
        self.assertFalse(self.rows(visit))

    def test_what_is_due_at_once_is_refused_where_somebody_sees_it(self):
        self.rule(anchor="booked", offset=0, offset_side="after")
        visit = self.book(self.can, tomorrow(72))
        row = self.rows(visit)
        self.assertEqual((row.state, row.reason), ("refused", "no_consent"))

    def test_purpose_that_needs_no_consent_plans_for_everybody(self):
        self.purpose.requires_consent = False
        self.rule()
        visit = self.book(self.can, tomorrow(72))
        self.assertEqual(self.waiting(visit).partner_id, self.can)


@tagged("post_install", "-at_install")
class TestManyVisits(PlanCase):
    """A rule of a clinic with many visits."""

    def test_editing_a_rule_plans_in_the_background(self):
        rule = self.rule()
        for day in range(3, 9):
            self.book(self.ayse, tomorrow(24 * day))
        planned = []
        plan = type(rule)._plan

        def note(rules, appointments, **options):
            planned.extend(appointments.ids)
            return plan(rules, appointments, **options)

        with (
            patch.object(type(rule), "_plan", note),
            patch.object(message_planning, "AT_ONCE", 5),
        ):
            rule.offset = 25
        self.assertLess(len(planned), 6)
