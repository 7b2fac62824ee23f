import base64
import io
import re
from datetime import timedelta

import qrcode
from PIL import Image

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import html2plaintext

from ...models.consent.consent_request import PAGE
from ...models.message.message import LINK
from ...tools import clock
from ..common import (
    AYSE_WA_ID,
    MARKER,
    PHONE_NUMBER_ID,
    ClinicCase,
    SandboxCase,
    make_template,
    staff_user,
)
from .page import publish_notice

ADDRESS = re.compile(rf"https?://[^/\s]+{PAGE}/([\w-]{{32}})")
LINK_COMPONENTS = [
    {"type": "BODY", "text": f"{MARKER}: please tell us your choice."},
    {
        "type": "BUTTONS",
        "buttons": [
            {
                "type": "URL",
                "text": "Open",
                "url": f"https://clinic.example{PAGE}/{{{{1}}}}",
                "example": [f"https://clinic.example{PAGE}/x"],
            }
        ],
    },
]


def make_link_template(case):
    """A template whose button takes the key of a personal link."""
    template = make_template(
        case,
        "personal_page",
        parameter_format="POSITIONAL",
        components=LINK_COMPONENTS,
    )
    template.model = "res.partner"
    template.variable_ids.write({"source": "builtin", "builtin": "personal_link"})
    template.action_enable()
    return template


def says(image, text) -> bool:
    """Whether a picture is the code of a text."""
    code = qrcode.QRCode(border=0)
    code.add_data(text)
    squares = code.get_matrix()
    dark = image.convert("L").point(lambda grey: 255 * (grey < 128))
    found = dark.crop(dark.getbbox()).resize((len(squares),) * 2, Image.NEAREST)
    return squares == [
        [bool(found.getpixel((x, y))) for x in range(found.width)]
        for y in range(found.height)
    ]


@tagged("post_install", "-at_install")
class TestConsentAsk(ClinicCase):
    """How the desk brings the link to the patient."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        publish_notice(cls.env, cls.company)
        cls.receptionist = staff_user(cls, "receptionist")
        cls.requests = cls.env["whatsapp.clinic.consent.request"]

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient(lang="en_US", email="ayse@example.com")

    def ask(self, patient=None, user=None, **values):
        wizard = self.env["whatsapp.clinic.consent.ask"].with_user(
            user or self.receptionist
        )
        values["partner_id"] = (patient or self.patient).id
        return wizard.create(values)

    def asked(self):
        return self.requests.search([("partner_id", "=", self.patient.id)])

    def opens(self, text):
        """The request that the link in a text leads to."""
        key = ADDRESS.search(text).group(1)
        return self.env["whatsapp.clinic.personal.link"]._find(self.requests._name, key)

    def test_the_desk_shows_a_code_and_the_link_it_holds(self):
        action = self.ask().action_show()
        self.assertEqual(action["target"], "new")
        url = action["context"]["default_url"]
        self.assertEqual(self.opens(url), self.asked())
        shown = Form(
            self.env["whatsapp.clinic.consent.link"]
            .with_user(self.receptionist)
            .with_context(**action["context"])
        )
        self.assertEqual(shown.url, url)
        image = Image.open(io.BytesIO(base64.b64decode(shown.qr_code)))
        self.assertEqual(image.format, "PNG")
        self.assertGreater(image.width, 150)
        self.assertTrue(says(image, url))
        self.assertFalse(says(image, f"{url[:-1]}!"))

    def test_what_is_shown_is_not_kept(self):
        action = self.ask().action_show()
        link = self.env["whatsapp.clinic.consent.link"].create(
            {"url": action["context"]["default_url"]}
        )
        self.env.flush_all()
        link.invalidate_recordset()
        self.assertFalse(link.url)

    def test_the_request_asks_for_what_was_chosen_in_the_language_chosen(self):
        self.ask(
            purpose_ids=[Command.set(self.purpose.ids)], lang="en_US"
        ).action_show()
        asked = self.asked()
        self.assertEqual(asked.purpose_ids, self.purpose)
        self.assertEqual(asked.lang, "en_US")
        self.assertEqual(asked.branch_id, self.branch)
        self.assertEqual(asked.sent_by, "screen")

    def test_who_books_is_asked_with_the_appointment(self):
        appointment = self.book(self.patient).with_user(self.receptionist)
        action = appointment.action_fix_objection()
        wizards = self.env[action["res_model"]].with_user(self.receptionist)
        wizard = Form(wizards.with_context(**action["context"])).save()
        wizard.action_show()
        self.assertEqual(self.asked().appointment_id.id, appointment.id)

    def test_several_ways_are_one_request(self):
        wizard = self.ask()
        wizard.action_show()
        wizard.action_email()
        self.assertEqual(len(self.asked()), 1)
        self.assertEqual(self.asked().sent_by, "email")

    def mail(self):
        return self.env["mail.mail"].search([("email_to", "ilike", "ayse@example.com")])

    def test_nobody_but_the_patient_reads_the_link_in_the_mail(self):
        self.ask().action_email()
        message = self.mail().mail_message_id
        for role in ("practitioner", "manager", "privacy_officer"):
            mine = message.with_user(staff_user(self, role))
            with self.subTest(role=role):
                self.assertFalse(mine.has_access("read"))
                self.assertFalse(mine.search([("id", "in", message.ids)]))

    def test_the_e_mail_says_nothing_about_health(self):
        self.ask().action_email()
        mail = self.mail()
        self.assertEqual(mail.subject, f"A question from {self.company.name}")
        self.assertIn("ayse@example.com", mail.email_to)
        self.assertEqual(self.opens(mail.body_html), self.asked())
        self.assertTrue(mail.auto_delete)
        said = f"{mail.subject} {html2plaintext(ADDRESS.sub('', mail.body_html))}"
        for word in ("appointment", "consent", "patient", "treatment", "WhatsApp"):
            self.assertNotIn(word, said)

    def test_the_sms_waits_in_odoos_queue(self):
        self.ask().action_sms()
        sms = self.env["sms.sms"].search([("partner_id", "=", self.patient.id)])
        self.assertEqual((sms.number, sms.state), ("+905321110001", "outgoing"))
        self.assertEqual(self.opens(sms.body), self.asked())

    def test_a_way_that_is_closed_says_why(self):
        patient = self.make_patient(False, "Without anything")
        wizard = self.ask(patient)
        self.assertIn("no e-mail address", wizard.email_objection)
        self.assertIn("Enter a phone number", wizard.sms_objection)
        self.assertIn("no WhatsApp number", wizard.whatsapp_objection)
        for action in (
            wizard.action_email,
            wizard.action_sms,
            wizard.action_whatsapp,
        ):
            with self.assertRaises(UserError):
                action()
        self.assertFalse(self.asked())

    def test_a_number_on_the_blacklist_gets_no_sms(self):
        self.env["phone.blacklist"].create({"number": "+905321110001"})
        self.assertIn("blacklist", self.ask().sms_objection)

    def test_whatsapp_is_closed_without_a_basis(self):
        make_link_template(self)
        wizard = self.ask()
        self.assertIn("More than 24 hours", wizard.whatsapp_objection)
        self.assertIn("another way", wizard.whatsapp_objection)
        with self.assertRaises(UserError):
            wizard.action_whatsapp()
        self.assertFalse(self.patient.whatsapp_message_count)

    def test_who_may_not_be_written_to_is_not_asked(self):
        for values, sentence in (
            ({"clinic_deceased_on": "2026-01-01"}, "has died"),
            ({"clinic_barred": True}, "does not write to this patient"),
        ):
            with self.subTest(sentence), self.cr.savepoint() as savepoint:
                self.patient.write(values)
                wizard = self.ask()
                self.assertIn(sentence, wizard.problem)
                with self.assertRaises(UserError):
                    wizard.action_show()
                savepoint.rollback()
                self.env.invalidate_all()

    def test_without_a_notice_nobody_is_asked(self):
        company = self.env["res.company"].create({"name": "No notice"})
        self.patient.clinic_branch_id = False
        wizard = self.ask(user=self.env.user).with_company(company)
        self.assertIn("No privacy notice", wizard.problem)

    def test_for_a_child_the_guardian_is_asked(self):
        mother = self.make_patient("+905321110003", "Fatma KUMQUAT")
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=3000)
        self.assertIn("choose a guardian", self.ask().problem)
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": mother.id}
        )
        wizard = self.ask()
        self.assertEqual(wizard.guardian_id, mother)
        self.assertFalse(wizard.problem)
        wizard.action_show()
        self.assertEqual(self.asked().guardian_id, mother)

    def test_who_does_not_decide_for_the_patient_is_not_asked(self):
        stranger = self.make_patient("+905321110003", "Stranger KUMQUAT")
        wizard = self.ask(guardian_id=stranger.id)
        self.assertIn("does not decide", wizard.problem)

    def test_a_guardian_is_not_asked_only_for_what_others_decide(self):
        mother = self.make_patient("+905321110003", "Fatma KUMQUAT")
        self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": self.patient.id,
                "guardian_id": mother.id,
                "purpose_ids": [Command.set(self.purpose.ids)],
            }
        )
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        wizard = self.ask(purpose_ids=[Command.set(marketing.ids)])
        self.assertIn("may not decide about any of these", wizard.problem)
        wizard.purpose_ids |= self.purpose
        self.assertFalse(wizard.problem)

    def test_an_open_request_is_sent_again_and_one_that_is_over_asked_anew(self):
        self.ask().action_show()
        first = self.asked()
        context = first.action_ask_again()["context"]
        self.assertEqual(context["default_request_id"], first.id)
        first.expires_at = clock.now()
        self.assertEqual(first.status, "expired")
        context = first.action_ask_again()["context"]
        self.assertNotIn("default_request_id", context)
        self.env["whatsapp.clinic.consent.ask"].with_user(
            self.receptionist
        ).with_context(**context).create({}).action_show()
        self.assertEqual(len(self.asked()), 2)

    def test_a_practitioner_asks_nobody(self):
        with self.assertRaises(AccessError):
            self.ask(user=staff_user(self, "practitioner"))

    def test_the_screen_opens_for_the_patient_it_was_called_from(self):
        wizard = Form(
            self.env["whatsapp.clinic.consent.ask"]
            .with_user(self.receptionist)
            .with_context(active_model="res.partner", active_id=self.patient.id)
        )
        self.assertEqual(wizard.partner_id, self.patient)
        self.assertIn(self.purpose, wizard.purpose_ids[:])


@tagged("post_install", "-at_install")
class TestLinkByWhatsApp(SandboxCase):
    """What the patient's phone shows."""

    def setUp(self):
        super().setUp()
        publish_notice(self.env, self.company)
        self.patient = self.make_patient(lang="en_US")

    def ask(self):
        receptionist = staff_user(self, "receptionist")
        wizard = self.env["whatsapp.clinic.consent.ask"].with_user(receptionist)
        wizard = wizard.create({"partner_id": self.patient.id})
        wizard.action_whatsapp()
        return self.env["whatsapp.clinic.message"].search(
            [("consent_request_id", "=", wizard.request_id.id)]
        )

    def found(self, key):
        return self.env["whatsapp.clinic.personal.link"]._find(
            "whatsapp.clinic.consent.request", key
        )

    def test_within_24_hours_a_text_carries_the_link_and_the_row_does_not(self):
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, MARKER)
        self.process()
        message = self.ask()
        self.assertIn(LINK, message.body)
        self.dispatch()
        self.process()
        self.assertEqual(message.purpose_id, self.conversation)
        self.assertNotRegex(message.body, ADDRESS)
        arrived = self.thread()[-1]["text"]
        self.assertEqual(
            self.found(ADDRESS.search(arrived).group(1)), message.consent_request_id
        )

    def test_a_template_carries_the_key_in_its_button(self):
        template = make_link_template(self)
        self.consent(self.patient)
        message = self.ask()
        self.assertEqual(message.template_id, template)
        self.assertEqual(message.purpose_id, self.purpose)
        payload, text = message._render(1)
        button = payload["template"]["components"][-1]
        key = button["parameters"][0]["text"]
        self.assertEqual(self.found(key), message.consent_request_id)
        self.assertNotIn(key, text)

    def test_a_request_that_is_closed_is_not_sent(self):
        make_link_template(self)
        self.consent(self.patient)
        message = self.ask()
        message.consent_request_id.action_close()
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("refused", "value_missing"))
