import json
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import html2plaintext

from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import (
    AYSE_PHONE,
    AYSE_WA_ID,
    PHONE_NUMBER_ID,
    ClinicCase,
    SandboxCase,
    staff_user,
)
from .test_webhook import envelope, text_message

STAMP = "1795000000"
AD = {
    "source_url": "https://fb.me/x",
    "source_id": "1",
    "source_type": "ad",
    "headline": "Check-up week",
    "body": "Book now",
    "ctwa_clid": "click",
}


def message(kind, message_id="wamid.in-1", wa_id=AYSE_WA_ID, **content):
    return {
        "contacts": [{"wa_id": wa_id, "profile": {"name": "Ayşe"}}],
        "messages": [
            {
                "from": wa_id,
                "id": message_id,
                "timestamp": STAMP,
                "type": kind,
                **content,
            }
        ],
    }


@tagged("post_install", "-at_install")
class TestKindsOverSandbox(SandboxCase):
    """What patients send, from the phone to the message."""

    def setUp(self):
        super().setUp()
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, coexistence=True)
        self.patient = self.make_patient()
        self.sandbox.add_patient(AYSE_PHONE)

    def receive(self, what, **body):
        body.setdefault("phone_number_id", PHONE_NUMBER_ID)
        if what in ("reactions", "edits", "deletions", "forms", "taps"):
            del body["phone_number_id"]
        found = self.sandbox.act(AYSE_WA_ID, what, **body)
        self.process()
        return self.stored(found["id"])

    def stored(self, message_id):
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", message_id)]
        )

    def hear(self, text="Hello KUMQUAT"):
        return self.receive("messages", text=text)

    def send(self, **values):
        row = self.send_text(self.patient, **values)
        self.dispatch()
        self.process()
        self.assertIn(row.state, ("sent", "delivered"), (row.reason, row.detail))
        return row

    def test_a_place_is_stored_with_a_link_to_the_map(self):
        row = self.receive(
            "locations", latitude=41.01, longitude=28.97, name="Home", address="Moda 1"
        )
        self.assertEqual((row.kind, row.partner_id), ("location", self.patient))
        place = row.content["location"]
        self.assertEqual((place["latitude"], place["name"]), (41.01, "Home"))
        self.assertIn("mlat=41.010000", row.bubble_html)
        self.assertIn("Moda 1", row.bubble_html)

    def test_cards_of_people_are_stored_and_found_by_the_search(self):
        card = {
            "name": {"formatted_name": "Dr. Deniz"},
            "phones": [{"phone": "+90 555 000 00 11"}],
            "org": {"company": "Clinic Moda"},
        }
        row = self.receive("contacts", contacts=[card])
        (stored,) = row.content["contacts"]
        self.assertEqual(stored["name"], "Dr. Deniz")
        self.assertEqual(stored["company"], "Clinic Moda")
        self.assertIn("Dr. Deniz", row.content_text)
        self.assertIn("+90 555 000 00 11", row.bubble_html)

    def test_a_reaction_stands_on_the_message_until_it_is_taken_back(self):
        self.hear()
        sent = self.send()
        row = self.receive("reactions", message_id=sent.message_id, emoji="❤️")
        self.assertEqual((row.kind, row.reply_to_id), ("reaction", sent))
        self.assertEqual(sent.reactions, "❤️")
        self.receive("reactions", message_id=sent.message_id, emoji="")
        self.assertFalse(sent.reactions)

    def test_a_reaction_does_not_open_the_window(self):
        self.hear()
        sent = self.send()
        self.later(hours=25)
        self.sandbox.move_clock(25 * 3600)
        self.addCleanup(self.sandbox.move_clock, 0)
        self.receive("reactions", message_id=sent.message_id, emoji="👍")
        row = self.send_text(self.patient)
        self.assertEqual(row.reason, "window_closed")

    def test_an_answer_is_tied_to_what_it_quotes(self):
        self.hear()
        sent = self.send()
        row = self.receive("messages", text="Yes", context_id=sent.message_id)
        self.assertEqual(row.reply_to_id, sent)

    def test_an_order_is_stored_line_by_line(self):
        line = {
            "product_retailer_id": "lens-1",
            "quantity": 2,
            "item_price": 10.5,
            "currency": "TRY",
        }
        row = self.receive("orders", catalog_id="7", product_items=[line], text="Soon")
        (item,) = row.content["order"]["items"]
        self.assertEqual((item["product_id"], item["quantity"]), ("lens-1", 2))
        self.assertEqual(row.body, "Soon")
        self.assertIn("lens-1", row.bubble_html)

    def test_the_advertisement_that_brought_the_patient_is_kept(self):
        row = self.receive("messages", text="Hi", referral=AD)
        self.assertEqual(row.content["referral"]["headline"], "Check-up week")
        self.assertIn("https://fb.me/x", row.bubble_html)

    def test_the_answer_of_a_form_is_stored_and_shown(self):
        self.hear()
        sent = self.send(
            kind="flow", content={"label": "Fill in", "flow_id": "123", "screen": "A"}
        )
        row = self.receive(
            "forms", message_id=sent.message_id, answers={"first_visit": "yes"}
        )
        self.assertEqual(row.content["form"]["answers"], {"first_visit": "yes"})
        self.assertEqual(row.reply_to_id, sent)
        self.assertIn("first visit", row.bubble_html)

    def test_a_correction_is_shown_and_the_original_kept(self):
        first = self.hear("Tomorow")
        edit = self.receive("edits", message_id=first.message_id, text="Tomorrow")
        self.assertEqual((edit.kind, edit.reply_to_id), ("edit", first))
        self.assertEqual((first.body, first.shown_body), ("Tomorow", "Tomorrow"))
        self.assertTrue(first.edited_at)

    def test_what_the_patient_deletes_is_read_by_the_privacy_officer_only(self):
        first = self.hear("Secret KUMQUAT")
        self.receive("deletions", message_id=first.message_id)
        self.assertTrue(first.deleted_at)
        seen = first.with_user(staff_user(self, "receptionist"))
        self.assertNotIn("Secret", seen.bubble_html + (seen.body or ""))
        self.assertIn("deleted this message", seen.bubble_html)
        with self.assertRaises(AccessError):
            seen.read(["deleted_content"])
        officer = first.with_user(staff_user(self, "privacy_officer"))
        self.assertEqual(officer.deleted_content["body"], "Secret KUMQUAT")

    def test_a_clinic_may_keep_showing_what_was_deleted(self):
        self.company.clinic_hides_deleted = False
        first = self.hear("Shown KUMQUAT")
        self.receive("deletions", message_id=first.message_id)
        self.assertEqual(first.body, "Shown KUMQUAT")
        self.assertTrue(first.deleted_at)

    def test_what_whatsapp_does_not_pass_on_leaves_a_trace(self):
        row = self.receive("unsupported", kind="poll")
        self.assertEqual(row.kind, "unsupported")
        self.assertEqual(row.content["unsupported_type"], "poll")
        self.assertEqual(row.content["errors"][0]["code"], 131051)

    def test_a_kind_that_nobody_knows_is_kept_as_it_came(self):
        found = {"type": "hologram", "hologram": {"depth": 3}}
        row = self.receive("raw", message=found)
        self.assertEqual(row.kind, "hologram")
        self.assertIn("hologram", row.kind_label)
        administrator = row.with_user(staff_user(self, "administrator"))
        self.assertEqual(administrator.raw["hologram"], {"depth": 3})
        with self.assertRaises(AccessError):
            row.with_user(staff_user(self, "receptionist")).read(["raw"])

    def test_a_change_of_number_is_a_message_too(self):
        self.hear()
        self.sandbox.change_number(AYSE_WA_ID, PHONE_NUMBER_ID, "+905321110099")
        self.process()
        row = self.env["whatsapp.clinic.message"].search([("kind", "=", "system")])
        self.assertEqual(row.content, {"change": "number", "number": "905321110099"})

    def test_an_update_that_nobody_understands_is_kept_for_administrators(self):
        self.sandbox.send_event("620000000000001", "brand_new", {"a": 1})
        self.process()
        kept = self.env["whatsapp.clinic.unrecognised"].search(
            [("field", "=", "brand_new")]
        )
        self.assertEqual(json.loads(kept.raw), {"a": 1})


@tagged("post_install", "-at_install")
class TestKinds(ClinicCase):
    """What holds whatever comes, in any order."""

    def take_in(self, value, field="messages"):
        body = json.dumps(envelope(value, field=field)).encode()
        for event in WHATSAPP.parse(body):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        self.env.flush_all()

    def stored(self, message_id="wamid.in-1"):
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", message_id)]
        )

    def test_a_correction_that_comes_first_finds_its_message_later(self):
        new = {"type": "text", "text": {"body": "new"}}
        edit = {"original_message_id": "wamid.in-1", "message": new}
        self.take_in(message("edit", "wamid.edit", edit=edit))
        self.take_in(text_message("old"))
        self.assertEqual(self.stored().shown_body, "new")

    def test_a_deletion_that_comes_first_deletes_later(self):
        about = {"original_message_id": "wamid.in-1"}
        self.take_in(message("revoke", "wamid.revoke", revoke=about))
        self.take_in(text_message("old"))
        self.assertFalse(self.stored().body)
        self.assertEqual(self.stored().deleted_content["body"], "old")

    def test_nobody_deletes_what_another_wrote(self):
        self.take_in(text_message("mine"))
        about = {"original_message_id": "wamid.in-1"}
        foreign = message("revoke", "wamid.r", wa_id="905321119999", revoke=about)
        self.take_in(foreign)
        self.assertFalse(self.stored().deleted_at)

    def correct(self, new):
        edit = {"original_message_id": "wamid.in-1", "message": new}
        self.take_in(message("edit", "wamid.edit", edit=edit))

    def test_a_text_corrected_to_a_stop_word_stops(self):
        self.make_patient()
        self.take_in(text_message("STPO"))
        self.correct({"type": "text", "text": {"body": "STOP"}})
        self.assertTrue(self.stored().identity_id.blocked_at)
        answer = self.stored().search([("confirms_stop", "=", True)])
        self.assertEqual(answer.reply_to_id, self.stored())

    def test_a_caption_corrected_to_a_stop_word_stops_nothing(self):
        self.make_patient()
        picture = {"id": "1", "mime_type": "image/jpeg", "caption": "Hello"}
        self.take_in(message("image", "wamid.in-1", image=picture))
        self.correct({"type": "image", "image": {"caption": "STOP"}})
        self.assertFalse(self.stored().identity_id.blocked_at)

    def test_a_bubble_runs_nothing_that_a_patient_wrote(self):
        self.take_in(text_message("<script>alert(1)</script>"))
        self.assertNotIn("<script", self.stored().bubble_html)
        bad = {"source_url": "javascript:alert(1)", "headline": "x"}
        self.take_in(text_message("Hi", "wamid.in-2", referral=bad))
        self.assertNotIn("javascript:", self.stored("wamid.in-2").bubble_html)

    def test_a_quoted_message_of_another_branch_is_not_shown(self):
        other = self.branch.create(
            {
                "name": "Other",
                "country_id": self.turkey.id,
                "channel_id": self.channel.id,
            }
        )
        row = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.make_patient().id,
                    "purpose_id": self.conversation.id,
                    "branch_id": self.branch.id,
                    "body": "Of this branch",
                }
            ]
        )
        row.message_id = "wamid.out-9"
        self.take_in(text_message("Thanks", context={"id": "wamid.out-9"}))
        answer = self.stored()
        self.assertEqual(answer.reply_to_id, row)
        mine = answer.with_user(staff_user(self, "receptionist"))
        self.assertIn("Of this branch", mine.bubble_html)
        theirs = answer.with_user(staff_user(self, "receptionist", other))
        self.assertIn("Thanks", theirs.bubble_html)
        self.assertNotIn("Of this branch", theirs.bubble_html)

    def test_what_cannot_be_read_of_a_known_kind_is_kept_as_it_came(self):
        odd = {
            "text": {"body": 5},
            "button": {"payload": 5},
            "interactive": {"type": "button_reply", "button_reply": "x"},
            "contacts": "x",
            "order": {"catalog_id": "7"},
            "reaction": {"emoji": "x"},
            "edit": {"text": "x"},
            "revoke": {"message": "x"},
            "location": {"latitude": "x"},
            "image": {"caption": 1},
        }
        for kind, content in odd.items():
            with self.subTest(kind):
                self.take_in(message(kind, f"wamid.{kind}", **{kind: content}))
                row = self.stored(f"wamid.{kind}")
                self.assertTrue(row.is_unknown_kind)
                self.assertTrue(row.display_name.startswith(row.kind_label))
                self.assertEqual(row.sudo().raw[kind], content)

    def test_a_card_that_cannot_be_read_is_kept_beside_one_that_can(self):
        cards = [{"name": {"formatted_name": "Deniz"}}, {"vcard": "BEGIN:VCARD"}]
        self.take_in(message("contacts", contacts=cards))
        found = [{"name": "Deniz"}, {"unread": cards[1]}]
        self.assertEqual(self.stored().content["contacts"], found)

    def test_what_is_not_understood_is_shown_and_found_all_the_same(self):
        cards = [{"name": {"formatted_name": "Deniz"}}, {"vcard": "N:KUMQUAT"}]
        permission = {"response": "KUMQUAT", "is_permanent": True}
        unknown = {
            "contacts": cards,
            "hologram": {"depth": [3, {"of": "KUMQUAT"}]},
            "image": {"caption": "KUMQUAT"},
            "edit": {"text": {"body": "KUMQUAT"}},
            "interactive": {
                "type": "call_permission_reply",
                "call_permission_reply": permission,
            },
        }
        for kind, content in unknown.items():
            with self.subTest(kind):
                message_id = f"wamid.{kind}"
                self.take_in(message(kind, message_id, **{kind: content}))
                row = self.stored(message_id)
                self.assertTrue(row.is_unknown_kind)
                self.assertIn("KUMQUAT", row.bubble_html)
                told = (row.content_text, row.body)
                self.assertIn("KUMQUAT", "".join(filter(None, told)))

    def test_every_word_that_a_patient_sends_can_be_read(self):
        """Members are named as in the Cloud API; each word has a number of its own."""
        name = {"prefix": "K1", "first_name": "K2", "last_name": "K3"}
        work = {"company": "K4", "department": "K5", "title": "K6"}
        card = {
            "name": name,
            "org": work,
            "phones": [{"phone": "K7"}],
            "emails": [{"email": "K8"}],
            "urls": [{"url": "K9"}],
            "addresses": [{"street": "K1", "city": "K2", "zip": "K3", "country": "K4"}],
        }
        item = {"product_retailer_id": "K1", "quantity": 2, "currency": "K2"}
        ad = {"headline": "K2", "body": "K3", "welcome_message": {"text": "K4"}}
        form = {"response_json": json.dumps({"K1": "K2", "K3": {"K4": ["K5"]}})}
        row = {"id": "x", "title": "K1", "description": "K2"}
        place = {"latitude": 1, "longitude": 2, "name": "K1", "address": "K2"}
        sent = {
            "text": ({"body": "K1"}, {"referral": ad}, 4),
            "button": ({"text": "K1", "payload": "x"}, {}, 1),
            "document": ({"id": "1", "caption": "K1", "filename": "K2"}, {}, 2),
            "location": ({**place, "url": "K3"}, {}, 3),
            "contacts": ([card], {}, 9),
            "order": ({"product_items": [item], "text": "K3"}, {}, 3),
            "interactive": ({"type": "list_reply", "list_reply": row}, {}, 2),
            "hologram": ({"K1": {"K2": ["K3", True]}}, {}, 3),
        }
        for number, (kind, (content, more, words)) in enumerate(sent.items()):
            with self.subTest(kind):
                self.assert_readable(kind, content, more, words, number)
        reply = {"type": "nfm_reply", "nfm_reply": form}
        self.assert_readable("interactive", reply, {}, 5, "form")

    def assert_readable(self, kind, content, more, words, number):
        message_id = f"wamid.readable-{number}"
        self.take_in(message(kind, message_id, **{kind: content}, **more))
        told = html2plaintext(self.stored(message_id).bubble_html)
        for word in (f"K{place + 1}" for place in range(words)):
            self.assertIn(word, told)

    def form(self, response):
        reply = {"name": "flow", "body": "Sent", "response_json": response}
        content = {"type": "nfm_reply", "nfm_reply": reply}
        self.take_in(message("interactive", interactive=content))
        return self.stored()

    def test_answer_of_a_form_that_is_no_object_is_shown(self):
        row = self.form('["KUMQUAT", {"pain": 3}]')
        for words in ("KUMQUAT", "pain", "3"):
            self.assertIn(words, row.bubble_html)
        self.assertTrue(row.is_unknown_kind)

    def test_answer_of_a_form_that_is_cut_off_is_shown(self):
        row = self.form('{"pain": "KUMQU')
        self.assertIn("pain", row.bubble_html)
        self.assertIn("KUMQU", row.content_text)

    def test_nested_answers_of_a_form_are_told_to_people(self):
        answers = {"day": {"first_choice": "Monday"}, "smoker": True, "pills": [1, 2]}
        told = html2plaintext(self.form(json.dumps(answers)).bubble_html)
        for words in ("day › first choice", "Monday", "Yes", "1, 2"):
            self.assertIn(words, told)
        self.assertNotIn("True", told)

    def test_a_form_of_endless_answers_is_cut(self):
        answers = {f"q{number}": "x" for number in range(1000)}
        told = self.form(json.dumps(answers)).bubble_html
        self.assertIn("q199", told)
        self.assertNotIn("q200", told)

    def test_a_bubble_of_which_nothing_can_be_seen_tells_its_kind(self):
        empty = {
            "hologram": {},
            "contacts": [{"origin": "contact_request"}],
        }
        context = {"forwarded": True}
        for kind, content in empty.items():
            with self.subTest(kind):
                message_id = f"wamid.{kind}"
                value = message(kind, message_id, context=context, **{kind: content})
                self.take_in(value)
                row = self.stored(message_id)
                self.assertIn(row.kind_label, html2plaintext(row.bubble_html))

    def test_a_tap_of_which_only_the_payload_is_told_shows_it(self):
        taps = {
            "button": {"payload": "GET_DIRECTIONS"},
            "interactive": {
                "type": "button_reply",
                "button_reply": {"id": "GET_DIRECTIONS"},
            },
        }
        for kind, content in taps.items():
            with self.subTest(kind):
                self.take_in(message(kind, f"wamid.{kind}", **{kind: content}))
                row = self.stored(f"wamid.{kind}")
                self.assertIn("GET_DIRECTIONS", html2plaintext(row.bubble_html))

    def test_numbers_of_an_order_are_exact_and_written_as_the_branch_does(self):
        item = {"product_retailer_id": "a", "currency": "TRY"}
        numbers = {
            "wamid.a": (1, 12345.65, "1 × a 12,345.65 TRY"),
            "wamid.b": (1234567, 1500000, "1,234,567 × a 1,500,000 TRY"),
            "wamid.c": (0.5, "1234567.89", "0.5 × a 1,234,567.89 TRY"),
        }
        for message_id, (quantity, price, told) in numbers.items():
            line = {**item, "quantity": quantity, "item_price": price}
            self.take_in(message("order", message_id, order={"product_items": [line]}))
            shown = html2plaintext(self.stored(message_id).bubble_html)
            self.assertIn(told, shown)
        self.env["res.lang"]._activate_lang("tr_TR")
        self.make_patient(lang="tr_TR")
        self.take_in(message("order", order={"product_items": [line]}))
        row = self.stored()
        self.assertIn("0.5 × a 1,234,567.89 TRY", html2plaintext(row.bubble_html))
        row.branch_id.lang = "tr_TR"
        row.invalidate_recordset()
        self.assertIn("0,5 × a 1.234.567,89 TRY", html2plaintext(row.bubble_html))

    def test_what_the_app_offers_to_tap_is_shown_as_what_is_offered_from_here(self):
        reply = {"type": "reply", "reply": {"id": "1", "title": "Evet"}}
        content = {
            "type": "button",
            "body": {"text": "Come at ten? KUMQUAT"},
            "action": {"buttons": [reply]},
        }
        echo = message("interactive", interactive=content)["messages"][0]
        echo |= {"from": "905550000001", "to": AYSE_WA_ID}
        self.take_in({"message_echoes": [echo]}, "smb_message_echoes")
        row = self.stored()
        self.assertEqual((row.kind, row.is_unknown_kind), ("buttons", False))
        told = html2plaintext(row.bubble_html)
        self.assertIn("Come at ten? KUMQUAT", told)
        self.assertIn("Evet", told)
        self.assertNotIn("action", told)

    def test_a_voice_note_of_a_type_of_its_own_is_loaded(self):
        self.take_in(message("voice", voice={"id": "5", "mime_type": "audio/ogg"}))
        self.assertEqual(self.stored().kind, "voice")
        self.assertEqual(self.stored().media_ids.kind, "voice")

    def test_what_whatsapp_does_not_pass_on_is_no_unknown_kind(self):
        for number, content in enumerate(({}, {"unsupported": {"type": "poll"}})):
            error = {"code": 131051, "title": "Message type unknown"}
            message_id = f"wamid.unsupported-{number}"
            value = message("unsupported", message_id, errors=[error], **content)
            self.take_in(value)
            row = self.stored(message_id)
            self.assertFalse(row.is_unknown_kind)
            self.assertIn("Message type unknown", row.bubble_html)

    def test_what_is_understood_is_not_kept_twice(self):
        self.take_in(text_message(""))
        self.assertFalse(self.stored().is_unknown_kind)

    def test_all_that_a_card_tells_is_stored_and_shown(self):
        card = {
            "name": {"formatted_name": "Pharmacy"},
            "org": {"company": "Moda Pharmacy", "title": "Owner"},
            "addresses": [{"street": "Moda Cd. 1", "city": "İstanbul"}, {}, "x"],
            "urls": [{"url": "https://pharmacy.example"}],
            "birthday": "1990-01-31",
        }
        self.take_in(message("contacts", contacts=[card]))
        told = ("Moda Pharmacy, Owner", "Moda Cd. 1, İstanbul", "1990-01-31",
                "https://pharmacy.example")  # fmt: skip
        for words in told:
            self.assertIn(words, self.stored().content_text)
            self.assertIn(words, self.stored().bubble_html)

    def test_the_greeting_of_an_advertisement_and_the_product_are_kept(self):
        ad = {**AD, "welcome_message": {"text": "How can we help?"}}
        product = {"catalog_id": "7", "product_retailer_id": "lens-1"}
        context = {"id": "wamid.x", "referred_product": product}
        self.take_in(text_message("This?", referral=ad, context=context))
        for words in ("How can we help?", "lens-1"):
            self.assertIn(words, self.stored().content_text)
            self.assertIn(words, self.stored().bubble_html)

    def test_a_name_that_cannot_be_stored_does_not_cost_the_message(self):
        for name, kept in (("A\x00B", "A B"), ("A\ud800B", "A\ufffdB")):
            with self.subTest(repr(name)):
                value = message("text", f"wamid.{ord(name[1])}", text={"body": "Hi"})
                value["contacts"][0]["profile"] = {"name": name, "username": name}
                self.take_in(value)
                row = self.stored(f"wamid.{ord(name[1])}")
                self.assertEqual(row.identity_id.profile_name, kept)
                self.assertEqual(row.identity_id.username, kept)

    def test_who_writes_to_an_archived_number_is_heard(self):
        self.channel.active = False
        self.take_in(text_message("STOP"))
        self.assertTrue(self.stored().identity_id.blocked_at)

    def test_a_reaction_to_what_left_with_an_unknown_outcome_is_tied_later(self):
        row = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.make_patient().id,
                    "purpose_id": self.conversation.id,
                    "body": "Hello",
                }
            ]
        )
        row.write({"state": "unknown", "attempts": 1})
        about = {"message_id": "wamid.out-9", "emoji": "👍"}
        self.take_in(message("reaction", reaction=about))
        self.assertFalse(self.stored().reply_to_id)
        status = {
            "id": "wamid.out-9",
            "status": "delivered",
            "timestamp": STAMP,
            "recipient_id": AYSE_WA_ID,
            "biz_opaque_callback_data": f"{row.key}.1",
        }
        (event,) = WHATSAPP.parse(json.dumps(envelope({"statuses": [status]})).encode())
        self.env["whatsapp.clinic.inbound"]._handle_statuses([event])
        self.assertEqual(self.stored().reply_to_id, row)
        self.assertEqual(row.reactions, "👍")

    def test_a_call_belongs_to_the_only_branch_of_its_number(self):
        call = {
            "id": "wacid.1",
            "from": AYSE_WA_ID,
            "timestamp": STAMP,
            "event": "connect",
            "direction": "USER_INITIATED",
        }
        self.take_in({"calls": [call]}, field="calls")
        self.assertEqual(self.stored("wacid.1").branch_id, self.branch)

    def test_wild_payloads_of_known_kinds_are_stored_or_kept(self):
        scalars = st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(max_size=20),
        )
        values = st.recursive(
            scalars,
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.text(max_size=8), inner, max_size=3),
            ),
            max_leaves=8,
        )
        kinds = st.sampled_from(
            ("location", "contacts", "order", "image", "interactive", "reaction",
             "edit", "revoke", "unsupported", "button", "hologram", "sticker")
        )  # fmt: skip
        keys = st.sampled_from(
            ("latitude", "longitude", "name", "id", "mime_type", "type", "nfm_reply",
             "product_items", "phones", "message", "message_id", "caption", "url")
        )  # fmt: skip
        contents = st.one_of(values, st.dictionaries(keys, values, max_size=5))
        count = iter(range(10_000))

        @settings(
            derandomize=True,
            deadline=None,
            database=None,
            max_examples=80,
            suppress_health_check=list(HealthCheck),
        )
        @given(kinds, contents)
        def holds(kind, content):
            message_id = f"wamid.wild-{next(count)}"
            self.take_in(message(kind, message_id, **{kind: content}))
            row = self.stored(message_id)
            self.assertEqual(len(row), 1)
            self.assertTrue(row.kind_label)
            self.assertTrue(html2plaintext(row.bubble_html).strip())

        holds()


@tagged("post_install", "-at_install")
class TestFamilies(ClinicCase):
    """One number, several patients: which one is meant is said, never guessed."""

    def setUp(self):
        super().setUp()
        self.mother = self.make_patient(name="Mother KUMQUAT")
        self.child = self.make_patient(name="Child KUMQUAT")
        self.receptionist = staff_user(self, "receptionist")

    def take_in(self, message_id, hours=0):
        stamp = str(int(STAMP) + hours * 3600)
        if hours:
            moved = self.frozen_at + timedelta(hours=hours)
            self.patch(clock, "now", lambda: moved)
        value = text_message(message_id=message_id, timestamp=stamp)
        for event in WHATSAPP.parse(json.dumps(envelope(value)).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", message_id)]
        )

    def choose(self, row, patient):
        row.with_user(self.receptionist).action_choose_patient(patient.id)

    def freeze(self):
        row = self.take_in("wamid.1")
        self.frozen_at = row.occurred_at + timedelta(minutes=1)
        self.patch(clock, "now", lambda: self.frozen_at)
        return row

    def test_a_message_of_a_shared_number_has_no_patient_before_somebody_says(self):
        row = self.take_in("wamid.1")
        self.assertFalse(row.partner_id)
        self.assertEqual(row.candidate_ids, self.mother | self.child)

    def test_the_choice_holds_for_the_conversation_for_a_day(self):
        first = self.freeze()
        second = self.take_in("wamid.2")
        self.choose(first, self.child)
        self.assertEqual(first.partner_id, self.child)
        self.assertEqual(second.partner_id, self.child)
        self.assertEqual(self.take_in("wamid.3", hours=23).partner_id, self.child)
        self.assertFalse(self.take_in("wamid.4", hours=25).partner_id)

    def test_another_choice_moves_what_followed_the_first(self):
        first = self.freeze()
        second = self.take_in("wamid.2")
        self.choose(first, self.child)
        self.choose(first, self.mother)
        self.assertEqual((first | second).partner_id, self.mother)

    def test_who_does_not_have_the_number_cannot_be_chosen(self):
        stranger = self.make_patient("+905321110007", "Other")
        with self.assertRaises(UserError):
            self.choose(self.take_in("wamid.1"), stranger)

    def test_who_left_the_number_is_not_meant_any_more(self):
        self.choose(self.freeze(), self.child)
        identity = self.child.whatsapp_identity_ids
        identity.partner_ids -= self.child
        identity.partner_ids |= self.make_patient("+905321110008", "Third")
        self.assertFalse(self.take_in("wamid.2", hours=1).partner_id)

    def test_who_may_not_read_the_message_may_not_choose(self):
        row = self.take_in("wamid.1")
        branch = self.branch.create({"name": "Elsewhere", "country_id": self.turkey.id})
        outsider = staff_user(self, "receptionist", branch)
        with self.assertRaises(AccessError):
            row.with_user(outsider).action_choose_patient(self.child.id)
