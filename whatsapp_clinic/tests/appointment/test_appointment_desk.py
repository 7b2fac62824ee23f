"""What reception does with visits: bulk, undo, cancelling, telling."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.appointment.appointment_slot import tell_taken
from ...tools import clock
from ..common import ClinicCase, make_template, patient_wrote, staff_user, tomorrow

MODEL = "whatsapp.clinic.appointment"


class DeskCase(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist", tz="Europe/Istanbul")

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)

    def at_desk(self, records):
        return records.with_user(self.receptionist)

    def leave(self, appointment):
        """A message about the appointment's present version has left."""
        self.env["whatsapp.clinic.message"].create(
            {
                "company_id": self.company.id,
                **appointment._reference(),
                "sent_at": clock.now(),
            }
        )


@tagged("post_install", "-at_install")
class TestTakenSlot(DeskCase):
    def refusal(self, **values):
        with (
            self.assertRaises(psycopg2.errors.ExclusionViolation) as caught,
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.book(self.patient, **values)
        return self.at_desk(self.env[MODEL])._sql_error_to_message(caught.exception)

    def test_refusal_says_until_when_and_from_when_there_is_room(self):
        start = datetime(2030, 5, 6, 7, 15)
        self.book(self.patient, start)
        self.book(self.patient, start + timedelta(minutes=45))
        told = self.refusal(start=start + timedelta(minutes=15))
        self.assertIn("Dr. Demir", told)
        self.assertRegex(told, r"until 10:45\sAM")
        self.assertRegex(told, r"from 11:30\sAM on")

    def test_refusal_names_no_patient(self):
        first = self.book(self.patient)
        self.assertNotIn("KUMQUAT", self.refusal(start=first.start))


@tagged("post_install", "-at_install")
class TestStates(DeskCase):
    def test_many_patients_arrive_at_once(self):
        first = self.book(self.patient)
        cancelled = self.book(self.patient, first.stop, state="cancelled")
        done = self.at_desk(first | cancelled).action_mark_arrived()
        self.assertEqual((first | cancelled).mapped("state"), ["arrived", "cancelled"])
        self.assertEqual(done["params"]["message"], "1 marked.")
        undo = done["params"]["undo"]
        self.assertEqual((undo["ids"], undo["method"]), (first.ids, "action_step_back"))

    def test_what_nobody_expects_cannot_be_missed(self):
        cancelled = self.book(self.patient, state="cancelled")
        with self.assertRaises(UserError):
            self.at_desk(cancelled).action_mark_noshow()

    def test_wrong_click_is_taken_back_step_by_step(self):
        visit = self.book(self.patient)
        visit.action_confirm()
        visit.action_arrive()
        visit.action_fulfill()
        for state in ("arrived", "booked"):
            self.at_desk(visit).action_step_back()
            self.assertEqual(visit.state, state)
        self.assertEqual(visit.patient_status, "accepted")

    def test_buttons_of_earlier_messages_work_after_an_undone_cancellation(self):
        visit = self.book(self.patient)
        visit.action_cancel()
        self.at_desk(visit).action_step_back()
        self.assertEqual((visit.state, visit.version), ("booked", 1))

    def test_buttons_stay_out_of_date_when_the_patient_heard_of_it(self):
        visit = self.book(self.patient)
        visit.action_cancel()
        self.leave(visit)
        self.at_desk(visit).action_step_back()
        self.assertEqual(visit.version, 3)

    def test_undone_cancellation_confirms_no_booking_again(self):
        rule = self.rule(anchor="booked", offset=0, offset_side="after")
        visit = self.book(self.patient, tomorrow(72))
        sent = visit.whatsapp_message_ids
        sent.write({"state": "delivered"})
        visit.action_cancel()
        self.at_desk(visit).action_step_back()
        self.assertEqual(visit.whatsapp_message_ids, sent)
        self.assertEqual(sent.rule_id, rule)

    def test_empty_and_final_columns_are_folded(self):
        self.env[MODEL].search([]).write({"state": "fulfilled"})
        self.book(self.patient)
        desk = self.at_desk(self.env[MODEL]).with_context(read_group_expand=True)
        groups = desk.web_read_group([], ["state"], [], auto_unfold=True)["groups"]
        opened = [group["state"] for group in groups if "__records" in group]
        self.assertEqual(len(groups), 7)
        self.assertEqual(opened, ["booked"])


@tagged("post_install", "-at_install")
class TestDefaults(DeskCase):
    def defaults(self, user=None):
        desk = self.env[MODEL].with_user(user or self.receptionist)
        return desk.default_get(["practitioner_id", "type_id", "branch_id"])

    def test_the_only_practitioner_and_type_are_chosen(self):
        self.env["whatsapp.clinic.appointment.type"].search([]).active = False
        self.type.active = True
        chosen = self.defaults()
        self.assertEqual(chosen["practitioner_id"], self.practitioner.id)
        self.assertEqual(chosen["type_id"], self.type.id)

    def test_among_several_nobody_is_chosen(self):
        self.practitioner.create(
            {"name": "Dr. Two", "branch_ids": [(6, 0, self.branch.ids)]}
        )
        self.assertFalse(self.defaults().get("practitioner_id"))

    def test_practitioners_book_for_themselves(self):
        doctor = staff_user(self, "practitioner")
        mine = self.practitioner.create(
            {
                "name": "Dr. Two",
                "branch_ids": [(6, 0, self.branch.ids)],
                "user_id": doctor.id,
            }
        )
        self.assertEqual(self.defaults(doctor)["practitioner_id"], mine.id)


@tagged("post_install", "-at_install")
class TestMoves(DeskCase):
    def setUp(self):
        super().setUp()
        self.visit = self.book(self.patient, tomorrow(72))
        self.visit.action_confirm()
        self.desk = self.at_desk(self.visit)
        self.before = self.desk.place()

    def move(self):
        self.desk.write({"start": self.visit.start + timedelta(hours=3)})
        return self.desk.news_of_move(self.before)

    def test_after_a_move_the_desk_is_asked_whether_to_tell(self):
        make_template(self, "appointment_moved")
        news = self.move()
        self.assertTrue(news["can_ask"] and news["can_tell"])
        self.assertIn("Tell Ayşe KUMQUAT on WhatsApp?", news["message"])

    def test_telling_of_a_move_is_not_offered_where_it_would_be_refused(self):
        make_template(self, "appointment_moved")
        self.consent(self.patient, "withdrawn")
        news = self.move()
        self.assertTrue(news["can_ask"])
        self.assertFalse(news["can_tell"])
        self.assertIn("withdr", news["message"])

    def test_nobody_is_asked_when_a_rule_tells(self):
        self.rule(anchor="moved", offset=0, offset_side="after")
        self.assertFalse(self.move()["can_ask"])

    def test_nobody_is_asked_about_a_visit_that_takes_longer(self):
        self.desk.write({"duration": 1})
        self.assertIsNone(self.desk.news_of_move(self.before))

    def test_undone_move_leaves_no_trace(self):
        self.move()
        self.desk.action_undo_move(self.before)
        self.assertEqual(self.desk.place(), self.before)

    def test_undone_move_of_which_the_patient_heard_is_a_move(self):
        self.move()
        self.leave(self.visit)
        self.desk.action_undo_move(self.before)
        self.assertEqual(self.visit.start, self.before["start"])
        self.assertEqual(self.visit.version, 3)
        self.assertEqual(self.visit.patient_status, "needs_action")

    def test_reminder_is_back_at_its_time_after_an_undone_move(self):
        self.rule(offset=24)
        due = self.visit.whatsapp_message_ids.due_at
        self.move()
        self.desk.action_undo_move(self.before)
        waiting = self.visit.whatsapp_message_ids
        self.assertEqual((waiting.state, waiting.due_at), ("queued", due))

    def test_template_of_the_rule_is_proposed_also_of_an_idle_one(self):
        self.rule(anchor="moved", offset=0, offset_side="after", active=False)
        self.move()
        action = self.desk.action_tell_move(self.before)
        self.assertEqual(action["context"]["default_template_id"], self.template.id)

    def test_template_of_another_branchs_or_types_rule_is_not_proposed(self):
        moved = make_template(self, "appointment_moved")
        elsewhere = self.branch.copy({"name": "B"})
        surgery = self.type.copy({"name": "Surgery"})
        telling = {"anchor": "moved", "offset": 0, "offset_side": "after"}
        self.rule(**telling, branch_ids=elsewhere.ids)
        self.rule(**telling, type_ids=surgery.ids)
        self.move()
        action = self.desk.action_tell_move(self.before)
        self.assertEqual(action["context"]["default_template_id"], moved.id)

    def test_rule_with_a_template_of_another_account_is_not_proposed(self):
        self.rule(anchor="moved", offset=0, offset_side="after", branch_ids=False)
        self.channel.business_account_id = "another"
        self.move()
        action = self.desk.action_tell_move(self.before)
        self.assertFalse(action["context"]["default_template_id"])

    def test_template_of_the_library_is_proposed_without_a_rule(self):
        moved = make_template(self, "appointment_moved")
        self.move()
        action = self.desk.action_tell_move(self.before)
        self.assertEqual(action["context"]["default_template_id"], moved.id)

    def test_who_will_call_is_reminded(self):
        self.move()
        self.desk.action_call_about_move(self.before)
        self.assertEqual(self.visit.activity_ids.user_id, self.receptionist)


@tagged("post_install", "-at_install")
class TestTwoVisitsAtATime(DeskCase):
    """One patient with two practitioners: the desk is asked, nobody is hindered."""

    def setUp(self):
        super().setUp()
        self.other = self.practitioner.create(
            {"name": "Dr. Zeki", "branch_ids": [(6, 0, self.branch.ids)]}
        )
        self.visit = self.book(self.patient, tomorrow(72))

    def booked_later(self, **delta):
        return self.book(
            self.patient,
            self.visit.start + timedelta(**delta),
            practitioner_id=self.other.id,
        )

    def test_form_of_a_booking_names_the_other_visit(self):
        form = Form(
            self.env[MODEL].with_user(self.receptionist),
            "whatsapp_clinic.appointment_view_form_quick_create",
        )
        form.branch_id = self.branch
        form.practitioner_id, form.type_id = self.other, self.type
        form.partner_id = self.patient
        form.start = self.visit.start + timedelta(minutes=15)
        self.assertIn(self.at_desk(self.visit)._when(), form.other_visit)
        self.assertIn("Dr. Demir", form.other_visit)
        self.assertTrue(form.save())

    def test_visits_that_follow_each_other_are_not_asked_about(self):
        self.assertFalse(self.booked_later(minutes=30).other_visit)

    def test_cancelled_visit_is_not_asked_about(self):
        self.visit.action_cancel()
        self.assertFalse(self.booked_later(minutes=15).other_visit)

    def test_notice_after_a_move_names_the_other_visit(self):
        moved = self.at_desk(self.booked_later(hours=2))
        before = moved.place()
        moved.write({"start": self.visit.start})
        self.assertIn("Dr. Demir", moved.news_of_move(before)["message"])

    def test_visit_at_a_branch_that_the_user_does_not_see_is_not_told(self):
        elsewhere = self.branch.copy({"name": "B", "member_ids": False})
        stranger = staff_user(self, "receptionist", elsewhere)
        self.other.branch_ids |= elsewhere
        there = self.book(
            self.patient,
            self.visit.start,
            practitioner_id=self.other.id,
            branch_id=elsewhere.id,
        )
        self.assertFalse(there.with_user(stranger).other_visit)


@tagged("post_install", "-at_install")
class TestZones(DeskCase):
    """The calendar has the user's clock; whatever else tells a time names the zone."""

    def setUp(self):
        super().setUp()
        self.visit = self.book(self.patient, datetime(2031, 1, 6, 9, 0))

    def seen_from(self, tz):
        self.receptionist.tz = tz
        return self.at_desk(self.visit)

    def test_form_tells_the_time_at_a_branch_in_another_zone(self):
        visit = self.seen_from("Europe/Berlin")
        self.assertEqual(visit.branch_time, "Mon 6 Jan 12:00\u202fPM (Europe/Istanbul)")

    def test_form_tells_nothing_where_both_clocks_are_the_same(self):
        for zone in ("Europe/Istanbul", "Africa/Nairobi"):
            with self.subTest(zone):
                self.assertFalse(self.seen_from(zone).branch_time)

    def test_branch_time_is_told_where_the_users_zone_is_not_known(self):
        self.assertTrue(self.seen_from(False).branch_time)

    def test_sentences_about_a_move_and_names_of_visits_name_the_zone(self):
        visit = self.seen_from("Europe/Berlin")
        before = visit.place()
        visit.write({"start": self.visit.start + timedelta(hours=3)})
        told = visit.news_of_move(before)["message"]
        self.assertIn("3:00\u202fPM (Europe/Istanbul)", told)
        self.assertIn("(Europe/Istanbul)", visit.display_name)

    def test_refusal_of_a_taken_slot_names_the_zone(self):
        visit = self.seen_from("Europe/Berlin")
        diagnostics = SimpleNamespace(
            message_detail=(
                f'Key (x)=({self.practitioner.id}, ["2031-01-06 09:00:00",'
                '"2031-01-06 09:30:00")) conflicts with existing key '
                f'(x)=({self.practitioner.id}, ["2031-01-06 09:00:00",'
                '"2031-01-06 09:30:00")).'
            )
        )
        told = tell_taken(visit.env, diagnostics)
        self.assertEqual(told.count("(Europe/Istanbul)"), 2)


@tagged("post_install", "-at_install")
class TestCancelling(DeskCase):
    def setUp(self):
        super().setUp()
        self.visit = self.book(self.patient, tomorrow(72))

    def wizard(self, **values):
        wizards = self.env["whatsapp.clinic.appointment.cancel"]
        return wizards.with_user(self.receptionist).create(
            {"appointment_id": self.visit.id, **values}
        )

    def test_who_cancelled_is_noted(self):
        self.wizard(cancelled_by="clinic").action_cancel()
        self.assertEqual(
            (self.visit.state, self.visit.cancelled_by), ("cancelled", "clinic")
        )

    def test_cancelling_is_undone_from_the_notice(self):
        wizard = self.wizard()
        undo = wizard.action_cancel()["params"]["undo"]
        self.assertEqual((undo["model"], undo["ids"]), (wizard._name, wizard.ids))
        wizard.action_undo()
        self.assertEqual((self.visit.state, self.visit.cancelled_by), ("booked", False))

    def composer(self, **values):
        action = self.wizard().action_cancel_and_tell()
        composers = self.env["whatsapp.clinic.composer"].with_user(self.receptionist)
        form = Form(composers.with_context(**action["context"]))
        for name, value in values.items():
            form[name] = value
        return form.save()

    def test_message_about_the_cancellation_may_be_sent(self):
        composer = self.composer(template_id=self.template)
        self.assertEqual((composer.ready_count, composer.refused_count), (1, 0))

    def test_visit_is_cancelled_when_the_message_about_it_is_sent(self):
        make_template(self, "appointment_cancelled")
        composer = self.composer()
        self.assertEqual(self.visit.state, "booked")
        composer.with_context(clinic_sent_by_hand=True).action_send()
        self.assertEqual(self.visit.state, "cancelled")
        self.assertTrue(self.visit.whatsapp_message_ids)

    def test_undone_message_about_the_cancellation_gives_the_visit_back(self):
        make_template(self, "appointment_cancelled")
        composer = self.composer().with_context(clinic_sent_by_hand=True)
        composer.action_send()
        composer.action_undo()
        self.assertEqual(self.visit.state, "booked")

    def test_template_is_proposed_also_while_free_text_may_be_written(self):
        cancelled = make_template(self, "appointment_cancelled")
        patient_wrote(self, self.patient)
        composer = self.composer()
        self.assertTrue(composer.can_write_text)
        self.assertEqual(composer.content, "template")
        self.assertEqual(composer.template_id, cancelled)

    def test_without_a_template_the_words_of_the_library_are_ready_to_send(self):
        patient_wrote(self, self.patient)
        composer = self.composer()
        self.assertEqual(composer.content, "text")
        self.assertIn(self.patient.name, composer.body)
        self.assertIn("cancelled", composer.body)
        self.assertNotIn("{{", composer.body)
        self.assertEqual(composer.ready_count, 1)

    def test_telling_is_offered_where_the_gate_would_let_it_go(self):
        make_template(self, "appointment_cancelled")
        self.assertFalse(self.wizard().cannot_tell)

    def test_telling_is_not_offered_for_who_refused_messages(self):
        make_template(self, "appointment_cancelled")
        self.consent(self.patient, "withdrawn")
        self.assertIn("withdr", self.wizard().cannot_tell)

    def test_telling_is_not_offered_where_no_template_tells_it(self):
        self.assertIn("appointment_cancelled", self.wizard().cannot_tell)

    def test_telling_needs_no_template_while_the_patient_may_be_answered(self):
        patient_wrote(self, self.patient)
        self.assertFalse(self.wizard().cannot_tell)

    def test_who_will_call_is_reminded(self):
        self.wizard().action_cancel_and_call()
        self.assertIn("cancelled", self.visit.activity_ids.summary)

    def test_rule_that_tells_is_foreseen(self):
        self.assertFalse(self.wizard().is_told_by_rule)
        self.rule(anchor="cancelled", offset=0, offset_side="after")
        self.assertTrue(self.wizard().is_told_by_rule)

    def test_rule_of_another_branch_or_type_is_not_foreseen(self):
        telling = {"anchor": "cancelled", "offset": 0, "offset_side": "after"}
        elsewhere = self.branch.copy({"name": "B"})
        surgery = self.type.copy({"name": "Surgery"})
        for values in ({"branch_ids": elsewhere.ids}, {"type_ids": surgery.ids}):
            with self.subTest(values):
                self.rule(**telling, **values)
                self.assertFalse(self.wizard().is_told_by_rule)

    def test_idle_rule_and_one_with_a_refused_template_are_not_foreseen(self):
        telling = {"anchor": "cancelled", "offset": 0, "offset_side": "after"}
        rule = self.rule(**telling, active=False)
        self.assertFalse(self.wizard().is_told_by_rule)
        rule.active = True
        self.template.approval_ids.status = "REJECTED"
        self.assertFalse(self.wizard().is_told_by_rule)

    def test_other_branches_visits_cannot_be_cancelled(self):
        stranger = staff_user(self, "receptionist", self.branch.copy({"name": "B"}))
        wizard = self.wizard().with_user(stranger)
        with self.assertRaises(AccessError):
            wizard.action_cancel()
        self.assertEqual(self.visit.state, "booked")


@tagged("post_install", "-at_install")
class TestWritingAboutVisits(DeskCase):
    """Who writes about many visits writes about those that are still to come."""

    def compose(self, visits, **values):
        composers = self.env["whatsapp.clinic.composer"].with_user(self.receptionist)
        return composers.with_context(
            active_model=MODEL, active_ids=visits.ids, active_id=visits[:1].id
        ).create({"content": "template", "template_id": self.template.id, **values})

    def counts(self, composer):
        return composer.ready_count, composer.refused_count, composer.merged_count

    def test_cancelled_and_past_visits_are_refused_with_the_reason(self):
        coming = self.book(self.patient, tomorrow(72))
        cancelled = self.book(self.patient, tomorrow(100), state="cancelled")
        past = self.book(self.patient, tomorrow(-72))
        composer = self.compose(coming | cancelled | past)
        self.assertEqual(self.counts(composer), (1, 2, 0))
        self.assertIn("cancelled or moved", composer.outlook_html)
        self.assertIn("Its time has passed", composer.outlook_html)

    def test_visit_that_is_not_booked_is_not_reminded_of(self):
        """Not in bulk either, and not with the tick for visits that are over."""
        self.rule(offset=24, active=False)
        booked = self.book(self.patient, tomorrow(72))
        for state in ("proposed", "waitlist"):
            only = self.book(self.patient, tomorrow(100), state=state)
            for also_over in (False, True):
                composer = self.compose(booked | only, also_over=also_over)
                with self.subTest(state=state, also_over=also_over):
                    self.assertEqual(self.counts(composer), (1, 1, 0))
                    self.assertIn("not booked yet", composer.outlook_html)
                    self.assertIn("Book the visit", composer.outlook_html)

    def test_template_that_no_rule_sends_proposes_a_time(self):
        proposed = self.book(self.patient, tomorrow(72), state="proposed")
        composer = self.compose(proposed, also_over=True)
        self.assertEqual(self.counts(composer), (1, 0, 0))

    def test_of_a_day_the_booked_visit_is_told_before_a_proposed_one(self):
        noon = datetime(2030, 5, 6, 9, 0)
        proposed = self.book(self.patient, noon, state="proposed")
        booked = self.book(self.patient, noon + timedelta(hours=1))
        self.assertEqual((proposed | booked)._first_of_each_day(), booked)

    def test_nobody_is_asked_to_tell_of_the_move_of_a_proposed_visit(self):
        visit = self.book(self.patient, tomorrow(72), state="proposed")
        before = self.at_desk(visit).place()
        visit.start += timedelta(hours=1)
        self.assertFalse(self.at_desk(visit).news_of_move(before)["can_ask"])

    def test_visit_cancelled_after_the_message_was_written_is_not_announced(self):
        visit = self.book(self.patient, tomorrow(72))
        composer = self.compose(visit).with_context(clinic_sent_by_hand=True)
        composer.action_send()
        visit.action_cancel()
        row = visit.whatsapp_message_ids
        verdict = self.env["whatsapp.clinic.gate"]._judge(row)[row.id]
        self.assertEqual(verdict.reason, "obsolete")

    def test_message_about_a_cancelled_visit_offers_no_send_now(self):
        self.rule(offset=24)
        visit = self.book(self.patient, tomorrow(72))
        row = self.at_desk(visit.whatsapp_message_ids)
        self.assertTrue(row.can_be_sent_now)
        visit.action_cancel()
        row.invalidate_recordset()
        self.assertFalse(row.can_be_sent_now)

    def test_thanks_for_a_visit_that_is_over_may_be_sent(self):
        past = self.book(self.patient, tomorrow(-72), state="fulfilled")
        self.assertEqual(self.counts(self.compose(past)), (0, 1, 0))
        self.assertEqual(self.counts(self.compose(past, also_over=True)), (1, 0, 0))

    def test_template_that_rules_send_afterwards_is_for_visits_that_are_over(self):
        self.rule(anchor="end", offset=1, offset_side="after", active=False)
        past = self.book(self.patient, tomorrow(-72), state="fulfilled")
        self.assertEqual(self.counts(self.compose(past)), (1, 0, 0))

    def test_patient_gets_one_message_for_the_visits_of_a_day(self):
        noon = datetime(2030, 5, 6, 9, 0)
        visits = self.book(self.patient, noon, state="cancelled")
        visits |= self.book(self.patient, noon + timedelta(hours=1))
        visits |= self.book(self.patient, noon + timedelta(hours=2))
        visits |= self.book(self.patient, noon + timedelta(days=1))
        self.assertEqual(self.counts(self.compose(visits)), (2, 0, 2))
        each = self.compose(visits, each_visit=True)
        self.assertEqual(self.counts(each), (3, 1, 0))

    def test_one_message_for_the_visits_of_a_day_is_foreseen_as_it_leaves(self):
        self.branch.write({"quiet_from": 0.0, "quiet_to": 23.98})
        noon = datetime(2030, 5, 6, 9, 0)
        visits = self.book(self.patient, noon)
        visits |= self.book(self.patient, noon + timedelta(hours=1))
        composer = self.compose(visits)
        self.assertFalse(composer.waiting_count)
        composer.action_send()
        self.assertNotEqual(visits.whatsapp_message_ids.objection, "quiet_hours")

    def test_only_chosen_visits_get_rows(self):
        noon = datetime(2030, 5, 6, 9, 0)
        visits = self.book(self.patient, noon)
        visits |= self.book(self.patient, noon + timedelta(hours=1))
        self.compose(visits).action_send()
        self.assertEqual(visits.whatsapp_message_ids._subject, visits[:1])

    def test_what_was_sent_last_is_offered_first(self):
        other = make_template(self, "zz_other")
        visit = self.book(self.patient, tomorrow(72))
        self.compose(visit, template_id=other.id).action_send()
        templates = other.with_user(self.receptionist).with_context(recent_first=True)
        self.assertEqual(templates.name_search(limit=1)[0][0], other.id)
