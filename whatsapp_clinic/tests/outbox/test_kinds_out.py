import base64

from odoo.tests import tagged

from ...models.whatsapp.number.clients import channel_client
from ..common import (
    AYSE_PHONE,
    AYSE_WA_ID,
    BUSINESS_ACCOUNT,
    PHONE_NUMBER_ID,
    make_template,
)
from ..media.media_case import FILES, MP3, MP4, PNG, MediaCase

FILES_BASE64 = base64.b64encode(PNG)
APP_ID = "610000000000001"
PLACE = {"latitude": 41.0, "longitude": 29.0, "name": "Clinic", "address": "Moda 1"}
CARD = {
    "name": "Dr. Demir",
    "phones": [{"phone": "+90 216 000 00 00", "wa_id": "902160000000"}],
    "emails": ["demir@example.com"],
    "company": "Clinic",
}
ROWS = [
    {"id": "am", "title": "Morning", "description": "9 to 12"},
    {"id": "pm", "title": "Afternoon"},
]


@tagged("post_install", "-at_install")
class TestKindsOut(MediaCase):
    """What the clinic sends, as the patient's phone shows it."""

    def setUp(self):
        super().setUp()
        self.sandbox.switch(pair_limit=False)
        # On a slow machine many files would take longer than the pair limit's burst.
        self.later(seconds=0)
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, "Hello")
        self.process()
        self.inbound = self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in")], limit=1
        )

    def send(self, kind, body="Text KUMQUAT", **values):
        row = self.send_text(self.patient, body=body, kind=kind, **values)
        if row.upload_id:
            self.upload()
        self.dispatch()
        return row

    def bubble(self, kind, **values):
        row = self.send(kind, **values)
        self.assertEqual(row.state, "sent", (row.reason, row.detail))
        return self.thread()[-1]

    def test_a_file_of_each_kind_reaches_the_phone(self):
        for kind, (content, mime_type, options) in FILES.items():
            sent_as = "voice" if options.get("voice") else kind
            file = self.file(content, options.get("filename", "file"), mime_type)
            bubble = self.bubble(sent_as, attachment_id=file.id)
            with self.subTest(sent_as):
                self.assertEqual(bubble["type"], kind)
                has_caption = kind not in ("audio", "sticker")
                caption = bubble["file"]["caption"]
                self.assertEqual(caption == "Text KUMQUAT", has_caption)
                self.assertEqual(bool(bubble["file"]["voice"]), sent_as == "voice")

    def test_sound_that_is_no_voice_note_is_a_file_to_play(self):
        file = self.file(MP3, "music.mp3", "audio/mpeg")
        bubble = self.bubble("audio", attachment_id=file.id)
        self.assertEqual((bubble["type"], bubble["file"]["voice"]), ("audio", False))

    def test_a_document_carries_its_name(self):
        content, mime_type, _options = FILES["document"]
        file = self.file(content, "plan.pdf", mime_type)
        bubble = self.bubble("document", attachment_id=file.id)
        self.assertEqual(bubble["file"]["filename"], "plan.pdf")

    def test_a_place(self):
        bubble = self.bubble("location", body="", content={"location": PLACE})
        self.assertEqual(bubble["place"]["name"], "Clinic")
        self.assertEqual(float(bubble["place"]["latitude"]), 41.0)

    def test_a_card(self):
        bubble = self.bubble("contacts", body="", content={"contacts": [CARD]})
        self.assertIn("Dr. Demir", str(bubble["cards"]))

    def test_buttons_and_the_tap_that_comes_back(self):
        choices = [["yes", "Yes"], ["no", "No"]]
        bubble = self.bubble("buttons", content={"buttons": choices, "footer": "F"})
        self.assertEqual([one["title"] for one in bubble["buttons"]], ["Yes", "No"])
        self.assertEqual(bubble["footer"], "F")
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], "No")
        self.process()
        answer = self.latest()
        self.assertEqual((answer.body, answer.content["payload"]), ("No", "no"))
        self.assertEqual(answer.reply_to_id.message_id, bubble["id"])

    def test_a_list_and_the_row_that_comes_back(self):
        content = {"button": "Choose", "sections": [{"title": "Day", "rows": ROWS}]}
        bubble = self.bubble("list", content=content)
        self.assertIn("Morning", [one["title"] for one in bubble["buttons"]])
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], "Morning")
        self.process()
        answer = self.latest()
        self.assertEqual(answer.content["payload"], "am")
        self.assertEqual(answer.content["description"], "9 to 12")

    def test_a_link_button(self):
        content = {"label": "Open", "url": "https://example.com/a", "header": "H"}
        bubble = self.bubble("cta_url", content=content)
        self.assertEqual(
            (bubble["buttons"][0]["title"], bubble["header"]), ("Open", "H")
        )

    def test_a_question_for_the_place(self):
        bubble = self.bubble("location_request")
        self.assertEqual(bubble["type"], "interactive")
        self.assertEqual(bubble["text"], "Text KUMQUAT")

    def test_a_form(self):
        content = {"label": "Fill in", "flow_name": "intake", "screen": "FIRST"}
        bubble = self.bubble("flow", content=content)
        self.assertEqual(bubble["buttons"][0]["title"], "Fill in")

    def test_a_picture_above_buttons(self):
        content = {"buttons": [["yes", "Yes"]]}
        file = self.file(PNG)
        bubble = self.bubble("buttons", content=content, attachment_id=file.id)
        self.assertEqual(bubble["file"]["kind"], "image")
        self.assertTrue(bubble["file"]["media_id"], "WhatsApp has the picture")

    def test_a_reaction_stands_on_the_patients_message(self):
        row = self.send("reaction", body="👍", reply_to_id=self.inbound.id)
        self.assertEqual(row.state, "sent", (row.reason, row.detail))
        self.assertEqual(self.thread()[0]["reactions"]["out"], "👍")
        self.assertEqual(self.inbound.reactions, "👍")
        self.send("reaction", body="", reply_to_id=self.inbound.id)
        self.assertFalse(self.inbound.reactions)

    def test_every_kind_can_quote_a_message(self):
        files = {
            kind: {"attachment_id": self.file(content, f"file.{kind}", mime_type).id}
            for kind, (content, mime_type, _options) in FILES.items()
        }
        contents = {
            "location": {"location": PLACE},
            "contacts": {"contacts": [CARD]},
            "buttons": {"buttons": [["yes", "Yes"]]},
            "list": {"button": "Choose", "sections": [{"title": "Day", "rows": ROWS}]},
            "cta_url": {"label": "Open", "url": "https://example.com/a"},
            "location_request": {},
            "flow": {"label": "Fill in", "flow_name": "intake", "screen": "FIRST"},
        }
        kinds = {kind: {"content": content} for kind, content in contents.items()}
        for kind, values in {"text": {}, **files, **kinds}.items():
            self.later(minutes=1)
            with self.subTest(kind):
                bubble = self.bubble(kind, reply_to_id=self.inbound.id, **values)
                self.assertEqual(bubble["context_id"], self.inbound.message_id)

    def test_what_is_not_complete_is_refused_with_its_reason(self):
        contents = {
            "location": {},
            "contacts": {"contacts": [{}]},
            "list": {"button": "Choose", "sections": [{"rows": [{"id": "1"}]}]},
            "cta_url": {"label": "Open", "url": "javascript:alert(1)"},
            "flow": {"label": "Fill in"},
            "buttons": {"buttons": [["1", "x" * 21]]},
            "image": {},
        }
        for kind, content in contents.items():
            with self.subTest(kind):
                row = self.send(kind, content=content)
                self.assertEqual((row.state, row.reason), ("refused", "not_allowed"))
        self.assertFalse(self.sandbox.accepted())

    def test_captions_and_titles_are_looked_at_for_what_should_not_leave(self):
        card = "4111 1111 1111 1111"
        rows = [{"id": "1", "title": card}]
        contents = {
            "list": {"button": "C", "sections": [{"rows": rows}]},
            "location": {"location": {**PLACE, "address": card}},
        }
        for kind, content in contents.items():
            with self.subTest(kind):
                row = self.send_text(self.patient, kind=kind, content=content)
                self.assertEqual(row.reason, "not_minimal")
        file = self.file(PNG)
        row = self.send_text(
            self.patient, kind="image", body=card, attachment_id=file.id
        )
        self.assertEqual(row.reason, "not_minimal")

    def test_a_template_with_a_picture_as_its_header(self):
        client = channel_client(self.channel)
        handle = client.upload_handle(APP_ID, PNG, "image/png")
        header = {"type": "HEADER", "format": "IMAGE"}
        self.approve("plan_picture", header | {"example": {"header_handle": [handle]}})
        template = self.template_with("plan_picture", header)
        file = self.file(PNG)
        row = self.send_template(template, attachment_id=file.id)
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))
        self.process()
        self.assertEqual(row.state, "delivered", (row.reason, row.detail))

    def test_a_template_with_a_place_as_its_header(self):
        header = {"type": "HEADER", "format": "LOCATION"}
        self.approve("where_we_are", header)
        template = self.template_with("where_we_are", header)
        row = self.send_template(template, content={"location": PLACE})
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))

    def test_a_template_without_its_header_is_refused(self):
        header = {"type": "HEADER", "format": "LOCATION"}
        template = self.template_with("where_we_are", header)
        row = self.send_template(template)
        self.dispatch()
        self.assertEqual((row.state, row.reason), ("refused", "value_missing"))

    def test_a_template_takes_its_sample_video_whatever_odoo_calls_it(self):
        header = {"type": "HEADER", "format": "VIDEO"}
        template = self.template_with("plan_video", header)
        template.header_sample = base64.b64encode(MP4)
        row = self.send_template(template)
        self.assertEqual(row.state, "queued", (row.reason, row.detail))
        self.upload()
        self.assertEqual(row.upload_id.state, "loaded", row.upload_id.detail)

    def test_a_template_takes_its_sample_where_no_file_is_chosen(self):
        header = {"type": "HEADER", "format": "IMAGE"}
        template = self.template_with("plan_picture", header)
        template.write({"header_sample": FILES_BASE64, "header_sample_name": "a.png"})
        row = self.send_template(template)
        self.assertEqual(row.attachment_id.name, "a.png")
        self.assertEqual(row.attachment_id.res_id, row.id)

    def test_a_patient_without_a_number_is_written_to_by_user_id(self):
        self.sandbox.reset()
        self.sandbox.add_patient(AYSE_PHONE, user_id="TR.AYSE1", username="ayse")
        self.patient.phone = False
        self.sandbox.write("TR.AYSE1", PHONE_NUMBER_ID, "Hello")
        self.process()
        identity = self.latest().identity_id
        self.assertEqual((identity.wa_id, identity.user_id), (False, "TR.AYSE1"))
        identity.partner_ids = self.patient
        row = self.send_text(self.patient)
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))
        self.assertEqual(self.thread("TR.AYSE1")[-1]["text"], row.body)

    def latest(self):
        return self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in")], order="id desc", limit=1
        )

    def approve(self, name, header):
        self.sandbox.switch(review_seconds=0)
        channel_client(self.channel).create_template(
            BUSINESS_ACCOUNT,
            {
                "name": name,
                "language": "en",
                "category": "UTILITY",
                "components": [header, {"type": "BODY", "text": "Your plan is ready"}],
            },
        )

    def template_with(self, name, header):
        return make_template(
            self,
            name,
            components=[header, {"type": "BODY", "text": "Your plan is ready"}],
            parameter_format="POSITIONAL",
        )

    def send_template(self, template, **values):
        self.consent(self.patient)
        return self.send_text(
            self.patient,
            body="",
            template_id=template.id,
            purpose_id=self.purpose.id,
            **self.book(self.patient)._reference(),
            **values,
        )
