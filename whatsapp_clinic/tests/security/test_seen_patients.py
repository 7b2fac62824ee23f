"""What the screens of a patient tell to whom."""

from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import MARKER, ClinicCase, make_template, patient_wrote, staff_user


@tagged("post_install", "-at_install")
class TestSeenPatients(ClinicCase):
    """Consent is shown where the patient is looked after."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_branch = cls.branch.copy({"name": "Other Branch"})
        cls.other_branch.member_ids = [Command.clear()]
        cls.practitioner.branch_ids |= cls.other_branch
        cls.here = staff_user(cls, "receptionist")
        cls.there = staff_user(cls, "receptionist", cls.other_branch)
        cls.manager = staff_user(cls, "manager")
        body = {"type": "BODY", "text": "Hello {{patient_name}}, how are you today?"}
        cls.greeting = make_template(cls, "greeting", components=[body])
        cls.greeting.model = "res.partner"

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient, "withdrawn")

    def badge(self, user):
        self.env.invalidate_all()
        return self.patient.with_user(user).whatsapp_consent_state

    def found(self, user):
        patients = self.env["res.partner"].with_user(user)
        return self.patient in patients.search(
            [("whatsapp_consent_state", "=", "refused")]
        )

    def test_badge_is_told_in_the_home_branch_and_to_managers(self):
        for user in (self.here, self.manager):
            self.assertEqual(self.badge(user), "refused")
            self.assertTrue(self.found(user))

    def test_badge_is_not_told_in_another_branch(self):
        self.assertFalse(self.badge(self.there))
        self.assertFalse(self.found(self.there))
        patient = self.patient.with_user(self.there)
        self.assertFalse(patient.whatsapp_objection)
        self.assertFalse(patient.whatsapp_next_step)

    def test_a_visit_opens_the_badge_to_its_branch(self):
        self.book(self.patient, branch_id=self.other_branch.id)
        self.assertEqual(self.badge(self.there), "refused")
        self.assertTrue(self.found(self.there))

    def test_badge_is_told_to_exactly_who_may_read_the_consents(self):
        homeless = self.make_patient(phone="+905321110005", clinic_branch_id=False)
        visitor = self.make_patient(phone="+905321110006")
        self.book(visitor, branch_id=self.other_branch.id)
        for patient in (self.patient, homeless, visitor):
            self.consent(patient)
            for user in (self.here, self.there, self.manager):
                self.env.invalidate_all()
                own = patient.with_user(user)
                with self.subTest(patient=patient.id, user=user.login):
                    self.assertEqual(
                        bool(own.whatsapp_consent_state),
                        patient.consent_ids.with_user(user).has_access("read"),
                    )

    def test_expiring_consents_are_found_in_the_own_branch_only(self):
        self.purpose.validity_months = 1
        patient = self.make_patient(phone="+905321110005")
        self.consent(patient, at=datetime.utcnow() - timedelta(days=20))
        self.env.flush_all()
        domain = [("clinic_consent_expires_soon", "=", True)]
        for user, is_found in ((self.here, True), (self.there, False)):
            patients = self.env["res.partner"].with_user(user).search(domain)
            with self.subTest(user=user.login):
                self.assertEqual(patient in patients, is_found)

    def test_gate_tells_and_mends_only_where_the_patient_is_looked_after(self):
        for user, is_told in ((self.here, True), (self.manager, True)):
            gate = self.env["whatsapp.clinic.gate"].with_user(user)
            patient = self.patient.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(bool(gate._why_not(patient)), is_told)
                self.assertEqual(bool(gate._standing_reasons(patient)), is_told)
        patient = self.patient.with_user(self.there)
        self.assertTrue(patient.has_access("read"))
        for decision in ("withdrawn", "given"):
            self.consent(self.patient, decision)
            self.assertIs(patient.action_fix_objection(), True)
            gate = self.env["whatsapp.clinic.gate"].with_user(self.there)
            self.assertIsNone(gate._why_not(patient))
            self.assertFalse(gate._standing_reasons(patient))

    def shown(self, name, user, values, *fields):
        """What a form shows before anything is saved."""
        form = self.env[f"whatsapp.clinic.{name}"].with_user(user).new(values)
        return {field: form[field] for field in fields}

    def test_forms_tell_the_same_of_every_patient_of_another_branch(self):
        ask = {"partner_id": self.patient.id, "purpose_ids": self.purpose.ids}
        compose = {
            "res_model": "res.partner",
            "res_ids": self.patient.ids,
            "template_id": self.template.id,
            "purpose_id": self.purpose.id,
        }
        forms = (
            (
                "consent.ask",
                ask,
                ("problem", "sms_objection", "whatsapp_objection", "chat_objection"),
            ),
            (
                "composer",
                compose,
                ("outlook_html", "hindrance", "remedy", "refused_count", "ready_count"),
            ),
            ("composer", compose, ("can_write_text", "content", "unchecked_count")),
        )
        for name, values, fields in forms:
            told = {self.here: set(), self.there: set()}
            for decision in ("withdrawn", "given"):
                self.consent(self.patient, decision)
                for user, answers in told.items():
                    self.env.invalidate_all()
                    answers.add(str(self.shown(name, user, values, *fields)))
            with self.subTest(form=name, fields=fields):
                self.assertEqual(len(told[self.there]), 1)
                self.assertNotIn(MARKER, str(told[self.there]))

    def send_to(self, patients, user):
        """Press Send in the composer, as the user."""
        composer = self.env["whatsapp.clinic.composer"].with_user(user)
        return composer.create(
            {
                "res_model": "res.partner",
                "res_ids": patients.ids,
                "content": "template",
                "template_id": self.greeting.id,
                "purpose_id": self.purpose.id,
            }
        ).action_send()

    def refusal_of(self, act) -> str:
        with self.assertRaises(AccessError) as refused, self.env.cr.savepoint():
            act()
        self.env.invalidate_all()
        return str(refused.exception)

    def test_sending_to_a_patient_of_another_branch_is_refused_as_if_there_was_none(
        self,
    ):
        gone = self.env["res.partner"].create({"name": "Gone"})
        gone.unlink()
        told = {self.refusal_of(lambda: self.send_to(gone, self.there))}
        for decision in ("withdrawn", "given"):
            self.consent(self.patient, decision)
            told.add(self.refusal_of(lambda: self.send_to(self.patient, self.there)))
        self.assertEqual(len(told), 1)
        self.assertFalse(self.patient.with_user(self.manager).whatsapp_message_count)

    def test_nobody_gets_what_goes_to_one_patient_of_another_branch_too(self):
        own = self.make_patient("+905321110005", clinic_branch_id=self.other_branch.id)
        self.refusal_of(lambda: self.send_to(own | self.patient, self.there))
        self.send_to(own, self.there)
        self.env.invalidate_all()
        self.assertEqual(own.with_user(self.manager).whatsapp_message_count, 1)

    def test_sending_that_is_being_written_passes_over_patients_of_others(self):
        own = self.make_patient("+905321110005", clinic_branch_id=self.other_branch.id)
        sending = self.env["whatsapp.clinic.sending"].create(
            {
                "user_id": self.there.id,
                "template_id": self.greeting.id,
                "purpose_id": self.purpose.id,
                "res_model": "res.partner",
                "res_ids": (own | self.patient).ids,
                "record_count": 2,
            }
        )
        sending._start()
        self.assertEqual(sending.message_ids.partner_id, own)

    def test_action_that_a_user_starts_passes_over_patients_of_others(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Send",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "whatsapp",
                "whatsapp_template_id": self.greeting.id,
                "whatsapp_purpose_id": self.purpose.id,
            }
        )
        messages = self.env["whatsapp.clinic.message"]
        for user, is_written in ((self.there, False), (self.here, True)):
            action.with_user(user).with_context(
                active_model="res.partner",
                active_id=self.patient.id,
                active_ids=self.patient.ids,
            ).run()
            rows = messages.search([("partner_id", "=", self.patient.id)])
            with self.subTest(user=user.login):
                self.assertEqual(bool(rows), is_written)

    def test_refused_answer_to_a_patient_of_others_tells_no_reason(self):
        message = patient_wrote(self, self.patient)
        message.branch_id = self.other_branch
        self.patient.clinic_barred = True
        self.env.flush_all()
        replies = self.env["whatsapp.clinic.message.reply"]
        values = {"message_id": message.id, "body": "Hello KUMQUAT"}
        there = replies.with_user(self.there).create(values)
        self.assertFalse(there.objection)
        self.assertIn("not yours to see", self.refusal_of(there.action_send))
        message.branch_id = self.branch
        here = replies.with_user(self.here).create(values)
        self.assertEqual(here.objection, "patient_barred")

    def test_box_for_an_answer_tells_nothing_of_a_patient_of_others(self):
        message = patient_wrote(self, self.patient)
        self.patient.clinic_barred = True
        self.env.flush_all()
        for branch, user, is_told in (
            (self.other_branch, self.there, False),
            (self.branch, self.here, True),
        ):
            message.branch_id = branch
            box = message.with_user(user).answer_box()
            with self.subTest(user=user.login):
                self.assertEqual(bool(box["objection"]), is_told)

    def test_reply_is_opened_by_who_may_read_the_message(self):
        message = patient_wrote(self, self.patient)
        with self.assertRaises(AccessError):
            message.with_user(self.there).action_reply()
        self.assertTrue(message.with_user(self.here).action_reply())

    def test_number_that_was_left_is_told_where_the_patient_is_looked_after(self):
        self.patient.whatsapp_identity_ids._unlink_patients("wrong_person")
        for user, is_told in ((self.here, True), (self.there, False)):
            self.env.invalidate_all()
            own = self.patient.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(own.clinic_has_left_number, is_told)

    def test_window_of_a_patient_of_another_branch_is_not_told(self):
        self.consent(self.patient)
        patient_wrote(self, self.patient)
        values = {"res_model": "res.partner", "res_ids": self.patient.ids}
        for user, is_told in ((self.here, True), (self.there, False)):
            composer = self.env["whatsapp.clinic.composer"].with_user(user)
            with self.subTest(user=user.login):
                form = composer.new(values)
                self.assertEqual(form.can_write_text, is_told)

    def test_states_are_recorded_unseen_in_another_branch(self):
        for user, is_told in ((self.here, True), (self.there, False)):
            wizard = self.env["whatsapp.clinic.consent.record"].with_user(user)
            lines = wizard.create({"partner_id": self.patient.id}).line_ids
            states = {line.present_state for line in lines}
            with self.subTest(user=user.login):
                self.assertEqual("refused" in states, is_told)
                self.assertEqual(states == {False}, not is_told)

    def test_phone_of_a_patient_who_may_not_be_read_is_not_shown(self):
        appointment = self.book(self.patient)
        own = appointment.with_user(self.here)
        self.assertEqual(own.patient_phone, self.patient.phone)
        self.patient.company_id = self.env["res.company"].create({"name": "Other"})
        self.env.invalidate_all()
        self.assertFalse(own.patient_phone)

    def test_preview_shows_no_field_that_its_reader_may_not_read(self):
        boss = self.env["res.partner"].create({"name": f"Boss {MARKER}"})
        self.branch.partner_id = boss
        draft = self.env["whatsapp.clinic.template"].create(
            {
                "name": "preview",
                "language": "en",
                "business_account_id": self.channel.business_account_id,
                "body_text": "Hello {{boss}}, your visit is soon, see you there.",
            }
        )
        draft.variable_ids.write(
            {"source": "field", "field_path": "branch_id.partner_id.name"}
        )
        record = self.book(self.patient)
        other = self.env["res.company"].create({"name": "Other"})
        for company, is_told in ((other.browse(), True), (other, False)):
            boss.company_id = company
            self.env.flush_all()
            self.env.invalidate_all()
            own = draft.with_user(self.manager)
            own.preview_record = record.with_user(self.manager)
            with self.subTest(is_told=is_told):
                self.assertEqual(boss.name in own.preview_html, is_told)

    def test_publishing_is_explained_to_who_may_publish(self):
        notice = self.env["whatsapp.clinic.privacy.notice"].create({"name": "Draft"})
        with self.assertRaises(AccessError):
            notice.with_user(self.manager).action_confirm_publication()
