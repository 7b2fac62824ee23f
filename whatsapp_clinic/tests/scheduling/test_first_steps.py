"""What a clinic has done of the first steps."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..common import ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestFirstSteps(ClinicCase):
    def settings(self, company=None):
        settings = self.env["res.config.settings"]
        return settings.with_company(company or self.company).create({})

    def done(self, company=None):
        settings = self.settings(company)
        steps = [name for name in settings._fields if name.startswith("clinic_step_")]
        return {step.removeprefix("clinic_step_") for step in steps if settings[step]}

    def test_nothing_is_done_in_a_new_company(self):
        company = self.env["res.company"].create({"name": "New clinic"})
        self.assertFalse(self.done(company) - {"people"})

    def test_what_is_there_is_done(self):
        self.assertLessEqual({"number", "branch", "people"}, self.done())
        self.assertNotIn("rule", self.done())
        self.template.enabled = True
        self.rule()
        self.assertLessEqual({"template", "rule"}, self.done())

    def test_who_may_change_settings_makes_themselves_the_privacy_officer(self):
        officer = "whatsapp_clinic.group_privacy_officer"
        user = new_test_user(self.env, "owner", groups="base.group_system")
        self.settings().with_user(user).action_become_privacy_officer()
        self.assertTrue(user.has_group(officer))
        administrator = staff_user(self, "administrator")
        with self.assertRaises(AccessError):
            self.settings().with_user(administrator).action_become_privacy_officer()
        self.assertFalse(administrator.has_group(officer))
