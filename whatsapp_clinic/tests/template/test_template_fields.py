"""Variables that are read from fields: as the patient reads them, or refused."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ...models.template.template_variable import MissingValue
from ..common import make_template, staff_user
from .test_template_writing import WritingCase

BODY = [{"type": "BODY", "text": "This is told: {{what}}, as you know."}]


@tagged("post_install", "-at_install")
class TestFieldsOfRecords(WritingCase):
    def variable(self, path, language="en"):
        template = make_template(self, "told", language, components=BODY)
        template.variable_ids.write({"source": "field", "field_path": path})
        return template.variable_ids

    def told(self, path, record, language="en"):
        return self.variable(path, language)._value(record)

    def appointment(self, **patient):
        patient = self.make_patient(**patient)
        return self.book(patient, "2027-03-05 21:30:00")

    def test_moment_is_told_by_the_patients_clock(self):
        appointment = self.appointment(tz="America/New_York")
        self.assertEqual(
            self.told("start", appointment), "Friday, March 5, 2027 4:30 PM"
        )

    def test_moment_is_told_by_the_branchs_clock_where_the_patients_is_unknown(self):
        appointment = self.appointment(tz=False)
        self.assertEqual(
            self.told("start", appointment, "tr"), "6 Mart 2027 Cumartesi 00:30"
        )

    def test_date_is_told_in_the_templates_language(self):
        currency = self.company.currency_id
        self.env["res.currency.rate"].search([]).unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2027-03-05", "rate": 1}
        )
        path = "branch_id.company_id.currency_id.date"
        self.assertEqual(self.told(path, self.appointment(), "tr"), "5 Mart 2027 Cuma")

    def test_number_is_told_in_the_templates_language(self):
        patient = self.make_patient(partner_latitude=41.5)
        template = make_template(self, "told", "tr", components=BODY)
        template.model = "res.partner"
        template.variable_ids.write(
            {"source": "field", "field_path": "partner_latitude"}
        )
        self.assertEqual(template.variable_ids._value(patient), "41,5")

    def test_choice_is_told_by_its_label_in_the_patients_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        appointment = self.appointment(lang="tr_TR")
        field = self.env["ir.model.fields.selection"].search(
            [
                ("field_id.model", "=", appointment._name),
                ("field_id.name", "=", "state"),
                ("value", "=", appointment.state),
            ]
        )
        field.with_context(lang="tr_TR").name = "Ayrıldı"
        self.assertEqual(
            self.told("state", appointment.with_context(lang="tr_TR")), "Ayrıldı"
        )

    def test_what_is_no_text_cannot_be_chosen(self):
        for path in ("partner_id.image_128", "partner_id.comment", "partner_id"):
            with self.subTest(path), self.assertRaises(ValidationError):
                self.variable(path)

    def test_path_through_several_records_cannot_be_chosen(self):
        with self.assertRaisesRegex(ValidationError, "several"):
            self.variable("partner_id.child_ids.name")

    def test_field_that_the_manager_may_not_read_cannot_be_chosen(self):
        variable = self.variable("partner_id.name").with_user(self.manager)
        with self.assertRaisesRegex(ValidationError, "may not read"):
            variable.field_path = "partner_id.signup_type"

    def test_receptionist_sends_what_was_mapped_by_who_may_read_it(self):
        appointment = self.appointment(signup_type="apple")
        variable = self.variable("partner_id.signup_type")
        receptionist = staff_user(self, "receptionist")
        as_receptionist = variable.with_user(receptionist)
        self.assertFalse(as_receptionist.template_id.problems)
        self.assertEqual(
            as_receptionist._value(appointment.with_user(receptionist)), "apple"
        )

    def test_field_that_has_gone_is_a_missing_value(self):
        variable = self.variable("partner_id.name")
        variable.flush_recordset()
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_template_variable SET field_path = %s "
            "WHERE id = %s",
            ["partner_id.gone_with_its_addon", variable.id],
        )
        variable.invalidate_recordset()
        with self.assertRaises(MissingValue):
            variable._value(self.appointment())
        self.assertTrue(variable.template_id.problems)

    def test_empty_step_and_zero_are_missing_values(self):
        appointment = self.appointment()
        for path in ("partner_id.parent_id.name", "partner_id.partner_latitude"):
            with self.subTest(path), self.assertRaises(MissingValue):
                self.told(path, appointment)
