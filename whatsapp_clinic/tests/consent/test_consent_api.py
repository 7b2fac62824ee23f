import json
from datetime import timedelta

from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ...models.consent.reported_decision import ReportedDecision
from ...tools import clock
from ..common import ClinicCase, WebCase, make_patient, set_up_clinic, staff_user

ACT = "2026-01-31T14:05:00+03:00"


@tagged("post_install", "-at_install")
class TestConsentApi(ClinicCase):
    """Decisions that other programs report, and what they may ask."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.receptionist = staff_user(self, "receptionist")
        self.consents = self.env["whatsapp.clinic.consent"].with_user(self.receptionist)

    def record(self, **values):
        return self.consents.record_decision(
            **{
                "purpose": "appointment",
                "decision": "given",
                "act_at": ACT,
                "source": "Web shop",
                "reference": "shop-1",
                "patient_id": self.patient.id,
                **values,
            }
        )

    def by_phone(self, phone, **values):
        return self.record(patient_id=None, phone=phone, **values)

    def state(self, **values):
        values = values or {"patient_id": self.patient.id}
        return self.consents.read_state(**values)["purposes"]

    def test_decision_is_recorded_in_utc_with_its_source(self):
        consent = self.consents.browse(self.record())
        self.assertEqual(str(consent.act_at), "2026-01-31 11:05:00")
        self.assertEqual((consent.method, consent.evidence), ("api", "Web shop"))
        self.assertEqual(self.patient.whatsapp_consent_state, "ready")

    def test_same_reference_gives_the_same_id(self):
        self.assertEqual(self.record(), self.record())
        self.assertEqual(len(self.patient.consent_ids), 1)

    def test_reference_of_another_decision_is_refused(self):
        self.record()
        with self.assertRaisesRegex(UserError, "another decision"):
            self.record(decision="withdrawn")

    def test_reference_tells_nothing_of_a_patient_whom_the_user_does_not_see(self):
        self.record()
        other_branch = self.branch.copy({"name": "Other Branch"})
        other_branch.member_ids = [Command.clear()]
        self.consents = self.consents.with_user(
            staff_user(self, "receptionist", other_branch)
        )
        answers = set()
        for values in ({}, {"decision": "withdrawn"}, {"reference": "free"}):
            with self.assertRaises(AccessError) as refused:
                self.record(**values)
            answers.add(str(refused.exception))
        self.assertEqual(len(answers), 1)

    def test_reference_of_another_branch_is_refused_without_telling_of_a_decision(self):
        self.record()
        other_branch = self.branch.copy({"name": "Other Branch"})
        other_branch.member_ids = [Command.clear()]
        mine = self.make_patient("+905321110005", clinic_branch_id=other_branch.id)
        self.consents = self.consents.with_user(
            staff_user(self, "receptionist", other_branch)
        )
        with self.assertRaisesRegex(UserError, "Choose another reference"):
            self.record(patient_id=mine.id)

    def test_who_loses_a_race_for_a_reference_is_told_to_start_anew(self):
        first = self.consents.browse(self.record())
        values = first._convert_to_write(
            first.read(["partner_id", "purpose_id", "decision", "act_at", "reference"])[
                0
            ]
        )
        told = ReportedDecision(self.consents.env, self.patient, first.reference)
        with self.assertRaises(ConcurrencyError):
            told.record({**values, "method": "api"})
        self.assertEqual(len(self.patient.consent_ids), 1)

    def test_patient_is_found_by_phone(self):
        self.by_phone("+90 532 111 00 01")
        self.assertTrue(self.patient.consent_ids)

    def test_phone_of_a_family_is_refused(self):
        self.make_patient(name="Child KUMQUAT")
        with self.assertRaisesRegex(UserError, "Several patients"):
            self.by_phone("+905321110001")

    def test_no_error_tells_the_number(self):
        with self.assertRaises(UserError) as refused:
            self.by_phone("+905321119999")
        self.assertNotIn("905321119999", str(refused.exception))

    def test_what_does_not_fit_is_refused(self):
        for values in (
            {"purpose": "fishing"},
            {"purpose": {"code": "appointment"}},
            {"patient_id": True},
            {"decision": "maybe"},
            {"act_at": "2026-01-31T14:05:00"},
            {"act_at": "yesterday"},
            {"act_at": "0001-01-01T00:00:00+03:00"},
            {"patient_id": "all"},
            {"patient_id": None, "phone": 905321110001},
            {"source": " "},
            {"reference": ""},
            {"reference": "x" * 1001},
            {"patient_id": None},
            {"phone": "+905321110001"},
            {"patient_id": self.env.company.partner_id.id},
            {"act_at": "2099-01-01T00:00:00Z"},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                self.record(**values)
        self.assertFalse(self.patient.consent_ids)

    def test_withdrawal_acts_at_once(self):
        self.consent(self.patient)
        self.rule()
        rows = self.book(self.patient).whatsapp_message_ids
        self.record(decision="withdrawn", act_at=f"{clock.now().isoformat()}Z")
        self.assertEqual(set(rows.mapped("state")), {"cancelled"})

    def test_state_is_that_of_each_purpose(self):
        recorded = self.record()
        self.assertEqual(
            self.state()["appointment"],
            {
                "state": "given",
                "consent_id": recorded,
                "act_at": "2026-01-31T11:05:00Z",
            },
        )
        self.assertEqual(self.state()["marketing"]["state"], "no_consent")
        self.assertEqual(self.state()["conversation"]["state"], "not_needed")

    def test_rights_of_the_key_apply(self):
        practitioner = staff_user(self, "practitioner")
        with self.assertRaises(AccessError):
            self.consents.with_user(practitioner).record_decision(
                "appointment", "given", ACT, "x", "r", patient_id=self.patient.id
            )
        employee = self.env.ref("base.public_user")
        with self.assertRaises(AccessError):
            self.consents.with_user(employee).read_state(patient_id=self.patient.id)

    def test_patients_of_another_branch_are_not_told_about(self):
        self.record()
        other = self.branch.create({"name": "B", "country_id": self.turkey.id})
        stranger = staff_user(self, "receptionist", other)
        with self.assertRaises(AccessError):
            self.consents.with_user(stranger).read_state(patient_id=self.patient.id)
        with self.assertRaises(AccessError):
            self.consents.with_user(stranger).record_decision(
                "survey", "given", ACT, "x", "other", patient_id=self.patient.id
            )


@tagged("post_install", "-at_install")
class TestConsentApiOverHttp(WebCase):
    """The example of docs/api.md, over JSON-2 with an API key."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)
        cls.patient = make_patient(cls)
        cls.user = staff_user(cls, "receptionist")

    def call(self, method, key=None, **values):
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"bearer {key}"
        return self.url_open(
            f"/json/2/whatsapp.clinic.consent/{method}",
            data=json.dumps(values),
            headers=headers,
        )

    def key(self, user):
        keys = self.env(user=user)["res.users.apikeys"].sudo()
        return keys._generate("rpc", "clinic", clock.now() + timedelta(days=1))

    def test_decision_is_recorded_and_read_back(self):
        key = self.key(self.user)
        values = {
            "phone": "+905321110001",
            "purpose": "appointment",
            "decision": "given",
            "act_at": ACT,
            "source": "Booking site, form 3",
            "reference": "booking-4711",
        }
        first = self.call("record_decision", key, **values)
        self.assertEqual(first.status_code, 200, first.text)
        self.assertEqual(
            self.call("record_decision", key, **values).json(), first.json()
        )
        self.assertEqual(self.patient.consent_ids.id, first.json())
        state = self.call("read_state", key, phone="+905321110001").json()
        self.assertEqual(state["patient_id"], self.patient.id)
        self.assertEqual(state["purposes"]["appointment"]["state"], "given")

    def test_without_a_key_nothing_is_told(self):
        answer = self.call("read_state", phone="+905321110001")
        self.assertEqual(answer.status_code, 401)

    def test_mistake_is_told_without_the_number(self):
        answer = self.call("read_state", self.key(self.user), phone="+905321119999")
        self.assertEqual(answer.status_code, 422)
        self.assertIn("no such patient", answer.json()["message"])
        self.assertNotIn("905321119999", answer.text)

    def test_key_of_an_employee_without_a_role_is_refused(self):
        outsider = self.env["res.users"].create(
            {"name": "Cook", "login": "cook-api", "email": "cook@example.com"}
        )
        answer = self.call("read_state", self.key(outsider), phone="+905321110001")
        self.assertEqual(answer.status_code, 403)
