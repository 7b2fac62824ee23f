"""What a messenger allows is asked of the messenger."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ...models.provider import door
from ...tools import clock
from ..common import ClinicCase


@tagged("post_install", "-at_install")
class TestTraits(ClinicCase):
    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.consent(self.patient, purpose=self.conversation)

    def allow(self, **traits):
        """The channel's messenger has these traits."""
        provider = self.env["whatsapp.clinic.provider"]._of(self.channel)
        changed = replace(provider.traits, **traits)
        patcher = patch.object(type(provider), "traits", changed)
        patcher.start()
        self.addCleanup(patcher.stop)

    def text(self, body="KUMQUAT", **values):
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "branch_id": self.branch.id,
                    "purpose_id": self.purpose.id,
                    "body": body,
                    **values,
                }
            ]
        )

    def wrote(self, hours: int):
        identity = self.env["whatsapp.clinic.identity"].search(
            [("partner_ids", "in", self.patient.ids)]
        )
        self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "company_id": self.company.id,
                "channel_id": self.channel.id,
                "identity_id": identity.id,
                "occurred_at": clock.now() - timedelta(hours=hours),
                "body": "KUMQUAT",
            }
        )

    def test_where_anything_may_be_written_first_a_text_goes(self):
        self.assertEqual(self.text().reason, "window_closed")
        self.allow(writes_first=door.WritesFirst.ANYTHING)
        self.assertEqual(self.text().state, "queued")

    def test_a_longer_window_is_open_longer(self):
        self.wrote(hours=30)
        self.assertEqual(self.text().reason, "window_closed")
        self.allow(window=timedelta(hours=48))
        self.assertEqual(self.text().state, "queued")

    def test_without_an_end_the_window_is_open_to_who_ever_wrote(self):
        self.allow(window=None, writes_first=door.WritesFirst.NOTHING)
        self.assertEqual(self.text().reason, "window_closed")
        self.wrote(hours=5000)
        self.assertEqual(self.text().state, "queued")

    def test_what_only_answers_does_so_within_a_day_at_any_messenger(self):
        self.allow(window=None, writes_first=door.WritesFirst.ANYTHING)
        self.wrote(hours=30)
        late = self.text(purpose_id=self.conversation.id)
        self.assertEqual(late.reason, "window_closed")
        self.wrote(hours=1)
        soon = self.text(purpose_id=self.conversation.id)
        self.assertEqual(soon.state, "queued")

    def test_a_longer_text_than_the_messenger_takes_is_refused_with_its_limit(self):
        self.allow(writes_first=door.WritesFirst.ANYTHING, text_length=10)
        self.assertEqual(self.text("KUMQUAT").state, "queued")
        refused = self.text("KUMQUAT KUMQUAT")
        self.assertEqual(refused.reason, "not_allowed")
        self.assertIn("10", refused.detail)

    def test_a_kind_that_the_messenger_does_not_have_is_refused(self):
        self.wrote(hours=1)
        place = {"location": {"latitude": 41.0, "longitude": 29.0}}
        self.assertEqual(self.text(kind="location", content=place).state, "queued")
        self.allow(kinds=frozenset({"text"}))
        refused = self.text(kind="location", content=place)
        self.assertEqual(refused.reason, "not_allowed")
