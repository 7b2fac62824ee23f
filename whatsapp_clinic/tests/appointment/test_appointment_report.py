"""Figures about visits, and whose visits somebody sees first."""

from odoo.tests import new_test_user, tagged

from ..common import ClinicCase, WebCase, set_up_clinic, staff_user, tomorrow

MODEL = "whatsapp.clinic.appointment"


@tagged("post_install", "-at_install")
class TestRates(ClinicCase):
    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.manager = staff_user(self, "manager")

    def rates(self, *states, **values):
        for days, state in enumerate(states, 1):
            self.book(self.patient, tomorrow(24 * days), state=state, **values)
        ((noshow, confirmed),) = (
            self.env[MODEL]
            .with_user(self.manager)
            ._read_group(
                [("partner_id", "=", self.patient.id)],
                [],
                ["noshow_rate:avg", "confirmed_rate:avg"],
            )
        )
        return noshow, confirmed

    def test_missed_visits_are_counted_among_those_that_took_place(self):
        rates = self.rates("noshow", "arrived", "fulfilled", "fulfilled", "cancelled")
        self.assertEqual(rates[0], 0.25)

    def test_no_share_where_nothing_took_place_yet(self):
        self.assertIs(self.rates("booked", "cancelled")[0], False)

    def test_cancelled_visits_do_not_count_as_unconfirmed(self):
        self.rates("cancelled")
        self.assertEqual(self.rates("fulfilled", patient_status="accepted")[1], 1.0)

    def test_rates_are_offered_as_measures(self):
        described = self.env[MODEL].fields_get(["noshow_rate"], ["aggregator"])
        self.assertEqual(described["noshow_rate"]["aggregator"], "avg")

    def test_coverage_of_several_purposes_together_is_no_figure(self):
        coverage = self.env["whatsapp.clinic.consent.coverage"]
        domain = [("partner_id", "=", self.patient.id)]
        ((together,),) = coverage._read_group(domain, [], ["coverage:avg"])
        by_purpose = coverage._read_group(domain, ["purpose_id"], ["coverage:avg"])
        self.assertIs(together, False)
        self.assertTrue(all(share is not False for _purpose, share in by_purpose))


@tagged("post_install", "-at_install")
class TestRuleInWords(ClinicCase):
    def test_rule_says_when_it_writes_in_one_sentence(self):
        rule = self.rule(offset=24)
        self.assertEqual(rule.when, "24 hours before · Start of the appointment")

    def test_one_day_is_no_days(self):
        rule = self.rule(offset=1, offset_unit="days")
        self.assertEqual(rule.when, "1 day before · Start of the appointment")

    def test_rule_that_writes_at_once_says_only_the_moment(self):
        rule = self.rule(anchor="booked", offset=0, offset_side="after")
        self.assertEqual(rule.when, "When booked")


@tagged("post_install", "-at_install")
class TestHome(WebCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)

    def start(self, user):
        """The page on which the web client starts."""
        self.authenticate(user.login, user.login)
        info = self.make_jsonrpc_request("/web/session/get_session_info")
        return info["home_action_id"]

    def test_practitioners_start_with_their_day(self):
        home = self.start(staff_user(self, "practitioner"))
        self.assertEqual(home, self.env.ref("whatsapp_clinic.my_day_action").id)

    def test_reception_starts_with_the_calendar_until_it_does_not_want_to(self):
        user = staff_user(self, "receptionist")
        home = self.env.ref("whatsapp_clinic.appointment_action").id
        self.assertEqual(self.start(user), home)
        user.with_user(user).clinic_starts_here = False
        self.assertFalse(self.start(user))

    def test_home_that_somebody_chose_comes_first(self):
        user = staff_user(self, "receptionist")
        user.action_id = self.env.ref("base.action_res_users_my").id
        self.assertEqual(self.start(user), user.action_id.id)

    def test_privacy_officer_starts_with_the_consents(self):
        home = self.start(staff_user(self, "privacy_officer"))
        self.assertEqual(home, self.env.ref("whatsapp_clinic.consent_action").id)

    def test_who_has_no_part_in_visits_starts_where_odoo_does(self):
        self.assertFalse(self.start(new_test_user(self.env, "somebody")))


@tagged("post_install", "-at_install")
class TestMyDay(ClinicCase):
    def test_my_day_shows_only_the_own_visits(self):
        doctor = staff_user(self, "practitioner")
        self.practitioner.user_id = doctor
        other = self.practitioner.create(
            {"name": "Dr. Two", "branch_ids": [(6, 0, self.branch.ids)]}
        )
        mine = self.book(self.make_patient())
        self.book(mine.partner_id, practitioner_id=other.id)
        action = self.env.ref("whatsapp_clinic.my_day_action")
        visits = self.env[MODEL].with_user(doctor)
        domain = [("practitioner_id.user_id", "=", doctor.id)]
        self.assertIn("practitioner_id.user_id", action.domain)
        self.assertEqual(visits.search(domain), mine)
