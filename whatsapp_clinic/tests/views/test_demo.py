"""The demonstration clinic."""

import json

from odoo.tests import TransactionCase, tagged
from odoo.tools import convert_file

from ..common import PROJECT


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    def test_demo_templates_are_those_of_the_sandbox(self):
        path = PROJECT / "whatsapp_sandbox" / "accounts" / "demo.json"
        (account,) = json.loads(path.read_text())["business_accounts"]
        for definition in account["templates"]:
            name = f"{definition['name']}_{definition['language']}"
            with self.subTest(name):
                template = self.env.ref(f"whatsapp_clinic.demo_template_{name}")
                self.assertEqual(template.components, definition["components"])
                self.assertEqual(template.remote_id, definition["id"])
                self.assertEqual(template.business_account_id, account["id"])
                self.assertEqual(template.status, definition["status"])
                self.assertEqual(template.category, definition["category"])
                self.assertTrue(template.enabled)

    def test_loading_the_templates_of_the_sandbox_changes_no_mapping(self):
        path = PROJECT / "whatsapp_sandbox" / "accounts" / "demo.json"
        (account,) = json.loads(path.read_text())["business_accounts"]
        channel = self.env.ref("whatsapp_clinic.demo_channel_kadikoy")
        templates = self.env["whatsapp.clinic.template"].search(
            [("business_account_id", "=", account["id"])]
        )
        before = self._parts(templates)
        self.env["whatsapp.clinic.template.approval"]._load(
            channel, account["templates"]
        )
        self.assertEqual(self._parts(templates), before)
        self.assertTrue(all(templates.mapped("enabled")))

    def test_demo_patients_are_those_of_the_sandbox(self):
        path = PROJECT / "whatsapp_sandbox" / "accounts" / "demo.json"
        for number, person in enumerate(json.loads(path.read_text())["patients"], 1):
            patient = self.env.ref(f"whatsapp_clinic.demo_patient_{number:02}")
            self.assertEqual(patient.name, person["name"])
            self.assertEqual(patient._whatsapp_phone(), person["phone"])

    def test_new_patients_of_the_demo_s_branches_get_turkish(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        convert_file(self.env, "whatsapp_clinic", "demo/clinic.xml", None, "init", True)
        branch = self.env.ref("whatsapp_clinic.demo_branch_kadikoy")
        patient = self.env["res.partner"].create(
            {"name": "KUMQUAT", "clinic_patient": True, "clinic_branch_id": branch.id}
        )
        self.assertEqual(patient.lang, "tr_TR")

    def test_installing_the_demo_books_without_a_storm_of_confirmations(self):
        rule = self.env.ref("whatsapp_clinic.demo_rule_confirmation")
        messages = self.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", rule.id)]
        )
        self.assertFalse(messages)

    def test_reception_of_the_demo_can_tell_that_a_visit_was_moved_or_cancelled(self):
        branch = self.env.ref("whatsapp_clinic.demo_branch_kadikoy")
        visits = self.env["whatsapp.clinic.appointment"]
        visit = visits.search([("branch_id", "=", branch.id)], limit=1)
        for anchor in ("moved", "cancelled"):
            rule = self.env.ref(f"whatsapp_clinic.demo_rule_{anchor}")
            template = self.env.ref(
                f"whatsapp_clinic.demo_template_appointment_{anchor}_tr"
            )
            with self.subTest(anchor):
                self.assertFalse(rule.active)
                self.assertEqual(visit._template_about(anchor), template)

    def _parts(self, templates):
        variables = templates.variable_ids.mapped(
            lambda one: (one.id, one.name, one.example, one.source, one.builtin)
        )
        buttons = templates.button_ids.mapped(
            lambda one: (one.id, one.index, one.kind, one.text, one.action)
        )
        return variables, buttons
