"""What staff learn about a patient from rows of their own channel."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_looked_after import LookedAfterCase

ELSEWHERE = "looked_after_elsewhere"


@tagged("post_install", "-at_install")
class TestRefusalTold(LookedAfterCase):
    """A row of one's own whose patient another branch looks after by now."""

    def setUp(self):
        super().setUp()
        values = {
            "direction": "out",
            "channel_id": self.channel.id,
            "company_id": self.company.id,
            "branch_id": self.branch_b.id,
            "identity_id": self.identity.id,
            "partner_id": self.patient.id,
            "purpose_id": self.purpose.id,
            "template_id": self.template.id,
        }
        messages = self.env["whatsapp.clinic.message"]
        self.waiting = messages.create({**values, "state": "queued"})
        self.failed = messages.create(
            {**values, "state": "failed", "reason": "window_closed"}
        )
        self.rows = self.waiting | self.failed

    def told(self, user):
        """What fields and wizard say to the user of each row."""
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.rows.with_user(user)
        wizard = rows.env["whatsapp.clinic.message.send"].create(
            {"message_ids": rows.ids}
        )
        seen = wizard.message_ids.read(
            ["objection", "next_step", "send_objection", "send_next_step"]
        )
        return seen, (wizard.ready_count, wizard.refused_count)

    def change(self, case):
        if case == "barred":
            self.patient.clinic_barred = True
        elif case == "withdrawn":
            self.consent(self.patient, "withdrawn")
        elif case == "stopped":
            self.identity._stop("staff")

    def test_what_stands_against_a_patient_of_others_is_not_told(self):
        before = self.told(self.there)
        self.assertEqual({one["send_objection"] for one in before[0]}, {ELSEWHERE})
        for case in ("barred", "withdrawn", "stopped"):
            with self.subTest(case), self.env.cr.savepoint() as point:
                self.change(case)
                self.env.flush_all()
                self.env.cr.execute(
                    "UPDATE whatsapp_clinic_message "
                    "SET state = 'queued', reason = NULL WHERE id = %s",
                    self.waiting.ids,
                )
                self.assertEqual(self.told(self.there), before)
                point.rollback()

    def test_who_looks_after_the_patient_is_told(self):
        self.patient.clinic_branch_id = self.branch_b
        self.patient.clinic_barred = True
        seen, counts = self.told(self.there)
        self.assertEqual({one["send_objection"] for one in seen}, {"patient_barred"})
        self.assertEqual(counts, (0, 2))

    def test_what_failed_keeps_its_own_reason(self):
        seen, _counts = self.told(self.there)
        (failed,) = [one for one in seen if one["id"] == self.failed.id]
        self.assertEqual(failed["objection"], "window_closed")

    def test_nothing_is_sent_again_to_a_patient_of_others(self):
        for row in self.rows:
            with self.subTest(row.state), self.assertRaises(AccessError):
                row.with_user(self.there).action_send_again()
        self.assertEqual(self.failed.state, "failed")
