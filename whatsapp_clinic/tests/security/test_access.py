import itertools

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ...tools import clock
from ...tools.given_secret import SECRETS
from ..common import ACCESS_TOKEN, APP_SECRET, ClinicCase, staff_user

ROLES = ("receptionist", "practitioner", "manager", "administrator", "privacy_officer")
# What each role may do with records of its own branch: read, write, create, delete.
RIGHTS = {
    "account": ("r", "r", "r", "rwcd", "r"),
    "alarm": ("", "", "r", "r", ""),
    "answer.text": ("r", "r", "rwcd", "rwcd", "r"),
    "appointment": ("rwc", "rw", "rwcd", "rwcd", "r"),
    "appointment.cancel": ("rwc", "rwc", "rwc", "rwc", ""),
    "appointment.type": ("r", "r", "rwcd", "rwcd", "r"),
    "branch": ("r", "r", "rwcd", "rwcd", "r"),
    "channel": ("r", "r", "r", "rwcd", "r"),
    "channel.check": ("", "", "r", "r", ""),
    "channel.connect": ("", "", "", "rwc", ""),
    "channel.connect.number": ("", "", "", "rwcd", ""),
    "channel.registration": ("", "", "", "rwc", ""),
    "channel.task": ("", "", "r", "r", ""),
    "channel.credentials": ("", "", "", "rwc", ""),
    "channel.transfer": ("", "", "", "rwc", "rwc"),
    "composer": ("rwc", "rwc", "rwc", "rwc", ""),
    "consent": ("r", "r", "r", "r", "r"),
    "consent.ask": ("rwc", "", "rwc", "rwc", "rwc"),
    "consent.coverage": ("r", "r", "r", "r", "r"),
    "consent.import": ("", "", "rwc", "rwc", "rwc"),
    "consent.import.line": ("", "", "rwcd", "rwcd", "rwcd"),
    "consent.record": ("rwc", "", "rwc", "rwc", "rwc"),
    "consent.record.line": ("rwc", "", "rwc", "rwc", "rwc"),
    "guardianship": ("rwc", "r", "rwc", "rwc", "rwc"),
    "consent.link": ("rwc", "", "rwc", "rwc", "rwc"),
    "consent.proof": ("r", "r", "r", "r", "r"),
    "consent.purpose": ("r", "r", "r", "r", "rwc"),
    "consent.request": ("r", "r", "r", "r", "r"),
    "identity": ("r", "r", "r", "r", "r"),
    "identity.act": ("r", "r", "r", "r", "r"),
    "identity.address": ("r", "r", "r", "r", "r"),
    "media": ("r", "r", "r", "r", "r"),
    "media.upload": ("", "", "", "r", ""),
    "identity.link": ("rwc", "", "rwc", "rwc", "rwc"),
    "message": ("r", "r", "r", "r", "r"),
    "message.attempt": ("r", "r", "r", "r", "r"),
    "message.cost": ("", "", "r", "r", ""),
    "message.planning": ("", "", "", "", ""),
    "message.reply": ("rwc", "rwc", "rwc", "rwc", ""),
    "message.send": ("rwc", "rwc", "rwc", "rwc", ""),
    "message.rule": ("r", "r", "rwcd", "rwcd", "r"),
    "personal.link": ("", "", "", "r", ""),
    "portfolio": ("r", "r", "r", "rwcd", "r"),
    "practitioner": ("r", "r", "rwcd", "rwcd", "r"),
    "practitioner.hours": ("r", "r", "rwcd", "rwcd", "r"),
    "privacy.notice": ("r", "r", "r", "r", "rwcd"),
    "privacy.notice.text": ("r", "r", "r", "r", "rwcd"),
    "sending": ("r", "r", "r", "r", "r"),
    "sending.stop": ("", "", "", "", ""),
    "rate": ("", "", "rwcd", "rwcd", ""),
    "rate.change": ("", "", "", "r", ""),
    "stop.word": ("r", "r", "rwcd", "rwcd", "r"),
    "language": ("r", "r", "rwcd", "rwcd", "r"),
    "composer.text": ("rwcd", "rwcd", "rwcd", "rwcd", ""),
    "template": ("r", "r", "rwcd", "rwcd", "r"),
    "template.approval": ("r", "r", "r", "r", "r"),
    "template.button": ("r", "r", "rwcd", "rwcd", "r"),
    "template.card": ("r", "r", "rw", "rw", "r"),
    "holiday.import": ("", "", "rwc", "rwc", ""),
    "holiday.import.line": ("", "", "rwcd", "rwcd", ""),
    "template.library": ("", "", "rwc", "rwc", ""),
    "template.library.line": ("", "", "rwcd", "rwcd", ""),
    "template.title": ("", "", "", "", ""),
    "template.variable": ("r", "r", "rwcd", "rwcd", "r"),
    "unrecognised": ("", "", "", "r", ""),
    "webhook.event": ("", "", "", "r", ""),
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}
# Of these a receptionist or practitioner has no right at all in another branch.
BY_BRANCH = (
    "appointment",
    "branch",
    "channel",
    "consent",
    "consent.coverage",
    "consent.proof",
    "consent.request",
    "guardianship",
    "identity",
    "identity.act",
    "identity.address",
    "media",
    "message",
    "message.attempt",
    "message.rule",
    "practitioner",
    "practitioner.hours",
)
# Models without a rule by company, and why nobody sees another company by them.
OF_ALL_COMPANIES = {
    "answer.text": "one wording for the database; changed by who is of all companies",
    "consent.purpose": "one list for the database; changed by who is of all companies",
    "language": "one list for the database; changed by who is of all companies",
    "message.planning": "no role reads it",
    "rate.change": "a date, nothing else",
    "sending.stop": "no role reads it",
    "template.title": "no role reads it",
    "stop.word": "one list for the database; changed by who is of all companies",
    "unrecognised": "parts of webhooks that nobody could read, for administrators",
}
WITHIN_BRANCH = ("receptionist", "practitioner")


@tagged("post_install", "-at_install")
class TestAccess(ClinicCase):
    """Least rights, branch by branch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: staff_user(cls, role) for role in ROLES}
        cls.records = cls.make_records(cls.branch, cls.channel, cls.practitioner)
        other_channel = cls.channel.create(
            {"name": "B", "phone_number_id": "b", "business_account_id": "b"}
        )
        cls.other_branch = cls.branch.create(
            {
                "name": "Branch B",
                "channel_id": other_channel.id,
                "country_id": cls.turkey.id,
            }
        )
        other_practitioner = cls.practitioner.create(
            {"name": "Dr. B", "branch_ids": [(6, 0, cls.other_branch.ids)]}
        )
        cls.other_records = cls.make_records(
            cls.other_branch, other_channel, other_practitioner
        )

    @classmethod
    def make_records(cls, branch, channel, practitioner):
        env = cls.env
        patient = env["res.partner"].create(
            {
                "name": f"Patient of {branch.name}",
                "phone": f"+90532111{branch.id:04}",
                "clinic_patient": True,
                "clinic_branch_id": branch.id,
            }
        )
        appointment = env["whatsapp.clinic.appointment"].create(
            {
                "partner_id": patient.id,
                "branch_id": branch.id,
                "practitioner_id": practitioner.id,
                "type_id": cls.type.id,
                "start": "2099-01-01 10:00:00",
            }
        )
        rule = env["whatsapp.clinic.message.rule"].create(
            {
                "name": "Reminder",
                "branch_ids": [(6, 0, branch.ids)],
                "template_id": cls.template.id,
                "purpose_id": cls.purpose.id,
            }
        )
        proof = env["whatsapp.clinic.consent.proof"].create(
            {"partner_id": patient.id, "document": "{}"}
        )
        consent = env["whatsapp.clinic.consent"].create(
            {
                "partner_id": patient.id,
                "purpose_id": cls.purpose.id,
                "decision": "given",
                "method": "paper",
                "proof_id": proof.id,
            }
        )
        # The rule plans nothing ahead of consent.
        message = env["whatsapp.clinic.message"].search(
            [*appointment._messages_domain()]
        )
        env.flush_all()
        return {
            "consent": consent,
            "consent.coverage": env["whatsapp.clinic.consent.coverage"].search(
                [("partner_id", "=", patient.id)], limit=1
            ),
            "consent.proof": proof,
            "consent.request": env["whatsapp.clinic.consent.request"].create(
                {"partner_id": patient.id, "branch_id": branch.id}
            ),
            "identity": patient.whatsapp_identity_ids,
            "identity.act": env["whatsapp.clinic.identity.act"].create(
                {
                    "identity_id": patient.whatsapp_identity_ids.id,
                    "scope": "all",
                    "decision": "start",
                    "source": "staff",
                    "act_at": clock.now(),
                    "company_id": branch.company_id.id,
                }
            ),
            "identity.address": env["whatsapp.clinic.identity.address"].create(
                {
                    "identity_id": patient.whatsapp_identity_ids.id,
                    "provider": "whatsapp",
                    "kind": "user",
                    "value": f"TR.{branch.id}",
                }
            ),
            "guardianship": env["whatsapp.clinic.guardianship"].create(
                {
                    "patient_id": patient.id,
                    "guardian_id": env["res.partner"].create({"name": "G"}).id,
                }
            ),
            "appointment": appointment,
            "branch": branch,
            "channel": channel,
            "message.attempt": env["whatsapp.clinic.message.attempt"].create(
                {
                    "message_id": message.id,
                    "number": 1,
                    "state": "accepted",
                    "claimed_at": clock.now(),
                }
            ),
            "media": env["whatsapp.clinic.media"].create(
                {
                    "channel_id": channel.id,
                    "message_id": message.id,
                    "kind": "image",
                    "state": "loaded",
                }
            ),
            "message": message,
            "message.rule": rule,
            "practitioner": practitioner,
            "practitioner.hours": cls.env["whatsapp.clinic.practitioner.hours"].create(
                {
                    "practitioner_id": practitioner.id,
                    "calendar_id": cls.env.company.resource_calendar_id.id,
                }
            ),
        }

    def may(self, user, model, operation, record=None):
        target = (record or self.env[model]).with_user(user)
        return target.has_access(OPERATIONS[operation])

    def test_matrix_of_roles_and_models(self):
        for name, rights in RIGHTS.items():
            for role, allowed in zip(ROLES, rights, strict=True):
                for operation in OPERATIONS:
                    with self.subTest(model=name, role=role, operation=operation):
                        self.assertEqual(
                            self.may(
                                self.users[role], f"whatsapp.clinic.{name}", operation
                            ),
                            operation in allowed,
                        )

    def test_matrix_names_every_model_with_a_table(self):
        prefix = "whatsapp.clinic."
        models = {
            name.removeprefix(prefix)
            for name, model in self.env.items()
            if name.startswith(prefix) and not model._abstract
        }
        self.assertEqual(models, set(RIGHTS))

    def test_nobody_else_may_do_anything(self):
        outsiders = [
            new_test_user(self.env, "employee-x", groups="base.group_user"),
            new_test_user(self.env, "portal-x", groups="base.group_portal"),
            self.env.ref("base.public_user"),
        ]
        for name in RIGHTS:
            for user in outsiders:
                for operation in OPERATIONS:
                    with self.subTest(model=name, user=user.login, op=operation):
                        model = f"whatsapp.clinic.{name}"
                        self.assertFalse(self.may(user, model, operation))

    def test_what_a_wizard_holds_is_seen_by_its_user_only(self):
        wizards = [
            name
            for name, model in self.env.items()
            if name.startswith("whatsapp.clinic.") and model.is_transient()
        ]
        self.assertIn("whatsapp.clinic.composer", wizards)
        manager = self.users["manager"]
        for name in wizards:
            with self.subTest(model=name):
                domain = self.env["ir.rule"].with_user(manager)._compute_domain(name)
                self.assertIn(f"'create_uid', 'in', [{manager.id}]", str(domain))

    def test_matrix_of_roles_models_and_branches(self):
        for name, role, operation in itertools.product(BY_BRANCH, ROLES, OPERATIONS):
            may = operation in RIGHTS[name][ROLES.index(role)]
            for records, expected in (
                (self.records, may),
                (self.other_records, may and role not in WITHIN_BRANCH),
            ):
                whose = "own" if records is self.records else "other"
                with self.subTest(name=name, role=role, op=operation, branch=whose):
                    self.assertTrue(records[name])
                    user = self.users[role]
                    self.assertEqual(
                        self.may(user, None, operation, records[name]), expected
                    )

    def rules_of(self, name):
        return (
            self.env["ir.rule"]
            .search([("model_id.model", "=", f"whatsapp.clinic.{name}")])
            .mapped(lambda rule: (rule["global"], rule.domain_force))
        )

    def test_matrix_names_every_model_with_a_branch_rule(self):
        ruled = {
            name
            for name in RIGHTS
            if any(
                "member_ids" in domain or "_patients_of_branches" in domain
                for _everybody, domain in self.rules_of(name)
            )
        }
        self.assertEqual(ruled, set(BY_BRANCH))

    def test_every_model_is_filtered_by_company_or_says_why_not(self):
        unfiltered = {
            name
            for name in RIGHTS
            if not self.env[f"whatsapp.clinic.{name}"].is_transient()
            and not any("company_id" in domain for _all, domain in self.rules_of(name))
        }
        self.assertEqual(unfiltered, set(OF_ALL_COMPANIES))

    def test_records_are_filtered_by_rules_for_everybody(self):
        for name in RIGHTS:
            for is_for_everybody, domain in self.rules_of(name):
                with self.subTest(model=name, domain=domain):
                    self.assertTrue(is_for_everybody)

    def test_own_branch_is_seen_and_the_other_one_is_not(self):
        for role in ("receptionist", "practitioner"):
            user = self.users[role]
            for name in BY_BRANCH:
                with self.subTest(role=role, model=name):
                    self.assertTrue(self.may(user, None, "r", self.records[name]))
                    other = self.other_records[name]
                    self.assertFalse(self.may(user, None, "r", other))
                    found = other.with_user(user).search([("id", "in", other.ids)])
                    self.assertFalse(found)

    def test_manager_and_privacy_officer_see_all_branches(self):
        for role in ("manager", "privacy_officer"):
            for name in BY_BRANCH:
                with self.subTest(role=role, model=name):
                    self.assertTrue(
                        self.may(self.users[role], None, "r", self.other_records[name])
                    )

    def test_leaving_a_branch_takes_effect_at_once(self):
        user = self.users["receptionist"]
        appointment = self.records["appointment"]
        self.assertTrue(self.may(user, None, "r", appointment))
        self.branch.member_ids -= user
        self.assertFalse(self.may(user, None, "r", appointment))

    def test_another_company_is_not_seen(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        manager = self.users["manager"]
        branch = self.branch.create(
            {
                "name": "Foreign",
                "company_id": company.id,
                "country_id": self.turkey.id,
                "partner_id": company.partner_id.id,
            }
        )
        channel = self.channel.create(
            {
                "name": "F",
                "phone_number_id": "f",
                "business_account_id": "f",
                "company_id": company.id,
            }
        )
        for record in (branch, channel):
            self.assertFalse(self.may(manager, None, "r", record))

    def test_no_role_can_create_a_message_or_change_what_it_says(self):
        message = self.records["message"]
        self.assertTrue(message)
        values = {
            "state": "queued",
            "purpose_id": self.purpose.id,
            "partner_id": self.records["appointment"].partner_id.id,
            "identity_id": message.identity_id.id,
            "channel_id": self.channel.id,
            "body": "x",
            "due_at": "2026-01-01 00:00:00",
        }
        for role in ROLES:
            mine = message.with_user(self.users[role])
            for name, value in values.items():
                with (
                    self.subTest(role=role, field=name),
                    self.assertRaises(AccessError),
                ):
                    mine.write({name: value})
            with self.subTest(role=role), self.assertRaises(AccessError):
                mine.create({**values, "company_id": self.company.id})
            with self.subTest(role=role), self.assertRaises(AccessError):
                mine.unlink()

    def test_no_role_can_change_to_whom_an_identity_belongs(self):
        patient = self.make_patient()
        for role in ROLES:
            identity = patient.whatsapp_identity_ids.with_user(self.users[role])
            for values in ({"wa_id": "1"}, {"blocked_at": False}, {"partner_ids": []}):
                with self.subTest(role=role), self.assertRaises(AccessError):
                    identity.write(values)
            own = patient.with_user(self.users[role])
            commands = (
                (0, 0, {"wa_id": "905"}),
                (1, identity.id, {"wa_id": "905"}),
                (2, identity.id, 0),
                (3, identity.id, 0),
                (4, identity.id, 0),
                (5, 0, 0),
                (6, 0, []),
            )
            for command in commands:
                with (
                    self.subTest(role=role, command=command[0]),
                    self.assertRaises(AccessError),
                ):
                    own.write({"whatsapp_identity_ids": [command]})
            with self.subTest(role=role), self.assertRaises(AccessError):
                own.create({"name": "X", "whatsapp_identity_ids": [(6, 0, [])]})

    def test_stop_may_be_set_by_reception_and_lifted_by_a_manager_only(self):
        identity = self.make_patient().whatsapp_identity_ids
        identity.with_user(self.users["receptionist"]).action_block()
        self.assertEqual(identity.block_source, "staff")
        with self.assertRaises(AccessError):
            identity.with_user(self.users["receptionist"]).action_unblock()
        identity.with_user(self.users["manager"]).action_unblock()
        self.assertFalse(identity.blocked_at)

    def test_nobody_reads_a_secret_back(self):
        admin = self.env.ref("base.user_admin")
        for user in (*self.users.values(), admin):
            channel = self.channel.with_user(user)
            account = channel.account_id
            hidden = {(account, name) for name in SECRETS} | {(channel, "fingerprint")}
            for record, name in hidden:
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(AccessError):
                        record.read([name])
                    self.assertNotIn(name, record.fields_get())
                    with self.assertRaises(AccessError):
                        record.search([(name, "like", "s")])
                    with self.assertRaises(UserError):
                        record.export_data([name])

    def test_wizard_hands_secrets_over_and_keeps_nothing(self):
        administrator = self.users["administrator"]
        account = self.channel.account_id
        wizard = (
            self.env["whatsapp.clinic.channel.credentials"]
            .with_user(administrator)
            .create({"account_id": account.id, "access_token": "brand-new"})
        )
        self.assertEqual(account.sudo().access_token, "brand-new")
        self.assertEqual(account.sudo().app_secret, APP_SECRET)
        self.env.flush_all()
        self.env.cr.execute(f'SELECT * FROM "{wizard._table}"')
        self.assertNotIn("brand-new", str(self.env.cr.fetchall()))
        wizard.invalidate_recordset()
        self.assertFalse(wizard.access_token)
        self.channel._set_credentials({"access_token": ACCESS_TOKEN})

    def test_credentials_are_not_copied_with_an_app(self):
        copy = self.channel.account_id.copy().sudo()
        self.assertFalse(copy.access_token or copy.app_secret or copy.verify_token)

    def test_colleague_without_a_role_does_not_see_who_is_a_patient(self):
        patient = self.make_patient()
        employee = new_test_user(self.env, "employee-y", groups="base.group_user")
        seen = patient.with_user(employee)
        for name in (
            "clinic_patient",
            "clinic_branch_id",
            "consent_ids",
            "appointment_ids",
            "whatsapp_consent_state",
            "whatsapp_identity_ids",
        ):
            with self.subTest(field=name), self.assertRaises(AccessError):
                seen.read([name])
        with self.assertRaises(AccessError):
            seen.search([("clinic_patient", "=", True)])

    def test_receptionist_books_for_a_new_patient(self):
        receptionist = self.users["receptionist"]
        env = self.env(user=receptionist)
        self.rule()
        patient = env["res.partner"].create(
            {
                "name": "New KUMQUAT",
                "phone": "0532 111 00 07",
                "clinic_patient": True,
                "clinic_branch_id": self.branch.id,
            }
        )
        env["whatsapp.clinic.consent"].record_decision(
            "appointment",
            "given",
            "2026-01-31T14:05:00+03:00",
            "Form",
            "form-1",
            patient_id=patient.id,
        )
        appointment = env["whatsapp.clinic.appointment"].create(
            {
                "partner_id": patient.id,
                "branch_id": self.branch.id,
                "practitioner_id": self.practitioner.id,
                "type_id": self.type.id,
                "start": "2099-02-01 10:00:00",
            }
        )
        message = appointment.whatsapp_message_ids
        self.assertEqual(set(message.mapped("state")), {"queued"})
        appointment.action_arrive()
        patient.write({"phone": "+905321110008"})
        self.assertEqual(patient.whatsapp_consent_state, "ready")

    def test_every_role_can_read_the_screens_of_a_patient(self):
        patient = self.make_patient()
        self.consent(patient)
        self.book(patient, "2099-02-02 10:00:00")
        for role in ROLES:
            own = patient.with_user(self.users[role])
            own.invalidate_recordset()
            self.assertEqual(own.whatsapp_consent_state, "ready")
            self.assertEqual(own.clinic_appointment_count, 1)
