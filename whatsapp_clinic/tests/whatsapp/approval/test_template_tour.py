"""Writing a template and submitting it, in a real browser."""

from unittest.mock import patch

from odoo.tests import tagged

from ...common import SandboxCase, staff_user


@tagged("post_install", "-at_install")
class TestTemplateTour(SandboxCase):
    def test_manager_writes_and_submits_a_template(self):
        manager = staff_user(self, "manager", tz="UTC")
        self.book(self.make_patient(name="Nesrin KUMQUAT"))
        self.start_tour(
            "/odoo/clinic-templates",
            "whatsapp_clinic_write_a_template",
            login=manager.login,
        )
        draft = self.env["whatsapp.clinic.template"].search(
            [("name", "=", "from_the_tour")]
        )
        self.assertEqual(draft.task, "create")
        self.work_off_requests()
        self.assertEqual((draft.status, draft.task_error), ("PENDING", False))
        self.assertEqual(draft.button_ids.action, "confirm")

    def test_change_that_was_taken_leads_back_to_its_template(self):
        manager = staff_user(self, "manager", tz="UTC")
        templates = type(self.template)
        web_read, looks = templates.web_read, []

        def take_at_the_second_look(records, specification):
            if records.original_id and records.task == "edit":
                looks.append(records.id)
            if len(looks) > 1:
                records.sudo().exists().unlink()
            return web_read(records, specification)

        with patch.object(templates, "web_read", take_at_the_second_look):
            self.start_tour(
                f"/odoo/clinic-templates/{self.template.id}",
                "whatsapp_clinic_change_a_template",
                login=manager.login,
            )
        self.assertFalse(self.template.revision_ids)
