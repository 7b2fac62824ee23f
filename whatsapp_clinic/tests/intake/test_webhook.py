import hashlib
import hmac
import json
import logging
from datetime import datetime, timezone
from unittest.mock import patch
from uuid import uuid4

import psycopg2.errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ...controllers.webhook import MAX_BYTES, PATH, NotInstalled, take_in
from ...models.intake import event_turns, processing
from ...models.intake.event_batch import EventBatch
from ...models.intake.event_turns import Turns
from ...models.vocabulary.states import RANKS
from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import (
    APP_SECRET,
    AYSE_WA_ID,
    MARKER,
    PHONE_NUMBER_ID,
    VERIFY_TOKEN,
    ClinicCase,
    WebCase,
    set_up_clinic,
)


def envelope(*values, field="messages"):
    changes = [
        {
            "field": field,
            "value": {
                "messaging_product": "whatsapp",
                "metadata": {"phone_number_id": PHONE_NUMBER_ID},
                **value,
            },
        }
        for value in values
    ]
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": changes}],
    }


def text_message(text=MARKER, message_id="wamid.in-1", wa_id=AYSE_WA_ID, **extra):
    return {
        "contacts": [{"wa_id": wa_id, "profile": {"name": "Ayşe"}}],
        "messages": [
            {
                "from": wa_id,
                "id": message_id,
                "timestamp": "1795000000",
                "type": "text",
                "text": {"body": text},
                **extra,
            }
        ],
    }


def status(name, callback, message_id="wamid.out-1", **extra):
    return {
        "statuses": [
            {
                "id": message_id,
                "status": name,
                "timestamp": "1795000000",
                "recipient_id": AYSE_WA_ID,
                "biz_opaque_callback_data": callback,
                **extra,
            }
        ]
    }


def sign(body: bytes, secret=APP_SECRET) -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def signed(body: bytes) -> dict[str, str]:
    """Headers of a webhook as WhatsApp sends it."""
    return {"X-Hub-Signature-256": sign(body)}


@tagged("post_install", "-at_install")
class TestWebhookDoor(WebCase):
    """What the controller lets in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)

    def post(self, body, signature=None, path=PATH, **headers):
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        if signature is None:
            signature = sign(body)
        headers = {"Content-Type": "application/json", **headers}
        if signature:
            headers["X-Hub-Signature-256"] = signature
        answer = self.url_open(path, data=body, headers=headers)
        self.env.invalidate_all()
        return answer

    def stored(self):
        return self.env["whatsapp.clinic.webhook.event"].search([])

    def test_signed_body_is_stored_as_it_came(self):
        body = json.dumps(envelope(text_message("çğ \ud83d\udc4d"))).encode()
        before = self.stored()
        self.assertEqual(self.post(body).status_code, 200)
        event = self.stored() - before
        self.assertEqual(bytes(event.sudo().body), body)
        self.assertEqual(event.state, "pending")
        self.assertEqual(event.sha256, hashlib.sha256(body).hexdigest())

    def test_each_messenger_has_an_address_and_the_first_one_stays(self):
        before = self.stored()
        for message_id, path in (("old", PATH), ("new", f"{PATH}/whatsapp")):
            body = envelope(text_message("address", f"wamid.{message_id}"))
            self.assertEqual(self.post(body, path=path).status_code, 200)
        came = self.stored() - before
        self.assertEqual(came.mapped("provider"), ["whatsapp", "whatsapp"])

    def test_nothing_is_taken_for_a_messenger_that_is_not_installed(self):
        before = self.stored()
        for name in ("pigeon", "whatsapp/more", "WhatsApp"):
            with self.subTest(name):
                path = f"{PATH}/{name}"
                body = envelope(text_message("lost"))
                self.assertEqual(self.post(body, path=path).status_code, 404)
                self.assertEqual(self.url_open(path).status_code, 404)
        self.assertEqual(self.stored(), before)

    def test_the_query_does_not_choose_the_messenger(self):
        body = envelope(text_message("query"))
        answer = self.post(body, path=f"{PATH}?name=pigeon&provider=pigeon")
        self.assertEqual(answer.status_code, 200)

    def test_unsigned_and_wrongly_signed_bodies_are_refused_and_not_stored(self):
        before = self.stored()
        body = json.dumps(envelope(text_message("other"))).encode()
        for wrong in (
            "",
            "sha256=",
            "sha256=00",
            sign(body, "wrong"),
            sign(body + b" "),
            sign(body).upper(),
            sign(body).replace("sha256=", "sha1="),
        ):
            with self.subTest(wrong=wrong):
                self.assertEqual(self.post(body, wrong or False).status_code, 401)
        self.assertEqual(self.stored(), before)

    def test_same_bytes_twice_are_stored_once(self):
        body = envelope(text_message("twice"))
        before = self.stored()
        self.assertEqual(self.post(body).status_code, 200)
        self.assertEqual(self.post(body).status_code, 200)
        self.assertEqual(len(self.stored() - before), 1)

    def test_signed_nonsense_is_taken_and_never_an_error(self):
        for body in (
            b"not json",
            b'{"object": "whatsapp_business_account", "entry": [',
            b'{"a": "\\u0000 \\ud800"}',
            b"\xff\xfe\x00",
        ):
            with self.subTest(body=body):
                self.assertEqual(self.post(body).status_code, 200)

    def test_three_megabytes_are_taken_and_five_are_not(self):
        before = self.stored()
        three = json.dumps({"x": "y" * (3 * 1024 * 1024)}).encode()
        self.assertEqual(self.post(three).status_code, 200)
        self.assertEqual((self.stored() - before).size, len(three))
        five = b"x" * (5 * 1024 * 1024)
        self.assertGreater(len(five), MAX_BYTES)
        self.assertEqual(self.post(five).status_code, 413)
        self.assertEqual(len(self.stored() - before), 1)

    def test_handshake_echoes_the_challenge_to_who_knows_the_token(self):
        query = f"?hub.mode=subscribe&hub.challenge=42&hub.verify_token={VERIFY_TOKEN}"
        answer = self.url_open(PATH + query)
        self.assertEqual((answer.status_code, answer.text), (200, "42"))
        for wrong in ("", "?hub.mode=subscribe&hub.challenge=42&hub.verify_token=no"):
            self.assertEqual(self.url_open(PATH + wrong).status_code, 403)

    def test_secret_of_an_archived_channel_signs_nothing(self):
        self.channel.active = False
        body = envelope(text_message("archived"))
        self.assertEqual(self.post(body).status_code, 401)

    def test_who_floods_delays_nobody_else(self):
        self.env.cr.execute("UPDATE whatsapp_clinic_webhook_event SET state = 'done'")
        flooding = [(AYSE_WA_ID, f"wamid.flood-{number}") for number in range(8)]
        for wa_id, message_id in (*flooding, ("905321110099", "wamid.stop")):
            body = json.dumps(envelope(text_message("STOP", message_id, wa_id)))
            take_in(self.env.cr, "whatsapp", body.encode(), signed(body.encode()))
        with self.enter_registry_test_mode(), patch.object(processing, "BATCH", 2):
            self.env["whatsapp.clinic.webhook.event"]._cron_process()
        self.env.invalidate_all()
        received = self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in"), ("channel_id", "=", self.channel.id)], order="id"
        )
        self.assertEqual(
            received.mapped("message_id"),
            ["wamid.flood-0", "wamid.stop"]
            + [message_id for _wa_id, message_id in flooding[1:]],
        )

    def turns(self):
        """What waits is two messages of a sender, and one of another."""
        self.env.cr.execute("UPDATE whatsapp_clinic_webhook_event SET state = 'done'")
        for wa_id in (AYSE_WA_ID, AYSE_WA_ID, "905321110099"):
            self.take_in(wa_id)
        return Turns(self.env.cr)

    def take_in(self, wa_id):
        message_id = f"wamid.turn-{len(self.stored())}"
        body = json.dumps(envelope(text_message("x", message_id, wa_id))).encode()
        take_in(self.env.cr, "whatsapp", body, signed(body))

    def test_order_of_senders_holds_until_it_is_old(self):
        turns = self.turns()
        first, second, other = sorted(self.stored().ids)[-3:]
        self.assertEqual(turns.take(1, 10**6), [first])
        self.take_in("905321110088")
        newcomer = max(self.stored().ids)
        self.stored().browse(first).state = "done"
        self.env.flush_all()
        self.assertEqual(turns.take(1, 10**6), [other])
        with patch.object(event_turns.time, "monotonic", return_value=float("inf")):
            self.assertEqual(turns.take(9, 10**6), [second, other, newcomer])

    def test_what_was_taken_in_vain_comes_again(self):
        turns = self.turns()
        everything = turns.take(9, 10**6)
        turns.take(1, 10**6)
        turns.forget()
        self.assertEqual(turns.take(9, 10**6), everything)

    def test_what_is_put_off_comes_in_the_next_round(self):
        turns = self.turns()
        everything = turns.take(9, 10**6)
        turns.put_off(set(everything))
        self.assertEqual(turns.take(9, 10**6), [])
        self.assertTrue(turns.begin_round())
        self.assertEqual(turns.take(9, 10**6), everything)
        self.assertFalse(turns.begin_round())

    def test_what_only_who_floods_waits_for_is_told_apart(self):
        turns = self.turns()
        first, second, other = sorted(self.stored().ids)[-3:]
        self.assertEqual(turns.take(2, 10**6), [first, other])
        self.assertTrue(turns.are_first)
        self.assertEqual(turns.take(2, 10**6), [second])
        self.assertFalse(turns.are_first)

    def test_large_bodies_are_taken_one_by_one(self):
        turns = self.turns()
        self.assertEqual([len(turns.take(9, 1)) for _turn in range(3)], [1, 1, 1])

    def test_batches_are_as_large_as_what_is_done_in_a_moment(self):
        fitting, moment = processing._fitting, processing.TURN
        self.assertEqual(fitting(4, moment), 4)
        self.assertEqual(fitting(4, 4 * moment), 1)
        self.assertEqual(fitting(4, 100 * moment), 1)
        self.assertEqual(fitting(4, moment / 100), processing.BATCH)

    def test_processor_rests_only_while_many_webhooks_arrive(self):
        self.env.cr.execute("DELETE FROM whatsapp_clinic_webhook_event")
        for number in range(processing.MANY):
            self.assertFalse(self.rests(), number)
            self.take_in(f"90532111{number:04}")
        self.assertTrue(self.rests())

    def test_processor_does_not_hurry_for_who_floods(self):
        self.env.cr.execute("DELETE FROM whatsapp_clinic_webhook_event")
        for _number in range(processing.FLOOD):
            self.take_in(AYSE_WA_ID)
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_webhook_event SET received_at = "
            "received_at - interval '1 hour' WHERE id < "
            "(SELECT max(id) - 4 FROM whatsapp_clinic_webhook_event)"
        )
        self.assertTrue(self.rests())
        self.take_in("905321110099")
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_webhook_event SET sender = 7 "
            "WHERE id = (SELECT min(id) FROM whatsapp_clinic_webhook_event)"
        )
        self.assertFalse(self.rests())

    def rests(self):
        with self.enter_registry_test_mode(), self.env.registry.cursor() as cr:
            return processing._give_way(cr, rest=0.0)

    def test_database_without_the_addon_is_answered_by_odoo(self):
        self.env.ref("whatsapp_clinic.process_webhooks").unlink()
        with self.assertRaises(NotInstalled):
            take_in(self.env.cr, "whatsapp", b"{}", {})


@tagged("post_install", "-at_install")
class TestWebhookProcessing(ClinicCase):
    """What events do, in any order, twice, or broken."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.events = self.env["whatsapp.clinic.webhook.event"]

    def event(self, content):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.events.create(
            {
                "body": body,
                "sha256": hashlib.sha256(body).hexdigest(),
                "received_at": "2026-11-20 10:00:00",
                "state": "pending",
                "account_id": self.channel.account_id.id,
            }
        )

    def work_off(self, *events):
        self.env.flush_all()
        bodies = [
            (one.id, one.body, one.attempts, one.account_id.id, one.provider)
            for one in events
        ]
        EventBatch(self.env, set()).work_off(bodies)

    def run_event(self, content):
        event = self.event(content)
        self.work_off(event)
        self.env.invalidate_all()
        return event

    def inbound(self):
        return self.env["whatsapp.clinic.message"].search([("direction", "=", "in")])

    def sent_message(self):
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                }
            ]
        )
        message.write({"state": "sending", "attempts": 1})
        return message

    def test_texts_of_many_patients_take_as_many_queries_as_those_of_one(self):
        wa_ids = [f"9053211100{number}" for number in range(11, 15)]
        for wa_id in wa_ids:
            self.make_patient(phone=f"+{wa_id}", name=f"Patient {wa_id}")
        self.queries(wa_ids)
        self.assertEqual(self.queries(wa_ids), self.queries(wa_ids[:1] * len(wa_ids)))

    def queries(self, wa_ids) -> int:
        """How many it takes when each of them writes a text."""
        events = [
            self.event(envelope(text_message("x", f"wamid.{uuid4()}", wa_id)))
            for wa_id in wa_ids
        ]
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.work_off(*events)
        return self.env.cr.sql_log_count - before

    def test_text_of_a_patient_is_stored_once(self):
        before = self.inbound()
        self.run_event(envelope(text_message()))
        self.run_event({**envelope(text_message()), "again": 1})
        message = self.inbound() - before
        self.assertEqual(len(message), 1)
        self.assertEqual(message.body, MARKER)
        self.assertEqual(message.partner_id, self.patient)
        self.assertEqual(str(message.occurred_at), "2026-11-18 11:06:40")

    def test_stop_word_stops_and_start_word_lifts(self):
        identity = self.patient.whatsapp_identity_ids
        for number, word in enumerate(("STOP", "dur!", "RET", " Durdur. ", "stop")):
            with self.subTest(word=word):
                at = datetime.fromtimestamp(1795000000 + 10 * number, timezone.utc)
                identity._start("staff", at=clock.told(at))
                self.assertFalse(identity.blocked_at)
                at = str(1795000005 + 10 * number)
                said = text_message(word, f"wamid.s{number}", timestamp=at)
                self.run_event(envelope(said))
                self.assertEqual(identity.block_source, "stop_word")
        later = text_message("BAŞLAT", "wamid.start", timestamp="1795000060")
        self.run_event(envelope(later))
        self.assertFalse(identity.blocked_at)

    def test_stop_word_inside_a_sentence_and_cancel_do_not_stop(self):
        for number, word in enumerate(
            ("please do not stop", "iptal", "İPTAL", "cancel")
        ):
            before = self.inbound()
            self.run_event(envelope(text_message(word, f"wamid.c{number}")))
            self.assertEqual((self.inbound() - before).body, word)
        self.assertFalse(self.patient.whatsapp_identity_ids.blocked_at)

    def preference(self, value, timestamp=1795000000):
        return envelope(
            {
                "user_preferences": [
                    {
                        "wa_id": AYSE_WA_ID,
                        "category": "marketing_messages",
                        "value": value,
                        "timestamp": timestamp,
                    }
                ]
            },
            field="user_preferences",
        )

    def test_whatsapps_own_stop_is_about_advertising_and_resume_lifts_it(self):
        queued = self.sent_message()
        queued.write({"state": "queued"})
        self.run_event(self.preference("stop"))
        identity = self.patient.whatsapp_identity_ids
        self.assertEqual(identity.marketing_block_source, "preference")
        self.assertFalse(identity.blocked_at)
        self.assertEqual(queued.state, "queued")
        self.run_event(self.preference("resume", 1795000060))
        self.assertFalse(identity.marketing_blocked_at)

    def test_resume_does_not_lift_a_stop_word(self):
        identity = self.patient.whatsapp_identity_ids
        identity._stop("stop_word")
        identity._stop("stop_word", "advertising")
        self.run_event(self.preference("resume"))
        self.assertTrue(identity.blocked_at)
        self.assertTrue(identity.marketing_blocked_at)

    def test_changed_number_unlinks_its_patients(self):
        system = {"type": "user_changed_number", "wa_id": "905321119999", "body": "x"}
        self.run_event(
            envelope(text_message(message_id="wamid.n", type="system", system=system))
        )
        self.assertFalse(self.patient.whatsapp_identity_ids)

    def test_unknown_number_is_answered_and_stored_nowhere(self):
        before = self.inbound()
        content = envelope(text_message("for another"))
        content["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "9"
        logger = "odoo.addons.whatsapp_clinic.models.intake.inbound"
        with self.assertLogs(logger, logging.INFO) as logs:
            event = self.run_event(content)
        self.assertEqual(event.state, "done")
        self.assertEqual(self.inbound(), before)
        self.assertNotIn("another", str(logs.output))

    def test_unknown_number_is_named_once_and_without_what_was_written(self):
        kept = self.env["whatsapp.clinic.unrecognised"]
        before = kept.search([])
        for message_id in ("wamid.one", "wamid.two"):
            content = envelope(text_message("for another", message_id))
            value = content["entry"][0]["changes"][0]["value"]
            value["metadata"]["phone_number_id"] = "9"
            self.run_event(content)
        named = kept.search([]) - before
        self.assertEqual(len(named), 1)
        self.assertIn('"9"', named.raw)
        self.assertNotIn("another", named.raw)

    def test_patient_without_a_phone_number_is_known_by_user_id(self):
        value = text_message("hidden", "wamid.u")
        value["contacts"] = [{"user_id": "TR.abc", "profile": {"username": "ayse"}}]
        del value["messages"][0]["from"]
        value["messages"][0]["from_user_id"] = "TR.abc"
        before = self.inbound()
        self.run_event(envelope(value))
        identity = (self.inbound() - before).identity_id
        self.assertEqual((identity.user_id, identity.wa_id), ("TR.abc", False))

    def test_nul_and_lone_surrogates_become_replacement_characters(self):
        before = self.inbound()
        body = json.dumps(envelope(text_message("a\u0000b\ud800c", "wamid.z"))).encode()
        event = self.run_event(body)
        self.assertEqual(event.state, "done", event.error)
        self.assertEqual((self.inbound() - before).body, "a\ufffdb\ufffdc")

    def test_malformed_body_is_parked_without_its_content(self):
        logger = "odoo.addons.whatsapp_clinic.models.intake.event_batch"
        with self.assertLogs(logger, "ERROR") as logs:
            event = self.run_event(b'{"secret KUMQUAT": ')
        self.assertEqual(event.state, "parked")
        self.assertIn("MalformedWebhook", event.error)
        self.assertNotIn(MARKER, event.error + str(logs.output))

    def test_event_of_a_messenger_that_went_is_parked_and_others_are_not(self):
        gone, event = self.event(b"{}"), self.event(envelope(text_message("stays")))
        gone.provider = "pigeon"
        with self.assertLogs("odoo.addons.whatsapp_clinic.models.intake", "ERROR"):
            self.work_off(gone, event)
        self.env.invalidate_all()
        self.assertEqual((gone.state, event.state), ("parked", "done"))

    def test_failing_event_is_parked_after_three_attempts_and_can_be_retried(self):
        router = type(self.env["whatsapp.clinic.inbound"])
        event = self.event(envelope(text_message("boom KUMQUAT", "wamid.b")))
        with (
            patch.object(router, "_handle", side_effect=ValueError(MARKER)),
            self.assertLogs("odoo", "ERROR") as logs,
        ):
            states = []
            for _attempt in range(3):
                self.work_off(event)
                states.append(event.state)
        self.assertEqual(states, ["pending", "pending", "parked"])
        self.assertIn("ValueError", event.error)
        self.assertNotIn(MARKER, event.error + str(logs.output))
        event.action_retry()
        self.work_off(event)
        self.assertEqual(event.state, "done")

    def test_serialization_failure_is_no_fault_of_the_event(self):
        router = type(self.env["whatsapp.clinic.inbound"])
        event = self.event(envelope(text_message("race", "wamid.r")))
        failure = psycopg2.errors.SerializationFailure()
        with (
            patch.object(router, "_handle", side_effect=failure),
            self.assertRaises(psycopg2.errors.SerializationFailure),
        ):
            self.work_off(event)
        self.assertFalse(event.attempts)

    def test_poisonous_update_spoils_no_other_of_a_thousand(self):
        router = type(self.env["whatsapp.clinic.inbound"])
        handle = router._handle

        def fail_on_one(inbound, update):
            if update.remote_id == "wamid.b500":
                raise ValueError(MARKER)
            return handle(inbound, update)

        before = self.inbound()
        values = [
            text_message(f"{MARKER} {number}", f"wamid.b{number}")
            for number in range(1000)
        ]
        event = self.event(envelope(*values))
        with (
            patch.object(router, "_handle", fail_on_one),
            self.assertLogs("odoo", "ERROR"),
        ):
            for _attempt in range(3):
                self.work_off(event)
        self.assertEqual(event.state, "parked")
        stored = self.inbound() - before
        self.assertEqual(len(stored), 999)
        event.action_retry()
        self.work_off(event)
        self.env.invalidate_all()
        self.assertEqual(len(self.inbound() - before), 1000)

    def test_messages_of_a_conversation_wait_for_the_one_before(self):
        router = type(self.env["whatsapp.clinic.inbound"])
        handle = router._handle
        failures = ["wamid.o1", "wamid.o1"]

        def fail_at_first(inbound, update):
            if update.remote_id in failures:
                failures.remove(update.remote_id)
                raise ValueError(MARKER)
            return handle(inbound, update)

        before = self.inbound()
        for number, wa_id in (
            ("o1", AYSE_WA_ID),
            ("o2", AYSE_WA_ID),
            ("p1", "905329998877"),
        ):
            self.event(envelope(text_message(number, f"wamid.{number}", wa_id)))
        with (
            patch.object(router, "_handle", fail_at_first),
            self.enter_registry_test_mode(),
        ):
            self.events._cron_process()
        self.env.invalidate_all()
        arrived = (self.inbound() - before).sorted("id").mapped("body")
        self.assertEqual(arrived, ["p1", "o1", "o2"])

    def test_one_broken_event_does_not_block_the_next(self):
        before = self.inbound()
        self.event(b"broken")
        self.event(envelope(text_message("fine", "wamid.f")))
        with self.enter_registry_test_mode(), self.assertLogs("odoo", "ERROR"):
            self.events._cron_process()
        self.env.invalidate_all()
        self.assertEqual((self.inbound() - before).body, "fine")

    def test_failed_statement_is_logged_without_its_parameters(self):
        create = type(self.env["whatsapp.clinic.message"]).create

        def without_key(messages, vals):
            return create(messages, {**vals, "key": None})

        model = type(self.env["whatsapp.clinic.message"])
        with (
            patch.object(model, "create", without_key),
            self.assertLogs("odoo", "ERROR") as logs,
        ):
            event = self.run_event(envelope(text_message("KUMQUAT bad", "wamid.q")))
        self.assertIn("NotNullViolation", event.error)
        self.assertNotIn(MARKER, str(logs.output))

    def test_status_that_comes_before_our_own_answer_settles_the_row(self):
        message = self.sent_message()
        self.run_event(envelope(status("delivered", f"{message.key}.1")))
        self.assertEqual(message.state, "delivered")
        self.assertEqual(message.message_id, "wamid.out-1")
        self.assertTrue(message.delivered_at)

    def test_status_of_another_channel_changes_nothing(self):
        message = self.sent_message()
        content = envelope(status("delivered", f"{message.key}.1"))
        content["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "9"
        self.run_event(content)
        self.assertEqual(message.state, "sending")

    def test_failure_after_delivery_is_ignored_and_delivery_after_failure_counts(self):
        error = {"errors": [{"code": 131026, "title": "Message undeliverable"}]}
        message = self.sent_message()
        self.run_event(envelope(status("failed", f"{message.key}.1", **error)))
        self.assertEqual((message.state, message.error_code), ("failed", 131026))
        self.run_event(envelope(status("delivered", f"{message.key}.1")))
        self.assertEqual((message.state, message.error_code), ("delivered", 0))
        self.run_event(envelope(status("failed", f"{message.key}.1", x=1, **error)))
        self.assertEqual(message.state, "delivered")

    @settings(
        derandomize=True,
        max_examples=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(st.sampled_from(["sent", "delivered", "read", "played"]), max_size=6)
    )
    def test_statuses_in_any_order_end_at_the_highest(self, names):
        message = self.sent_message()
        for name in names:
            found = WHATSAPP.parse(
                json.dumps(envelope(status(name, f"{message.key}.1"))).encode()
            )
            self.env["whatsapp.clinic.inbound"]._handle_statuses(found)
        highest = max(
            (name.replace("played", "read") for name in names),
            key=RANKS.get,
            default="sending",
        )
        self.assertEqual(message.state, highest)
        message.message_id = False
