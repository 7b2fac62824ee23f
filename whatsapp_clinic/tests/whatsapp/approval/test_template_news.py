"""What WhatsApp tells of a template by webhook, and for how long it holds."""

import json

from odoo.tests import tagged

from ....models.whatsapp.provider import WHATSAPP
from ...common import BUSINESS_ACCOUNT, ClinicCase, make_template, staff_user
from ...intake.test_webhook import envelope

MORNING, NOON = 1795000000, 1795014400


@tagged("post_install", "-at_install")
class TestTemplateNews(ClinicCase):
    def tell(self, event, at=MORNING, **value):
        value |= {"event": event, "message_template_id": self.template.remote_id}
        body = envelope(value, field="message_template_status_update")
        body["entry"][0] |= {"id": BUSINESS_ACCOUNT, "time": at}
        for update in WHATSAPP.parse(json.dumps(body).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(update)

    def notes(self, manager):
        return self.template.activity_ids.filtered(lambda one: one.user_id == manager)

    def test_warning_of_low_quality_tells_the_managers_when_it_ends(self):
        manager = staff_user(self, "manager")
        self.tell("FLAGGED", disable_info={"disable_date": NOON})
        self.assertEqual(self.template.status, "APPROVED")
        self.assertTrue(self.template.enabled)
        self.assertEqual(str(self.template.disable_at), "2026-11-18 15:06:40")
        note = self.notes(manager)
        self.assertIn("about to disable", note.summary)
        self.assertIn("18", str(note.note))

    def test_warning_is_over_when_the_template_is_well_again(self):
        manager = staff_user(self, "manager")
        self.tell("FLAGGED", disable_info={"disable_date": NOON})
        self.tell("REINSTATED", NOON)
        self.assertFalse(self.template.disable_at or self.template.flagged_at)
        self.assertFalse(self.notes(manager))

    def test_warning_that_comes_late_says_nothing(self):
        self.tell("APPROVED", NOON)
        self.tell("FLAGGED", MORNING, disable_info={"disable_date": NOON})
        self.assertFalse(self.template.flagged_at)

    def reject(self):
        words = {"reason": "INVALID_FORMAT", "recommendation": "Write KUMQUAT"}
        self.tell("REJECTED", rejection_info=words)
        self.assertIn("KUMQUAT", self.template.status_reason)

    def test_reason_of_a_rejection_stays_when_templates_are_loaded(self):
        self.reject()
        make_template(self, status="REJECTED", rejected_reason="INVALID_FORMAT")
        self.assertIn("KUMQUAT", self.template.status_reason)

    def test_approved_template_shows_no_reason_of_a_rejection(self):
        self.reject()
        make_template(self, status="APPROVED", rejected_reason="NONE")
        self.assertFalse(self.template.status_reason)
        self.reject()
        self.tell("APPROVED", NOON)
        self.assertFalse(self.template.status_reason)
