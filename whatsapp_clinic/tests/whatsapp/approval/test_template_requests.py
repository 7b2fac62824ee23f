"""A server that is stopped over a request to WhatsApp loses nothing."""

from odoo.tests import tagged

from ....models.channel.channel_task import REPEATS
from ....models.whatsapp.number.clients import channel_client
from ...template.test_template_writing import TEXT
from .test_template_life import LifeCase


@tagged("post_install", "-at_install")
class TestStopped(LifeCase):
    """After the restart WhatsApp is asked what became of what it was asked for."""

    other = "Hello {{patient_name}}, {{clinic_name}} has a new text for you, see you."

    def stop_over(self, template, asked: bool):
        """The server dies over the request, before or after WhatsApp was asked."""
        task = template.sudo().approval_id.task_ids.filtered(
            lambda one: one.state == "waiting"
        )
        if asked:
            call = getattr(task.approval_id, f"_call_{task.kind}")()
            call(channel_client(self.channel), None)
        task.state = "running"
        return task

    def named(self, name="written_here"):
        return [one for one in self.sandbox.templates() if one["name"] == name]

    def test_what_was_submitted_is_found_and_not_submitted_again(self):
        for asked in (True, False):
            with self.subTest(asked=asked):
                name = f"written_here_{asked:d}"
                draft = self.draft(name=name, body_text=f"{TEXT} ({asked:d})")
                draft.action_submit()
                task = self.stop_over(draft, asked)
                self.assertEqual(draft.task, "create")
                self.work_off_requests()
                self.assertEqual(task.state, "done")
                self.assertEqual((draft.status, draft.task), ("PENDING", False))
                (listed,) = self.named(name)
                self.assertEqual(listed["id"], draft.remote_id)

    def test_change_that_was_submitted_is_not_submitted_again(self):
        template = self.approved()
        change = self.templates.browse(template.action_edit()["res_id"])
        change.body_text = self.other
        change.action_submit()
        self.stop_over(change, asked=True)
        self.work_off_requests()
        # A second one within a day would have been refused.
        self.assertFalse(change.exists())
        self.assertEqual((template.body_text, template.status), (self.other, "PENDING"))

    def test_what_was_deleted_is_deleted(self):
        template = self.approved()
        template.action_delete_remote()
        task = self.stop_over(template, asked=True)
        self.work_off_requests()
        self.assertEqual((task.state, template.status), ("done", "DELETED"))

    def test_what_is_stopped_over_and_over_is_given_up(self):
        draft = self.draft()
        draft.action_submit()
        task = draft.sudo().approval_id.task_ids
        for _stop in range(REPEATS + 1):
            self.assertEqual(task.state, "waiting")
            task.state = "running"
            task._resume()
        self.assertEqual(task.state, "failed")
        self.assertIn("try again", draft.task_error)

    def test_what_failed_is_found_by_the_search(self):
        self.sandbox.switch(words_per_variable=50)
        draft = self.submit(self.draft())
        failed = [("task_error", "!=", False)]
        self.assertIn(draft, self.templates.search(failed))
        self.sandbox.switch(words_per_variable=0)
        self.submit(draft)
        self.assertNotIn(draft, self.templates.search(failed))

    def test_copied_database_asks_for_nothing(self):
        draft = self.draft()
        draft.action_submit()
        self.channel.sudo().fingerprint = "another database"
        self.work_off_requests()
        self.assertEqual((draft.status, draft.task), ("DRAFT", False))
        self.assertIn("copy", draft.task_error)
        self.assertFalse(self.named())
