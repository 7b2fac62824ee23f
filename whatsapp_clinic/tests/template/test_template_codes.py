"""Templates for one-time codes, whose texts WhatsApp itself writes."""

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ...models.template.template import HIDDEN_CODE
from ..common import make_template, staff_user
from ..whatsapp.approval.test_template_life import LifeCase
from .test_template_shapes import CODE_URL
from .test_template_writing import WritingCase

CODE = "493817"
AUTHENTICATION = "AUTHENTICATION"
WORDS = "is your verification code."
BODY = {
    "type": "BODY",
    "text": f"*{{{{1}}}}* {WORDS}",
    "add_security_recommendation": True,
}
FOOTER = {
    "type": "FOOTER",
    "text": "This code expires in 10 minutes.",
    "code_expiration_minutes": 10,
}


def listed(otp_type="COPY_CODE"):
    """Components as WhatsApp lists them: the button is a page of its own."""
    url = CODE_URL.replace("COPY_CODE", otp_type)
    button = {"type": "URL", "text": "Copy code", "url": url, "example": [url]}
    return [BODY, FOOTER, {"type": "BUTTONS", "buttons": [button]}]


def ask_for_code(template):
    template.variable_ids.write({"source": "ask"})
    return template


@tagged("post_install", "-at_install")
class TestCodeWriting(WritingCase):
    def code(self, **values):
        return self.draft(
            body_text=False,
            expected_category=AUTHENTICATION,
            button_ids=[self.button("OTP", False)],
            **values,
        )

    def load(self, otp_type="COPY_CODE"):
        return make_template(
            self,
            "login_code",
            category=AUTHENTICATION,
            parameter_format="POSITIONAL",
            components=listed(otp_type),
        )

    def test_manager_writes_a_code_in_the_form(self):
        form = Form(self.templates)
        form.name = "login_code"
        form.language = "en"
        form.expected_category = AUTHENTICATION
        form.add_security_recommendation = True
        form.code_expiration_minutes = 10
        with form.variable_ids.edit(0) as variable:
            variable.source = "ask"
        draft = form.save()
        self.assertFalse(draft.problems)
        self.assertEqual(draft.button_ids.kind, "OTP")
        self.assertEqual(draft.variable_ids._asked_key, "body:1")

    def test_preview_has_the_words_that_whatsapp_will_write(self):
        draft = self.code(add_security_recommendation=True, code_expiration_minutes=5)
        for piece in (WORDS, "do not share", "in 5 minutes", "Copy code"):
            self.assertIn(piece, draft.preview_html)
        draft.language = "tr"
        self.assertIn("Doğrulama kodunuz", draft.preview_html)
        draft.add_security_recommendation = False
        self.assertNotIn("paylaşmayın", draft.preview_html)

    def test_text_that_was_written_before_is_no_part_of_a_code(self):
        draft = self.draft(header_kind="TEXT", header_text="Hi", footer_text="Bye")
        draft.write(
            {
                "expected_category": AUTHENTICATION,
                "button_ids": [self.button("OTP", "Copy")],
            }
        )
        kinds = [part["type"] for part in draft.components]
        self.assertEqual(kinds, ["BODY", "BUTTONS"])
        self.assertEqual(draft.variable_ids.mapped("name"), ["1"])

    def test_code_is_not_filled_with_what_filled_a_text(self):
        draft = self.draft(body_text="Dear {{patient_name}}, see you soon here.")
        self.assertEqual(draft.variable_ids.builtin, "patient_name")
        draft.expected_category = AUTHENTICATION
        self.assertEqual(draft.variable_ids.name, "1")
        self.assertFalse(draft.variable_ids.source)

    def test_code_without_its_button_or_for_too_long_is_a_problem(self):
        draft = self.code(code_expiration_minutes=91)
        self.assertIn("1 to 90 minutes", draft.problems)
        draft.button_ids = [(5, 0, 0), self.button("PHONE_NUMBER", "Call", phone="+1")]
        self.assertIn("no button but", draft.problems)
        self.assertIn("One-time code", draft.problems)

    def test_code_button_in_a_template_of_another_kind_is_a_problem(self):
        draft = self.draft(button_ids=[self.button("OTP", "Copy")])
        self.assertIn("needs the category Authentication", draft.problems)

    def test_code_that_comes_from_whatsapp_is_asked_for_once(self):
        template = self.load()
        self.assertEqual(template.variable_ids._asked_key, "body:1")
        self.assertFalse(template.enabled)
        ask_for_code(template).with_user(self.manager).action_enable()
        self.assertTrue(template.enabled)

    def test_odd_expiry_does_not_stop_the_loading(self):
        for odd in ("soon", [10], None):
            footer = {**FOOTER, "code_expiration_minutes": odd}
            template = make_template(
                self,
                "odd_code",
                category=AUTHENTICATION,
                parameter_format="POSITIONAL",
                components=[BODY, footer],
            )
            with self.subTest(odd=odd):
                self.assertEqual(template.code_expiration_minutes, 0)

    def test_change_of_a_code_that_comes_from_whatsapp_says_the_same(self):
        template = ask_for_code(self.load()).with_user(self.manager)
        change = self.templates.browse(template.action_edit()["res_id"])
        self.assertTrue(change.add_security_recommendation)
        self.assertEqual(change.code_expiration_minutes, 10)
        self.assertEqual(change.button_ids.text, "Copy code")
        self.assertFalse(change.problems)

    def test_code_for_the_clinics_own_app_is_sent_but_not_edited(self):
        template = ask_for_code(self.load("ONE_TAP")).with_user(self.manager)
        template.action_enable()
        with self.assertRaisesRegex(UserError, "Android app"):
            template.action_edit()

    def test_code_is_sent_for_a_purpose_that_allows_it(self):
        template = self.load()
        self.assertNotEqual(template._default_purpose(), self.conversation)
        self.conversation.use_authentication = True
        self.assertEqual(template._default_purpose(), self.conversation)

    def test_sender_is_told_that_a_code_is_asked(self):
        template = ask_for_code(self.load())
        self.assertEqual(template.variable_ids._asked_name, "One-time code")


@tagged("post_install", "-at_install")
class TestCodeSending(LifeCase):
    def setUp(self):
        super().setUp()
        self.purpose.use_authentication = True
        self.receptionist = staff_user(self, "receptionist")
        self.patient = self.make_patient()
        self.consent(self.patient)

    def code(self):
        """A template for codes that was written here, and approved."""
        template = self.submit(
            self.draft(
                name="login_code",
                model="res.partner",
                body_text=False,
                expected_category=AUTHENTICATION,
                add_security_recommendation=True,
                code_expiration_minutes=10,
                button_ids=[(0, 0, {"kind": "OTP"})],
                variable_ids=[
                    (0, 0, {"component": "body", "name": "1", "source": "ask"})
                ],
            )
        )
        self.assertFalse(template.task_error)
        self.treat(template, "review", decision="APPROVED")
        return template

    def send(self, template, code=CODE, patient=None):
        """The row after the receptionist has sent a code with the composer."""
        patient = patient or self.patient
        form = Form(
            self.env["whatsapp.clinic.composer"]
            .with_user(self.receptionist)
            .with_context(active_model="res.partner", active_ids=patient.ids)
        )
        form.template_id = template
        form.purpose_id = self.purpose
        with form.asked_ids.edit(0) as asked:
            asked.text = code
        form.save().action_send()
        self.dispatch()
        return self.env["whatsapp.clinic.message"].search(
            [("template_id", "=", template.id), ("partner_id", "in", patient.ids)]
        )

    def assert_arrived(self):
        self.process()
        (bubble,) = self.thread()
        self.assertIn(f"*{CODE}* {WORDS}", bubble["text"])
        self.assertEqual(bubble["footer"], FOOTER["text"])
        (button,) = bubble["buttons"]
        self.assertIn(CODE, button["payload"])

    def test_code_is_written_approved_and_arrives_with_its_button(self):
        template = self.code()
        self.assertEqual((template.status, template.enabled), ("APPROVED", True))
        self.assertIn(WORDS, template.body_text)
        self.assertEqual(self.send(template).state, "sent")
        self.assert_arrived()

    def test_code_is_not_kept_once_its_message_has_arrived(self):
        message = self.send(self.code())
        self.assertIn(f"*{HIDDEN_CODE}* {WORDS}", message.body)
        self.assertNotIn(CODE, message.body)
        self.assertFalse(message.sudo().sending_id.variables)
        self.process()
        self.assertEqual(message.state, "delivered")
        self.assertFalse(message.variables)

    def test_code_that_arrived_is_left_only_in_the_form_that_odoo_clears(self):
        # In no random number, such as those of e-mails.
        rare = "ZQX493817ZQX"
        self.send(self.code(), code=rare)
        self.process()
        self.env.flush_all()
        self.assertEqual(self.tables_with(rare), {"whatsapp_clinic_composer_text"})

    def tables_with(self, text):
        """Names of the tables of messages that hold a text anywhere."""
        self.env.cr.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_name SIMILAR TO '(whatsapp_clinic|mail)_%' "
            "AND data_type IN ('text', 'character varying', 'jsonb', 'bytea')"
        )
        found = set()
        for table, column in self.env.cr.fetchall():
            query = SQL(
                "SELECT FROM %s WHERE %s::text LIKE %s LIMIT 1",
                SQL.identifier(table),
                SQL.identifier(column),
                f"%{text}%",
            )
            self.env.cr.execute(query)
            if self.env.cr.rowcount:
                found.add(table)
        return found

    def test_code_that_did_not_arrive_can_be_sent_again(self):
        self.sandbox.fault("failed_status", code=131026, count=1)
        message = self.send(self.code())
        self.process()
        self.assertEqual(message.state, "failed")
        message.with_user(self.receptionist).action_send_again()
        self.dispatch()
        self.assert_arrived()

    def test_code_that_never_arrived_is_not_kept_either(self):
        self.sandbox.fault("failed_status", code=131026, count=1)
        message = self.send(self.code())
        self.process()
        self.assertEqual(message.state, "failed")
        messages = self.env["whatsapp.clinic.message"]
        messages._gc_codes()
        self.assertTrue(message.variables)
        self.later(hours=25)
        messages._gc_codes()
        self.assertFalse(message.variables)

    def test_code_of_a_sending_that_was_stopped_is_not_kept(self):
        sending = self.env["whatsapp.clinic.sending"].create(
            {
                "template_id": self.code().id,
                "variables": {"body:1": CODE},
                "purpose_id": self.purpose.id,
                "res_model": "res.partner",
                "res_ids": self.patient.ids,
                "record_count": 1,
            }
        )
        sending._stop()
        sending.stop_ids._obey()
        self.assertEqual(sending.state, "cancelled")
        self.assertFalse(sending.variables)

    def test_one_code_is_not_sent_to_many(self):
        template = self.code()
        other = self.make_patient("+905321110044", "Other KUMQUAT")
        self.consent(other)
        with self.assertRaisesRegex(UserError, "one patient"):
            self.send(template, patient=self.patient + other)

    def test_code_listed_as_an_address_arrives_as_well(self):
        template = self.code()
        self.treat(template, "components", components=listed())
        self.work_off_requests()
        self.assertEqual(template.components, listed())
        self.assertEqual(self.send(template).state, "sent")
        self.assert_arrived()

    def test_change_of_a_code_is_submitted(self):
        template = self.code()
        change = self.templates.browse(template.action_edit()["res_id"])
        change.code_expiration_minutes = 5
        self.submit(change)
        self.assertEqual(template.status, "PENDING")
        self.assertIn("in 5 minutes", template.footer_text)
        (footer,) = [
            part
            for part in self.at_whatsapp(template)["components"]
            if part["type"] == "FOOTER"
        ]
        self.assertEqual(footer["code_expiration_minutes"], 5)

    def test_lost_answer_does_not_make_a_second_template(self):
        self.sandbox.fault("reset_after_accept", edge="message_templates", count=1)
        values = {"expected_category": AUTHENTICATION, "body_text": False}
        button = (0, 0, {"kind": "OTP"})
        variable = (0, 0, {"component": "body", "name": "1", "source": "ask"})
        draft = self.draft(**values, button_ids=[button], variable_ids=[variable])
        self.submit(draft)
        if draft.status == "DRAFT":
            self.submit(draft)
        self.assertEqual((draft.status, draft.task_error), ("PENDING", False))

    def test_code_that_is_too_long_is_refused_with_the_reason(self):
        message = self.send(self.code(), code="x" * 16)
        self.assertEqual((message.state, message.reason), ("refused", "not_allowed"))
        self.assertIn("16 characters; WhatsApp takes 15", message.detail)
        self.assertFalse(self.sandbox.accepted())

    def test_code_to_who_hides_the_number_is_refused_with_the_reason(self):
        hidden = self.make_patient(False, "Hidden KUMQUAT")
        self.consent(hidden)
        self.env["whatsapp.clinic.identity"].create(
            {
                "user_id": "TR.hidden",
                "user_portfolio_id": self.channel.portfolio_id.id,
                "partner_ids": [(4, hidden.id)],
            }
        )
        message = self.send(self.code(), patient=hidden)
        self.assertEqual((message.state, message.reason), ("refused", "not_allowed"))
        self.assertIn("phone number", message.detail)
        self.assertFalse(self.sandbox.accepted())

    def test_code_for_a_purpose_that_does_not_allow_it_is_refused(self):
        self.purpose.use_authentication = False
        message = self.send(self.code())
        self.assertEqual(message.reason, "purpose_category")
