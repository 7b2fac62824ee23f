from odoo.tests import Form, tagged

from ...tools.text import search_key
from ..common import MARKER, ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestPatientSearch(ClinicCase):
    """Reception finds who is there already, however they type it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")
        cls.company.country_id = cls.turkey

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient(
            "0532 111 77 02",
            f"Ayşe Oğuz Yılmaz {MARKER}",
            clinic_birthdate="1984-05-06",
        )

    def offered(self, text, **context):
        partners = self.env["res.partner"].with_user(self.receptionist)
        return dict(partners.with_context(**context).name_search(text, limit=None))

    def test_a_name_is_found_without_its_marks_and_in_any_order(self):
        for text in ("ayse", "AYŞE", "yilmaz", "YILMAZ", "oguz", "yilmaz ayse", "ayş"):
            with self.subTest(text):
                self.assertIn(self.patient.id, self.offered(text))
        self.assertNotIn(self.patient.id, self.offered("ayse demir"))

    def test_a_phone_is_found_in_every_spelling(self):
        for text in (
            "0532 111 77 02",
            "05321117702",
            "+90 532 111 77 02",
            "+905321117702",
            "0090 532 1117702",
            "532 111 77 02",
            "(0532) 111-77 02",
            "1117702",
        ):
            with self.subTest(text):
                self.assertIn(self.patient.id, self.offered(text))

    def test_a_phone_is_found_by_the_other_form_of_it(self):
        argentine = self.make_patient("+5491112345678")
        self.assertIn(argentine.id, self.offered("+541112345678"))

    def test_a_few_letters_or_digits_raise_nothing(self):
        for text in ("ay", "05", "1", ".", "+", "%"):
            with self.subTest(text):
                self.offered(text)

    def test_negative_searches_leave_out_what_is_found(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        others = partners.search([("clinic_lookup", "not ilike", "oguz")])
        self.assertNotIn(self.patient, others)
        self.assertTrue(others)

    def test_the_drop_down_tells_namesakes_apart(self):
        partners = self.env["res.partner"].with_user(self.receptionist)
        (found,) = partners.with_context(clinic_tells_apart=True).web_name_search(
            "0532 111 77 02", {"display_name": {}}
        )
        self.assertIn("+90 532 111 77 02 · 1984", found["__formatted_display_name"])
        self.assertNotIn("1984", found["display_name"])

    def test_who_is_no_staff_is_told_no_year_of_birth(self):
        employee = self.env.ref("base.group_user")
        user = self.receptionist.copy(
            {"login": "employee", "group_ids": [(6, 0, employee.ids)]}
        )
        shown = self.patient.with_user(user).with_context(
            clinic_tells_apart=True, formatted_display_name=True
        )
        self.assertNotIn("1984", shown.display_name)

    def test_the_key_is_lower_case_without_marks(self):
        for text, key in (
            ("Ayşe", "ayse"),
            ("ĞÜŞİÖÇ IĞDIR", "gusioc igdir"),
            ("çağrı", "cagri"),
            ("José Núñez", "jose nunez"),
        ):
            self.assertEqual(search_key(text), key)


@tagged("post_install", "-at_install")
class TestSameNumber(ClinicCase):
    """A number that somebody has already is no reason for a second record."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")

    def test_who_has_the_number_is_told_while_it_is_typed(self):
        mother = self.make_patient("+905327770002", f"Zeynep {MARKER}")
        partners = self.env["res.partner"].with_user(self.receptionist)
        form = Form(
            partners.with_context(default_clinic_patient=True),
            "whatsapp_clinic.patient_view_form",
        )
        form.name = f"Ali {MARKER}"
        form.phone = "0532 777 00 02"
        self.assertEqual(form.clinic_same_number_ids.ids, mother.ids)
        form.phone = "0532 777 00 03"
        self.assertFalse(form.clinic_same_number_ids.ids)

    def test_who_has_it_becomes_the_guardian_with_one_click(self):
        mother = self.make_patient("+905327770002", f"Zeynep {MARKER}")
        son = self.make_patient("+905327770002", f"Ali {MARKER}")
        son.with_user(self.receptionist).action_take_guardian()
        self.assertEqual(son.guardianship_ids.guardian_id, mother)
