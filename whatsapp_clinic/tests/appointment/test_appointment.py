from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools import clock
from ...tools.phone import e164
from ..common import AYSE_WA_ID, MARKER, ClinicCase, SandboxCase, tomorrow


@tagged("post_install", "-at_install")
class TestAppointment(ClinicCase):
    """Slots, states, versions."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()

    def overlap(self, **values):
        with (
            self.assertRaises(psycopg2.errors.ExclusionViolation),
            mute_logger("odoo.sql_db"),
        ):
            self.book(self.patient, **values)

    def test_same_practitioner_cannot_be_booked_twice_at_a_time(self):
        first = self.book(self.patient)
        self.overlap(start=first.start)
        self.overlap(start=first.start + timedelta(minutes=29))
        self.overlap(start=first.start - timedelta(minutes=29))
        self.book(self.patient, first.stop)
        self.book(self.patient, first.start - timedelta(minutes=30))

    def test_buffers_belong_to_the_slot(self):
        first = self.book(self.patient)
        self.type.copy({"name": "x"})
        longer = self.type.create(
            {"name": "Surgery", "buffer_before": 15, "buffer_after": 10}
        )
        self.overlap(start=first.stop, type_id=longer.id)
        second = self.book(
            self.patient, first.stop + timedelta(minutes=15), type_id=longer.id
        )
        self.assertEqual(second.busy_from, first.stop)
        self.overlap(start=second.stop + timedelta(minutes=9))
        self.book(self.patient, second.stop + timedelta(minutes=10))

    def test_cancelled_appointment_frees_its_slot(self):
        first = self.book(self.patient)
        first.action_cancel()
        second = self.book(self.patient, first.start)
        with (
            self.assertRaises(psycopg2.errors.ExclusionViolation),
            mute_logger("odoo.sql_db"),
        ):
            first.action_book()
        self.assertEqual(second.state, "booked")

    def test_moving_onto_another_is_refused_with_clear_words(self):
        first = self.book(self.patient)
        second = self.book(self.patient, first.stop)
        constraint = second._no_double_booking
        self.assertIn("already taken", constraint.get_error_message(second, None))
        with (
            self.assertRaises(psycopg2.errors.ExclusionViolation),
            mute_logger("odoo.sql_db"),
        ):
            second.start = first.start

    def test_times_of_what_happened_are_noted(self):
        appointment = self.book(self.patient)
        self.assertTrue(appointment.booked_at)
        appointment.action_confirm()
        self.assertEqual(appointment.patient_status, "accepted")
        self.assertTrue(appointment.confirmed_at)
        appointment.action_noshow()
        self.assertTrue(appointment.missed_at)
        appointment.action_cancel()
        self.assertTrue(appointment.cancelled_at)

    def test_move_makes_a_new_version_and_asks_the_patient_again(self):
        appointment = self.book(self.patient)
        appointment.action_confirm()
        version = appointment.version
        appointment.start += timedelta(hours=1)
        self.assertEqual(appointment.version, version + 1)
        self.assertEqual(appointment.patient_status, "needs_action")
        self.assertTrue(appointment.moved_at)
        appointment.action_arrive()
        self.assertEqual(appointment.version, version + 1)

    def test_writing_the_same_time_again_moves_nothing(self):
        appointment = self.book(self.patient)
        appointment.action_confirm()
        appointment.write({"start": str(appointment.start)})
        self.assertEqual(appointment.version, 1)
        self.assertEqual(appointment.patient_status, "accepted")

    def test_practitioner_must_work_at_the_branch(self):
        elsewhere = self.branch.copy({"name": "Elsewhere"})
        with self.assertRaises(ValidationError):
            self.book(self.patient, branch_id=elsewhere.id)

    def test_whoever_is_booked_is_a_patient(self):
        partner = self.env["res.partner"].create({"name": "New KUMQUAT"})
        self.book(partner)
        self.assertTrue(partner.clinic_patient)

    def test_appointment_the_patient_knows_of_cannot_be_deleted(self):
        appointment = self.book(self.patient)
        self.env["whatsapp.clinic.message"].create(
            {
                "company_id": self.company.id,
                **appointment._reference(),
                "sent_at": clock.now(),
            }
        )
        with self.assertRaises(UserError):
            appointment.unlink()

    def test_phone_number_of_a_patient_must_be_valid_for_the_branch_country(self):
        for number in ("12345", "0532 111 00", "call me"):
            with self.subTest(number=number), self.assertRaises(ValidationError) as e:
                self.make_patient(number)
            self.assertIn("+90", str(e.exception))
        patient = self.make_patient("0532 111 00 05")
        self.assertEqual(patient._whatsapp_phone(), "+905321110005")
        foreign = self.make_patient("+49 1512 3456789")
        self.assertEqual(foreign._whatsapp_phone(), "+4915123456789")

    def test_country_of_the_branch_is_taken_for_national_numbers(self):
        self.assertEqual(e164("0151 23456789", "DE"), "+4915123456789")
        self.branch.country_id = self.env.ref("base.de")
        patient = self.make_patient("0151 23456789")
        self.assertEqual(patient._whatsapp_phone(), "+4915123456789")

    def test_new_number_of_a_patient_takes_over_what_waits(self):
        self.consent(self.patient)
        self.rule(offset=1)
        self.book(self.patient)
        waiting = self.patient.env["whatsapp.clinic.message"].search(
            [("partner_id", "=", self.patient.id), ("state", "=", "queued")]
        )
        self.patient.phone = "+905321110002"
        self.assertEqual(waiting.identity_id.wa_id, "905321110002")
        self.assertEqual(self.patient.whatsapp_identity_ids, waiting.identity_id)


@tagged("post_install", "-at_install")
class TestTaps(SandboxCase):
    """What the buttons on the patient's phone do."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)
        self.message = self.send_reminder(self.appointment)
        self.dispatch()
        self.bubble = self.thread()[-1]

    def tap(self, title):
        self.sandbox.tap(AYSE_WA_ID, self.bubble["id"], title)
        self.process()

    def test_cancel_cancels_and_frees_the_slot(self):
        self.tap("Cancel")
        self.assertEqual(self.appointment.state, "cancelled")
        self.assertEqual(self.appointment.patient_status, "declined")
        self.assertTrue(self.book(self.patient, self.appointment.start))

    def test_reschedule_asks_reception(self):
        self.tap("Reschedule")
        self.assertEqual(self.appointment.state, "booked")
        self.assertEqual(self.appointment.patient_status, "tentative")
        self.assertIn("another time", self.appointment.activity_ids.summary)

    def test_reception_reads_the_activity_in_the_own_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.env["ir.module.module"]._load_module_terms(["whatsapp_clinic"], ["tr_TR"])
        self.branch.member_ids.lang = "tr_TR"
        self.env.user.lang = "tr_TR"
        self.tap("Reschedule")
        summary = self.appointment.activity_ids.summary
        self.assertEqual(summary, "Hasta başka bir zaman istiyor.")

    def test_history_of_what_a_patient_taps_is_in_the_clinic_s_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.env["ir.module.module"]._load_module_terms(["whatsapp_clinic"], ["tr_TR"])
        self.company.partner_id.lang = "tr_TR"
        known = self.appointment.message_ids
        self.tap("Reschedule")
        self.env.cr.precommit.run()
        self.env.invalidate_all()
        tracked = (self.appointment.message_ids - known).sudo().tracking_value_ids
        told = tracked.filtered(lambda one: one.field_id.name == "patient_status")
        field = self.appointment.with_context(lang="tr_TR")._fields["patient_status"]
        labels = dict(field._description_selection(self.env(context={"lang": "tr_TR"})))
        self.assertNotEqual(labels["tentative"], "Asks for another time")
        self.assertEqual(told.new_value_char, labels["tentative"])

    def test_cancel_after_confirm_counts(self):
        self.tap("Confirm")
        self.tap("Cancel")
        self.assertEqual(self.appointment.state, "cancelled")

    def test_tap_on_an_outdated_message_changes_nothing_and_tells_reception(self):
        self.appointment.start += timedelta(hours=2)
        self.tap("Cancel")
        self.assertEqual(self.appointment.state, "booked")
        self.assertIn("outdated", self.appointment.activity_ids.summary)

    def test_of_taps_that_change_nothing_reception_is_told_the_last(self):
        self.appointment.start += timedelta(hours=2)
        for title in ("Cancel", "Cancel", "Confirm"):
            self.tap(title)
            self.assertIn(title, self.appointment.activity_ids.summary)
        self.assertEqual(len(self.appointment.activity_ids), 1)

    def test_taps_after_the_start_are_one_activity(self):
        self.later(hours=24, minutes=3)
        for title in ("Cancel", "Confirm"):
            self.tap(title)
        self.assertIn("“Confirm”", self.appointment.activity_ids.summary)

    def test_where_branches_share_a_number_that_of_the_visit_answers(self):
        self.branch.copy({"name": "Other branch", "channel_id": self.channel.id})
        self.tap("Confirm")
        self.assertIn(f"at {self.branch.name} on", self.answers()[-1])

    def test_activity_about_a_tap_names_button_message_and_its_time(self):
        self.message.sent_at = datetime(2031, 3, 4, 9, 30)
        self.appointment.start += timedelta(hours=2)
        self.tap("Cancel")
        summary = self.appointment.activity_ids.summary
        self.assertIn("“Cancel”", summary)
        self.assertIn("Appointment reminder", summary)
        self.assertIn("3/4/31, 12:30", summary)
        self.assertNotIn(MARKER, summary)

    def answers(self):
        """What the patient reads after the taps."""
        self.dispatch()
        return [str(one) for one in self.thread()[1:] if one["direction"] == "out"]

    def test_each_tap_is_answered_with_what_holds_now(self):
        for title, said in (
            ("Confirm", "is confirmed"),
            ("Reschedule", "another time"),
            ("Cancel", "is cancelled"),
            ("Confirm", "had been cancelled"),
        ):
            self.tap(title)
            answers = self.answers()
            self.assertIn(said, answers[-1])
        self.assertEqual(len(answers), 4)

    def test_taps_about_a_visit_that_is_only_proposed_are_told_as_they_are(self):
        for state in ("proposed", "waitlist"):
            self.appointment.write({"state": state, "patient_status": "needs_action"})
            for title, said, asked, status in (
                ("Confirm", "not booked yet", "not booked yet", "accepted"),
                ("Reschedule", "another time", "another time", "tentative"),
            ):
                with self.subTest(state=state, title=title):
                    self.tap(title)
                    self.assertIn(said, self.answers()[-1])
                    self.assertEqual(self.appointment.state, state)
                    self.assertEqual(self.appointment.patient_status, status)
                    self.assertIn(asked, self.appointment.activity_ids.summary)
        self.tap("Cancel")
        self.assertIn("is cancelled", self.answers()[-1])
        self.assertEqual(self.appointment.state, "cancelled")

    def test_old_message_about_what_is_only_proposed_books_nothing(self):
        self.appointment.start += timedelta(hours=2)
        self.appointment.state = "proposed"
        self.tap("Confirm")
        self.assertIn("not booked yet", self.answers()[-1])
        self.assertEqual(self.appointment.patient_status, "needs_action")
        self.assertIn("outdated", self.appointment.activity_ids.summary)

    def test_tap_on_an_outdated_message_is_answered_with_the_new_time(self):
        self.appointment.start += timedelta(hours=2)
        self.tap("Cancel")
        answer = self.answers()[-1]
        self.assertIn("out of date", answer)
        hour = f"{self.appointment._local_start():%I:%M}".lstrip("0")
        self.assertIn(hour, answer)

    def test_tap_after_the_start_changes_nothing_and_tells_reception(self):
        self.later(hours=24, minutes=3)
        self.tap("Cancel")
        self.assertEqual(self.appointment.state, "booked")
        self.assertEqual(self.appointment.patient_status, "needs_action")
        self.assertIn("had begun", self.appointment.activity_ids.summary)

    def test_who_taps_without_end_is_not_answered_without_end(self):
        self.channel.automatic_per_hour = 2
        for title in ("Confirm", "Reschedule", "Confirm", "Reschedule"):
            self.tap(title)
        self.assertEqual(len(self.answers()), 2)
        self.assertEqual(self.appointment.patient_status, "tentative")

    def test_activity_about_an_answer_closes_with_the_next_one(self):
        self.tap("Reschedule")
        self.assertEqual(len(self.appointment.activity_ids), 1)
        self.tap("Confirm")
        self.assertFalse(self.appointment.activity_ids)

    def test_activity_about_an_answer_closes_when_staff_finds_another_time(self):
        self.tap("Reschedule")
        self.appointment.start += timedelta(hours=3)
        self.assertFalse(self.appointment.activity_ids)

    def test_confirming_does_not_keep_others_from_booking(self):
        """The practitioner's lock is for who changes the slot."""
        asked = []

        def note(_appointments, ids):
            asked.append(ids)

        with patch.object(type(self.appointment), "_lock_practitioners", note):
            self.tap("Confirm")
        self.assertFalse(asked)
        self.assertEqual(self.appointment.patient_status, "accepted")

    def test_confirm_does_not_revive_a_cancelled_appointment(self):
        self.appointment.action_cancel()
        self.tap("Confirm")
        self.assertEqual(self.appointment.state, "cancelled")

    def test_key_of_another_patient_is_not_obeyed(self):
        inbound = self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.make_patient(
                    "+905321110002", "Other KUMQUAT"
                ).whatsapp_identity_ids.id,
            }
        )
        inbound._act_on_tap(f"cancel:{self.message.key}")
        self.assertEqual(self.appointment.state, "booked")

    def test_invented_key_or_action_is_not_obeyed(self):
        inbound = self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.patient.whatsapp_identity_ids.id,
            }
        )
        for payload in ("cancel:", "cancel:x", "", ":", f"unlink:{self.message.key}"):
            inbound._act_on_tap(payload)
        self.assertEqual(self.appointment.state, "booked")
        self.assertEqual(self.appointment.patient_status, "needs_action")

    def test_key_is_random_and_long(self):
        other = self.send_reminder(self.appointment)
        self.assertNotEqual(self.message.key, other.key)
        self.assertGreaterEqual(len(self.message.key), 22)


@tagged("post_install", "-at_install")
class TestMessageRule(ClinicCase):
    """Reminders are planned, moved and cancelled with the appointment."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)

    def rows(self, rule, *states):
        domain = [("rule_id", "=", rule.id)]
        if states:
            domain.append(("state", "in", states))
        return self.env["whatsapp.clinic.message"].search(domain)

    def test_reminder_is_planned_a_day_before(self):
        rule = self.rule()
        appointment = self.book(self.patient, tomorrow(72))
        row = self.rows(rule)
        self.assertEqual(row.state, "queued")
        self.assertEqual(row.due_at, appointment.start - timedelta(hours=24))
        self.assertEqual(row.expires_at, appointment.start)
        self.assertEqual(row.purpose_id, self.purpose)

    def test_reminder_moves_with_the_appointment(self):
        rule = self.rule()
        appointment = self.book(self.patient, tomorrow(72))
        appointment.start += timedelta(hours=5)
        row = self.rows(rule)
        self.assertEqual(row.due_at, appointment.start - timedelta(hours=24))
        self.assertEqual(row.subject_version, appointment.version)

    def test_reminder_is_cancelled_with_the_appointment(self):
        rule = self.rule()
        self.book(self.patient, tomorrow(72)).action_cancel()
        row = self.rows(rule)
        self.assertEqual((row.state, row.reason), ("cancelled", "obsolete"))

    def test_reminder_comes_back_when_the_appointment_is_booked_again(self):
        rule = self.rule()
        appointment = self.book(self.patient, tomorrow(72))
        appointment.action_cancel()
        appointment.action_book()
        self.assertEqual(len(self.rows(rule, "queued")), 1)

    def test_move_after_the_reminder_was_sent_plans_a_new_one(self):
        rule = self.rule()
        appointment = self.book(self.patient, tomorrow(72))
        self.rows(rule).write({"state": "delivered"})
        appointment.start += timedelta(days=2)
        self.assertEqual(self.rows(rule).mapped("state"), ["queued", "delivered"])

    def test_same_occurrence_is_written_once_even_when_planned_twice(self):
        rule = self.rule()
        appointment = self.book(self.patient, tomorrow(72))
        self.rows(rule).write({"state": "delivered"})
        rule._plan(appointment)
        self.assertEqual(len(self.rows(rule)), 1)
        with (
            self.assertRaises(psycopg2.IntegrityError),
            mute_logger("odoo.sql_db"),
        ):
            self.env["whatsapp.clinic.message"]._enqueue(rule._wanted(appointment))

    def test_reminder_whose_time_is_over_is_not_planned(self):
        rule = self.rule()
        self.book(self.patient, tomorrow(5))
        self.assertFalse(self.rows(rule))

    def test_reminder_does_not_come_along_with_the_confirmation(self):
        reminder = self.rule()
        booked = self.rule(anchor="booked", offset=0, offset_side="after")
        self.book(self.patient, tomorrow(23.9))
        self.assertTrue(self.rows(booked))
        self.assertFalse(self.rows(reminder))

    def test_reminder_comes_where_nothing_confirms_the_booking(self):
        reminder = self.rule()
        self.book(self.patient, tomorrow(23.9))
        self.assertTrue(self.rows(reminder))

    def test_days_are_days_of_the_calendar_at_the_branch(self):
        """At the same hour, also over a change of clocks."""
        self.branch.tz = "Europe/Berlin"
        rule = self.rule(offset=2, offset_unit="days")
        # Clocks go forward on 28 March 2027; both are 10:00 there.
        visit = self.book(self.patient, "2027-03-29 08:00:00")
        self.assertEqual(str(self.rows(rule).due_at), "2027-03-27 09:00:00")
        self.assertEqual(visit._local_start().hour, 10)

    def test_confirmation_is_due_at_once(self):
        rule = self.rule(anchor="booked", offset=0, offset_side="after")
        self.book(self.patient, tomorrow(72))
        self.assertLessEqual(self.rows(rule).due_at, clock.now())

    def test_missed_visit_is_told_afterwards(self):
        rule = self.rule(
            anchor="noshow", offset=30, offset_unit="minutes", offset_side="after"
        )
        appointment = self.book(self.patient, tomorrow(1))
        self.assertFalse(self.rows(rule))
        appointment.action_noshow()
        self.assertEqual(
            self.rows(rule).due_at, appointment.missed_at + timedelta(minutes=30)
        )

    def test_confirmed_patient_is_spared_the_second_reminder(self):
        rule = self.rule(offset=2, only_unconfirmed=True)
        appointment = self.book(self.patient, tomorrow(72))
        appointment.action_confirm()
        self.assertEqual(self.rows(rule).state, "cancelled")

    def test_rule_for_another_branch_or_type_does_not_write(self):
        elsewhere = self.branch.copy({"name": "Elsewhere"})
        rules = self.rule(branch_ids=[(6, 0, elsewhere.ids)])
        rules |= self.rule(type_ids=[(6, 0, self.type.copy({"name": "x"}).ids)])
        self.book(self.patient, tomorrow(72))
        for rule in rules:
            self.assertFalse(self.rows(rule))

    def test_new_rule_plans_the_appointments_that_are_booked_already(self):
        self.book(self.patient, tomorrow(72))
        rule = self.rule()
        self.assertEqual(len(self.rows(rule, "queued")), 1)

    def test_archived_rule_cancels_what_it_planned(self):
        rule = self.rule()
        self.book(self.patient, tomorrow(72))
        rule.active = False
        self.assertEqual(self.rows(rule).state, "cancelled")

    def test_changed_offset_moves_what_is_planned(self):
        rule = self.rule()
        appointment = self.book(self.patient, tomorrow(72))
        rule.offset = 48
        self.assertEqual(
            self.rows(rule, "queued").due_at, appointment.start - timedelta(hours=48)
        )

    def test_before_is_refused_for_what_nobody_can_foresee(self):
        with self.assertRaises(ValidationError):
            self.rule(anchor="booked", offset=1, offset_side="before")

    def test_rule_needs_a_purpose_that_patients_agree_to(self):
        with self.assertRaises(ValidationError):
            self.rule(purpose_id=self.conversation.id)

    def test_patient_without_number_shows_in_the_plan(self):
        rule = self.rule()
        nobody = self.make_patient(False, "Nobody KUMQUAT")
        self.consent(nobody)
        self.book(nobody, tomorrow(72))
        row = self.rows(rule)
        self.assertEqual((row.state, row.objection), ("queued", "no_number"))
