from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..common import MARKER, ClinicCase, staff_user, tomorrow


@tagged("post_install", "-at_install")
class TestNewPatient(ClinicCase):
    """What a new patient gets without anybody asking."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("tr_TR")
        cls.germany = cls.env.ref("base.de")
        cls.branch.lang = "tr_TR"
        cls.receptionist = staff_user(cls, "receptionist")

    def form(self, **context):
        partners = self.env["res.partner"].with_user(self.receptionist)
        return Form(
            partners.with_context(default_clinic_patient=True, **context),
            "whatsapp_clinic.patient_view_form",
        )

    def test_home_branch_language_and_country_are_those_of_who_enters_the_patient(self):
        form = self.form()
        self.assertEqual(form.clinic_branch_id, self.branch)
        self.assertEqual(form.lang, "tr_TR")
        self.assertEqual(form.country_id, self.turkey)

    def test_national_numbers_are_taken_at_once(self):
        form = self.form()
        form.name, form.phone = MARKER, "0532 111 00 03"
        self.assertEqual(form.save().phone, "+90 532 111 00 03")

    def test_another_branch_brings_its_language_and_country(self):
        munich = self.branch.copy(
            {"name": "Munich", "country_id": self.germany.id, "lang": "en_US"}
        )
        munich.member_ids |= self.receptionist
        form = self.form()
        form.name = MARKER
        form.clinic_branch_id = munich
        self.assertEqual((form.lang, form.country_id), ("en_US", self.germany))

    def test_another_branch_changes_no_language_of_who_is_known(self):
        patient = self.make_patient(lang="en_US")
        other = self.branch.copy({"name": "Other", "lang": "tr_TR"})
        known = patient.with_user(self.receptionist)
        with Form(known, "whatsapp_clinic.patient_view_form") as form:
            form.clinic_branch_id = other
        self.assertEqual(patient.lang, "en_US")

    def test_the_dialog_of_a_booking_asks_for_what_a_booking_needs(self):
        mother = self.make_patient("+905327770002", f"Zeynep {MARKER}")
        partners = self.env["res.partner"].with_user(self.receptionist)
        form = Form(
            partners.with_context(default_clinic_patient=True),
            "whatsapp_clinic.patient_view_form_quick_create",
        )
        form.name, form.phone = MARKER, "0532 777 00 02"
        form.clinic_birthdate = "2020-01-31"
        self.assertTrue(form.clinic_is_minor)
        self.assertEqual(form.clinic_same_number_ids.ids, mother.ids)
        with form.guardianship_ids.new() as guardianship:
            guardianship.guardian_id = mother
        child = form.save()
        self.assertTrue(child.clinic_patient)
        self.assertEqual(child.guardianship_ids.guardian_id, mother)
        self.assertEqual((child.lang, child.clinic_branch_id), ("tr_TR", self.branch))

    def dialog(self, **values):
        """The dialog for somebody new, filled in by reception."""
        form = Form(
            self.env["res.partner"]
            .with_user(self.receptionist)
            .with_context(default_clinic_patient=True),
            "whatsapp_clinic.patient_view_form_quick_create",
        )
        form.name, form.phone = MARKER, "0532 777 00 03"
        for name, value in values.items():
            form[name] = value
        return form

    def test_consent_said_while_somebody_is_entered_is_recorded_as_evidence(self):
        form = self.dialog(clinic_first_consent="said")
        form.clinic_first_words = f"Please remind me {MARKER}"
        patient = form.save()
        consent = patient.sudo().consent_ids
        self.assertEqual(consent.purpose_id, self.purpose)
        self.assertEqual((consent.decision, consent.method), ("given", "verbal"))
        self.assertEqual(consent.evidence, f"Please remind me {MARKER}")
        self.assertEqual(consent.heard_by, self.receptionist.name)
        self.assertEqual(patient.whatsapp_consent_state, "ready")
        self.assertFalse(patient.clinic_first_consent)

    def test_what_was_said_is_asked_for(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        with self.assertRaisesRegex(UserError, "what the patient said"):
            partners.create({"name": MARKER, "clinic_first_consent": "said"})

    def test_refusal_is_noted_while_somebody_is_entered(self):
        patient = self.dialog(clinic_first_consent="refused").save()
        self.assertEqual(patient.sudo().consent_ids.decided, "refused")
        self.assertEqual(patient.whatsapp_consent_state, "refused")

    def test_nothing_is_recorded_where_nothing_was_asked(self):
        self.assertFalse(self.dialog().save().sudo().consent_ids)

    def test_purpose_that_needs_a_signature_is_asked_about_by_link_only(self):
        self.purpose.verbal_allowed = False
        partners = self.env["res.partner"].with_user(self.receptionist)
        field = partners.fields_get(["clinic_first_consent"])["clinic_first_consent"]
        self.assertNotIn("said", dict(field["selection"]))
        with self.assertRaisesRegex(UserError, "word of mouth"):
            partners.create(
                {
                    "name": MARKER,
                    "clinic_first_consent": "said",
                    "clinic_first_words": MARKER,
                }
            )

    def test_link_to_decide_is_sent_while_somebody_is_entered(self):
        self.publish_notice()
        patient = self.dialog(
            clinic_first_consent="email", email="kumquat@clinic.example"
        ).save()
        request = self.env["whatsapp.clinic.consent.request"].search(
            [("partner_id", "=", patient.id)]
        )
        self.assertIn(self.purpose, request.purpose_ids)
        self.assertFalse(patient.sudo().consent_ids)

    def test_link_that_cannot_be_sent_is_refused(self):
        self.publish_notice()
        with self.assertRaisesRegex(UserError, "number"):
            self.dialog(clinic_first_consent="sms", phone=False).save()

    def test_minor_alone_does_not_agree_while_entered(self):
        form = self.dialog(clinic_birthdate="2020-01-31", clinic_first_consent="said")
        form.clinic_first_words = MARKER
        with self.assertRaisesRegex(UserError, "choose a guardian"):
            form.save()

    def test_guardian_agrees_for_a_minor_while_entered(self):
        mother = self.make_patient("+905327770002", f"Zeynep {MARKER}")
        form = self.dialog(clinic_birthdate="2020-01-31", clinic_first_consent="said")
        form.clinic_first_words = MARKER
        with form.guardianship_ids.new() as guardianship:
            guardianship.guardian_id = mother
        self.assertEqual(form.save().sudo().consent_ids.guardian_id, mother)

    def test_of_several_guardians_none_is_taken_for_who_agreed(self):
        form = self.dialog(clinic_birthdate="2020-01-31", clinic_first_consent="said")
        form.clinic_first_words = MARKER
        for phone, name in (("+905327770002", "Zeynep"), ("+905327770003", "Ali")):
            guardian = self.make_patient(phone, f"{name} {MARKER}")
            with form.guardianship_ids.new() as guardianship:
                guardianship.guardian_id = guardian
        with self.assertRaisesRegex(UserError, "choose a guardian"):
            form.save()

    def publish_notice(self):
        notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "company_id": self.company.id,
                "text_ids": [
                    (
                        0,
                        0,
                        {"lang": "en_US", "title": MARKER, "body": f"<p>{MARKER}</p>"},
                    )
                ],
            }
        )
        notice.action_publish()

    def test_who_is_there_already_opens_as_a_patient(self):
        patient = self.make_patient().with_user(self.receptionist)
        opened = patient.with_context(
            clinic_tells_apart=True,
            form_view_ref="whatsapp_clinic.patient_view_form_quick_create",
        ).get_formview_action()
        form = self.env.ref("whatsapp_clinic.patient_view_form")
        self.assertEqual(opened["views"], [(form.id, "form")])

    def test_the_form_of_a_patient_asks_for_nothing_of_companies_at_first(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        view = self.env.ref("whatsapp_clinic.patient_view_form")
        tree = etree.fromstring(partners.get_view(view.id, "form")["arch"])
        (more,) = tree.xpath("//page[@name='clinic_more']")
        for name in ("vat", "website", "function", "parent_id", "street"):
            with self.subTest(name):
                self.assertTrue(more.xpath(f".//field[@name='{name}']"))
                self.assertFalse(
                    tree.xpath(f"/form/sheet/group//field[@name='{name}']")
                )
        first = tree.xpath("//notebook/page")[0]
        self.assertEqual(first.get("name"), "whatsapp_clinic")
        self.assertTrue(first.xpath(".//field[@name='lang']"))

    def test_programs_need_not_tell_either(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        patient = partners.create(
            {"name": MARKER, "phone": "0532 111 00 03", "clinic_patient": True}
        )
        self.assertEqual(patient.clinic_branch_id, self.branch)
        self.assertEqual(patient.lang, "tr_TR")
        self.assertEqual(patient.country_id, self.turkey)
        self.assertEqual(patient._whatsapp_phone(), "+905321110003")

    def test_what_is_told_is_kept(self):
        patient = self.make_patient(
            lang="en_US", clinic_branch_id=False, country_id=self.germany.id
        )
        self.assertEqual(patient.lang, "en_US")
        self.assertFalse(patient.clinic_branch_id)
        self.assertEqual(patient.country_id, self.germany)

    def test_without_a_language_of_the_branch_that_of_the_company_counts(self):
        self.branch.lang = False
        self.company.partner_id.lang = "tr_TR"
        self.assertEqual(self.make_patient().lang, "tr_TR")

    def test_contacts_are_no_patients(self):
        contact = self.env["res.partner"].create({"name": MARKER})
        self.assertFalse(contact.clinic_branch_id)
        self.assertEqual(contact.lang, "en_US")

    def test_the_first_visit_makes_the_home_branch(self):
        contact = self.env["res.partner"].create({"name": MARKER})
        self.book(contact)
        self.assertEqual(contact.clinic_branch_id, self.branch)
        other = self.branch.copy({"name": "Other"})
        self.practitioner.branch_ids |= other
        patient = self.make_patient()
        self.book(patient, tomorrow(26), branch_id=other.id)
        self.assertEqual(patient.clinic_branch_id, self.branch)


@tagged("post_install", "-at_install")
class TestNewBranch(ClinicCase):
    """Zones of branches and companies."""

    def new_company(self, country):
        company = self.env["res.company"].create(
            {"name": "New clinic", "country_id": self.env.ref(f"base.{country}").id}
        )
        company.resource_calendar_id.tz = "Europe/Brussels"
        return company

    def new_branch(self, company, name="First"):
        branches = self.env["whatsapp.clinic.branch"].with_company(company)
        return branches.create({"name": name})

    def test_the_zone_of_a_branch_is_that_of_its_country(self):
        branch = self.new_branch(self.new_company("tr"))
        self.assertEqual(branch.tz, "Europe/Istanbul")

    def test_working_hours_of_the_company_are_those_of_its_first_branch(self):
        company = self.new_company("tr")
        self.new_branch(company)
        self.assertEqual(company.resource_calendar_id.tz, "Europe/Istanbul")
        company.resource_calendar_id.tz = "Europe/Athens"
        self.new_branch(company, "Second")
        self.assertEqual(company.resource_calendar_id.tz, "Europe/Athens")

    def test_dates_of_the_company_are_told_in_the_zone_of_its_first_branch(self):
        company = self.new_company("tr")
        self.new_branch(company)
        company.resource_calendar_id.tz = "Europe/Brussels"
        self.assertEqual(company._clinic_tz(), "Europe/Istanbul")
