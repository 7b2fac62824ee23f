"""Writing a template and submitting it, in a real browser."""

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
