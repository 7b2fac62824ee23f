from unittest.mock import patch

from odoo.tests import new_test_user, tagged

from ...models.outbox import sending, server_action
from .test_composer import ComposerCase


@tagged("post_install", "-at_install")
class TestServerAction(ComposerCase):
    def action(self, model="res.partner", **values):
        values = {
            "name": "Write",
            "state": "whatsapp",
            "model_id": self.env["ir.model"]._get_id(model),
            "whatsapp_template_id": self.patient_template.id,
            "whatsapp_purpose_id": self.purpose.id,
            **values,
        }
        return self.env["ir.actions.server"].create(
            {name: value for name, value in values.items() if value is not None}
        )

    def run_for(self, records, user=None, **values):
        action = self.action(records._name, **values)
        action.with_user(user or self.env.user).with_context(
            active_model=records._name, active_ids=records.ids, active_id=records[0].id
        ).run()
        return self.rows(records)

    def test_action_queues_a_message_for_each_record(self):
        patients = self.make_patients(3)
        rows = self.run_for(patients)
        self.assertEqual(rows.mapped("state"), ["queued"] * 3)
        self.assertEqual(rows.partner_id, patients)

    def test_many_records_are_written_by_the_scheduled_action(self):
        patients = self.make_patients(3)
        with (
            patch.object(server_action, "AT_ONCE", 2),
            patch.object(sending, "AT_ONCE", 2),
        ):
            self.assertFalse(self.run_for(patients))
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("whatsapp_clinic.write_sendings").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.rows(patients).mapped("state"), ["queued"] * 3)

    def test_rule_set_off_twice_by_what_was_saved_once_writes_once(self):
        action = self.action()
        for _time in range(2):
            action.with_context(
                active_model="res.partner", active_ids=self.patient.ids
            ).run()
        self.assertEqual(len(self.rows(self.patient)), 1)

    def test_next_thing_that_is_saved_writes_again_however_soon(self):
        self.run_for(self.patient)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_message "
            "SET create_date = create_date - interval '1 microsecond' "
            "WHERE partner_id = %s",
            [self.patient.id],
        )
        self.env.invalidate_all()
        self.assertEqual(len(self.run_for(self.patient)), 2)

    def test_each_appointment_of_a_patient_is_written_about_once(self):
        action = self.action(
            "whatsapp.clinic.appointment", whatsapp_template_id=self.template.id
        )
        first = self.book(self.patient)
        second = self.book(self.patient, "2031-01-01 10:00:00")
        for records in (first, first | second):
            action.with_context(
                active_model=records._name, active_ids=records.ids
            ).run()
        rows = self.rows(self.patient)
        self.assertEqual(rows._subjects("whatsapp.clinic.appointment"), first | second)
        self.assertEqual(len(rows), 2)

    def test_action_about_appointments_takes_each_along(self):
        appointment = self.book(self.patient)
        row = self.run_for(appointment, whatsapp_template_id=self.template.id)
        self.assertEqual(row._subject, appointment)

    def test_what_the_gate_refuses_is_a_row_with_its_reason(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        row = self.run_for(stranger)
        self.assertEqual((row.state, row.reason), ("refused", "no_consent"))

    def test_employee_who_sets_off_a_rule_needs_no_role(self):
        cook = new_test_user(self.env, "cook", groups="base.group_partner_manager")
        # As automation rules run their actions.
        action = self.action().with_user(cook).sudo()
        action.with_context(
            active_model="res.partner", active_ids=self.patient.ids
        ).run()
        self.assertEqual(self.rows(self.patient).state, "queued")

    def test_automation_rule_sends(self):
        if "base.automation" not in self.env:
            self.skipTest("base_automation is not installed")
        rule = self.env["base.automation"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "trigger": "on_write",
                "trigger_field_ids": [
                    (6, 0, self.env["ir.model.fields"]._get("res.partner", "ref").ids)
                ],
            }
        )
        rule.action_server_ids = self.action(
            usage="base_automation", base_automation_id=rule.id
        )
        self.patient.ref = "A1"
        self.assertEqual(self.rows(self.patient).state, "queued")

    def test_failure_does_not_undo_what_the_user_changed(self):
        action = self.action()
        self.patient.ref = "A2"
        broken = patch.object(
            type(self.env["whatsapp.clinic.gate"]), "_judge", side_effect=ValueError
        )
        with broken, self.assertLogs("odoo.addons.whatsapp_clinic", "ERROR"):
            action.with_context(
                active_model="res.partner", active_ids=self.patient.ids
            ).run()
        self.env.invalidate_all()
        self.assertEqual(self.patient.ref, "A2")
        self.assertFalse(self.rows(self.patient))

    def test_rule_goes_on_while_the_template_is_not_approved(self):
        action = self.action()
        self.patient_template.approval_ids.status = "PAUSED"
        self.patient.ref = "A3"
        action.with_context(
            active_model="res.partner", active_ids=self.patient.ids
        ).run()
        row = self.rows(self.patient)
        self.assertEqual((row.state, row.reason), ("refused", "template_not_approved"))

    def test_patient_of_another_company_is_not_written_to_from_this_ones_number(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        lead = self.env["crm.lead"].create(
            {
                "name": "Question",
                "company_id": elsewhere.id,
                "partner_id": self.make_patient(
                    "+905321110066", "Elif KUMQUAT", clinic_branch_id=False
                ).id,
            }
        )
        row = self.run_for(lead)
        self.assertFalse(row.channel_id)
        self.assertEqual(row.company_id, elsewhere)

    def test_name_and_purpose_follow_the_template(self):
        action = self.action(whatsapp_purpose_id=None)
        self.assertEqual(
            action._generate_action_name(), "Send “How are you” by WhatsApp"
        )
        self.assertEqual(action.whatsapp_purpose_id.code, "followup")

    def test_template_about_another_model_is_taken_off(self):
        action = self.action(
            "whatsapp.clinic.appointment", whatsapp_template_id=self.template.id
        )
        action.model_id = self.env["ir.model"]._get("res.partner")
        self.assertFalse(action.whatsapp_template_id)

    def test_models_with_a_partner_are_offered(self):
        models = self.action().available_model_ids.mapped("model")
        self.assertIn("res.partner", models)
        self.assertIn("whatsapp.clinic.appointment", models)
        self.assertIn("crm.lead", models)
        self.assertNotIn("res.country", models)

    def test_template_that_is_not_in_use_gives_a_warning(self):
        action = self.action()
        self.assertFalse(action.whatsapp_warning)
        self.patient_template.enabled = False
        self.assertIn("not in use", action.whatsapp_warning)

    def test_template_that_asks_its_sender_gives_a_warning(self):
        action = self.action()
        self.patient_template.variable_ids[:1].source = "ask"
        self.assertIn("from its sender", action.whatsapp_warning)

    def test_model_without_a_partner_gives_a_warning(self):
        for model in ("res.country", "calendar.event"):
            with self.subTest(model):
                self.assertIn("no patient", self.action(model).warning)
