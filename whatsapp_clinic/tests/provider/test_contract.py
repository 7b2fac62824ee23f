"""What every messenger has to do, told by the same tests for each.

The pigeon is a whole messenger: it shows what one takes, and that nothing between the
outbox and the appointment asks which messenger it is.
"""

import json
from datetime import datetime, timezone
from unittest.mock import patch

from odoo.tests import tagged

from ...controllers.webhook import PATH
from ...models.provider import door, events
from ..common import AYSE_WA_ID, PHONE_NUMBER_ID, SandboxCase

RING = "pigeon-ring"


class Pigeon:
    """Carries texts with up to three buttons, to anybody and at any time."""

    traits = door.Traits(
        window=None,
        writes_first=door.WritesFirst.ANYTHING,
        kinds=frozenset({"text"}),
        text_length=500,
        buttons=3,
        receipts=frozenset({"delivered"}),
    )

    def __init__(self):
        self.carried = []

    def secrets(self, cr):
        cr.execute("SELECT account_id FROM whatsapp_clinic_channel WHERE active")
        return [(account_id, RING) for (account_id,) in cr.fetchall()]

    def verify(self, secret, body, headers):
        return headers.get("X-Ring") == secret

    def speaks_for(self, env, signer):
        channels = env["whatsapp.clinic.channel"]
        return frozenset(channels.search([("account_id", "=", signer)]).ids)

    def greet(self, cr, query):
        return None

    def sender(self, body):
        return None

    def parse(self, body):
        told, at = json.loads(body), datetime.now(timezone.utc)
        about = PHONE_NUMBER_ID, told["id"]
        if "status" in told:
            return [events.Status(*about, told["status"], at)]
        kind, sender = "button" if told["tap"] else "text", events.Person(AYSE_WA_ID)
        said = told["text"], told["tap"]
        return [events.Message(*about, at, sender, kind, *said)]

    def render(self, outgoing):
        return {"text": outgoing.text, "buttons": dict(outgoing.buttons)}

    def connect(self, channel):
        return self.carried

    def send(self, connection, call):
        if call["text"] == "heavy":
            raise door.Refused(self.policy(7), 7, "too heavy")
        connection.append({"id": f"pigeon.{len(connection)}", **call})
        return door.Accepted(connection[-1]["id"])

    def kind_of_file(self, mime_type):
        return "document"

    def check_file(self, kind, content, mime_type, is_voice=False):
        raise door.NotAllowed(kind, "a pigeon carries no files")

    def look_up(self, connection, external_id, remote_ids):
        return []

    def policy(self, code):
        return door.Policy(door.Action.GIVE_UP, "Too heavy", "Write less.")


class Contract:
    """`arrived` are bubbles; a patient can `tap` and `say`, a messenger `report`."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def test_what_a_rule_writes_arrives_and_its_receipt_comes_back(self):
        self.rule(anchor="booked", offset=0, offset_side="after")
        self.dispatch()
        message = self.appointment.whatsapp_message_ids
        self.assertEqual(message.state, "sent", (message.reason, message.detail))
        (bubble,) = self.arrived()
        self.assertIn("Ayşe KUMQUAT", bubble["text"])
        self.report("delivered")
        self.assertEqual(message.state, "delivered")

    def test_a_tap_confirms_the_appointment(self):
        self.send_reminder(self.appointment)
        self.dispatch()
        self.tap("Confirm")
        self.assertEqual(self.appointment.patient_status, "accepted")

    def test_a_reply_arrives_and_is_answered(self):
        self.say("Can I come later? KUMQUAT")
        heard = self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in"), ("channel_id", "=", self.channel.id)]
        )
        self.assertEqual(heard.partner_id, self.patient)
        self.assertEqual(heard.body, "Can I come later? KUMQUAT")
        self.assertTrue(heard.awaits_answer)
        answer = self.send_text(self.patient, "At ten. KUMQUAT")
        self.dispatch()
        self.assertEqual(answer.state, "sent", (answer.reason, answer.detail))
        self.assertEqual(self.arrived()[-1]["text"], "At ten. KUMQUAT")

    def test_the_same_webhook_twice_is_one_message(self):
        self.say("Hello KUMQUAT", times=2)
        heard = self.env["whatsapp.clinic.message"].search_count(
            [("direction", "=", "in"), ("channel_id", "=", self.channel.id)]
        )
        self.assertEqual(heard, 1)


@tagged("post_install", "-at_install")
class TestPigeon(Contract, SandboxCase):
    def setUp(self):
        super().setUp()
        self.pigeon = Pigeon()
        providers = type(self.env["whatsapp.clinic.provider"])
        installed = {"pigeon": self.pigeon}
        patchers = [patch.object(providers, "_providers", lambda _self: installed)]
        for model in ("channel", "identity", "identity.address"):
            field = self.env[f"whatsapp.clinic.{model}"]._fields["provider"]
            patchers.append(patch.dict(field._selection, {"pigeon": "Pigeon"}))
        for patcher in patchers:
            patcher.start()
            self.addCleanup(patcher.stop)
        self.channel.provider = "pigeon"
        phone = self.patient._whatsapp_phone()
        known = self.env["whatsapp.clinic.identity"]._for_phones([phone], "pigeon")
        known[phone]._link(self.patient)

    def arrived(self):
        return self.pigeon.carried

    def say(self, text, tap=None, times=1):
        for _time in range(times):
            self.post(id="said.1", text=text, tap=tap)

    def tap(self, title):
        buttons = self.arrived()[-1]["buttons"]
        (back,) = [one for one, told in buttons.items() if told == title]
        self.say(title, back)

    def report(self, status):
        self.post(id=self.arrived()[-1]["id"], status=status)

    def post(self, ring=RING, **told):
        answer = self.url_open(
            f"{PATH}/pigeon", data=json.dumps(told), headers={"X-Ring": ring}
        )
        self.process()
        return answer.status_code

    def test_what_is_not_signed_is_not_heard(self):
        self.assertEqual(self.post(ring="another", text="x", tap=None, id="1"), 401)

    def test_a_refusal_says_what_to_do_in_the_messengers_words(self):
        message = self.send_text(self.patient, "heavy", purpose_id=self.purpose.id)
        self.dispatch()
        self.assertEqual((message.state, message.error_code), ("failed", 7))
        self.assertEqual(message.detail, "Too heavy")
        self.assertEqual(message.next_step, "Write less.")


@tagged("post_install", "-at_install")
class TestWhatsApp(Contract, SandboxCase):
    def arrived(self):
        return [one for one in self.thread() if one.get("from") != AYSE_WA_ID]

    def say(self, text, times=1):
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, text)
        for _time in range(times):
            self.process()

    def tap(self, title):
        self.sandbox.tap(AYSE_WA_ID, self.arrived()[-1]["id"], title)
        self.process()

    def report(self, _status):
        self.process()
