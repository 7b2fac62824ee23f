"""Templates whose cards patients swipe through, over the sandbox."""

import base64
from datetime import timedelta

from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ...models.whatsapp.number.clients import channel_client
from ...tools import clock
from ..common import AYSE_WA_ID, BUSINESS_ACCOUNT, make_template, staff_user
from ..media.media_case import MP4, PDF, MediaCase, picture
from ..outbox.test_kinds_out import APP_ID

PICTURES = [base64.b64encode(picture(size=(8, side))) for side in (8, 9)]

TEXTS = {
    "body": "Ayşe",
    "card:0:body": "Monday",
    "card:1:body": "Tuesday",
    "card:0:button:1": "day-0",
    "card:1:button:1": "day-1",
}


def card(text, handle="4::aW"):
    return {
        "components": [
            {
                "type": "HEADER",
                "format": "IMAGE",
                "example": {"header_handle": [handle]},
            },
            {"type": "BODY", "text": text, "example": {"body_text": [["Wednesday"]]}},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Tell me more"},
                    {
                        "type": "URL",
                        "text": "Read",
                        "url": "https://clinic.example/{{1}}",
                        "example": ["https://clinic.example/teeth"],
                    },
                ],
            },
        ]
    }


COMPONENTS = [
    {
        "type": "BODY",
        "text": "Hello {{1}}, what we do on two days.",
        "example": {"body_text": [["Ayşe"]]},
    },
    {
        "type": "CAROUSEL",
        "cards": [card("Teeth are cleaned on {{1}}."), card("Eyes are seen on {{1}}.")],
    },
]


@tagged("post_install", "-at_install")
class TestCarousel(MediaCase):
    """Made in WhatsApp Manager; its pictures are added here."""

    def setUp(self):
        super().setUp()
        self.consent(self.patient)
        self.manager = staff_user(self, "manager")
        self.sandbox.switch(pair_limit=False, review_seconds=0)

    def approve(self):
        """The template at WhatsApp, and as it is loaded: its pictures are missing."""
        client = channel_client(self.channel)
        handle = client.upload_handle(APP_ID, picture(), "image/png")
        cards = [card("Teeth are cleaned on {{1}}.", handle)]
        cards.append(card("Eyes are seen on {{1}}.", handle))
        answer = client.create_template(
            BUSINESS_ACCOUNT,
            {
                "name": "two_days",
                "language": "en",
                "category": "UTILITY",
                "components": [COMPONENTS[0], {"type": "CAROUSEL", "cards": cards}],
            },
        )
        self.assertEqual(answer.category, "UTILITY")

    def load(self):
        template = make_template(
            self, "two_days", components=COMPONENTS, parameter_format="POSITIONAL"
        )
        template.model = "res.partner"
        for variable in template.variable_ids:
            variable.write({"source": "text", "text": TEXTS[variable.component]})
        return template

    def usable(self):
        template = self.load()
        for row, content in zip(template.card_ids, PICTURES, strict=True):
            row.with_user(self.manager).file = content
        template.with_user(self.manager).action_enable()
        return template

    def send(self, template):
        return self.send_text(
            self.patient, body="", template_id=template.id, purpose_id=self.purpose.id
        )

    def test_cards_are_listed_and_shown_with_their_texts(self):
        template = self.load()
        self.assertEqual(template.card_ids.mapped("kind"), ["image", "image"])
        self.assertIn("Eyes are seen", template.card_ids[1].text)
        places = template.variable_ids.mapped("place")
        self.assertIn("Card 2, Button 2", places)
        self.assertIn("Teeth are cleaned on Monday", template.preview_html)
        self.assertIn("Tell me more", template.preview_html)

    def test_it_is_not_used_until_every_card_has_its_picture(self):
        template = self.load()
        self.assertIn("Card 1", template.problems)
        self.assertFalse(template.enabled)
        with self.assertRaisesRegex(ValidationError, "Card 2"):
            template.action_enable()

    def test_picture_is_not_taken_away_while_it_is_in_use(self):
        template = self.usable()
        self.assertFalse(template.problems)
        with self.assertRaisesRegex(ValidationError, "Card 1"):
            template.card_ids[0].file = False

    def test_file_of_another_kind_is_refused(self):
        template = self.load()
        for content in (PDF, MP4):
            with self.assertRaisesRegex(ValidationError, "Card 1"):
                template.card_ids[0].file = base64.b64encode(content)

    def test_file_of_no_known_kind_is_refused(self):
        template = self.load()
        with self.assertRaisesRegex(ValidationError, "Card 1"):
            template.card_ids[0].file = base64.b64encode(bytes(range(256)))

    def test_cards_are_whatsapps_to_change(self):
        first = self.load().card_ids[0].with_user(self.manager)
        for values in ({"text": "x"}, {"kind": "video"}, {"index": 7}):
            with self.assertRaises(UserError):
                first.write(values)

    def test_pictures_stay_when_only_the_texts_change_at_whatsapp(self):
        template = self.usable()
        changed = [card("Teeth are whitened on {{1}}."), *COMPONENTS[1]["cards"][1:]]
        components = [COMPONENTS[0], {"type": "CAROUSEL", "cards": changed}]
        make_template(
            self, "two_days", components=components, parameter_format="POSITIONAL"
        )
        self.assertTrue(template.enabled)
        self.assertIn("whitened", template.card_ids[0].text)
        self.assertEqual(
            template.card_ids.mapped("sha256"), self.usable().card_ids.mapped("sha256")
        )

    def test_card_that_is_gone_at_whatsapp_is_gone_here(self):
        cards = [*COMPONENTS[1]["cards"], card("Ears are heard on {{1}}.")]
        components = [COMPONENTS[0], {"type": "CAROUSEL", "cards": cards}]
        template = make_template(self, "two_days", components=components)
        self.assertEqual(len(template.card_ids), 3)
        make_template(self, "two_days", components=COMPONENTS)
        self.assertEqual(len(template.card_ids), 2)

    def test_picture_stays_with_its_text_when_a_card_before_it_is_gone(self):
        template = self.usable()
        second = template.card_ids[1].sha256
        cards = [COMPONENTS[1]["cards"][1], card("Ears are heard on {{1}}.")]
        make_template(
            self,
            "two_days",
            components=[COMPONENTS[0], {"type": "CAROUSEL", "cards": cards}],
            parameter_format="POSITIONAL",
        )
        first, last = template.card_ids
        self.assertEqual(first.sha256, second)
        self.assertFalse(last.sha256)
        filled = template.variable_ids.filtered(lambda one: "card:0" in one.component)
        self.assertEqual(set(filled.mapped("text")), {"Tuesday", "day-1"})

    def test_pictures_and_variables_stay_with_texts_that_change_places(self):
        template = self.usable()
        sums = template.card_ids.mapped("sha256")
        cards = COMPONENTS[1]["cards"][::-1]
        make_template(
            self,
            "two_days",
            components=[COMPONENTS[0], {"type": "CAROUSEL", "cards": cards}],
            parameter_format="POSITIONAL",
        )
        self.assertTrue(template.enabled)
        self.assertEqual(template.card_ids.mapped("sha256"), sums[::-1])
        self.assertIn("Teeth are cleaned on Monday", template.preview_html)

    def test_sender_and_manager_are_told_on_which_card_a_text_is(self):
        template = self.load()
        template.variable_ids.source = False
        self.assertIn("{{1}} (Card 2, Text)", template.problems)
        template.invalidate_recordset()
        self.assertEqual(
            [one._asked_name for one in template.variable_ids],
            [
                "1",
                "1 (Card 1, Text)",
                "1 (Card 1, Button 2)",
                "1 (Card 2, Text)",
                "1 (Card 2, Button 2)",
            ],
        )

    def test_picture_that_is_also_sent_as_a_file_of_another_type_does_not_hold_it(self):
        self.approve()
        template = self.usable()
        self.env["whatsapp.clinic.media.upload"].create(
            {
                "channel_id": self.channel.id,
                "sha256": template.card_ids[0].sha256,
                "mime_type": "application/x-other",
                "state": "loaded",
                "media_id": "424242",
                "uploaded_at": clock.now(),
            }
        )
        row = self.send(template)
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))

    def test_message_waits_for_all_pictures_and_arrives_with_them(self):
        self.approve()
        row = self.send(self.usable())
        self.dispatch(0.5)
        self.assertEqual((row.state, row.reason), ("held", "file_uploading"))
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))
        self.assertIn("Eyes are seen on Tuesday", row.shown_body)
        shown = self.thread()[-1]["carousel"]
        self.assertEqual(
            [one["text"] for one in shown],
            ["Teeth are cleaned on Monday.", "Eyes are seen on Tuesday."],
        )
        self.assertEqual(
            [one["buttons"][1]["payload"] for one in shown],
            ["https://clinic.example/day-0", "https://clinic.example/day-1"],
        )

    def test_the_same_pictures_are_handed_over_once(self):
        self.approve()
        template = self.usable()
        self.send(template)
        self.upload()
        self.dispatch()
        later = self.send(template)
        self.dispatch()
        self.assertEqual(later.state, "sent")
        uploads = self.env["whatsapp.clinic.media.upload"].search([])
        self.assertEqual(len(uploads), 2)

    def test_picture_that_is_replaced_while_a_message_waits_is_handed_over(self):
        self.approve()
        template = self.usable()
        row = self.send(template)
        self.upload()
        new = base64.b64encode(picture(size=(9, 9)))
        template.card_ids[0].file = new
        self.dispatch(0.5)
        self.assertEqual(row.reason, "file_uploading")
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))

    def test_pictures_that_whatsapp_lost_are_handed_over_and_sent_once_more(self):
        self.approve()
        row = self.send(self.usable())
        self.upload()
        uploads = self.env["whatsapp.clinic.media.upload"].search([])
        lost = {"media_id": "424242", "uploaded_at": clock.now() - timedelta(hours=2)}
        uploads.write(lost)
        self.dispatch()
        self.process()
        self.assertEqual(row.state, "failed")
        self.upload()
        self.dispatch()
        self.assertEqual(row.state, "sent", (row.reason, row.detail))

    def test_tap_tells_on_which_card(self):
        self.approve()
        self.send(self.usable())
        self.upload()
        self.dispatch()
        self.process()
        bubble = self.thread()[-1]
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], 0, card=1)
        self.process()
        answer = self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in")], order="id desc", limit=1
        )
        self.assertEqual(answer.body, "Tell me more")
        self.assertIn("On card", answer.bubble_html)
        self.assertEqual(answer._bubble_values()["card"], 2)

    def test_preview_shows_pictures_by_their_address_to_who_may_see_them(self):
        template = self.usable()
        self.assertNotIn("base64", template.preview_html)
        address = f"/web/image/{template.card_ids._name}/{template.card_ids[0].id}/file"
        self.assertIn(address, template.preview_html)
        self.assertEqual(template.preview_html.count("<img"), 2)
        self.env.flush_all()
        company = self.env["res.company"].create({"name": "Other KUMQUAT"})
        stranger = new_test_user(
            self.env,
            "stranger-of-cards",
            "base.group_user,whatsapp_clinic.group_receptionist",
            company_id=company.id,
            company_ids=company.ids,
        )
        for user, is_shown in ((self.manager, True), (stranger, False), (None, False)):
            self.authenticate(user and user.login, user and user.login)
            answer = self.url_open(address)
            with self.subTest(user=user and user.login):
                content = base64.b64decode(PICTURES[0])
                self.assertEqual(answer.content == content, is_shown)

    def test_composer_foresees_it(self):
        composer = (
            self.env["whatsapp.clinic.composer"]
            .with_user(self.manager)
            .create(
                {
                    "res_model": "res.partner",
                    "res_ids": self.patient.ids,
                    "content": "template",
                    "template_id": self.usable().id,
                    "purpose_id": self.purpose.id,
                }
            )
        )
        self.assertIn("Teeth are cleaned on Monday", composer.preview_html)
