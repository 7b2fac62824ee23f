"""Several numbers, apps and sources of secrets."""

import json
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import config

from ....controllers.webhook import PATH
from ....models.whatsapp.number.channel import LOOPBACK_SWITCH
from ....models.whatsapp.number.clients import channel_client
from ...common import (
    ACCESS_TOKEN,
    APP_SECRET,
    BUSINESS_ACCOUNT,
    OTHER_PHONE_NUMBER_ID,
    PHONE_NUMBER_ID,
    ClinicCase,
    WebCase,
    consent,
    make_patient,
    make_template,
    set_up_clinic,
    staff_user,
)
from ...intake.test_webhook import envelope, sign, status, text_message

OTHER_SECRET = "secret-of-the-other-app"
GIVEN = "token-of-the-environment"


def second_app(case):
    """A channel of another app, with its own secret."""
    account = case.env["whatsapp.clinic.account"].create({"name": "Other app"})
    account._set_credentials({"access_token": "other", "app_secret": OTHER_SECRET})
    return case.env["whatsapp.clinic.channel"].create(
        {
            "name": "Other",
            "account_id": account.id,
            "phone_number_id": OTHER_PHONE_NUMBER_ID,
            "business_account_id": "620000000000002",
        }
    )


@tagged("post_install", "-at_install")
class TestAccount(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.channel.account_id

    def move(self, channel):
        """Give a number to another company; returns the company."""
        company = self.env["res.company"].create({"name": "Other clinic"})
        self.branch.channel_id = False
        channel.company_id = company
        return company

    def test_app_goes_along_with_its_only_number_to_another_company(self):
        self.account.company_id = self.company
        self.assertEqual(self.account.channel_ids, self.channel)
        company = self.move(self.channel)
        self.assertEqual(self.account.company_id, company)

    def test_app_is_shared_where_a_number_of_it_stays(self):
        self.account.company_id = self.company
        self.channel.copy({"phone_number_id": "stays", "account_id": self.account.id})
        self.move(self.channel)
        self.assertFalse(self.account.company_id)

    def test_shared_app_stays_shared(self):
        self.account.company_id = False
        self.move(self.channel)
        self.assertFalse(self.account.company_id)

    def test_app_of_a_number_that_stays_in_its_company_is_left_alone(self):
        self.account.company_id = self.company
        self.channel.company_id = self.company
        self.assertEqual(self.account.company_id, self.company)

    def test_templates_go_along_with_the_last_number_of_their_account(self):
        self.template.title = "Our reminder"
        archived = make_template(self, "archived")
        archived.active = False
        company = self.move(self.channel)
        self.assertEqual((self.template | archived).company_id, company)
        self.assertEqual(self.template.title, "Our reminder")

    def test_templates_stay_where_a_number_of_their_account_stays(self):
        self.channel.copy({"phone_number_id": "stays"})
        self.move(self.channel)
        self.assertEqual(self.template.company_id, self.company)

    def test_number_whose_templates_rules_send_is_not_moved(self):
        self.rule(active=False)
        with self.assertRaisesRegex(ValidationError, "choose another template"):
            self.move(self.channel)

    def test_template_is_submitted_by_numbers_of_its_company_alone(self):
        """A row that came to a foreign account in an earlier version."""
        company = self.env["res.company"].create({"name": "Other clinic"})
        self.template.approval_id._check_connected()
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_template_approval SET company_id = %s "
            "WHERE template_id = %s",
            [company.id, self.template.id],
        )
        self.template.approval_id.invalidate_recordset()
        with self.assertRaises(UserError):
            self.template.approval_id._check_connected()

    def in_environment(self, **values):
        values = {f"WHATSAPP_CLINIC_MAIN_{name}": text for name, text in values.items()}
        patcher = patch.dict(os.environ, values)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.account.environment_name = "MAIN"
        self.account.invalidate_recordset()

    def in_file(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as file:
            file.write(text)
        self.addCleanup(Path(file.name).unlink)
        patcher = patch.dict(config._runtime_options, {"config": file.name})
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_numbers_of_one_account_that_are_made_together_share_the_app(self):
        values = {"business_account_id": "made-together"}
        channels = self.env["whatsapp.clinic.channel"].create(
            [{**values, "name": name, "phone_number_id": name} for name in ("A", "B")]
        )
        self.assertEqual(len(channels.account_id), 1)

    def test_numbers_of_one_whatsapp_account_share_the_app_and_its_secrets(self):
        sister = self.channel.create(
            {
                "name": "Sister",
                "phone_number_id": OTHER_PHONE_NUMBER_ID,
                "business_account_id": BUSINESS_ACCOUNT,
            }
        )
        self.assertEqual(sister.account_id, self.account)
        self.assertEqual(sister.state, "ready")

    def test_number_of_another_whatsapp_account_may_share_the_app(self):
        sister = self.channel.create(
            {
                "name": "Sister",
                "account_id": self.account.id,
                "phone_number_id": OTHER_PHONE_NUMBER_ID,
                "business_account_id": "620000000000002",
            }
        )
        self.assertEqual(sister.state, "ready")

    def test_whatsapp_account_of_another_app_is_refused(self):
        other = second_app(self)
        with self.assertRaises(ValidationError):
            other.business_account_id = BUSINESS_ACCOUNT

    def test_archived_number_gives_its_whatsapp_account_to_another_app(self):
        other = second_app(self)
        self.channel.active = False
        other.business_account_id = BUSINESS_ACCOUNT
        with self.assertRaises(ValidationError):
            self.channel.active = True

    def test_number_does_not_leave_the_app_of_its_whatsapp_account_alone(self):
        sister = self.channel.copy({"phone_number_id": "sister"})
        with self.assertRaises(ValidationError):
            sister.account_id = second_app(self).account_id

    def test_other_company_does_not_take_a_whatsapp_account(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        stranger = staff_user(
            self,
            "administrator",
            branch=self.branch.browse(),
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        taken = {
            "name": "Taken",
            "phone_number_id": "taken",
            "business_account_id": BUSINESS_ACCOUNT,
        }
        for is_active in (True, False):
            self.channel.active = is_active
            with self.assertRaises(ValidationError):
                self.channel.with_user(stranger).create(dict(taken))
            with self.assertRaises(ValidationError):
                self.channel.with_user(stranger).create({**taken, "active": False})

    def test_app_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        stranger = staff_user(
            self,
            "administrator",
            branch=self.branch.browse(),
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        seen = self.account.with_user(stranger).search([])
        self.assertNotIn(self.account, seen)
        self.account.company_id = False
        self.assertIn(self.account, self.account.with_user(stranger).search([]))

    def test_app_follows_its_only_number_to_another_company(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        self.branch.channel_id = False
        self.channel.company_id = other
        self.assertEqual(self.account.company_id, other)

    def test_app_of_numbers_of_two_companies_is_shared(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        sister = self.channel.copy({"phone_number_id": "sister"})
        sister.company_id = other
        self.assertFalse(self.account.company_id)
        self.assertEqual(self.channel.account_id, sister.account_id)

    def test_administrator_makes_a_channel_by_hand(self):
        administrator = staff_user(self, "administrator")
        channel = self.channel.with_user(administrator).create(
            {"name": "New", "phone_number_id": "7", "business_account_id": "8"}
        )
        self.assertEqual(channel.account_id.name, "New")
        channel._set_credentials({"access_token": "typed"})
        self.assertEqual(channel.state, "ready")

    def test_new_credentials_lift_the_holds_of_all_numbers_of_the_app(self):
        self.channel.hold_until = "2099-01-01 00:00:00"
        self.account._set_credentials({"access_token": "fresh"})
        self.assertFalse(self.channel.hold_until)

    def test_secret_of_the_environment_counts_and_is_not_stored(self):
        self.account.sudo().access_token = False
        self.assertEqual(self.channel.state, "incomplete")
        self.in_environment(ACCESS_TOKEN=GIVEN)
        self.channel.invalidate_recordset()
        self.assertEqual(self.channel.state, "ready")
        self.assertEqual(self.channel.access_token_source, "environment")
        self.assertEqual(channel_client(self.channel)._access_token, GIVEN)
        self.assert_not_stored(GIVEN)

    def assert_not_stored(self, secret):
        self.env.flush_all()
        for table in ("account", "channel"):
            self.env.cr.execute(f'SELECT * FROM "whatsapp_clinic_{table}"')
            self.assertNotIn(secret, str(self.env.cr.fetchall()))

    def test_secret_of_the_environment_is_read_by_nobody(self):
        self.in_environment(ACCESS_TOKEN=GIVEN, APP_SECRET=GIVEN, VERIFY_TOKEN=GIVEN)
        administrator = self.env.ref("base.user_admin")
        for record in (self.account, self.channel):
            shown = record.with_user(administrator)
            self.assertNotIn(GIVEN, str(shown.read(list(shown.fields_get()))))

    def test_token_is_not_sent_elsewhere_by_who_may_not_read_it(self):
        administrator = staff_user(self, "administrator")
        connect = self.env["whatsapp.clinic.channel.connect"]
        with self.assertRaises(AccessError):
            self.channel.with_user(administrator).base_url = "https://evil.test"
        for address in (
            "https://evil.test",
            "https://graph.facebook.com@evil.test",
            "http://graph.facebook.com",
            "https://graph.facebook.com:8443",
            "file://graph.facebook.com/token",
            "http://127.0.0.1:8069",
            "http://localhost:5432",
        ):
            with self.assertRaises(AccessError):
                connect.with_user(administrator).create(
                    {"account_id": self.account.id, "base_url": address}
                )
        system = self.env.ref("base.user_admin")
        self.channel.with_user(system).base_url = "https://proxy.test"

    def test_ports_of_this_machine_are_open_where_the_server_says_so(self):
        administrator = staff_user(self, "administrator")
        with patch.dict(os.environ, {LOOPBACK_SWITCH: "1"}):
            self.channel.with_user(administrator).base_url = "http://127.0.0.1:8080"
            with self.assertRaises(AccessError):
                self.channel.with_user(administrator).base_url = "https://evil.test"

    def test_channel_with_a_token_of_the_environment_has_work(self):
        self.account.sudo().access_token = False
        patient = self.make_patient()
        self.consent(patient)
        self.rule(offset=1, offset_side="after", anchor="booked")
        self.book(patient)
        self.env["whatsapp.clinic.message"].search(
            [("partner_id", "=", patient.id)]
        ).write({"due_at": "2020-01-01 00:00:00", "state": "queued"})
        self.env.flush_all()
        dispatcher = self.env["whatsapp.clinic.dispatcher"]
        self.assertNotIn(self.channel.id, dispatcher._channels_with_work(self.env.cr))
        self.in_environment(ACCESS_TOKEN=GIVEN)
        self.env.flush_all()
        self.assertIn(self.channel.id, dispatcher._channels_with_work(self.env.cr))

    def test_environment_comes_before_what_is_stored(self):
        self.in_environment(ACCESS_TOKEN=GIVEN)
        self.assertEqual(self.account._secret("access_token"), GIVEN)
        self.assertEqual(self.account._secret("app_secret"), APP_SECRET)

    def test_given_secret_is_not_overwritten_by_hand(self):
        self.in_environment(ACCESS_TOKEN=GIVEN)
        with self.assertRaises(UserError):
            self.account._set_credentials({"access_token": "typed"})

    def test_secret_of_the_configuration_file_counts_and_is_not_stored(self):
        self.account.environment_name = "MAIN"
        self.in_file(
            "[options]\n[whatsapp_clinic]\nmain_access_token = from-the-file\n"
        )
        self.account.invalidate_recordset()
        self.assertEqual(self.account.access_token_source, "file")
        self.assertEqual(self.account._secret("access_token"), "from-the-file")
        self.assert_not_stored("from-the-file")

    def test_name_without_a_secret_on_the_server_leaves_what_is_stored(self):
        self.account.environment_name = "MAIN"
        self.account.invalidate_recordset()
        self.assertEqual(self.account.access_token_source, "stored")
        self.assertEqual(self.account._secret("access_token"), ACCESS_TOKEN)


@tagged("post_install", "-at_install")
class TestTwoApps(WebCase):
    """One callback address for the webhooks of two apps."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)
        cls.other = second_app(cls)

    def post(self, body, secret):
        body = json.dumps(body).encode()
        headers = {
            "X-Hub-Signature-256": sign(body, secret),
            "Content-Type": "application/json",
        }
        return self.url_open(PATH, data=body, headers=headers).status_code

    def about(self, phone_number_id, message_id):
        body = envelope(text_message("Hi", message_id))
        value = body["entry"][0]["changes"][0]["value"]
        value["metadata"]["phone_number_id"] = phone_number_id
        return body

    def received(self, channel):
        self.env.invalidate_all()
        domain = [("channel_id", "=", channel.id), ("direction", "=", "in")]
        return self.env["whatsapp.clinic.message"].search_count(domain)

    def test_each_app_signs_with_its_secret_and_reaches_its_number(self):
        first = self.about(PHONE_NUMBER_ID, "wamid.first")
        second = self.about(OTHER_PHONE_NUMBER_ID, "wamid.second")
        self.assertEqual(self.post(first, APP_SECRET), 200)
        self.assertEqual(self.post(second, OTHER_SECRET), 200)
        with self.enter_registry_test_mode():
            self.env["whatsapp.clinic.webhook.event"]._cron_process()
        self.assertEqual(self.received(self.channel), 1)
        self.assertEqual(self.received(self.other), 1)

    def process(self):
        with self.enter_registry_test_mode():
            self.env["whatsapp.clinic.webhook.event"]._cron_process()
        self.env.invalidate_all()

    def test_secret_of_another_app_changes_nothing_of_a_number(self):
        patient = make_patient(self)
        consent(self, patient)
        for value, field in (
            (text_message("STOP", "wamid.forged"), "messages"),
            (status("failed", "x"), "messages"),
            ({"event": "ACCOUNT_DELETED"}, "account_update"),
            (
                {
                    "message_template_id": self.template.remote_id,
                    "message_template_name": self.template.name,
                    "message_template_language": "en",
                    "event": "PAUSED",
                },
                "message_template_status_update",
            ),
            ({"errors": [{"code": 190}]}, "errors"),
        ):
            with self.subTest(field=field):
                body = envelope(value, field=field)
                body["entry"][0]["id"] = BUSINESS_ACCOUNT
                self.assertEqual(self.post(body, OTHER_SECRET), 200)
                self.process()
        self.assertFalse(self.received(self.channel))
        self.assertFalse(patient.whatsapp_identity_ids.blocked_at)
        self.assertFalse(self.channel.restriction or self.channel.hold_until)
        self.assertFalse(self.channel.last_webhook_at)
        self.assertEqual(self.template.status, "APPROVED")

    def test_what_another_app_signed_is_told_to_administrators(self):
        before = self.env["whatsapp.clinic.unrecognised"].search([])
        self.post(self.about(PHONE_NUMBER_ID, "wamid.forged"), OTHER_SECRET)
        self.process()
        told = self.env["whatsapp.clinic.unrecognised"].search([]) - before
        self.assertIn("another app", told.why)
        self.assertNotIn("Hi", told.raw)

    def test_the_same_bytes_signed_by_the_right_app_afterwards_count(self):
        body = self.about(PHONE_NUMBER_ID, "wamid.both")
        self.assertEqual(self.post(body, OTHER_SECRET), 200)
        self.assertEqual(self.post(body, APP_SECRET), 200)
        self.process()
        self.assertEqual(self.received(self.channel), 1)

    def test_two_entries_of_one_app_may_sign_for_each_other(self):
        self.other.account_id.sudo().app_secret = APP_SECRET
        self.post(self.about(OTHER_PHONE_NUMBER_ID, "wamid.shared"), APP_SECRET)
        self.process()
        self.assertEqual(self.received(self.other), 1)

    def test_secret_that_another_app_has_is_refused_when_entered(self):
        other = self.other.account_id
        with self.assertRaises(UserError):
            other._set_credentials({"app_secret": APP_SECRET})
        self.channel.account_id._set_credentials({"app_secret": APP_SECRET})
        with (
            patch.dict(os.environ, {"WHATSAPP_CLINIC_OTHER_APP_SECRET": APP_SECRET}),
            self.assertRaises(ValidationError),
        ):
            other.environment_name = "OTHER"

    def test_secret_of_nobody_is_refused(self):
        body = self.about(PHONE_NUMBER_ID, "wamid.forged")
        self.assertEqual(self.post(body, "no secret of ours"), 401)

    def test_secret_of_the_environment_signs_webhooks(self):
        self.channel.account_id.environment_name = "MAIN"
        self.env.flush_all()
        body = self.about(PHONE_NUMBER_ID, "wamid.given")
        with patch.dict(os.environ, {"WHATSAPP_CLINIC_MAIN_APP_SECRET": GIVEN}):
            self.assertEqual(self.post(body, GIVEN), 200)
            self.assertEqual(self.post(body, APP_SECRET), 401)
