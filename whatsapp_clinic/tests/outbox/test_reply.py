"""What staff send by hand in a conversation besides a text."""

import base64
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...tools import clock
from ..common import ClinicCase, patient_wrote, staff_user
from ..media.media_case import WEBP

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestReply(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.message = patient_wrote(self, self.patient)

    def reply(self, user=None, **values):
        wizard = (
            self.env["whatsapp.clinic.message.reply"]
            .with_user(user or self.receptionist)
            .create({"message_id": self.message.id, **values})
        )
        wizard.action_send()
        return wizard.answer_id.sudo()

    def test_dialog_shows_what_was_said_last_the_newest_at_the_end(self):
        for number in range(6):
            patient_wrote(self, self.patient, body=f"{number} KUMQUAT")
        newest = patient_wrote(self, self.patient, body="Newest KUMQUAT")
        wizards = self.env["whatsapp.clinic.message.reply"]
        wizard = wizards.with_user(self.receptionist).new({"message_id": newest.id})
        shown = wizard.latest_ids.mapped("body")
        self.assertEqual((len(shown), shown[-1]), (5, "Newest KUMQUAT"))

    def shown(self, message, user=None):
        wizards = self.env["whatsapp.clinic.message.reply"]
        wizard = wizards.with_user(user or self.receptionist)
        return wizard.new({"message_id": message.id}).latest_ids.mapped("body")

    def test_dialog_shows_nothing_that_was_said_to_another_number(self):
        other = self.channel.copy({"phone_number_id": "640000000000077"})
        patient_wrote(self, self.patient, body="Elsewhere KUMQUAT").channel_id = other
        self.assertNotIn("Elsewhere KUMQUAT", self.shown(self.message))

    def test_dialog_shows_nothing_that_the_patient_did_not_get(self):
        for state in ("draft", "failed", "refused", "cancelled"):
            row = self.message._reply(f"{state} KUMQUAT")
            row.state = state
        sent = self.message._reply("Sent KUMQUAT")
        sent.state = "sent"
        self.assertEqual(self.shown(self.message)[1:], ["Sent KUMQUAT"])

    def test_dialog_shows_no_conversation_of_another_company(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        foreign = staff_user(
            self,
            "receptionist",
            self.branch.browse(),
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        with self.assertRaises(AccessError):
            self.shown(self.message, foreign)

    def test_photo_is_sent_with_its_text(self):
        answer = self.reply(
            content="file",
            file=base64.b64encode(PNG),
            filename="way.png",
            body="This way KUMQUAT",
        )
        self.assertEqual((answer.kind, answer.body), ("image", "This way KUMQUAT"))
        self.assertEqual(answer.attachment_id.name, "way.png")
        self.assertEqual(answer.attachment_id.raw, PNG)

    def test_document_is_sent_under_its_name(self):
        pdf = base64.b64encode(b"%PDF-1.4\nKUMQUAT")
        answer = self.reply(content="file", file=pdf, filename="plan.pdf")
        self.assertEqual(answer.kind, "document")
        self.assertIn("plan.pdf", answer.display_name)

    def test_refused_file_says_as_what_it_is_taken(self):
        for filename, content, told in (
            ("eye.heic", b"\0\0\0\x18ftypheic" + bytes(64), "no HEIC.*JPEG or PNG"),
            ("eye.gif", b"GIF89a" + bytes(64), "no GIF.*JPEG or PNG"),
            ("eye.webp", WEBP, "no WebP.*JPEG or PNG"),
            ("scan.dcm", bytes(128) + b"DICM" + bytes(64), "no DICOM.*JPEG or PNG"),
            ("way.mov", b"\0\0\0\x14ftypqt  " + bytes(64), "no MOV.*MP4"),
            ("way.webm", b"\x1aE\xdf\xa3" + bytes(64), "no WebM.*MP4"),
            ("plan.html", b"<!DOCTYPE html><html>KUMQUAT</html>", "no HTML.*PDF"),
            ("plans.zip", b"PK\3\4" + bytes(64), "no ZIP.*each file"),
        ):
            with self.subTest(filename), self.assertRaisesRegex(UserError, told):
                self.reply(
                    content="file", file=base64.b64encode(content), filename=filename
                )

    def test_picture_with_a_text_is_never_called_a_sticker(self):
        with self.assertRaisesRegex(UserError, "no WebP.*JPEG or PNG"):
            self.reply(
                content="file",
                file=base64.b64encode(WEBP),
                filename="eye.webp",
                body="Your eye KUMQUAT",
            )

    def test_too_large_file_says_how_large_it_may_be(self):
        large = base64.b64encode(PNG + bytes(6_000_000))
        with self.assertRaisesRegex(UserError, r"6\.0 MB; WhatsApp takes 5\.0"):
            self.reply(content="file", file=large, filename="eye.png")

    def test_too_long_text_says_by_how_much(self):
        told = "4,097 characters; WhatsApp takes 4,096.*two messages"
        with self.assertRaisesRegex(UserError, told):
            self.reply(body="a" * 4097)
        with self.assertRaisesRegex(UserError, "1,025 characters.* 1,024"):
            self.reply(
                content="file",
                file=base64.b64encode(PNG),
                filename="eye.png",
                body="a" * 1025,
            )

    def test_long_name_of_a_document_is_cut_before_its_ending(self):
        pdf = base64.b64encode(b"%PDF-1.4\nKUMQUAT")
        name = "plan/" + "a" * 300 + ".pdf"
        answer = self.reply(content="file", file=pdf, filename=name)
        answer.upload_id.media_id = "1234"
        payload, _text = answer._render_unchecked(attempts=1)
        sent_name = payload["document"]["filename"]
        self.assertLess(len(sent_name), 240)
        self.assertTrue(sent_name.endswith("a.pdf"))

    def test_characters_that_cannot_be_stored_are_left_out(self):
        answer = self.reply(body="Good\0 morning\ud83d KUMQUAT")
        self.assertEqual(answer.body, "Good morning KUMQUAT")

    def test_file_has_to_be_chosen(self):
        with self.assertRaisesRegex(UserError, "Choose a file"):
            self.reply(content="file")

    def test_place_of_the_branch_is_proposed(self):
        self.branch.partner_id.write(
            {"partner_latitude": 40.99, "partner_longitude": 29.03}
        )
        answer = self.reply(content="place")
        place = answer.content["location"]
        self.assertEqual(answer.kind, "location")
        self.assertEqual(place["name"], self.branch.name)
        self.assertEqual((place["latitude"], place["longitude"]), (40.99, 29.03))

    def test_place_without_a_position_is_refused(self):
        self.branch.partner_id.write({"partner_latitude": 0, "partner_longitude": 0})
        with self.assertRaisesRegex(UserError, "latitude"):
            self.reply(content="place")

    def test_box_says_whom_it_answers_or_why_it_cannot(self):
        messages = self.env["whatsapp.clinic.message"].with_user(self.receptionist)
        box = self.message.with_user(self.receptionist).answer_box()
        self.assertEqual((box["message_id"], box["objection"]), (self.message.id, ""))
        self.assertIn("24 hours", messages.answer_box()["objection"])

    def test_box_tells_nothing_of_messages_of_another_branch(self):
        other = self.branch.copy({"name": "Another Branch", "channel_id": False})
        stranger = staff_user(self, "receptionist", other)
        with self.assertRaises(AccessError):
            self.message.with_user(stranger).answer_box()

    def test_too_late_for_an_answer_a_template_is_offered(self):
        wizard = self.late_reply()
        self.assertEqual(wizard.objection, "window_closed")
        self.assertTrue(wizard.can_use_template)
        action = wizard.action_use_template()
        composers = self.env["whatsapp.clinic.composer"].with_user(self.receptionist)
        composer = composers.with_context(**action["context"]).create(
            {"content": "template"}
        )
        self.assertEqual(composer._patients(composer._records()), self.patient)

    def test_template_is_offered_to_patients_only(self):
        self.message.partner_id = False
        wizard = self.late_reply()
        self.assertEqual(wizard.objection, "window_closed")
        self.assertFalse(wizard.can_use_template)

    def test_no_template_is_offered_to_who_has_left_the_number(self):
        self.message.identity_id.partner_ids -= self.patient
        self.assertFalse(self.late_reply().can_use_template)

    def late_reply(self):
        self.message.occurred_at = clock.now() - timedelta(hours=25)
        replies = self.env["whatsapp.clinic.message.reply"]
        return replies.with_user(self.receptionist).create(
            {"message_id": self.message.id}
        )


@tagged("post_install", "-at_install")
class TestButtonsOfTemplates(ClinicCase):
    def test_buttons_are_drawn_and_not_written(self):
        message = self.env["whatsapp.clinic.message"].create(
            {
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "template_id": self.template.id,
                "kind": "template",
                "body": "See you KUMQUAT\n\n[Confirm]\n[Cancel]",
                "state": "sent",
            }
        )
        bubble = message.bubble_html
        self.assertNotIn("[Confirm]", bubble)
        self.assertRegex(bubble, r'class="o_choice"[^>]*>Confirm<')
