from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ...models.outbox import sending
from ...tools import clock
from ...wizards import composer
from ..common import ClinicCase, make_template, patient_wrote, staff_user

PATIENT_COMPONENTS = [{"type": "BODY", "text": "Dear {{patient_name}}, how are you?"}]


class ComposerCase(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")
        cls.patient_template = make_template(
            cls, "how_are_you", components=PATIENT_COMPONENTS
        )
        cls.patient_template.model = "res.partner"
        cls.template.invalidate_recordset()

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)

    def form(self, records, user=None):
        composers = self.env["whatsapp.clinic.composer"].with_user(
            user or self.receptionist
        )
        return Form(
            composers.with_context(active_model=records._name, active_ids=records.ids)
        )

    def composer(self, records, user=None, **values):
        """The composer as the form fills it in for these records."""
        form = self.form(records, user)
        for name, value in values.items():
            setattr(form, name, value)
        return form.save()

    def send(self, records, **values):
        """Send a template about these records; returns the rows."""
        values = {
            "template_id": self.patient_template,
            "purpose_id": self.purpose,
            **values,
        }
        self.composer(records, **values).action_send()
        return self.rows(records)

    def rows(self, records):
        partners = sending.partner_of(records[0]).union(
            *(sending.partner_of(record) for record in records)
        )
        return self.env["whatsapp.clinic.message"].search(
            [("partner_id", "in", partners.ids), ("direction", "=", "out")], order="id"
        )

    def make_patients(self, count):
        patients = self.env["res.partner"].concat(
            *(
                self.make_patient(f"+9053211{number:05}", f"Patient {number} KUMQUAT")
                for number in range(count)
            )
        )
        for patient in patients:
            self.consent(patient)
        return patients

    def let_write(self, patient):
        """The patient wrote just now."""
        patient_wrote(self, patient)


@tagged("post_install", "-at_install")
class TestComposer(ComposerCase):
    def test_template_to_a_patient_is_queued_from_the_number_of_the_branch(self):
        message = self.send(self.patient)
        self.assertEqual(message.state, "queued")
        self.assertEqual(message.template_id, self.patient_template)
        self.assertEqual(message.channel_id, self.channel)
        self.assertEqual(message.branch_id, self.branch)
        self.assertEqual(message.purpose_id, self.purpose)

    def test_what_stands_against_one_patient_has_its_button(self):
        stranger = self.make_patient("+905321110077", "Stranger KUMQUAT")
        about = {"template_id": self.patient_template, "purpose_id": self.purpose}
        composer = self.composer(stranger, **about)
        self.assertEqual(composer.remedy, "Ask for Consent")
        action = composer.action_fix_objection()
        self.assertEqual(action["res_model"], "whatsapp.clinic.consent.ask")
        self.assertFalse(self.composer(self.patient, **about).remedy)
        self.assertFalse(self.composer(self.patient | stranger, **about).remedy)

    def test_template_about_an_appointment_takes_the_appointment_along(self):
        appointment = self.book(self.patient)
        message = self.send(appointment, template_id=self.template)
        self.assertEqual(message._subject, appointment)
        self.assertEqual(message.subject_version, appointment.version)

    def test_patient_template_goes_to_the_patient_of_an_appointment(self):
        message = self.send(self.book(self.patient))
        self.assertEqual(message.partner_id, self.patient)
        self.assertEqual(message.state, "queued")

    def test_patient_of_two_appointments_gets_a_patient_template_once(self):
        appointments = self.book(self.patient) | self.book(
            self.patient, "2031-01-01 10:00:00"
        )
        self.assertEqual(len(self.send(appointments)), 1)

    def test_each_appointment_gets_its_own_template(self):
        appointments = self.book(self.patient) | self.book(
            self.patient, "2031-01-01 10:00:00"
        )
        rows = self.send(appointments, template_id=self.template)
        self.assertEqual(rows._subjects("whatsapp.clinic.appointment"), appointments)

    def test_any_model_with_a_partner_can_be_written_about(self):
        lead = self.env["crm.lead"].create(
            {"name": "Question", "partner_id": self.patient.id}
        )
        manager = staff_user(self, "manager")
        manager.group_ids |= self.env.ref("sales_team.group_sale_salesman_all_leads")
        self.composer(
            lead,
            manager,
            template_id=self.patient_template,
            purpose_id=self.purpose,
        ).action_send()
        self.assertEqual(self.rows(self.patient).state, "queued")

    def test_model_without_a_partner_is_refused(self):
        with self.assertRaises(UserError):
            self.composer(self.env["res.country"].search([], limit=1))

    def test_partner_of_the_user_in_charge_is_no_patient(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Meeting",
                "start": "2031-01-01 10:00:00",
                "stop": "2031-01-01 11:00:00",
                "user_id": self.receptionist.id,
            }
        )
        self.assertFalse(sending.has_partner(event))
        self.assertTrue(sending.has_partner(self.env["res.users"]))

    def test_who_is_not_looked_at_beforehand_can_be_written_to(self):
        nobody = self.make_patient("+905321110088", "Nobody KUMQUAT")
        with patch.object(composer.Composer._records, "__defaults__", (1,)):
            form = self.composer(
                nobody | self.patient,
                template_id=self.patient_template,
                purpose_id=self.purpose,
            )
            self.assertEqual((form.ready_count, form.unchecked_count), (0, 1))
            self.assertFalse(form.hindrance)

    def test_what_stands_against_sending_is_told_until_it_is_chosen(self):
        form = self.form(self.patient)
        self.assertEqual(form.hindrance, "Choose a template.")
        self.assertFalse(form.purpose_id)
        form.template_id = self.patient_template
        self.assertTrue(form.purpose_id)
        form.purpose_id = self.purpose
        self.assertFalse(form.hindrance)

    def test_where_nobody_gets_it_nothing_can_be_sent(self):
        stranger = self.make_patient("+905321110077", "Stranger KUMQUAT")
        form = self.form(stranger)
        form.template_id = self.patient_template
        self.assertEqual(form.hindrance, "Nobody gets it; the reason stands above.")

    def test_what_is_still_typed_does_not_stand_against_sending(self):
        self.let_write(self.patient)
        form = self.form(self.patient)
        self.assertEqual(form.content, "text")
        self.assertFalse(form.body or form.hindrance)

    def test_purpose_is_proposed_by_the_template(self):
        composer = self.composer(self.patient, template_id=self.patient_template)
        self.assertEqual(composer.purpose_id.code, "followup")
        appointment = self.book(self.patient)
        composer = self.composer(appointment, template_id=self.template)
        self.assertEqual(composer.purpose_id, self.purpose)

    def test_preview_is_what_the_first_patient_gets(self):
        composer = self.composer(self.patient, template_id=self.patient_template)
        self.assertIn("Dear Ayşe KUMQUAT, how are you?", composer.preview_html)

    def test_preview_is_what_the_first_gets_who_gets_it(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        content = {"template_id": self.patient_template, "purpose_id": self.purpose}
        composer = self.composer(stranger | self.patient, **content)
        self.assertIn("Dear Ayşe KUMQUAT", composer.preview_html)
        self.assertNotIn("Nobody", composer.preview_html)

    def test_what_nobody_of_many_gets_is_shown_without_anybodys_values(self):
        strangers = self.make_patient("+905321110009", "Nobody KUMQUAT")
        strangers |= self.make_patient("+905321110008", "Neither KUMQUAT")
        composer = self.composer(
            strangers, template_id=self.patient_template, purpose_id=self.purpose
        )
        self.assertIn("how are you?", composer.preview_html)
        self.assertNotIn("KUMQUAT", composer.preview_html)
        self.assertIn("Nobody gets it", composer.hindrance)

    def test_preview_is_in_the_language_of_the_patient(self):
        turkish = make_template(
            self,
            "how_are_you",
            "tr",
            components=[{"type": "BODY", "text": "Merhaba {{patient_name}}."}],
        )
        turkish.model = "res.partner"
        self.env["res.lang"]._activate_lang("tr_TR")
        self.patient.lang = "tr_TR"
        composer = self.composer(self.patient, template_id=self.patient_template)
        self.assertIn("Merhaba Ayşe KUMQUAT.", composer.preview_html)

    def test_who_is_refused_is_told_before_sending_with_the_cure(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        composer = self.composer(
            self.patient | stranger,
            template_id=self.patient_template,
            purpose_id=self.purpose,
        )
        self.assertEqual((composer.ready_count, composer.refused_count), (1, 1))
        self.assertIn("Nobody KUMQUAT", composer.outlook_html)
        self.assertIn("The patient has not agreed", composer.outlook_html)
        self.assertIn("Ask the patient for consent", composer.outlook_html)
        self.assertNotIn("Ayşe", composer.outlook_html)

    def test_empty_value_is_told_before_sending(self):
        self.patient_template.variable_ids.write(
            {"source": "field", "field_path": "email"}
        )
        composer = self.composer(
            self.patient, template_id=self.patient_template, purpose_id=self.purpose
        )
        self.assertEqual(composer.refused_count, 1)
        self.assertIn("A variable of the template is empty", composer.outlook_html)

    def test_what_should_not_leave_is_told_before_sending(self):
        self.company.clinic_content_check = "block"
        self.patient_template.variable_ids.write(
            {"source": "text", "text": "10000000146"}
        )
        composer = self.composer(
            self.patient, template_id=self.patient_template, purpose_id=self.purpose
        )
        self.assertEqual(composer.refused_count, 1)
        self.assertIn("a national id", composer.outlook_html)

    def test_looking_writes_no_message(self):
        self.composer(self.patient, template_id=self.patient_template)
        self.assertFalse(self.rows(self.patient))

    def test_refused_message_is_a_row_with_its_reason(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        message = self.send(stranger)
        self.assertEqual((message.state, message.reason), ("refused", "no_consent"))

    def test_record_without_a_patient_is_a_row_with_its_reason(self):
        lead = self.env["crm.lead"].create({"name": "Nobody"})
        content = {
            "template_id": self.patient_template.id,
            "purpose_id": self.purpose.id,
        }
        message = self.env["whatsapp.clinic.sending"]._send(lead, content)
        self.assertEqual((message.state, message.reason), ("refused", "no_number"))

    def test_own_text_is_offered_while_the_window_is_open(self):
        self.assertFalse(self.form(self.patient).can_write_text)
        self.let_write(self.patient)
        composer = self.composer(self.patient, body="Come at ten.")
        self.assertEqual(composer.content, "text")
        self.assertEqual(composer.purpose_id, self.conversation)
        self.assertIn("Come at ten.", composer.preview_html)
        composer.action_send()
        message = self.rows(self.patient)
        self.assertEqual((message.state, message.body), ("queued", "Come at ten."))

    def test_own_text_for_many_needs_every_window_open(self):
        other = self.make_patient("+905321110009", "Second KUMQUAT")
        self.let_write(self.patient)
        self.assertFalse(self.form(self.patient | other).can_write_text)
        self.let_write(other)
        self.assertTrue(self.form(self.patient | other).can_write_text)

    def test_own_text_cannot_be_forced_when_the_window_is_closed(self):
        composer = self.composer(self.patient, template_id=self.patient_template)
        composer.write({"content": "text", "body": "x"})
        composer.purpose_id = self.conversation
        with self.assertRaises(UserError):
            composer.action_send()
        self.assertFalse(self.rows(self.patient))

    def test_own_text_that_cannot_go_to_all_says_why(self):
        other = self.make_patient("+905321110009", "Second KUMQUAT")
        for patient in (self.patient, other):
            self.let_write(patient)
        other.whatsapp_identity_ids.blocked_at = clock.now()
        people = self.patient | other
        composer = self.composer(people, template_id=self.patient_template)
        composer.write({"content": "text", "body": "x"})
        composer.purpose_id = self.conversation
        with self.assertRaises(UserError) as raised:
            composer.action_send()
        self.assertNotIn("24 hours", str(raised.exception))
        self.assertIn("stopped", str(raised.exception))

    def test_text_that_is_too_long_is_refused(self):
        self.let_write(self.patient)
        composer = self.composer(self.patient, body="x" * 4097)
        with self.assertRaises(UserError):
            composer.action_send()

    def test_text_in_the_preview_is_escaped(self):
        self.let_write(self.patient)
        composer = self.composer(self.patient, body="<script>alert(1)</script>")
        self.assertIn("&lt;script&gt;", composer.preview_html)

    def test_without_a_branch_the_only_channel_of_the_company_is_taken(self):
        self.patient.clinic_branch_id = False
        self.assertEqual(self.send(self.patient).channel_id, self.channel)

    def test_without_a_branch_one_of_several_channels_is_chosen(self):
        other = self.channel.create(
            {"name": "B", "phone_number_id": "b", "business_account_id": "b"}
        )
        manager = staff_user(self, "manager")
        self.patient.clinic_branch_id = False
        form = self.form(self.patient, manager)
        self.assertTrue(form.needs_channel)
        form.template_id = self.patient_template
        form.purpose_id = self.purpose
        form.channel_id = other
        form.save().action_send()
        self.assertEqual(self.rows(self.patient).channel_id, other)

    def test_who_visits_from_another_branch_is_written_to_from_the_own_number(self):
        other = self.branch.create(
            {"name": "Branch B", "country_id": self.turkey.id, "channel_id": False}
        )
        self.book(self.patient)
        self.patient.clinic_branch_id = other
        message = self.send(self.patient)
        self.assertFalse(message.branch_id)
        self.assertEqual(message.channel_id, self.channel)

    def test_privacy_officer_and_outsiders_may_not_send(self):
        for user in (
            staff_user(self, "privacy_officer"),
            new_test_user(self.env, "cook", groups="base.group_user"),
        ):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.composer(self.patient, user, template_id=self.patient_template)

    def test_records_of_another_branch_cannot_be_smuggled_in(self):
        other = self.branch.create({"name": "Branch B", "country_id": self.turkey.id})
        self.practitioner.branch_ids |= other
        appointment = self.book(self.patient, "2031-01-01 10:00:00", branch_id=other.id)
        composer = self.composer(self.book(self.patient), template_id=self.template)
        with self.assertRaises(AccessError):
            composer.res_ids = appointment.ids
            composer.action_send()

    def test_actions_stand_in_the_menu_of_patients_appointments_and_leads(self):
        for model in ("res.partner", "whatsapp.clinic.appointment", "crm.lead"):
            for user, is_there in ((self.receptionist, True), (None, False)):
                user = user or new_test_user(self.env, f"x-{model}")
                bindings = self.env["ir.actions.actions"].with_user(user)
                bound = bindings.get_bindings(model).get("action", [])
                found = [
                    one
                    for one in bound
                    if one.get("xml_id", "").startswith("whatsapp_clinic.composer")
                    or one["name"] == "Send WhatsApp Message"
                ]
                with self.subTest(model=model, is_there=is_there):
                    self.assertEqual(bool(found), is_there)


@tagged("post_install", "-at_install")
class TestSending(ComposerCase):
    def big_sending(self, count=5):
        """A sending to patients that is more than is written at once."""
        patients = self.make_patients(count)
        with patch.object(sending, "AT_ONCE", 2):
            self.send(patients)
        return self.env["whatsapp.clinic.sending"].search([], limit=1), patients

    def write_all(self):
        self.env.flush_all()
        with self.enter_registry_test_mode(), patch.object(sending, "BATCH", 2):
            self.env.ref("whatsapp_clinic.write_sendings").method_direct_trigger()
        self.env.invalidate_all()

    def test_few_recipients_are_written_at_once(self):
        rows = self.send(self.make_patients(3))
        self.assertEqual(rows.mapped("state"), ["queued"] * 3)
        self.assertEqual(rows.sending_id.state, "done")
        self.assertEqual(rows.sending_id.progress, 100)

    def test_many_recipients_are_written_by_the_scheduled_action(self):
        big, patients = self.big_sending()
        self.assertEqual((big.state, big.progress), ("writing", 0))
        self.assertFalse(self.rows(patients))
        self.write_all()
        self.assertEqual((big.state, big.waiting_count), ("done", 5))
        self.assertEqual(self.rows(patients).partner_id, patients)

    def test_screen_shows_the_progress_of_many(self):
        patients = self.make_patients(3)
        composer = self.composer(
            patients, template_id=self.patient_template, purpose_id=self.purpose
        )
        with patch.object(sending, "AT_ONCE", 2):
            action = composer.action_send()
        self.assertEqual(action["res_model"], "whatsapp.clinic.sending")

    def test_batches_go_on_where_they_stopped(self):
        big, patients = self.big_sending()
        with patch.object(sending, "BATCH", 2):
            big.sudo()._write_batch()
            self.assertEqual((big.written_count, big.state), (2, "writing"))
        self.write_all()
        self.assertEqual(len(self.rows(patients)), 5)

    def test_many_leave_after_answers_and_appointments(self):
        big, patients = self.big_sending()
        self.write_all()
        self.assertEqual(set(self.rows(patients).mapped("priority")), {2})

    def test_undo_cancels_what_waits_and_writes_no_more(self):
        big, patients = self.big_sending()
        with patch.object(sending, "BATCH", 2):
            big.sudo()._write_batch()
        big.with_user(self.receptionist).action_undo()
        self.write_all()
        rows = self.rows(patients)
        self.assertEqual(rows.mapped("state"), ["cancelled"] * 2)
        self.assertEqual(set(rows.mapped("reason")), {"cancelled_by_user"})
        self.assertEqual(big.state, "cancelled")

    def test_undo_reaches_what_is_written_at_the_same_moment(self):
        big, patients = self.big_sending()
        big.sudo()._stop()
        big.sudo()._write_batch()
        self.assertEqual(big.state, "done")
        self.write_all()
        self.assertEqual(set(self.rows(patients).mapped("state")), {"cancelled"})

    def test_undo_leaves_what_has_left(self):
        rows = self.send(self.make_patients(2))
        rows[0].state = "sent"
        rows.sending_id.with_user(self.receptionist).action_undo()
        self.assertEqual(rows.mapped("state"), ["sent", "cancelled"])

    def test_colleague_does_not_see_or_undo_a_sending(self):
        big, _patients = self.big_sending()
        colleague = staff_user(self, "receptionist")
        with self.assertRaises(AccessError):
            big.with_user(colleague).action_undo()

    def test_record_that_is_gone_is_passed_over(self):
        big, patients = self.big_sending()
        patients[0].consent_ids.invalidate_recordset()
        big.sudo().res_ids = [*big.res_ids[:-1], 0x7FFFFFFF]
        self.write_all()
        self.assertEqual((big.state, big.waiting_count), ("done", 4))

    def test_sending_that_raises_stops_and_lets_others_go_on(self):
        big, _patients = self.big_sending()
        big.sudo().res_model = "no.such.model"
        other, others = self.big_sending_to_others()
        with self.assertLogs("odoo.addons.whatsapp_clinic", "ERROR"):
            self.write_all()
        self.assertEqual(big.state, "failed")
        self.assertEqual(other.state, "done")

    def big_sending_to_others(self):
        patients = self.env["res.partner"].concat(
            *(
                self.make_patient(f"+9053311{number:05}", f"Other {number} KUMQUAT")
                for number in range(3)
            )
        )
        with patch.object(sending, "AT_ONCE", 2):
            self.send(patients)
        return self.env["whatsapp.clinic.sending"].search([], limit=1), patients

    def test_sender_without_rights_any_more_sends_nothing_of_that_branch(self):
        appointments = self.book(self.patient) | self.book(
            self.patient, "2031-01-01 10:00:00"
        )
        with patch.object(sending, "AT_ONCE", 1):
            self.send(appointments, template_id=self.template)
        self.branch.member_ids -= self.receptionist
        self.write_all()
        self.assertFalse(self.rows(self.patient))
