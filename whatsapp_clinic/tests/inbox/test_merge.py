from datetime import timedelta

from odoo.tests import tagged

from ...tools import clock
from ..common import ClinicCase


@tagged("post_install", "-at_install")
class TestMerge(ClinicCase):
    """Odoo's contact merge loses nothing of ours."""

    def setUp(self):
        super().setUp()
        self.kept = self.make_patient("+905321110001", "Ayşe KUMQUAT")
        self.twin = self.make_patient("+905321110002", "Ayse KUMQUAT")

    def merge(self):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.kept | self.twin).ids, self.kept, extra_checks=False)
        self.env.invalidate_all()

    def consents(self):
        states = self.env["whatsapp.clinic.consent"]._states(self.kept, self.purpose)
        return states.get((self.kept.id, self.purpose.id))

    def test_messages_appointments_and_numbers_come_along(self):
        self.consent(self.twin)
        appointment = self.book(self.twin)
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.twin.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    "appointment_id": appointment.id,
                }
            ]
        )
        identities = (self.kept | self.twin).whatsapp_identity_ids
        self.assertEqual(len(identities), 2)
        self.merge()
        self.assertFalse(self.twin.exists())
        self.assertEqual(message.partner_id, self.kept)
        self.assertEqual(appointment.partner_id, self.kept)
        self.assertEqual(self.kept.whatsapp_identity_ids, identities)
        self.assertEqual(self.kept.consent_ids.mapped("decision"), ["given"])

    def test_shared_number_stays_one_number(self):
        self.twin.phone = self.kept.phone
        identity = self.kept.whatsapp_identity_ids
        self.merge()
        self.assertEqual(identity.partner_ids, self.kept)

    def test_disagreement_becomes_a_withdrawal(self):
        now = clock.now()
        self.consent(self.kept, "withdrawn", at=now - timedelta(days=9))
        self.consent(self.twin, "given", at=now - timedelta(days=1))
        self.merge()
        self.assertEqual(self.consents(), "withdrawn")
        self.assertEqual(len(self.kept.consent_ids), 3)
        self.assertIn("merge", self.kept.consent_ids.mapped("method"))

    def test_agreement_needs_no_new_record(self):
        self.consent(self.kept)
        self.consent(self.twin)
        self.merge()
        self.assertEqual(self.consents(), "given")
        self.assertEqual(len(self.kept.consent_ids), 2)

    def test_number_that_one_of_them_left_stays_left(self):
        identity = self.twin.whatsapp_identity_ids
        identity._disown("number_changed")
        self.merge()
        self.assertNotIn(self.kept, identity.partner_ids)
        self.assertIn(self.kept, identity.former_partner_ids)

    def test_overlapping_appointments_of_both_survive(self):
        other = self.practitioner.create(
            {"name": "Dr. Ak", "branch_ids": [(6, 0, self.branch.ids)]}
        )
        first = self.book(self.kept)
        second = self.book(self.twin, first.start, practitioner_id=other.id)
        self.merge()
        self.assertEqual((first | second).partner_id, self.kept)
