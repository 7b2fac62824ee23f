from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...cloud_api.payloads import PayloadError
from ...models.template.template_variable import MissingValue
from ..common import BUSINESS_ACCOUNT, ClinicCase, make_template, staff_user, tomorrow


def body(text):
    return [{"type": "BODY", "text": text}]


@tagged("post_install", "-at_install")
class TestTemplate(ClinicCase):
    """Templates of the account, and where their variables come from."""

    def test_known_variables_and_buttons_are_mapped_by_name(self):
        self.assertTrue(self.template.enabled)
        self.assertEqual(set(self.template.variable_ids.mapped("source")), {"builtin"})
        self.assertEqual(
            self.template.button_ids.mapped("action"),
            ["confirm", "reschedule", "cancel"],
        )

    def test_turkish_buttons_are_understood(self):
        components = body("x {{patient_name}} y") + [
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": text}
                    for text in ("ONAYLA", "Ertele", "İPTAL ET")
                ],
            }
        ]
        template = make_template(self, "turkce", "tr", components=components)
        self.assertEqual(
            template.button_ids.mapped("action"), ["confirm", "reschedule", "cancel"]
        )

    def test_template_with_an_unmapped_variable_is_not_used(self):
        template = make_template(self, "odd", components=body("a {{favourite_tea}} b"))
        self.assertFalse(template.enabled)
        with self.assertRaises(ValidationError) as caught:
            self.rule(template_id=template.id)
        self.assertIn("not in use", str(caught.exception))
        with self.assertRaises(ValidationError) as caught:
            template.action_enable()
        self.assertIn("favourite_tea", str(caught.exception))

    def test_mapping_of_a_template_in_use_cannot_be_taken_away(self):
        with self.assertRaisesRegex(ValidationError, "patient_name"):
            self.template.variable_ids[0].source = False

    def test_path_that_leads_nowhere_cannot_be_saved(self):
        variable = self.template.variable_ids[0]
        for path in (
            "no_such_field",
            "partner_id.nothing",
            "name.x",
            "partner_id",
            "",
            "partner_id.",
            "branch_id.channel_id.account_id.access_token",
            "create_uid.password",
            "practitioner_id.user_id.new_password",
            "partner_id.access_token",
            "create_uid.totp_secret",
        ):
            with self.subTest(path=path), self.assertRaises(ValidationError):
                variable.write({"source": "field", "field_path": path})

    def test_path_is_read_from_the_record(self):
        variable = self.template.variable_ids[0]
        variable.write({"source": "field", "field_path": "practitioner_id.name"})
        appointment = self.book(self.make_patient())
        self.assertEqual(variable._value(appointment), "Dr. Demir")

    def test_value_that_is_empty_for_a_record_is_named(self):
        variable = self.template.variable_ids[0]
        variable.write({"source": "field", "field_path": "practitioner_id.specialty"})
        with self.assertRaises(MissingValue) as caught:
            variable._value(self.book(self.make_patient()))
        self.assertEqual(str(caught.exception), variable.name)

    def test_blanks_in_a_value_become_one(self):
        patient = self.make_patient(name=" Ayşe    Yılmaz ")
        variable = self.template.variable_ids.filtered(
            lambda one: one.name == "patient_name"
        )
        self.assertEqual(variable._value(self.book(patient)), "Ayşe Yılmaz")

    def test_line_breaks_and_tabs_of_a_record_become_a_space(self):
        appointment = self.book(self.make_patient(name="Ayşe\r\nNur\t Yılmaz"))
        values = self.template._values(appointment)
        self.assertEqual(values["body", "patient_name"], "Ayşe Nur Yılmaz")
        self.template._payload("+905321110001", values, "key", "key.1")

    def test_date_and_time_are_those_of_the_branch(self):
        appointment = self.book(self.make_patient(), "2027-03-05 21:30:00")
        values = self.template._values(appointment)
        self.assertEqual(values["body", "appointment_time"], "12:30 AM")
        self.assertEqual(values["body", "appointment_date"], "Saturday, March 6, 2027")

    def test_values_do_not_depend_on_who_renders(self):
        appointment = self.book(self.make_patient(lang="en_US"), "2027-03-05 21:30:00")
        as_root = appointment.with_env(
            self.env(user=1, context={"tz": False, "lang": None})
        )
        self.assertEqual(
            self.template._values(appointment),
            self.template.with_env(as_root.env)._values(as_root),
        )

    def test_part_that_cannot_be_filled_keeps_the_template_out_of_use(self):
        components = [*body("x {{patient_name}} y"), {"type": "CAROUSEL", "cards": []}]
        template = make_template(self, "cards", components=components)
        self.assertFalse(template.enabled)
        self.assertIn("CAROUSEL", " ".join(template._problems()))

    def test_positional_variables_keep_their_order(self):
        template = make_template(
            self,
            "numbers",
            parameter_format="POSITIONAL",
            components=body("On {{1}} we expect {{2}} here"),
        )
        for name, text in (("1", "Monday"), ("2", "you")):
            variable = template.variable_ids.filtered(lambda one, n=name: one.name == n)
            variable.write({"source": "text", "text": text})
        template.action_enable()
        appointment = self.book(self.make_patient())
        payload = template._payload(
            "+905321110001", template._values(appointment), "key", "key.1"
        )
        parameters = payload["template"]["components"][0]["parameters"]
        self.assertEqual([one["text"] for one in parameters], ["Monday", "you"])
        self.assertEqual(
            template._render(template._values(appointment)),
            "On Monday we expect you here",
        )

    def test_changed_definition_keeps_the_mapping_and_asks_for_the_new_variable(self):
        self.template.variable_ids.filtered(
            lambda one: one.name == "clinic_name"
        ).write({"source": "text", "text": "Ours"})
        make_template(
            self,
            components=body(
                "a {{clinic_name}} b {{unknown_thing}} c {{patient_name}} d"
            ),
        )
        by_name = {one.name: one for one in self.template.variable_ids}
        self.assertEqual(by_name["clinic_name"].text, "Ours")
        self.assertEqual(set(by_name), {"clinic_name", "unknown_thing", "patient_name"})
        self.assertFalse(self.template.enabled)

    def link_template(self, text):
        """A template with a link whose end is a fixed text."""
        button = {"type": "URL", "text": "See", "url": "https://k.example/a/{{1}}"}
        button["example"] = ["https://k.example/a/1"]
        template = make_template(
            self,
            "link",
            components=[
                *body("See it below, please."),
                {"type": "BUTTONS", "buttons": [button]},
            ],
        )
        template.variable_ids.write({"source": "text", "text": text})
        return template

    def end_of_link(self, text, hours=0):
        template = self.link_template(text)
        patient = self.make_patient(f"+90532111000{hours}")
        values = template._values(self.book(patient, tomorrow(48 + hours)))
        payload = template._payload("+905321110001", values, "key", "key.1")
        return payload["template"]["components"][-1]["parameters"][0]["text"]

    def test_link_is_filled_with_its_end_whether_or_not_the_address_is_whole(self):
        for hours, text in enumerate(("map?b=1", "https://k.example/a/map?b=1")):
            with self.subTest(text):
                self.assertEqual(self.end_of_link(text, hours), "map?b=1")

    def test_blank_in_the_end_of_a_link_is_written_as_addresses_have_it(self):
        self.assertEqual(self.end_of_link("two words"), "two%20words")

    def test_address_elsewhere_in_a_link_is_refused(self):
        with self.assertRaisesRegex(PayloadError, "not a whole one"):
            self.end_of_link("https://elsewhere.example/map")

    def test_link_without_an_end_is_not_sent(self):
        template = self.link_template("map")
        template.variable_ids.write(
            {"source": "field", "field_path": "practitioner_id.specialty"}
        )
        with self.assertRaises(MissingValue):
            template._values(self.book(self.make_patient()))

    def test_template_that_the_account_lost_is_marked_deleted(self):
        self.template.approval_ids._load(self.channel, [])
        self.assertEqual(
            (self.template.status, self.template.enabled), ("DELETED", False)
        )

    def test_loading_does_not_undo_that_a_manager_took_it_out_of_use(self):
        self.template.action_disable()
        make_template(self)
        self.assertFalse(self.template.enabled)

    def test_same_name_and_language_exist_once(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.template.copy({"name": self.template.name})


@tagged("post_install", "-at_install")
class TestAccountOfTemplates(ClinicCase):
    """Templates are submitted with the token of their account: who has it writes."""

    def setUp(self):
        super().setUp()
        self.other = self.env["res.company"].create({"name": "Other clinic"})
        manager = staff_user(
            self, "manager", company_id=self.other.id, company_ids=self.other.ids
        )
        self.templates = self.env["whatsapp.clinic.template"].with_user(manager)

    def write_one(self, account, name="appointment_soon"):
        return self.templates.create(
            {
                "name": name,
                "language": "en",
                "business_account_id": account,
                "body_text": "Hello {{patient_name}}, your visit is soon. KUMQUAT",
            }
        )

    def test_account_of_another_company_takes_none(self):
        values = {
            "name": "Own",
            "phone_number_id": "own",
            "business_account_id": "own",
            "company_id": self.other.id,
            "account_id": self.channel.account_id.copy(
                {"company_id": self.other.id, "app_id": "1"}
            ).id,
        }
        self.env["whatsapp.clinic.channel"].create(values)
        own = self.write_one("own", "appointment_later")
        with self.assertRaises(ValidationError):
            self.write_one(BUSINESS_ACCOUNT)
        with self.assertRaises(ValidationError):
            own.business_account_id = BUSINESS_ACCOUNT

    def test_neither_while_its_numbers_are_archived(self):
        self.channel.active = False
        with self.assertRaises(ValidationError):
            self.write_one(BUSINESS_ACCOUNT)

    def test_account_that_both_have_takes_those_of_both(self):
        app = self.channel.account_id
        app.company_id = False
        self.env["whatsapp.clinic.channel"].create(
            {
                "name": "B",
                "phone_number_id": "b",
                "business_account_id": BUSINESS_ACCOUNT,
                "company_id": self.other.id,
                "account_id": app.id,
            }
        )
        self.assertTrue(self.write_one(BUSINESS_ACCOUNT))
