"""What a clinic has done of the first steps."""

from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ...models.monitoring.first_steps import STEPS
from ..common import ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestFirstSteps(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = new_test_user(cls.env, "clinic_owner", groups="base.group_system")

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

    def left(self, user=None, company=None):
        settings = self.env["res.config.settings"].with_user(user or self.owner)
        return settings.with_company(company or self.company).clinic_steps_left()

    def test_the_banner_tells_what_comes_next(self):
        company = self.env["res.company"].create({"name": "New clinic"})
        self.owner.company_ids += company
        told = self.left(company=company)
        self.assertEqual((told["done"], told["count"]), (0, 8))
        self.assertEqual(told["next"], "Connect a number")

    def test_the_banner_goes_with_the_last_step(self):
        every = dict.fromkeys(STEPS, True)
        with patch.object(
            type(self.env["res.config.settings"]),
            "_compute_clinic_steps",
            lambda self: self.update({**every, "clinic_has_privacy_officer": True}),
        ):
            self.assertIsNone(self.left())

    def test_who_may_not_do_the_steps_sees_no_banner(self):
        for role in ("receptionist", "manager", "administrator"):
            with self.subTest(role):
                self.assertIsNone(self.left(staff_user(self, role)))

    def test_the_last_step_is_done_when_a_message_has_arrived(self):
        patient = self.make_patient()
        self.consent(patient)
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                }
            ]
        )
        company = self.env["res.company"].create({"name": "Empty"})
        self.assertNotIn("message", self.done(company))
        message.sudo().state = "delivered"
        self.assertIn("message", self.done())

    def test_the_page_names_the_steps_as_the_banner_does(self):
        view = "whatsapp_clinic.res_config_settings_view_form_first_steps"
        shown = etree.fromstring(self.env.ref(view).arch).xpath("//setting/@string")
        fields = self.env["res.config.settings"]._fields
        self.assertEqual(
            shown,
            [f"{place}. {fields[name].string}" for place, name in enumerate(STEPS, 1)],
        )

    def test_who_may_change_settings_makes_themselves_the_privacy_officer(self):
        officer = "whatsapp_clinic.group_privacy_officer"
        user = new_test_user(self.env, "owner", groups="base.group_system")
        self.settings().with_user(user).action_become_privacy_officer()
        self.assertTrue(user.has_group(officer))
        administrator = staff_user(self, "administrator")
        with self.assertRaises(AccessError):
            self.settings().with_user(administrator).action_become_privacy_officer()
        self.assertFalse(administrator.has_group(officer))
