from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ...models.gate.content_check import texts_of
from ...tools import sensitive_numbers
from ..common import AYSE_WA_ID, PHONE_NUMBER_ID, SandboxCase

# Made up, with the check digits that make them valid.
NATIONAL_ID = "10000000146"
CARD = "4111 1111 1111 1111"


@tagged("post_install", "-at_install")
class TestContentCheck(SandboxCase):
    """What should not leave does not, or is noted, as the company chose."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, "Hello KUMQUAT")
        self.process()

    def send(self, body, **values):
        message = self.send_text(self.patient, body, **values)
        self.dispatch()
        return message

    def test_numbers_with_check_digits_are_found_and_others_are_not(self):
        turkey = frozenset(("TR",))
        for text, kinds in (
            (f"Your id {NATIONAL_ID} KUMQUAT", ["national_id"]),
            ("Your id 100 000 001 46", ["national_id"]),
            ("Your id 10000000147", []),
            (f"Card {CARD}", ["card"]),
            ("Card 4111-1111-1111-1112", []),
            ("Call +90 532 111 00 01 or 0216 555 00 01", []),
            ("Call +10000000146", []),
            ("On 22.11.2026 at 14:30, code 482913", []),
        ):
            with self.subTest(text=text):
                self.assertEqual(list(sensitive_numbers.find(text, turkey)), kinds)

    def test_an_id_of_another_country_is_looked_for_there(self):
        text = "RSSMRA85T10A562S"
        self.assertFalse(list(sensitive_numbers.find(text, frozenset(("TR",)))))
        self.assertEqual(
            list(sensitive_numbers.find(text, frozenset(("IT",)))), ["national_id"]
        )

    def test_a_card_number_in_a_text_is_refused_and_says_why(self):
        message = self.send(f"Your card {CARD} KUMQUAT")
        self.assertEqual((message.state, message.reason), ("refused", "not_minimal"))
        self.assertIn("card number", message.detail)
        self.assertNotIn("4111", message.detail)
        self.assertIn("Take out", message.next_step)
        self.assertFalse(self.sandbox.accepted())

    def test_a_company_may_send_and_note_it(self):
        self.company.clinic_content_check = "warn"
        message = self.send(f"Your id {NATIONAL_ID} KUMQUAT")
        self.assertEqual(message.state, "sent")
        self.assertIn("national id", message.content_warning)

    def test_a_company_may_look_for_nothing(self):
        self.company.clinic_content_check = "off"
        message = self.send(f"Your id {NATIONAL_ID} KUMQUAT")
        self.assertEqual((message.state, message.content_warning), ("sent", False))

    def test_a_plain_text_leaves_without_a_note(self):
        message = self.send("See you at 14:30 KUMQUAT")
        self.assertEqual((message.state, message.content_warning), ("sent", False))

    def test_the_value_of_a_field_marked_as_diagnosis_is_refused(self):
        field = self.env.ref("base.field_res_partner__function")
        self.company.clinic_diagnosis_field_ids = field
        self.patient.function = "Diyabet KUMQUAT"
        message = self.send("About your DİYABET KUMQUAT we should talk")
        self.assertEqual((message.state, message.reason), ("refused", "not_minimal"))
        self.assertIn("diagnosis", message.detail)

    def test_a_template_cannot_use_a_field_marked_as_diagnosis(self):
        self.company.clinic_diagnosis_field_ids = self.env.ref(
            "base.field_res_partner__function"
        )
        variable = self.template.variable_ids[:1]
        with self.assertRaises(ValidationError):
            variable.write({"source": "field", "field_path": "partner_id.function"})

    def test_a_rendered_template_is_looked_at_too(self):
        self.consent(self.patient)
        self.company.clinic_check_specialty = True
        self.practitioner.specialty = "Onkoloji"
        self.branch.name = "KUMQUAT Onkoloji"
        message = self.send_reminder(self.book(self.patient))
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("refused", "not_minimal"))
        self.assertIn("specialty", message.detail)
        self.assertFalse(self.sandbox.accepted())

    def test_the_specialty_may_leave_where_the_clinic_does_not_mind(self):
        self.consent(self.patient)
        self.practitioner.specialty = "Onkoloji"
        self.branch.name = "KUMQUAT Onkoloji"
        message = self.send_reminder(self.book(self.patient))
        self.dispatch()
        self.assertEqual(message.state, "sent")

    def found_in(self, payload):
        text = "\n".join(texts_of(payload))
        return list(sensitive_numbers.find(text, frozenset(("TR",))))

    def test_every_part_that_leaves_is_looked_at(self):
        for place in (
            {"image": {"id": CARD, "caption": NATIONAL_ID}},
            {"document": {"id": CARD, "filename": f"{NATIONAL_ID}.pdf"}},
            {"header": {"type": "document", "document": {"filename": NATIONAL_ID}}},
            {"header": {"type": "text", "text": NATIONAL_ID}},
            {"footer": {"text": NATIONAL_ID}},
            {"action": {"buttons": [{"reply": {"id": NATIONAL_ID, "title": "Yes"}}]}},
            {"action": {"sections": [{"rows": [{"id": f"file:{NATIONAL_ID}"}]}]}},
            {"action": {"parameters": {"url": f"https://x.example/?q={NATIONAL_ID}"}}},
            {"components": [{"parameters": [{"payload": f"open:{NATIONAL_ID}"}]}]},
            {"flow_action_payload": {"data": {"id": NATIONAL_ID}}},
            {"flow_action_payload": {"data": {"type": int(NATIONAL_ID)}}},
            {"location": {"name": "Clinic", "address": NATIONAL_ID}},
        ):
            with self.subTest(place=place):
                self.assertEqual(self.found_in(place), ["national_id"])

    def test_numbers_of_whatsapp_are_no_sensitive_numbers(self):
        card = CARD.replace(" ", "")
        for place in (
            {"to": card, "recipient": card, "context": {"message_id": card}},
            {"video": {"id": card}},
            {"header": {"type": "image", "image": {"id": card}}},
            {"action": {"parameters": {"flow_id": card, "flow_token": card}}},
            {"contacts": [{"phones": [{"phone": f"+{card}", "wa_id": card}]}]},
        ):
            with self.subTest(place=place):
                self.assertEqual(self.found_in(place), [])

    def test_an_empty_field_marked_as_diagnosis_is_found_nowhere(self):
        self.company.clinic_diagnosis_field_ids = self.env.ref(
            "base.field_res_partner__function"
        )
        message = self.send("True or false, KUMQUAT?")
        self.assertEqual(message.state, "sent")

    def test_a_choice_marked_as_diagnosis_is_known_by_its_words(self):
        self.company.clinic_diagnosis_field_ids = self.env.ref(
            "base.field_res_partner__type"
        )
        self.patient.type = "delivery"
        words = dict(self.patient._fields["type"]._description_selection(self.env))
        message = self.send(f"KUMQUAT {words['delivery']}")
        self.assertEqual((message.state, message.reason), ("refused", "not_minimal"))

    def test_a_diagnosis_typed_with_a_part_in_bold_is_recognised(self):
        self.company.clinic_diagnosis_field_ids = self.env.ref(
            "base.field_res_partner__comment"
        )
        for written in (
            "<p>Tip 2 <b>Diya</b>bet</p>",
            "<ul><li>Tip 2</li><li>Diyabet</li></ul>",
            '<p>Tip 2<br/><a href="https://example.com"><b>Diyabet</b></a></p>',
        ):
            with self.subTest(written=written):
                self.patient.comment = written
                message = self.send("About your Tip 2 diyabet KUMQUAT")
                self.assertEqual(message.reason, "not_minimal")

    def test_the_patients_own_phone_is_no_card(self):
        message = self.send("We have your number +90 532 111 00 01 KUMQUAT")
        self.assertEqual(message.state, "sent")
