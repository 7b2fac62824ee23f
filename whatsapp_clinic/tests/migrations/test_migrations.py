"""What an upgrade makes of rows that are there."""

from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from odoo.tests import new_test_user, tagged

from ..common import (
    BUSINESS_ACCOUNT,
    ClinicCase,
    make_template,
    patient_wrote,
    tomorrow,
)

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


class MigrationCase(ClinicCase):
    def migrate(self, script: str):
        """Run a script on the rows of the test."""
        spec = spec_from_file_location("migration", SCRIPTS / script)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self.env.flush_all()
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestVersionOfTheApi(MigrationCase):
    """Only who never chose a version of the API gets another default."""

    def upgraded(self, version):
        self.channel.api_version = version
        self.migrate("19.0.2.0.0/post-autumn.py")
        return self.channel.api_version

    def test_former_default_becomes_the_present_one(self):
        default = self.channel._fields["api_version"].default(self.channel)
        self.assertEqual(self.upgraded("v25.0"), default)

    def test_version_that_somebody_chose_stays(self):
        for version in ("v23.0", "v24.0", "v27.0", "v25.1"):
            with self.subTest(version=version):
                self.assertEqual(self.upgraded(version), version)


@tagged("post_install", "-at_install")
class TestCompanyOfGuardianships(MigrationCase):
    """A guardianship is of the company where its patient is known."""

    def setUp(self):
        super().setUp()
        self.other = self.env["res.company"].create({"name": "Other clinic"})
        self.other_branch = self.branch.create(
            {
                "name": "Foreign",
                "company_id": self.other.id,
                "country_id": self.turkey.id,
                "partner_id": self.other.partner_id.id,
            }
        )
        self.child = self.make_patient(clinic_branch_id=False)
        self.mother = self.make_patient(
            "+905321110002", "Mother KUMQUAT", clinic_branch_id=False
        )
        self.one = self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.child.id, "guardian_id": self.mother.id}
        )

    def upgraded(self, company):
        """Its company, where it had this one, and nobody of that noted it."""
        self.env.flush_all()
        nobody = new_test_user(
            self.env, "gone", company_id=self.other.id, company_ids=self.other.ids
        )
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_guardianship SET company_id = %s, create_uid = %s "
            "WHERE id = %s",
            [company.id, nobody.id, self.one.id],
        )
        self.migrate("19.0.2.1.0/pre-guardianships.py")
        return self.one.company_id

    def test_home_of_the_patient(self):
        self.child.clinic_branch_id = self.other_branch
        self.assertEqual(self.upgraded(self.company), self.other)

    def test_visit_of_the_patient(self):
        practitioner = self.practitioner.create(
            {
                "name": "Dr. Foreign",
                "company_id": self.other.id,
                "branch_ids": self.other_branch.ids,
            }
        )
        kind = self.type.copy({"company_id": self.other.id})
        place = {
            "branch_id": self.other_branch.id,
            "practitioner_id": practitioner.id,
            "type_id": kind.id,
        }
        self.book(self.child, **place)
        self.assertEqual(self.upgraded(self.company), self.other)

    def test_consent_of_the_patient(self):
        self.consent(self.child).company_id = self.other
        self.assertEqual(self.upgraded(self.company), self.other)

    def test_message_of_the_patient(self):
        patient_wrote(self, self.child).company_id = self.other
        self.assertEqual(self.upgraded(self.company), self.other)

    def test_home_of_the_guardian_where_nothing_is_known_of_the_patient(self):
        self.mother.clinic_branch_id = self.other_branch
        self.assertEqual(self.upgraded(self.company), self.other)

    def test_patient_counts_before_the_guardian(self):
        self.mother.clinic_branch_id = self.branch
        self.child.clinic_branch_id = self.other_branch
        self.assertEqual(self.upgraded(self.company), self.other)

    def test_what_nothing_tells_stays(self):
        self.assertEqual(self.upgraded(self.company), self.company)

    def test_what_staff_of_the_company_noted_stays(self):
        self.child.clinic_branch_id = self.branch
        self.assertEqual(self.upgraded(self.other), self.other)


@tagged("post_install", "-at_install")
class TestHomeOfGuardians(MigrationCase):
    """Guardians without a home branch get that of their first patient."""

    def upgraded(self, home):
        guardian = self.env["res.partner"].create({"name": "Mother KUMQUAT"})
        for phone in ("+905321110001", "+905321110002"):
            patient = self.make_patient(phone)
            self.env["whatsapp.clinic.guardianship"].create(
                {"patient_id": patient.id, "guardian_id": guardian.id}
            )
        patient.clinic_branch_id = self.branch.copy({"name": "Branch B"})
        guardian.clinic_branch_id = home
        self.migrate("19.0.2.1.0/post-guardians.py")
        return guardian.clinic_branch_id

    def test_home_of_the_first_patient(self):
        self.assertEqual(self.upgraded(False), self.branch)

    def test_home_that_is_known_stays(self):
        home = self.branch.copy({"name": "Branch C"})
        self.assertEqual(self.upgraded(home), home)


@tagged("post_install", "-at_install")
class TestCallsOfReception(MigrationCase):
    """What was open before the upgrade ends with its cause as well."""

    def test_what_a_patient_wanted_is_settled_by_what_staff_does(self):
        visit = self.book(self.make_patient())
        for kind in ("activity_patients_answer", "activity_idle_tap"):
            visit.activity_schedule(f"whatsapp_clinic.{kind}")
        own = visit.activity_schedule("mail.mail_activity_data_todo")
        self.migrate("19.0.2.1.0/post-calls.py")
        visit.action_confirm()
        self.assertEqual(visit.activity_ids, own)


@tagged("post_install", "-at_install")
class TestThanksThatWait(MigrationCase):
    """What was planned for the end of a visit waits until the visit took place."""

    def test_thanks_wait_only_for_visits_that_took_place(self):
        patient = self.make_patient()
        self.consent(patient)
        self.rule(anchor="end", offset=1, offset_side="after")
        visits = self.book(patient, tomorrow(48)) | self.book(patient, tomorrow(72))
        visits.action_arrive()
        rows = visits.whatsapp_message_ids
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_appointment SET state = 'booked' WHERE id = %s",
            visits[0].ids,
        )
        self.env.invalidate_all()
        self.migrate("19.0.2.1.0/post-visits.py")
        states = {row._subject: row.state for row in rows}
        self.assertEqual(states, {visits[0]: "cancelled", visits[1]: "queued"})


@tagged("post_install", "-at_install")
class TestNames(MigrationCase):
    """Names that came before there was a bound are as those of today."""

    def test_names_become_one_bounded_line_and_others_stay(self):
        identity = self.make_patient().whatsapp_identity_ids
        for before, after in (
            ("Ayşe " + "KUMQUAT" * 100, ("Ayşe " + "KUMQUAT" * 100)[:100]),
            ("Ayşe\n\u202eKUMQUAT ", "Ayşe KUMQUAT"),
            ("Ayşe-Nur “Kumquat” 🌸", "Ayşe-Nur “Kumquat” 🌸"),
        ):
            identity.profile_name = before
            identity.flush_recordset()
            for _time in range(2):
                self.migrate("19.0.2.2.0/post-names.py")
                identity.invalidate_recordset()
                with self.subTest(before[:12]):
                    self.assertEqual(identity.profile_name, after)


@tagged("post_install", "-at_install")
class TestForeignAccounts(MigrationCase):
    """Templates in another company's WhatsApp account are taken out of it."""

    def setUp(self):
        super().setUp()
        company = self.env["res.company"].create({"name": "Other clinic"})
        self.template.title = "Our reminder"
        self.own = make_template(self, "own")
        self.templates = self.template | self.own
        self.env.flush_all()
        # What stood on the template before it had approvals.
        self.env.cr.execute(
            "ALTER TABLE whatsapp_clinic_template "
            "ADD COLUMN business_account_id varchar, ADD COLUMN remote_id varchar, "
            "ADD COLUMN task varchar, ADD COLUMN task_error text; "
            "ALTER TABLE whatsapp_clinic_template_title "
            "ADD COLUMN business_account_id varchar; "
            "UPDATE whatsapp_clinic_template AS template "
            "SET business_account_id = approval.business_account_id, "
            "remote_id = approval.remote_id "
            "FROM whatsapp_clinic_template_approval AS approval "
            "WHERE approval.template_id = template.id; "
            "UPDATE whatsapp_clinic_template_title SET business_account_id = %s",
            [BUSINESS_ACCOUNT],
        )
        for table in ("template", "template_title"):
            self.env.cr.execute(
                f"UPDATE whatsapp_clinic_{table} SET company_id = %s WHERE name = %s",
                [company.id, self.template.name],
            )
        self.env.invalidate_all()

    def test_they_become_drafts_that_keep_text_and_title(self):
        text, count = self.template.body_text, self.templates.search_count([])
        for expected in (self.assertLogs("migration", "WARNING"), nullcontext()):
            with expected:
                self.migrate("19.0.2.2.0/pre-accounts.py")
            self.assertEqual(self.templates.search_count([]), count)
            self.env.cr.execute(
                "SELECT status, remote_id, business_account_id, task_error "
                "FROM whatsapp_clinic_template WHERE id = %s",
                [self.template.id],
            )
            status, remote_id, account, error = self.env.cr.fetchone()
            self.assertEqual(status, "DRAFT")
            self.assertFalse(remote_id or self.template.enabled)
            self.assertIn(BUSINESS_ACCOUNT, account)
            self.assertNotEqual(account, BUSINESS_ACCOUNT)
            self.assertIn("another company", error)
            self.env.cr.execute(
                "SELECT 1 FROM whatsapp_clinic_template_title "
                "WHERE business_account_id = %s AND title = %s",
                [account, "Our reminder"],
            )
            self.assertTrue(self.env.cr.fetchone())
            self.assertEqual(self.template.body_text, text)

    def test_own_templates_stay(self):
        before = self.own.read()
        with self.assertLogs("migration", "WARNING"):
            self.migrate("19.0.2.2.0/pre-accounts.py")
        self.assertEqual(self.own.read(), before)
        self.assertEqual(self.own.status, "APPROVED")


@tagged("post_install", "-at_install")
class TestTries(MigrationCase):
    """What the columns of a message told of its tries is told by rows."""

    COLUMNS = ("failed_attempt int", "resent bool", "file_replaced bool")

    def setUp(self):
        super().setUp()
        for column in self.COLUMNS:
            self.env.cr.execute(
                f"ALTER TABLE whatsapp_clinic_message ADD COLUMN {column}"
            )

    def tries(self, former: str = "", **values):
        message = self.env["whatsapp.clinic.message"].create(
            {
                "channel_id": self.channel.id,
                "partner_id": self.env["res.partner"].create({"name": "KUMQUAT"}).id,
                "company_id": self.channel.company_id.id,
                "claimed_at": tomorrow(),
                **values,
            }
        )
        self.env.flush_all()
        if former:
            self.env.cr.execute(
                f"UPDATE whatsapp_clinic_message SET {former} WHERE id = %s",
                [message.id],
            )
        self.migrate("19.0.2.2.0/post-attempts.py")
        self.attempts = message.attempt_ids
        return [(one.number, one.state) for one in self.attempts]

    def test_what_never_left_has_no_try(self):
        self.assertEqual(self.tries(state="queued"), [])

    def test_present_try_is_what_the_message_is(self):
        for state, outcome in (
            ("sending", "sending"),
            ("unknown", "unknown"),
            ("sent", "accepted"),
            ("delivered", "accepted"),
            ("read", "accepted"),
        ):
            with self.subTest(state=state):
                self.assertEqual(self.tries(state=state, attempts=1), [(1, outcome)])

    def test_refusal_keeps_its_code_and_words(self):
        values = {"error_code": 131026, "detail": "not on WhatsApp"}
        self.assertEqual(
            self.tries(state="failed", attempts=1, **values), [(1, "refused")]
        )
        told = (self.attempts.error_code, self.attempts.detail)
        self.assertEqual(told, tuple(values.values()))

    def test_try_that_failed_before_is_a_row(self):
        self.assertEqual(
            self.tries("failed_attempt = 1", state="sent", attempts=2),
            [(1, "failed"), (2, "accepted")],
        )

    def test_what_was_resent_is_not_resent_once_more(self):
        self.assertEqual(
            self.tries("resent = TRUE", state="unknown", attempts=2),
            [(1, "unknown"), (2, "unknown")],
        )

    def test_second_run_adds_nothing(self):
        tries = self.tries("resent = TRUE", state="unknown", attempts=2)
        self.migrate("19.0.2.2.0/post-attempts.py")
        self.assertEqual(len(self.attempts.message_id.attempt_ids), len(tries))
