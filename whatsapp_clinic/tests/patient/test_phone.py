import importlib.util
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tests.common import BaseCase

from ...tools.phone import e164, forms, line, missing_digits, read, written_region
from ..common import MARKER, ClinicCase, make_patient, staff_user
from ..identity.test_identity_merge import IdentityCase, written

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "19.0.2.0.0"
# Former and present form of one telephone.
RENUMBERED = (
    ("5215512345678", "525512345678"),
    ("551187654321", "5511987654321"),
    ("5491112345678", "541112345678"),
    ("22501123456", "2250101123456"),
    ("22545123456", "2250545123456"),
    ("22507823456", "2250707823456"),
    ("22508823456", "2250708823456"),
    ("22997123456", "2290197123456"),
)


@tagged("post_install", "-at_install")
class TestReading(BaseCase):
    """Numbers as people and spreadsheets write them."""

    def what_is_read(self, text, country="TR"):
        reading = read(text, country)
        return reading and (reading.e164, reading.note)

    def test_what_stands_around_a_number_is_kept_as_a_note(self):
        number = "+905321110002"
        for text, note in (
            ("0532 111 00 02", ""),
            ("0(532)111-00 02", ""),
            ("0090 532 111 00 02", ""),
            ("905321110002", ""),
            ("+90 (532) 111 00 02", ""),
            ("0532/1110002", ""),
            ("0532 111 00 02 dahili 12", "dahili 12"),
            ("0532 111 00 02 ext. 12", "ext. 12"),
            ("0532 111 00 02 (anne)", "(anne)"),
            ("Anne: 0532 111 00 02", "Anne"),
            ("0532 111 00 02 / 0533 111 00 03", "0533 111 00 03"),
            ("0532 111 00 02, 0533 111 00 03", "0533 111 00 03"),
            ("05321110002 05331110003", "05331110003"),
            ("5321110002.0", ""),
            ("905321110002.0", ""),
        ):
            with self.subTest(text):
                self.assertEqual(self.what_is_read(text), (number, note))

    def test_what_holds_no_valid_number_is_none(self):
        for text in (None, "", " ", "call me", "0532 111 00", "TR.905321110002"):
            with self.subTest(text):
                self.assertIsNone(self.what_is_read(text))

    def test_former_forms_of_a_number_are_read_as_the_present_one(self):
        for former, present in RENUMBERED:
            if former != "5491112345678":
                with self.subTest(former):
                    self.assertEqual(e164(f"+{former}", "TR"), f"+{present}")

    def test_all_forms_are_one_line(self):
        for former, present in RENUMBERED:
            with self.subTest(former):
                self.assertEqual(line(former), line(present))
                self.assertEqual(set(forms(former)), {former, present})
                self.assertEqual(forms(former), forms(f"+{present}"))

    def test_other_countries_numbers_have_one_form(self):
        for number in ("905321110002", "4915123456789", "12025550123", "x17"):
            self.assertEqual(forms(number), [number])

    def test_digits_that_are_missing_are_counted(self):
        self.assertEqual(missing_digits("0 532 111 22", "TR"), 2)
        self.assertEqual(missing_digits("0532 111 00 0", "TR"), 1)
        self.assertEqual(missing_digits("0532 111 00 02 3", "TR"), -1)
        self.assertEqual(missing_digits("call me", "TR"), 0)
        self.assertEqual(missing_digits("0532 111", None), 0)

    def test_country_of_a_number_is_told_by_its_code_although_it_is_not_valid(self):
        for text, country in (
            ("+49 151 123", "DE"),
            ("0049 151 123", "DE"),
            ("+44 07700 900123", "GB"),
            ("0532 11", None),
            ("+999 123 4567", None),
            ("call me", None),
        ):
            with self.subTest(text):
                self.assertEqual(written_region(text, "TR"), country)

    def test_zero_of_national_calls_after_a_country_code_is_left_out(self):
        self.assertEqual(e164("+44 07911 123456", "TR"), "+447911123456")
        self.assertEqual(e164("+49 (0) 151 12345678", "TR"), "+4915112345678")

    @given(st.text(max_size=300), st.sampled_from(["TR", "DE", "AR", None]))
    @settings(deadline=None)
    def test_any_text_is_read_to_a_number_that_reads_the_same(self, text, country):
        reading = read(text, country)
        if reading:
            self.assertEqual(e164(reading.e164, "TR"), reading.e164)
            self.assertEqual(e164(reading.international, None), reading.e164)

    @given(st.from_regex(r"(52|55|54|225|229|90)[0-9]{7,11}", fullmatch=True))
    @settings(deadline=None)
    def test_the_line_of_a_form_is_the_line(self, wa_id):
        for form in forms(wa_id):
            self.assertEqual(line(form), line(wa_id))


@tagged("post_install", "-at_install")
class TestPatientsPhone(ClinicCase):
    """One reading of a patient's number, whoever asks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.germany = cls.env.ref("base.de")
        cls.company.country_id = cls.turkey
        cls.munich = cls.branch.copy(
            {"name": "Munich", "country_id": cls.germany.id, "tz": "Europe/Berlin"}
        )
        cls.practitioner.branch_ids |= cls.munich
        cls.receptionist = staff_user(cls, "receptionist")

    def patient(self, phone, **values):
        return make_patient(self, phone, **values)

    def test_a_visit_abroad_does_not_change_whose_number_it_is(self):
        patient = self.patient("0532 111 00 02")
        self.consent(patient)
        self.rule(branch_ids=[(6, 0, self.munich.ids)])
        self.book(patient, branch_id=self.munich.id)
        waiting = self.env["whatsapp.clinic.message"].search(
            [("partner_id", "=", patient.id), ("branch_id", "=", self.munich.id)]
        )
        self.assertEqual(waiting.identity_id.phone, "+905321110002")
        self.assertEqual(
            patient.whatsapp_identity_ids.mapped("phone"), ["+905321110002"]
        )

    def test_a_mobile_number_of_the_clinic_is_no_fixed_line_where_one_lives(self):
        patient = self.patient("0532 111 00 02", country_id=self.germany.id)
        self.assertEqual(patient._whatsapp_phone(), "+905321110002")
        self.assertEqual(patient.whatsapp_identity_ids.phone, "+905321110002")

    def test_a_mobile_number_of_where_one_lives_stays_one(self):
        patient = self.patient("0151 23456789", country_id=self.germany.id)
        self.assertEqual(patient._whatsapp_phone(), "+4915123456789")

    def test_where_both_fit_the_patients_own_country_counts(self):
        patient = self.patient(
            "0212 345 67 89", country_id=self.turkey.id, clinic_branch_id=self.munich.id
        )
        self.assertEqual(patient._whatsapp_phone(), "+902123456789")

    def test_odoo_reads_the_same_number(self):
        for values in (
            {"phone": "0532 111 00 02"},
            {"phone": "0532 111 00 04", "country_id": self.germany.id},
            {"phone": "0532 111 00 05 (anne)"},
            {"phone": "+521 55 1234 5678"},
        ):
            with self.subTest(values):
                patient = self.patient(**values)
                self.assertEqual(patient.phone_sanitized, patient._whatsapp_phone())

    def test_a_contact_abroad_keeps_the_clinics_number_when_it_becomes_a_patient(self):
        contact = self.env["res.partner"].create(
            {
                "name": MARKER,
                "phone": "0532 111 00 02",
                "country_id": self.germany.id,
            }
        )
        self.assertEqual(contact.phone_sanitized, "+905321110002")
        self.book(contact)
        self.assertEqual(contact._whatsapp_phone(), "+905321110002")

    def test_the_number_is_stored_with_its_country_code(self):
        patient = self.patient("0(532)987-65 43")
        self.assertEqual(patient.phone, "+90 532 987 65 43")
        patient.phone = "05321110002"
        self.assertEqual(patient.phone, "+90 532 111 00 02")

    def test_what_stood_beside_the_number_is_kept_on_the_patient(self):
        patient = self.patient("0532 111 00 02 / 0533 111 00 03 (anne)")
        self.assertEqual(patient.phone, "+90 532 111 00 02")
        self.assertEqual(patient.clinic_phone_note, "0533 111 00 03 (anne)")
        patient.phone = "0532 111 00 04 dahili 12"
        self.assertEqual(patient.clinic_phone_note, "0533 111 00 03 (anne) · dahili 12")

    def test_who_types_it_sees_the_number_as_it_will_be_stored(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        form = Form(
            partners.with_context(default_clinic_patient=True),
            "whatsapp_clinic.patient_view_form",
        )
        form.name = MARKER
        form.clinic_branch_id = self.branch
        form.country_id = self.germany
        form.phone = "0532 111 00 02"
        self.assertEqual(form.phone, "+90 532 111 00 02")

    def test_who_types_half_a_number_is_told_when_leaving_the_field(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        values = {"name": MARKER, "clinic_patient": True, "country_id": self.turkey.id}
        for phone, told in (("0532 111 00 0", "1 digit"), ("0532 111 00 02", None)):
            warned = partners.new({**values, "phone": phone})
            result = warned._onchange_phone_validation() or {}
            with self.subTest(phone):
                message = result.get("warning", {}).get("message")
                self.assertEqual(bool(message and told in message), bool(told))

    def test_a_guardians_number_is_stored_with_its_country_code(self):
        guardian = self.env["res.partner"].create(
            {"name": MARKER, "phone": "0532 111 00 09"}
        )
        child = self.patient("0532 111 00 02")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": child.id, "guardian_id": guardian.id}
        )
        self.assertEqual(guardian.phone, "+90 532 111 00 09")

    def test_the_refusal_says_how_many_digits_are_missing(self):
        for phone, told in (("0 532 111 22", "2 digits"), ("0532 111 00 0", "1 digit")):
            with self.subTest(phone), self.assertRaises(ValidationError) as refused:
                self.patient(phone)
            self.assertIn(f"{told} ", str(refused.exception))

    def test_number_with_a_country_code_is_judged_by_that_country(self):
        for phone, told in (
            ("+49 151 123", "Germany: 5 digits are missing. A whole one is +49 1512"),
            ("+44 07700 900123", "United Kingdom: compare its digits"),
        ):
            with self.subTest(phone), self.assertRaises(ValidationError) as refused:
                self.patient(phone)
            self.assertIn(told, str(refused.exception))

    def test_without_a_country_of_the_company_that_of_all_branches_counts(self):
        self.env["whatsapp.clinic.branch"].search([]).country_id = self.turkey
        self.company.country_id = False
        patient = self.patient("0532 111 00 02", clinic_branch_id=False)
        self.assertEqual(patient._whatsapp_phone(), "+905321110002")
        found = self.env["res.partner"]._patients_by_phone(["532 111 00 02"])
        self.assertEqual(found["532 111 00 02"], patient)


@tagged("post_install", "-at_install")
class TestOneTelephone(IdentityCase):
    """Whichever form of a number WhatsApp or staff use, one identity is behind it."""

    def both_ways(self):
        for former, present in RENUMBERED:
            yield former, present
            yield present, former

    def test_who_writes_from_the_other_form_is_the_patient(self):
        for number, (wa_id, known) in enumerate(self.both_ways()):
            with self.subTest(wa_id), self.env.cr.savepoint() as savepoint:
                patient = self.make_patient(f"+{known}", f"{MARKER} {number}")
                self.take_in(written(wa_id, message_id=f"wamid.{number}"))
                self.assertEqual(self.message(f"wamid.{number}").partner_id, patient)
                self.assertEqual(len(patient.whatsapp_identity_ids), 1)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_stop_from_one_form_stops_the_other(self):
        for number, (wa_id, known) in enumerate(self.both_ways()):
            with self.subTest(wa_id), self.env.cr.savepoint() as savepoint:
                self.take_in(written(wa_id, message_id=f"wamid.{number}"))
                self.find(line=line(wa_id))._stop("staff")
                patient = self.make_patient(f"+{known}", f"{MARKER} {number}")
                self.assertFalse(patient._is_reachable())
                savepoint.rollback()
            self.env.invalidate_all()

    def test_the_number_that_is_shown_can_be_entered(self):
        for number, (wa_id, _known) in enumerate(self.both_ways()):
            with self.subTest(wa_id), self.env.cr.savepoint() as savepoint:
                self.take_in(written(wa_id, message_id=f"wamid.{number}"))
                shown = self.message(f"wamid.{number}").identity_id
                patient = self.make_patient(shown.phone, MARKER)
                self.assertEqual(patient.whatsapp_identity_ids, shown)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_postgresql_refuses_a_second_identity_of_a_telephone(self):
        identities = self.env["whatsapp.clinic.identity"]
        for former, present in RENUMBERED:
            with self.subTest(former):
                identities._ensure([{"wa_id": former}, {"wa_id": present}], "whatsapp")
                self.assertEqual(len(self.find(line=line(former))), 1)

    def test_a_blacklisted_number_is_found_in_every_form(self):
        self.env["phone.blacklist"].sudo()._add(["+541112345678"])
        patient = self.make_patient("+5491112345678")
        self.consent(patient)
        self.assertEqual(patient.whatsapp_consent_state, "stopped")

    def test_a_number_that_was_left_is_left_in_every_form(self):
        patient = self.make_patient("+541112345678")
        patient.whatsapp_identity_ids._unlink_patients("wrong_person")
        self.assertTrue(patient._has_left("+5491112345678"))
        self.take_in(written("5491112345678"))
        self.assertFalse(self.message().partner_id)


def migrate(cr, step: str):
    path = MIGRATIONS / f"{step}-phones.py"
    spec = importlib.util.spec_from_file_location(f"{step}_phones", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.migrate(cr, "19.0.1.0.0")


@tagged("post_install", "-at_install")
class TestUpgrade(IdentityCase):
    """What a database of the release before looks like afterwards."""

    def upgrade(self):
        self.env.flush_all()
        for step in ("pre", "post"):
            migrate(self.env.cr, step)
            self.env.invalidate_all()

    def test_two_identities_of_one_telephone_become_one(self):
        patient = self.make_patient("+5491112345678")
        known = patient.whatsapp_identity_ids
        stranger = known.create({"wa_id": "90532"})
        stranger._stop("staff")
        self.env.flush_all()
        self.env.cr.execute("UPDATE whatsapp_clinic_identity SET line = NULL")
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_identity SET wa_id = '541112345678', "
            "phone = '+541112345678' WHERE id = %s",
            stranger.ids,
        )
        self.env.invalidate_all()
        self.upgrade()
        self.assertEqual(self.find(line="541112345678"), known)
        self.assertFalse(stranger.exists())
        self.assertTrue(known.blocked_at)
        self.assertEqual(known.partner_ids, patient)

    def test_numbers_of_patients_get_their_country_code(self):
        patient = self.make_patient("+905321110002")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET phone = '0532 111 00 02 (anne)' WHERE id = %s",
            patient.ids,
        )
        self.env.invalidate_all()
        self.upgrade()
        self.assertEqual(patient.phone, "+90 532 111 00 02")
        self.assertEqual(patient.clinic_phone_note, "(anne)")
        self.assertEqual(patient.phone_sanitized, "+905321110002")
