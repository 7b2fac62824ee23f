"""The connection check on a channel, against a sandbox broken in each of ten ways."""

import json
import threading
import urllib.request
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ....cloud_api.connection_check import TITLES
from ....tools import clock
from ...common import (
    ACCESS_TOKEN,
    APP_SECRET,
    AYSE_WA_ID,
    BUSINESS_ACCOUNT,
    OTHER_PHONE_NUMBER_ID,
    PHONE_NUMBER_ID,
    SandboxCase,
    staff_user,
)

APP = "610000000000001"
SISTER_ACCOUNT = "620000000000002"
OVER = 1_000_000_000


class HandshakeServer:
    """Answers WhatsApp's handshake; Odoo's test has its only connection in use."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(query["hub.challenge"][0].encode())

        def log_message(self, *_args):
            """Say nothing."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_exc):
        self.server.shutdown()
        self.server.server_close()


class ConnectedCase(SandboxCase):
    """A channel of which the app is known, and the set-up's scheduled action."""

    def setUp(self):
        super().setUp()
        self.channel.account_id.app_id = APP
        self.env["whatsapp.clinic.channel"].search(
            [("id", "!=", self.channel.id)]
        ).active = False
        self.addCleanup(self.env.registry.clear_cache)

    def work_off(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("whatsapp_clinic.set_up_channels").method_direct_trigger()
        self.env.invalidate_all()

    def check(self):
        self.channel.action_check_connection()
        self.work_off()
        return {line.key: line for line in self.channel.check_ids}

    def not_fine(self, lines):
        return {key: line.state for key, line in lines.items() if line.state != "ok"}

    def address_webhook(self):
        """Have the app's webhooks come to where the channel says."""
        self.sandbox.change_app(APP, callback_url=self.channel.webhook_url)


@tagged("post_install", "-at_install")
class TestConnectionCheck(ConnectedCase):
    def setUp(self):
        super().setUp()
        self.address_webhook()
        self.receive()

    def receive(self):
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, "Hi")
        self.process()

    def test_ten_lines_are_green_when_all_is_well(self):
        lines = self.check()
        self.assertEqual(list(lines), list(TITLES))
        told = {key: lines[key].what_to_do for key in self.not_fine(lines)}
        self.assertFalse(told)
        self.assertTrue(self.channel.checked_at)
        self.assertFalse(self.channel.is_busy)

    def assert_broken(self, key, words, state="fail"):
        line = self.check()[key]
        self.assertEqual(line.state, state, line.what_to_do)
        self.assertIn(words, line.what_to_do)

    def test_1_token_that_is_over_is_told(self):
        self.sandbox.set_token(0, expires_at=OVER)
        self.assert_broken("token", "no longer valid")

    def test_2_account_out_of_reach_is_told(self):
        self.sandbox.set_token(0, business_accounts=[])
        self.assert_broken("business_account", "access")

    def test_3_swapped_ids_are_told(self):
        self.channel.write(
            {
                "phone_number_id": BUSINESS_ACCOUNT,
                "business_account_id": PHONE_NUMBER_ID,
            }
        )
        self.assert_broken("business_account", "look swapped")

    def test_swapped_ids_are_the_only_thing_to_mend(self):
        self.channel.write(
            {
                "phone_number_id": BUSINESS_ACCOUNT,
                "business_account_id": PHONE_NUMBER_ID,
            }
        )
        states = self.not_fine(self.check())
        broken = [key for key, state in states.items() if state in ("warn", "fail")]
        self.assertEqual(broken, ["business_account"])

    def test_4_number_that_is_banned_is_told(self):
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, status="BANNED")
        self.assert_broken("number", "BANNED")

    def test_5_number_that_may_not_send_is_told(self):
        self.sandbox.change_phone_number(
            PHONE_NUMBER_ID, health={"can_send_message": "BLOCKED"}
        )
        self.assert_broken("health", "blocks sending")

    def test_6_number_that_is_not_verified_is_told(self):
        self.sandbox.change_phone_number(
            PHONE_NUMBER_ID, code_verification_status="NOT_VERIFIED"
        )
        self.assert_broken("registration", "not verified")

    def test_7_app_without_subscription_is_told_and_subscribed_with_one_click(self):
        self.sandbox.change_business_account(BUSINESS_ACCOUNT, subscribed=False)
        self.assert_broken("subscribed_app", "not subscribed")
        line = self.channel.check_ids.filtered(lambda one: one.key == "subscribed_app")
        administrator = staff_user(self, "administrator")
        self.assertTrue(line.is_fixable)
        line.with_user(administrator).action_fix()
        self.work_off()
        self.assertEqual(line.state, "ok")

    def test_8_webhooks_that_go_elsewhere_are_told_and_called_back(self):
        self.sandbox.change_app(APP, callback_url="http://127.0.0.1:9/elsewhere")
        self.assert_broken("webhooks", self.channel.webhook_url)
        with HandshakeServer() as address:
            self.env["ir.config_parameter"].set_param("web.base.url", address)
            self.channel.invalidate_recordset()
            self.channel.action_set_webhook()
            self.work_off()
        line = self.channel.check_ids.filtered(lambda one: one.key == "webhooks")
        self.assertEqual(line.state, "ok", self.channel.task_error)

    def test_8_fields_that_are_missing_are_named(self):
        self.sandbox.change_app(APP, fields=["messages"])
        self.assert_broken("webhooks", "account_alerts", "warn")

    def test_9_silence_of_patients_is_told_with_the_number_to_write_to(self):
        inbound = [("channel_id", "=", self.channel.id), ("direction", "=", "in")]
        self.env["whatsapp.clinic.message"].search(inbound).unlink()
        self.assert_broken("inbound", "Write a message to", "warn")

    def test_9_app_that_is_not_live_is_told(self):
        inbound = [("channel_id", "=", self.channel.id), ("direction", "=", "in")]
        self.env["whatsapp.clinic.message"].search(inbound).unlink()
        self.sandbox.change_app(APP, mode="development")
        self.receive()
        self.assert_broken("inbound", "is the app Live", "warn")

    def test_10_account_that_cannot_pay_is_told(self):
        self.sandbox.change_business_account(BUSINESS_ACCOUNT, payment_method=False)
        patient = self.make_patient()
        self.consent(patient)
        message = self.send_reminder(self.book(patient))
        self.dispatch()
        self.process()
        self.assertEqual(message.error_code, 131042)
        self.assert_broken("payment", "payment method")

    def test_dead_token_leaves_the_rest_unchecked(self):
        self.sandbox.set_token(0, valid=False)
        states = self.not_fine(self.check())
        self.assertEqual(states["token"], "fail")
        self.assertEqual(states["webhooks"], "skipped")

    def test_without_the_app_what_needs_it_asks_for_it(self):
        self.channel.account_id.app_id = False
        states = self.not_fine(self.check())
        self.assertEqual((states["token"], states["webhooks"]), ("warn", "warn"))
        with self.assertRaises(UserError):
            self.channel.action_set_webhook()
        line = self.channel.check_ids[0]
        self.assertEqual(line.action_fix()["res_id"], self.channel.account_id.id)

    def test_without_the_app_id_the_app_is_not_called_unsubscribed(self):
        self.channel.account_id.app_id = False
        self.assertEqual(self.check()["subscribed_app"].state, "warn")

    def test_address_without_https_is_told(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://clinic.test")
        self.channel.invalidate_recordset()
        self.assert_broken("webhooks", "https://")

    def test_address_that_whatsapp_cannot_verify_says_what_it_needs(self):
        with HandshakeServer() as address:
            pass
        self.env["ir.config_parameter"].set_param("web.base.url", address)
        self.channel.invalidate_recordset()
        self.channel.action_set_webhook()
        self.work_off()
        self.assertIn("web.base.url", self.channel.task_error)

    def test_wrong_app_secret_is_told_when_the_webhook_is_entered(self):
        self.channel.account_id._set_credentials({"app_secret": "wrong"})
        self.channel.action_set_webhook()
        self.work_off()
        self.assertIn("app secret", self.channel.task_error)
        self.assertNotIn("new access token", self.channel.task_error)

    def test_failure_is_told_until_the_connection_is_checked_again(self):
        self.channel.account_id._set_credentials({"app_secret": "wrong"})
        self.channel.action_set_webhook()
        self.work_off()
        self.assertTrue(self.channel.task_error)
        self.channel.account_id._set_credentials({"app_secret": APP_SECRET})
        self.check()
        self.assertFalse(self.channel.task_error)

    def test_new_credentials_are_checked_at_once(self):
        self.sandbox.set_token(0, valid=False)
        self.assertEqual(self.check()["token"].state, "fail")
        self.sandbox.set_token(0, valid=True)
        administrator = staff_user(self, "administrator")
        self.env["whatsapp.clinic.channel.credentials"].with_user(administrator).create(
            {
                "account_id": self.channel.account_id.id,
                "access_token": "sandbox-access-token",
            }
        )
        self.work_off()
        self.assertEqual(self.channel.check_ids[0].state, "ok")

    def test_check_that_could_not_be_made_is_told(self):
        self.check()
        self.channel.phone_number_id = "+90 555 000 00 01"
        self.check()
        self.assertIn("digits only", self.channel.task_error)
        self.channel.phone_number_id = PHONE_NUMBER_ID
        self.check()
        self.assertFalse(self.channel.task_error)

    def test_check_that_could_not_be_made_waits_for_the_next_day(self):
        self.channel.phone_number_id = "+90 555 000 00 01"
        for _run in range(3):
            self.work_off()
        self.assertEqual(len(self.channel.task_ids), 1)
        self.later(hours=24)
        self.work_off()
        self.assertEqual(len(self.channel.task_ids), 2)

    def test_failure_is_told_in_the_own_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.env["ir.module.module"]._load_module_terms(["whatsapp_clinic"], ["tr_TR"])
        self.channel.action_subscribe_app()
        self.channel.task_ids.sudo().write({"state": "running"})
        self.work_off()
        told = self.channel.with_context(lang="tr_TR").task_error
        self.assertNotIn("The server was stopped", told)

    def test_request_that_whatsapp_puts_off_is_not_said_to_be_sent_again(self):
        self.sandbox.call(
            "POST",
            "faults",
            {"kind": "error", "code": 4, "edge": "subscribed_apps", "count": 1},
        )
        self.channel._ask("subscribe")
        self.work_off()
        self.assertIn("try again", self.channel.task_error)

    def test_what_a_person_asks_does_not_wait_for_the_daily_checks(self):
        others = [
            self.channel.copy({"phone_number_id": f"77{number}", "name": "Other"})
            for number in range(3)
        ]
        tasks = self.env["whatsapp.clinic.channel.task"]
        run = type(tasks)._run
        order = []

        def notes(task):
            order.append((task.kind, task.channel_id.id))
            run(task)
            if len(order) == 2:
                self.channel._ask("subscribe")

        with patch.object(type(tasks), "_run", notes):
            self.work_off()
        self.assertEqual(order[2], ("subscribe", self.channel.id))
        self.assertEqual(
            {one.id for one in others} | {self.channel.id},
            {channel for kind, channel in order if kind == "check"},
        )

    def test_channel_that_gets_no_answer_is_asked_once_and_delays_no_other(self):
        for edge in ("", "debug_token"):
            self.sandbox.call("POST", "faults", {"kind": "reset", "edge": edge})
        before = self.sandbox.stats()["requests"]
        self.assertEqual(self.check()["token"].state, "fail")
        self.assertEqual(self.sandbox.stats()["requests"] - before, 1)

    def test_line_keeps_since_when_it_is_broken(self):
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, status="BANNED")
        since = self.check()["number"].since
        self.later(hours=2)
        self.assertEqual(self.check()["number"].since, since)

    def test_connection_is_checked_once_a_day_by_itself(self):
        self.work_off()
        first = self.channel.checked_at
        self.assertTrue(first)
        self.work_off()
        self.assertEqual(self.channel.checked_at, first)
        self.later(hours=24)
        self.work_off()
        self.assertGreater(self.channel.checked_at, first)

    def test_unreachable_whatsapp_is_told(self):
        self.channel.base_url = "http://127.0.0.1:9"
        self.assert_broken("token", "internet")

    def test_only_administrators_may_ask(self):
        manager = staff_user(self, "manager")
        with self.assertRaises(AccessError):
            self.channel.with_user(manager).action_check_connection()

    def test_copied_database_asks_nothing(self):
        self.channel.sudo().fingerprint = "another database"
        with self.assertRaises(UserError):
            self.channel.action_check_connection()
        self.work_off()
        self.assertFalse(self.channel.checked_at)

    def test_button_asks_whatsapp_nothing_before_the_scheduled_action_runs(self):
        before = self.sandbox.stats()["requests"]
        self.channel.action_check_connection()
        self.assertTrue(self.channel.is_busy)
        self.assertEqual(self.sandbox.stats()["requests"], before)

    def test_task_that_was_interrupted_says_so_and_is_not_repeated(self):
        self.channel.action_subscribe_app()
        tasks = self.channel.task_ids
        tasks.sudo().write({"state": "running"})
        self.work_off()
        self.assertEqual(set(tasks.mapped("state")), {"failed"})
        self.assertIn("try again", self.channel.task_ids[-1:].outcome)


@tagged("post_install", "-at_install")
class TestRegistration(ConnectedCase):
    def ask(self, step, **values):
        administrator = staff_user(self, "administrator")
        self.env["whatsapp.clinic.channel.registration"].with_user(
            administrator
        ).create({"channel_id": self.channel.id, "step": step, **values})
        self.work_off()

    def number(self):
        numbers = self.sandbox.call("GET", "phone_numbers")
        return next(one for one in numbers if one["id"] == PHONE_NUMBER_ID)

    def state_of(self, key):
        return self.channel.check_ids.filtered(lambda line: line.key == key).state

    def test_new_number_is_verified_and_registered(self):
        self.sandbox.change_phone_number(
            PHONE_NUMBER_ID, status="PENDING", code_verification_status="NOT_VERIFIED"
        )
        self.ask("request_code", method="SMS", language="tr")
        self.ask("verify_code", code=self.number()["code"])
        self.ask("register", pin="123456")
        self.assertFalse(self.channel.task_error)
        self.assertEqual(self.state_of("registration"), "ok")
        self.assertEqual(self.channel.number_status, "CONNECTED")

    def test_two_step_verification_that_is_off_is_told_and_set_with_a_pin(self):
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, pin=None)
        self.check()
        self.assertEqual(self.channel.two_step, "off")
        self.assertEqual(self.state_of("registration"), "warn")
        self.ask("set_pin", pin="246810")
        self.check()
        self.assertEqual(self.channel.two_step, "on")
        self.assertEqual(self.state_of("registration"), "ok")

    def test_moving_from_another_provider_is_explained_where_it_is_registered(self):
        registration = self.env["whatsapp.clinic.channel.registration"]
        form = registration.get_view(view_type="form")["arch"]
        for words in ("another provider", "two-step", "not deregister", "PIN"):
            self.assertIn(words, " ".join(form.split()))

    def test_wrong_pin_is_told_with_a_cure(self):
        self.ask("register", pin="000000")
        self.assertIn("PIN", self.channel.task_error)

    def test_pin_is_changed_and_kept_nowhere(self):
        self.ask("set_pin", pin="246810")
        self.assertEqual(self.number()["pin"], "246810")
        self.env.flush_all()
        for table in ("channel_task", "channel_registration", "channel"):
            self.env.cr.execute(f'SELECT * FROM "whatsapp_clinic_{table}"')
            self.assertNotIn("246810", str(self.env.cr.fetchall()))

    def test_pin_that_waits_is_read_by_nobody(self):
        self.channel._ask("set_pin", {"pin": "246810"})
        administrator = staff_user(self, "administrator")
        with self.assertRaises(AccessError):
            self.channel.task_ids.with_user(administrator).read(["payload"])

    def test_step_without_its_digits_is_refused(self):
        with self.assertRaises(UserError):
            self.ask("verify_code")


@tagged("post_install", "-at_install")
class TestProfile(ConnectedCase):
    PNG = (
        b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
        b"awAAAABJRU5ErkJggg=="
    )

    def profile(self):
        numbers = self.sandbox.call("GET", "phone_numbers")
        return next(one for one in numbers if one["id"] == PHONE_NUMBER_ID)["profile"]

    def test_what_is_saved_on_the_form_is_what_patients_see(self):
        self.channel.write(
            {
                "profile_about": "Open 9 to 18",
                "profile_vertical": "HEALTH",
                "profile_website": "https://clinic.example",
                "profile_picture": self.PNG,
            }
        )
        self.work_off()
        self.assertFalse(self.channel.task_error)
        profile = self.profile()
        self.assertEqual(profile["about"], "Open 9 to 18")
        self.assertEqual(profile["vertical"], "HEALTH")
        self.assertEqual(profile["websites"], ["https://clinic.example"])
        self.assertTrue(profile.get("profile_picture_url"), profile)

    def test_two_changes_in_a_row_both_arrive(self):
        self.channel.profile_about = "Open"
        self.channel.profile_address = "Kadıköy"
        self.work_off()
        self.assertEqual(self.profile()["about"], "Open")
        self.assertEqual(self.profile()["address"], "Kadıköy")

    def test_profile_is_loaded_and_not_written_back(self):
        self.channel.profile_about = "Open"
        self.work_off()
        self.channel.with_context(from_whatsapp=True).profile_about = "Something else"
        self.channel.action_load_profile()
        self.work_off()
        self.assertEqual(self.channel.profile_about, "Open")
        self.assertFalse(self.channel.is_busy)

    def test_profile_that_is_longer_than_odoo_keeps_is_told(self):
        self.sandbox.switch(profile_description_limit=512)
        change = urllib.request.Request(
            f"{self.sandbox.url}/v26.0/{PHONE_NUMBER_ID}/whatsapp_business_profile",
            json.dumps(
                {"messaging_product": "whatsapp", "description": "x" * 300}
            ).encode(),
            {
                "Authorization": f"Bearer {ACCESS_TOKEN}",
                "Content-Type": "application/json",
            },
        )
        urllib.request.urlopen(change).close()
        self.channel.action_load_profile()
        self.channel.action_check_connection()
        self.work_off()
        self.assertIn("256 characters", self.channel.task_error)
        self.assertTrue(self.channel.checked_at)

    def test_what_whatsapp_would_refuse_is_refused_at_once(self):
        for name, value in (
            ("profile_about", "x" * 140),
            ("profile_address", "x" * 257),
            ("profile_description", "x" * 257),
            ("profile_email", "nobody"),
            ("profile_email", "a@" + "x" * 127),
            ("profile_website", "clinic.example"),
            ("profile_website", "https://" + "x" * 249),
            ("profile_website_2", "clinic.example"),
        ):
            with (
                self.subTest(name),
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.channel[name] = value
                self.env.flush_all()


@tagged("post_install", "-at_install")
class TestConnectForm(ConnectedCase):
    """From the app's id to a channel, as an administrator goes."""

    def setUp(self):
        super().setUp()
        self.administrator = staff_user(self, "administrator")
        for channel in self.env["whatsapp.clinic.channel"].search([]):
            channel.write({"active": False, "phone_number_id": f"x{channel.id}"})
        self.channel.account_id.sudo().write({"app_id": False, "app_secret": False})

    def form(self, **values):
        entered = {
            "name": "Clinic",
            "app_id": APP,
            "access_token": "sandbox-access-token",
            "app_secret": "sandbox-app-secret",
            "base_url": self.sandbox.url,
            **values,
        }
        forms = self.env["whatsapp.clinic.channel.connect"]
        return forms.with_user(self.administrator).create(entered)

    def found(self, form):
        form.action_find()
        self.work_off()
        return form.number_ids

    def test_numbers_are_found_and_one_is_connected(self):
        form = self.form()
        numbers = self.found(form)
        self.assertFalse(form.task_error)
        self.assertEqual(
            set(numbers.mapped("phone_number_id")),
            {PHONE_NUMBER_ID, OTHER_PHONE_NUMBER_ID},
        )
        numbers.filtered(
            lambda one: one.phone_number_id == PHONE_NUMBER_ID
        ).action_connect()
        channel = form.channel_id
        self.assertEqual(channel.business_account_id, BUSINESS_ACCOUNT)
        self.assertEqual(channel.state, "ready")
        self.assertTrue(form.verify_token)
        self.assertIn("/whatsapp_clinic/webhook", form.webhook_url)
        with HandshakeServer() as address:
            self.env["ir.config_parameter"].set_param("web.base.url", address)
            channel.invalidate_recordset()
            form.action_set_webhook()
            self.work_off()
        states = {line.key: line.state for line in channel.check_ids}
        self.assertEqual(states.pop("inbound"), "warn")
        self.assertEqual(set(states.values()), {"ok"}, states)

    def test_second_number_of_the_app_needs_no_secret_again(self):
        first = self.form()
        self.found(first)[0].action_connect()
        account = first.account_id
        second = self.form(
            account_id=account.id,
            name=False,
            app_id=False,
            access_token=False,
            app_secret=False,
        )
        number = self.found(second).filtered(lambda one: not one.is_connected)
        number[0].action_connect()
        self.assertEqual(second.channel_id.account_id, account)
        self.assertEqual(len(account.channel_ids), 2)

    def test_app_that_is_in_use_is_not_entered_twice(self):
        form = self.form()
        self.found(form)[0].action_connect()
        with self.assertRaises(UserError):
            self.form()

    def test_id_of_a_number_in_the_place_of_the_account_is_told(self):
        form = self.form(business_account_id=PHONE_NUMBER_ID)
        self.found(form)
        self.assertIn("id of a phone number", form.task_error)

    def test_account_out_of_reach_is_told(self):
        form = self.form(business_account_id="999")
        self.found(form)
        self.assertIn("does not reach", form.task_error)

    def test_wrong_app_secret_is_told_and_the_token_not_blamed(self):
        form = self.form(app_secret="wrong")
        self.found(form)
        self.assertIn("app secret", form.task_error)

    def test_token_without_its_permissions_is_told_which(self):
        self.sandbox.set_token(0, scopes=["whatsapp_business_messaging"])
        form = self.form()
        self.found(form)
        self.assertIn("whatsapp_business_management", form.task_error)

    def test_phone_number_in_the_place_of_the_account_is_told(self):
        form = self.form(business_account_id="+90 555 000 00 01")
        self.found(form)
        self.assertIn("digits only", form.task_error)

    def test_wrong_token_is_told(self):
        form = self.form(access_token="wrong")
        self.found(form)
        self.assertIn("token", form.task_error)

    def test_wrong_token_is_entered_anew_in_the_same_form(self):
        form = self.form(access_token="wrong")
        self.found(form)
        form.write({"access_token": "sandbox-access-token"})
        self.assertEqual(len(self.found(form)), 2)
        self.assertEqual(len(self.accounts()), 1)

    def test_wrong_id_of_the_app_is_entered_anew_in_the_same_form(self):
        form = self.form(app_id="1")
        self.found(form)
        self.assertTrue(form.task_error)
        form.write({"app_id": APP})
        self.assertEqual(len(self.found(form)), 2)
        self.assertEqual(self.accounts().app_id, APP)

    def accounts(self):
        mine = [("create_uid", "=", self.administrator.id)]
        return self.env["whatsapp.clinic.account"].search(mine)

    def test_form_that_is_gone_stops_nobody(self):
        form = self.form()
        form.action_find()
        form.sudo().unlink()
        self.channel.write({"active": True, "phone_number_id": PHONE_NUMBER_ID})
        self.channel.action_check_connection()
        self.work_off()
        self.assertTrue(self.channel.check_ids)

    def test_secrets_are_kept_in_the_app_only(self):
        form = self.form()
        self.env.flush_all()
        self.env.cr.execute(f'SELECT * FROM "{form._table}"')
        kept = str(self.env.cr.fetchall())
        self.assertNotIn("sandbox-access-token", kept)
        self.assertNotIn("sandbox-app-secret", kept)
        form.invalidate_recordset()
        self.assertFalse(form.access_token or form.app_secret)

    def test_form_of_somebody_else_is_not_read(self):
        form = self.form()
        other = staff_user(self, "administrator")
        with self.assertRaises(AccessError):
            form.with_user(other).read(["verify_token"])


@tagged("post_install", "-at_install")
class TestHealth(ConnectedCase):
    """WhatsApp thinks worse of a number: history, alarm, and the end of it."""

    def setUp(self):
        super().setUp()
        self.address_webhook()
        self.manager = staff_user(self, "manager")
        self.check()

    def watch(self):
        self.env["whatsapp.clinic.alarm"]._cron_watch()

    def kinds(self):
        domain = [("channel_id", "=", self.channel.id), ("closed_at", "=", False)]
        return set(self.env["whatsapp.clinic.alarm"].search(domain).mapped("kind"))

    def change(self, **changes):
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, **changes)
        self.check()
        self.watch()

    def assert_comes_and_goes(self, kind, broken, fixed):
        self.change(**broken)
        self.assertIn(kind, self.kinds())
        self.change(**fixed)
        self.assertNotIn(kind, self.kinds())

    def test_lower_quality(self):
        self.assert_comes_and_goes(
            "quality", {"quality_rating": "YELLOW"}, {"quality_rating": "GREEN"}
        )

    def test_declined_name(self):
        self.assert_comes_and_goes(
            "name", {"name_status": "DECLINED"}, {"name_status": "APPROVED"}
        )

    def test_barred_number(self):
        self.assert_comes_and_goes(
            "barred", {"status": "RESTRICTED"}, {"status": "CONNECTED"}
        )

    def test_lowered_messaging_limit(self):
        (portfolio,) = (one["portfolio"] for one in self.sandbox.limits()[:1])
        for limit, is_low in ((10_000, False), (2_000, True), (10_000, False)):
            self.sandbox.set_messaging_limit(portfolio, limit)
            self.check()
            self.watch()
            self.assertEqual("limit" in self.kinds(), is_low, limit)
        history = str(self.channel.message_ids.mapped("body"))
        self.assertIn("10000 → 2000", history)

    def test_token_that_ends_soon(self):
        soon = clock.now() + timedelta(days=13)
        self.sandbox.set_token(0, expires_at=int(soon.timestamp()))
        self.check()
        self.watch()
        self.assertIn("token", self.kinds())
        self.sandbox.set_token(0, expires_at=0)
        self.check()
        self.watch()
        self.assertNotIn("token", self.kinds())

    def test_broken_connection_of_a_number_that_worked(self):
        self.sandbox.change_business_account(BUSINESS_ACCOUNT, subscribed=False)
        self.check()
        self.watch()
        self.assertNotIn("connection", self.kinds())
        self.channel.last_webhook_at = self.channel.checked_at
        self.watch()
        self.assertIn("connection", self.kinds())
        self.channel.action_subscribe_app()
        self.work_off()
        self.watch()
        self.assertNotIn("connection", self.kinds())

    def test_alarm_gives_managers_an_activity(self):
        self.change(quality_rating="RED")
        self.assertIn(self.manager, self.channel.activity_ids.user_id)
        self.change(quality_rating="GREEN")
        self.assertNotIn(self.manager, self.channel.activity_ids.user_id)

    def test_changes_are_in_the_history_of_the_channel(self):
        channel = self.channel.with_context(tracking_disable=False)
        self.env.flush_all()
        self.env.cr.precommit.run()
        before = channel.message_ids
        channel._note_health({"status": "CONNECTED", "quality_rating": "RED"}, None)
        self.env.flush_all()
        self.env.cr.precommit.run()
        tracked = (channel.message_ids - before).tracking_value_ids
        self.assertIn("Low", tracked.mapped("new_value_char"))

    def test_webhook_about_quality_brings_the_present_state(self):
        self.sandbox.call(
            "POST",
            f"phone_numbers/{PHONE_NUMBER_ID}/quality",
            {"event": "FLAGGED", "quality_rating": "RED"},
        )
        self.process()
        self.work_off()
        self.assertEqual(self.channel.quality, "low")
        self.assertIn("FLAGGED", str(self.channel.message_ids.mapped("body")))

    def test_webhook_about_the_name_brings_the_present_state(self):
        self.sandbox.call(
            "POST",
            f"phone_numbers/{PHONE_NUMBER_ID}/name",
            {"decision": "REJECTED", "requested_verified_name": "Clinic"},
        )
        self.process()
        self.work_off()
        self.watch()
        self.assertEqual(self.channel.name_status, "DECLINED")
        self.assertEqual(self.channel.told_name_status, "Rejected")
        self.assertIn("name", self.kinds())

    def test_webhook_about_throughput_brings_the_present_state(self):
        self.assertEqual(self.channel.throughput_level, "STANDARD")
        self.sandbox.change_phone_number(PHONE_NUMBER_ID, throughput=1000)
        self.sandbox.call(
            "POST",
            f"phone_numbers/{PHONE_NUMBER_ID}/quality",
            {"event": "THROUGHPUT_UPGRADE"},
        )
        self.process()
        self.work_off()
        self.assertEqual(self.channel.throughput_level, "HIGH")

    def test_lowered_throughput(self):
        self.change(throughput=1000)
        self.assertNotIn("throughput", self.kinds())
        self.assert_comes_and_goes(
            "throughput", {"throughput": 80}, {"throughput": 1000}
        )

    def test_lowered_throughput_is_news_for_a_week(self):
        self.change(throughput=1000)
        self.change(throughput=80)
        self.assertIn("throughput", self.kinds())
        self.later(days=8)
        self.watch()
        self.assertNotIn("throughput", self.kinds())

    def test_restricted_account_is_an_alarm_until_it_is_reinstated(self):
        self.sandbox.send_event(
            BUSINESS_ACCOUNT,
            "account_update",
            {
                "event": "DISABLED_UPDATE",
                "ban_info": {"waba_ban_state": "DISABLE"},
            },
        )
        self.process()
        self.watch()
        self.assertIn("barred", self.kinds())
        self.sandbox.send_event(
            BUSINESS_ACCOUNT,
            "account_update",
            {
                "event": "DISABLED_UPDATE",
                "ban_info": {"waba_ban_state": "REINSTATE"},
            },
        )
        self.process()
        self.watch()
        self.assertNotIn("barred", self.kinds())

    def test_news_of_another_number_leave_this_one_alone(self):
        before = self.channel.message_ids
        self.channel.display_phone_number = "+90 555 000 00 01"
        self.sandbox.call(
            "POST",
            f"phone_numbers/{OTHER_PHONE_NUMBER_ID}/quality",
            {"event": "FLAGGED", "quality_rating": "RED"},
        )
        self.process()
        self.assertEqual(self.channel.message_ids, before)
        self.assertFalse(self.channel.is_busy)
