from unittest.mock import patch

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestConsentForm(ClinicCase):
    """The paper form, in the patient's language."""

    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang("tr_TR")
        self.patient = self.make_patient(clinic_birthdate="2015-05-05", lang="tr_TR")
        self.receptionist = staff_user(self, "receptionist")
        self.purpose.with_context(lang="tr_TR").name = "Randevu KUMQUAT"
        self.notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "text_ids": [
                    (0, 0, {"lang": lang, "title": title, "body": f"<p>{title}</p>"})
                    for lang, title in (("en_US", "Told"), ("tr_TR", "Bildirildi"))
                ]
            }
        )

    def html(self):
        report = self.env["ir.actions.report"].with_user(self.receptionist)
        content, kind = report._render_qweb_html(
            "whatsapp_clinic.consent_form", self.patient.ids
        )
        self.assertEqual(kind, "html")
        return content.decode()

    def publish(self):
        self.notice.action_publish()
        return self.notice.text_ids.filtered(lambda text: text.lang == "tr_TR")

    def test_form_is_in_the_patients_language_with_notice_version_and_hash(self):
        text = self.publish()
        html = self.html()
        self.assertIn("Bildirildi", html)
        self.assertNotIn("Told", html)
        self.assertIn("Randevu KUMQUAT", html)
        self.assertIn(text.sha256, html)
        self.assertIn(f"v{self.notice.version}", html)

    def test_each_purpose_has_two_empty_boxes_and_nothing_is_ticked(self):
        self.publish()
        asked = self.env["whatsapp.clinic.consent.purpose"].search_count(
            [("ask_by_default", "=", True), ("answers_only", "=", False)]
        )
        html = self.html()
        self.assertEqual(html.count("☐"), 2 * asked)
        self.assertFalse({"☑", "☒"} & set(html))

    def test_guardian_has_a_line_to_sign(self):
        self.publish()
        mother = self.make_patient("+905321110002", "Mother KUMQUAT")
        self.assertNotIn("Mother KUMQUAT", self.html())
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": mother.id}
        )
        self.assertIn("Mother KUMQUAT", self.html())

    def test_without_a_notice_nothing_is_printed(self):
        # Another company's notice does not count, nor does demo data's.
        company = self.env["res.company"].create({"name": "Bare clinic"})
        patient = self.patient.with_company(company)
        patient.clinic_branch_id = False
        with self.assertRaisesRegex(UserError, "Publish a privacy notice"):
            patient.action_print_consent_form()

    def test_button_prints_one_patient_from_patient_and_appointment(self):
        self.publish()
        appointment = self.book(self.patient).with_user(self.receptionist)
        for record in (appointment.partner_id, appointment):
            with self.pdf_program("ok"):
                action = record.action_print_consent_form()
            self.assertEqual(action["report_name"], "whatsapp_clinic.consent_form")
            self.assertEqual(action["context"]["active_ids"], self.patient.ids)

    def test_without_a_pdf_program_the_page_opens_to_be_printed(self):
        self.publish()
        for state in ("install", "broken", "workers"):
            with self.subTest(state), self.pdf_program(state):
                action = self.patient.action_print_consent_form()
            self.assertIn("print it from the browser", action["params"]["message"])
            self.assertEqual(
                action["params"]["next"]["url"],
                f"/report/html/whatsapp_clinic.consent_form/{self.patient.id}",
            )

    def pdf_program(self, state):
        """As if wkhtmltopdf were installed, or were not."""
        reports = self.registry["ir.actions.report"]
        return patch.object(reports, "get_wkhtmltopdf_state", lambda _self: state)

    def test_page_is_well_formed(self):
        self.publish()
        root = etree.HTML(self.html())
        self.assertEqual(len(root.xpath("//div[contains(@class, 'page')]")), 1)
