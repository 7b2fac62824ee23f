"""Conversations between a patient's phone and the clinic, over the sandbox."""

import json
import re
from datetime import timedelta
from urllib.request import Request, urlopen

from ...tools import clock
from ..common import (
    ACCESS_TOKEN,
    AYSE_WA_ID,
    BUSINESS_ACCOUNT,
    PHONE_NUMBER_ID,
    SandboxCase,
    make_template,
    staff_user,
)


class ChatCase(SandboxCase):
    """A patient who agreed to appointment messages and to advertising."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")

    def setUp(self):
        super().setUp()
        self.passed = 0
        self.addCleanup(self.sandbox.move_clock, 0)
        self.marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.patient = self.make_patient()
        self.identity = self.patient.whatsapp_identity_ids
        self.consent(self.patient, at=self.ago(30))
        self.consent(self.patient, purpose=self.marketing, at=self.ago(30))

    def ago(self, days):
        return clock.now() - timedelta(days=days)

    def publish(self, **values):
        notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "company_id": self.company.id,
                "text_ids": [
                    (
                        0,
                        0,
                        {
                            "lang": "en_US",
                            "title": "Notice KUMQUAT",
                            "body": "<p>KUMQUAT</p>",
                        },
                    )
                ],
                **values,
            }
        )
        notice.action_publish()
        return notice

    def make_template(self, name, body, *buttons):
        """A template with quick replies that WhatsApp knows and has approved."""
        names = re.findall(r"{{(\w+)}}", body)
        params = [{"param_name": one, "example": "KUMQUAT"} for one in names]
        examples = {"example": {"body_text_named_params": params}} if names else {}
        components = [
            {"type": "BODY", "text": body, **examples},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": one} for one in buttons],
            },
        ]
        definition = {
            "name": name,
            "language": "en",
            "category": "UTILITY",
            "parameter_format": "NAMED",
            "components": components,
        }
        self.sandbox.switch(review_seconds=0)
        request = Request(
            f"{self.sandbox.url}/v26.0/{BUSINESS_ACCOUNT}/message_templates",
            json.dumps(definition).encode(),
            {
                "Authorization": f"Bearer {ACCESS_TOKEN}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request, timeout=90) as answer:
            remote_id = json.load(answer)["id"]
        self.sandbox.treat_template(remote_id, "review", decision="APPROVED")
        return make_template(self, name, components=components)

    def pass_time(self, seconds=60):
        """Move the clocks of the clinic and of WhatsApp."""
        self.passed += seconds
        self.sandbox.move_clock(self.passed)
        self.later(seconds=seconds)

    def say(self, text, wa_id=AYSE_WA_ID):
        """The patient writes, a minute later; returns the row of the message."""
        self.pass_time()
        self.sandbox.write(wa_id, PHONE_NUMBER_ID, text)
        return self.take_in()

    def tap(self, bubble, button, wa_id=AYSE_WA_ID):
        self.pass_time()
        self.sandbox.tap(wa_id, bubble["id"], button)
        return self.take_in()

    def take_in(self):
        before = self.inbound()
        self.process()
        return (self.inbound() - before)[:1]

    def inbound(self):
        return self.env["whatsapp.clinic.message"].search([("direction", "=", "in")])

    def shown(self, wa_id=AYSE_WA_ID):
        """What the clinic wrote, as the patient's phone shows it."""
        self.pass_time()
        # Where the machine is busy, a run may end before it has sent anything.
        for _run in range(10):
            self.dispatch(0.5)
            if not self.env["whatsapp.clinic.message"].search_count(self.due()):
                break
        self.process()
        return [one for one in self.thread(wa_id) if one["direction"] == "out"]

    def due(self):
        return [
            ("channel_id", "=", self.channel.id),
            ("state", "in", ("queued", "sending")),
            ("due_at", "<=", clock.now()),
        ]

    def state(self, purpose=None, partner=None):
        partner, purpose = partner or self.patient, purpose or self.purpose
        states = self.env["whatsapp.clinic.consent"]._states(partner, purpose)
        return states.get((partner.id, purpose.id))
