from datetime import timedelta

from odoo.tests import tagged

from ...tools import clock
from ..common import ClinicCase, make_template, tomorrow


@tagged("post_install", "-at_install")
class TestGate(ClinicCase):
    """Who may be written to: each reason, told at once and again before sending."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def enqueue(self, **values):
        """A reminder of the patient's appointment, or of that of another one."""
        patient = self.patient.browse(values.get("partner_id", self.patient.id))
        if patient != self.appointment.partner_id:
            values |= self.book(patient, tomorrow(patient.id))._reference()
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "branch_id": self.branch.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **self.appointment._reference(),
                    **values,
                }
            ]
        )

    def verdict(self, message):
        return self.env["whatsapp.clinic.gate"]._judge(message)[message.id]

    def assertRefused(self, reason, **values):
        message = self.enqueue(**values)
        self.assertEqual((message.state, message.reason), ("refused", reason))
        self.assertTrue(message.failed_at)
        return message

    def test_message_with_consent_is_queued(self):
        self.assertEqual(self.enqueue().state, "queued")

    def test_patient_without_consent_is_refused_with_a_next_step(self):
        self.patient = self.make_patient("+905321110009", "Nobody KUMQUAT")
        message = self.assertRefused("no_consent", partner_id=self.patient.id)
        self.assertIn("consent", message.next_step)

    def test_withdrawn_consent_is_refused(self):
        self.consent(self.patient, "withdrawn")
        self.assertRefused("consent_withdrawn")

    def test_who_never_agreed_and_said_no_is_refused_as_such(self):
        self.patient = self.make_patient("+905321110009", "Nobody KUMQUAT")
        self.consent(self.patient, "withdrawn")
        self.assertRefused("consent_refused")

    def test_withdrawn_consent_stops_a_queued_reminder(self):
        message = self.enqueue(due_at=clock.now() + timedelta(hours=5))
        self.consent(self.patient, "withdrawn")
        self.assertEqual(
            (message.state, message.reason), ("cancelled", "consent_withdrawn")
        )

    def test_consent_for_another_purpose_does_not_count(self):
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.assertRefused("no_consent", purpose_id=marketing.id)

    def test_message_without_purpose_is_refused(self):
        self.assertRefused("no_consent", purpose_id=False)

    def test_stopped_identity_is_refused(self):
        self.patient.whatsapp_identity_ids._stop("stop_word")
        self.assertRefused("identity_blocked")

    def test_stop_cancels_what_is_queued_for_all_patients_of_the_number(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        self.consent(sibling)
        messages = self.enqueue() + self.enqueue(partner_id=sibling.id)
        self.patient.whatsapp_identity_ids._stop("stop_word")
        self.assertEqual(set(messages.mapped("state")), {"cancelled"})
        self.assertEqual(set(messages.mapped("reason")), {"identity_blocked"})

    def test_number_that_is_none_is_refused(self):
        self.env.cr.execute(
            "UPDATE res_partner SET phone = '12' WHERE id = %s", [self.patient.id]
        )
        self.patient.invalidate_recordset()
        self.assertRefused("invalid_number")

    def test_template_of_another_account_is_refused(self):
        other = {"name": "B", "phone_number_id": "7"}
        self.channel.copy({**other, "business_account_id": "another"})
        self.template.approval_ids.business_account_id = "another"
        self.assertRefused("template_account")

    def test_second_reminder_of_who_has_confirmed_is_refused(self):
        rule = self.rule(only_unconfirmed=True)
        self.appointment.action_confirm()
        message = self.enqueue(rule_id=rule.id, is_automatic=True)
        self.assertEqual(self.verdict(message).reason, "already_confirmed")

    def test_what_has_left_cannot_be_sent(self):
        message = self.enqueue()
        message.state = "delivered"
        self.assertEqual(message.send_objection, "not_sendable")

    def test_patient_without_number_is_refused(self):
        self.patient.phone = False
        self.assertRefused("no_number")

    def test_number_that_the_patient_left_is_refused_until_entered_anew(self):
        self.enqueue()
        self.patient.whatsapp_identity_ids._unlink_patients("number_changed")
        self.assertRefused("wrong_person")
        self.patient.phone = "+90 532 111 00 01"
        self.assertEqual(self.enqueue().state, "queued")

    def test_archived_patient_is_refused(self):
        self.patient.active = False
        self.assertRefused("patient_archived")

    def test_expired_message_is_refused(self):
        self.assertRefused("expired", expires_at=clock.now() - timedelta(minutes=1))

    def test_text_is_refused_when_the_patient_never_wrote(self):
        self.assertRefused(
            "window_closed",
            template_id=False,
            body="KUMQUAT",
            purpose_id=self.conversation.id,
        )

    def receive(self, ago):
        return self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.patient.whatsapp_identity_ids.id,
                "occurred_at": clock.now() - ago,
            }
        )

    def test_text_may_answer_within_24_hours_and_not_later(self):
        answer = {
            "template_id": False,
            "body": "KUMQUAT",
            "purpose_id": self.conversation.id,
        }
        inbound = self.receive(timedelta(hours=23, minutes=59))
        self.assertEqual(self.enqueue(**answer).state, "queued")
        inbound.occurred_at = clock.now() - timedelta(hours=24)
        self.assertRefused("window_closed", **answer)

    def test_template_without_need_of_consent_is_an_answer_and_nothing_else(self):
        template = {"purpose_id": self.conversation.id}
        self.assertRefused("window_closed", **template)
        self.receive(timedelta(hours=1))
        self.assertEqual(self.enqueue(**template).state, "queued")

    def test_window_of_another_number_does_not_count(self):
        inbound = self.receive(timedelta(hours=1))
        inbound.channel_id = self.channel.create(
            {"name": "B", "phone_number_id": "7", "business_account_id": "8"}
        )
        self.assertRefused(
            "window_closed",
            template_id=False,
            body="KUMQUAT",
            purpose_id=self.conversation.id,
        )

    def test_template_that_is_not_approved_is_refused(self):
        self.template.approval_ids.status = "PAUSED"
        self.assertRefused("template_not_approved")

    def test_template_that_became_marketing_is_refused_until_accepted(self):
        self.template.approval_ids.category = "MARKETING"
        self.assertRefused("template_category")
        self.template.action_accept_category()
        self.assertRefused("purpose_category")
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.consent(self.patient, purpose=marketing)
        self.assertEqual(self.enqueue(purpose_id=marketing.id).state, "queued")

    def test_template_not_in_use_is_refused(self):
        self.template.enabled = False
        self.assertRefused("template_disabled")

    def test_channel_without_token_holds_and_says_so(self):
        self.channel.account_id.sudo().access_token = False
        message = self.enqueue()
        self.assertEqual(
            (message.state, message.objection), ("queued", "channel_incomplete")
        )

    def test_what_waits_for_a_channel_on_hold_says_so(self):
        due = self.enqueue()
        later = self.enqueue(due_at=clock.now() + timedelta(hours=5))
        self.channel.sudo().hold_until = clock.now() + timedelta(hours=1)
        (due | later).invalidate_recordset()
        self.assertEqual(due.objection, "channel_held")
        self.assertIn("Call the patient", due.next_step)
        self.assertFalse(later.objection)

    def test_copied_database_holds_and_says_so(self):
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        self.channel.invalidate_recordset()
        message = self.enqueue()
        self.assertEqual(message.objection, "copied_database")
        self.assertEqual(self.channel.state, "copied")
        self.assertIn("copy", self.channel.state_reason)
        self.env.flush_all()
        dispatcher = self.env["whatsapp.clinic.dispatcher"]
        self.assertNotIn(self.channel.id, dispatcher._channels_with_work(self.env.cr))
        self.channel.action_arm()
        self.channel.invalidate_recordset()
        self.assertEqual(self.channel.state, "ready")

    def test_refusal_of_a_later_message_is_told_and_not_final(self):
        self.patient = self.make_patient("+905321110009", "Later KUMQUAT")
        message = self.enqueue(due_at=clock.now() + timedelta(days=1))
        self.assertEqual((message.state, message.objection), ("queued", "no_consent"))
        self.consent(self.patient)
        message.invalidate_recordset()
        self.assertFalse(message.objection)
        self.assertEqual(self.verdict(message).action, "send")

    def test_moved_appointment_makes_the_old_reminder_obsolete(self):
        rule = self.rule()
        message = self.enqueue(rule_id=rule.id, is_automatic=True)
        self.appointment.version += 1
        self.assertEqual(self.verdict(message).reason, "obsolete")

    def test_family_member_has_own_consent_on_a_shared_number(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        self.assertEqual(
            sibling.whatsapp_identity_ids, self.patient.whatsapp_identity_ids
        )
        self.assertRefused("no_consent", partner_id=sibling.id)

    def test_gate_asks_the_database_no_more_often_for_more_messages(self):
        few = self.enqueue()
        many = few
        for number in range(20, 40):
            patient = self.make_patient(f"+9053211100{number}", f"P{number} KUMQUAT")
            many |= self.enqueue(partner_id=patient.id)
        gate = self.env["whatsapp.clinic.gate"]

        def queries(messages):
            self.env.flush_all()
            self.env.invalidate_all()
            messages = messages.browse(messages.ids)
            before = self.env.cr.sql_log_count
            gate._judge(messages)
            return self.env.cr.sql_log_count - before

        self.assertLessEqual(queries(many), queries(few) + 2)

    def test_state_is_shown_on_the_patient(self):
        self.assertEqual(self.patient.whatsapp_consent_state, "ready")
        self.consent(self.patient, "withdrawn")
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")
        self.patient.whatsapp_identity_ids._stop("stop_word")
        self.assertEqual(self.patient.whatsapp_consent_state, "stopped")
        self.patient.phone = False
        self.assertEqual(self.patient.whatsapp_consent_state, "no_number")

    def test_other_language_variant_is_used_where_it_is_in_use(self):
        turkish = make_template(self, language="tr")
        self.assertEqual(self.template._for_language("tr_TR"), turkish)
        self.assertEqual(self.template._for_language("de_DE"), self.template)
        turkish.approval_ids.status = "PAUSED"
        self.assertEqual(self.template._for_language("tr_TR"), self.template)
