import psycopg2.errors

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import ClinicCase, staff_user

XML_IDS = (
    "appointment",
    "followup",
    "conversation",
    "survey",
    "education",
    "prescription",
    "marketing",
)


@tagged("post_install", "-at_install")
class TestPurpose(ClinicCase):
    """What the clinic writes for, each with its own basis."""

    def make(self, **values):
        return self.env["whatsapp.clinic.consent.purpose"].create(
            {"name": "Purpose", "code": "new", **values}
        )

    def violate(self, **values):
        with (
            self.assertRaises(psycopg2.errors.IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.make(**values)

    def test_new_purpose_is_careful(self):
        purpose = self.make()
        self.assertEqual(purpose.legal_basis, "explicit_consent")
        self.assertTrue(purpose.requires_consent)
        self.assertFalse(purpose.verbal_allowed or purpose.use_marketing)

    def test_every_purpose_that_comes_with_the_addon_is_there(self):
        for name in XML_IDS:
            with self.subTest(name):
                purpose = self.env.ref(f"whatsapp_clinic.purpose_{name}")
                self.assertEqual(purpose.code, name)
                self.assertTrue(purpose.description)

    def test_advertising_needs_consent(self):
        self.violate(is_commercial=True, requires_consent=False)

    def test_explicit_consent_comes_first(self):
        self.violate(requires_consent=False)
        self.make(requires_consent=False, legal_basis="contract")

    def test_purpose_that_only_answers_asks_for_no_consent(self):
        self.violate(answers_only=True)

    def test_consent_lasts_no_negative_time(self):
        self.violate(validity_months=-1)

    def test_code_is_used_once(self):
        self.make()
        self.violate()

    def test_only_a_commercial_purpose_may_use_marketing_templates(self):
        with self.assertRaises(ValidationError):
            self.make(use_marketing=True)
        self.make(use_marketing=True, is_commercial=True)

    def test_privacy_officer_archives_a_purpose_and_nobody_removes_one(self):
        purpose = self.make().with_user(staff_user(self, "privacy_officer"))
        purpose.action_archive()
        self.assertFalse(purpose.active)
        self.assertFalse(purpose.has_access("unlink"))

    def test_form_explains_every_setting(self):
        view = self.env["whatsapp.clinic.consent.purpose"].get_view(view_type="form")
        shown = self.env["whatsapp.clinic.consent.purpose"].fields_get()
        for name in (
            "requires_consent",
            "answers_only",
            "is_commercial",
            "validity_months",
            "verbal_allowed",
            "ask_by_default",
        ):
            with self.subTest(name):
                self.assertIn(f'name="{name}"', view["arch"])
                self.assertTrue(shown[name].get("help"))
