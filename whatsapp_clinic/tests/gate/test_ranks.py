from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ...models.gate.gate import Check
from ...models.gate.verdict import refuse
from ...tools import clock
from ..common import ClinicCase

# Of what stands against a message the first of these is told.
ORDER = [
    "time",
    "subject",
    "rule",
    "patient",
    "number",
    "consent",
    "approval",
    "template",
    "window",
    "standby",
    "content",
    "channel",
    "recipient",
    "quiet_hours",
    "file",
]


@tagged("post_install", "-at_install")
class TestRanks(ClinicCase):
    """Which reason a person hears of, where several stand against a message."""

    def setUp(self):
        super().setUp()
        self.gate = self.env["whatsapp.clinic.gate"]
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.rule()
        self.row = self.book(self.patient).whatsapp_message_ids

    def reason(self):
        return self.gate._judge(self.row)[self.row.id].reason

    def test_checks_of_all_rooms_are_asked_in_one_order(self):
        checks = sorted(self.gate._checks())
        self.assertEqual([one.name for one in checks], ORDER)
        self.assertEqual(len({one.rank for one in checks}), len(ORDER))

    def test_what_comes_first_is_told_and_the_next_when_it_is_mended(self):
        self.row.channel_id.sudo().active = False
        self.template.enabled = False
        self.patient.whatsapp_identity_ids._stop("staff")
        self.patient.clinic_barred = True
        self.row.state = "queued"
        self.row.expires_at = clock.now() - timedelta(minutes=1)
        told = [self.reason()]
        self.row.expires_at = False
        told.append(self.reason())
        self.patient.clinic_barred = False
        told.append(self.reason())
        self.patient.whatsapp_identity_ids._start("staff")
        told.append(self.reason())
        self.template.enabled = True
        told.append(self.reason())
        self.assertEqual(
            told,
            [
                "expired",
                "patient_barred",
                "identity_blocked",
                "template_disabled",
                "channel_incomplete",
            ],
        )

    def test_a_room_puts_its_check_where_its_rank_says(self):
        self.template.enabled = False
        known = type(self.gate)._checks
        for rank, told in ((55, "no_number"), (65, "template_disabled")):

            def checks(gate, rank=rank):
                own = Check(rank, "own", lambda _message, _facts: refuse("no_number"))
                return [own, *known(gate)]

            with self.subTest(rank), patch.object(type(self.gate), "_checks", checks):
                self.assertEqual(self.reason(), told)

    def test_no_check_is_asked_after_an_objection(self):
        self.row.expires_at = clock.now() - timedelta(minutes=1)
        with patch.object(type(self.gate), "_check_file", side_effect=AssertionError):
            self.assertEqual(self.reason(), "expired")
