"""Figures for administrators and machines."""

import hashlib
import re
from datetime import timedelta
from unittest.mock import patch

from odoo import http
from odoo.tests import new_test_user, tagged

from ...controllers import metrics
from ...models.monitoring.counters import METRICS, Sample
from ...tools import clock
from ..common import MARKER, WebCase, set_up_clinic, staff_user
from .test_alarm import AlarmCase

LINE = re.compile(r'^whatsapp_clinic_\w+(\{\w+="[^\n]*"(,\w+="[^\n]*")*\})? \S+$')


@tagged("post_install", "-at_install")
class TestCounters(AlarmCase):
    def sample(self):
        return self.env["whatsapp.clinic.counters"]._read()

    def of_channel(self, name):
        """The value of a metric of the test's channel."""
        (value,) = [
            sample.value
            for sample in self.sample()
            if sample.name == name
            and sample.labels["channel_id"] == str(self.channel.id)
        ]
        return value

    def of_database(self, name):
        return [sample.value for sample in self.sample() if sample.name == name]

    def test_queue_is_what_is_due_and_not_what_is_planned(self):
        self.queued(timedelta(minutes=2))
        self.queued(timedelta(minutes=1), priority=2)
        self.queued(timedelta(minutes=-10))
        self.assertEqual(self.of_channel("queue_messages"), 2)
        self.assertAlmostEqual(self.of_channel("queue_oldest_seconds"), 120, delta=10)

    def test_messages_underway_and_unknown_are_counted(self):
        self.message(state="sending", claimed_at=clock.now())
        self.message(state="unknown", unknown_at=clock.now())
        self.assertEqual(self.of_channel("sending_messages"), 1)
        self.assertEqual(self.of_channel("unknown_messages"), 1)

    def test_accepted_messages_count_with_and_without_a_status(self):
        self.sent(timedelta(minutes=1))
        self.sent(timedelta(minutes=2), status_at=clock.now())
        self.sent(timedelta(minutes=30), status_at=clock.now())
        self.sent(timedelta(minutes=70), status_at=clock.now())
        self.assertEqual(self.of_channel("accepted_last_hour_messages"), 3)
        self.assertAlmostEqual(self.of_channel("accepted_per_second"), 2 / 300)

    def test_hold_is_a_one(self):
        self.assertEqual(self.of_channel("channel_held"), 0)
        self.hold(minutes=1)
        self.assertEqual(self.of_channel("channel_held"), 1)

    def test_failures_are_counted_by_code_for_a_day(self):
        self.env.cr.execute("UPDATE whatsapp_clinic_message SET failed_at = NULL")
        for hours in (1, 2, 25):
            self.message(
                state="failed",
                reason="error",
                error_code=131026,
                failed_at=clock.now() - timedelta(hours=hours),
            )
        self.assertEqual(
            self.ended("failed_last_day_messages"), {("131026", "error"): 2}
        )

    def test_what_the_gate_refused_is_no_failure(self):
        self.env.cr.execute("UPDATE whatsapp_clinic_message SET failed_at = NULL")
        self.message(state="refused", reason="no_consent", failed_at=clock.now())
        self.assertEqual(self.ended("failed_last_day_messages"), {})
        self.assertEqual(
            self.ended("refused_last_day_messages"), {("", "no_consent"): 1}
        )

    def ended(self, name):
        return {
            (sample.labels["code"], sample.labels["reason"]): sample.value
            for sample in self.sample()
            if sample.name == name
        }

    def test_webhooks_that_wait_and_that_are_parked_are_counted(self):
        self.event("pending", timedelta(minutes=2))
        self.event("pending", timedelta(minutes=1))
        self.event("parked")
        self.assertEqual(self.of_database("webhooks_pending"), [2])
        self.assertEqual(self.of_database("webhooks_parked"), [1])
        (lag,) = self.of_database("webhook_lag_seconds")
        self.assertAlmostEqual(lag, 120, delta=10)

    def test_age_of_the_last_webhook_is_absent_when_none_is_kept(self):
        self.env.cr.execute("DELETE FROM whatsapp_clinic_webhook_event")
        self.assertEqual(self.of_database("last_webhook_age_seconds"), [])
        self.event("done", timedelta(minutes=1))
        (age,) = self.of_database("last_webhook_age_seconds")
        self.assertAlmostEqual(age, 60, delta=10)

    def test_open_alarms_are_counted_by_kind(self):
        self.event()
        self.watch()
        alarms = [one for one in self.sample() if one.name == "open_alarms"]
        self.assertIn(Sample("open_alarms", 1, {"kind": "parked"}), alarms)

    def test_number_of_queries_does_not_grow_with_messages(self):
        self.sample()
        with self.assertQueryCount(5):
            self.sample()
        for minutes in range(20):
            self.sent(timedelta(minutes=minutes))
        self.env.flush_all()
        with self.assertQueryCount(5):
            self.sample()

    def test_every_metric_has_a_help(self):
        self.event("pending")
        self.message(state="failed", reason="error", failed_at=clock.now())
        self.message(state="refused", reason="no_consent", failed_at=clock.now())
        self.event()
        self.watch()
        now = clock.now()
        usd = self.env.ref("base.USD").id
        self.message(charged_at=now, cost=0.02, currency_id=usd)
        self.message(charged_at=now, cost=0)
        self.assertEqual({sample.name for sample in self.sample()}, set(METRICS))

    def test_labels_are_escaped(self):
        samples = [Sample("channel_held", 0, {"channel": 'a"b\\c\nd'})]
        self.assertIn(
            r'whatsapp_clinic_channel_held{channel="a\"b\\c\nd"} 0',
            metrics.exposition(samples).splitlines(),
        )

    def test_each_metric_is_introduced_once_before_its_samples(self):
        samples = [
            Sample("channel_held", 0, {"channel": "a"}),
            Sample("webhooks_parked", 1),
            Sample("channel_held", 1, {"channel": "b"}),
        ]
        lines = metrics.exposition(samples).splitlines()
        introductions = [line for line in lines if line.startswith("# TYPE")]
        self.assertEqual(
            introductions,
            [
                "# TYPE whatsapp_clinic_channel_held gauge",
                "# TYPE whatsapp_clinic_webhooks_parked gauge",
            ],
        )
        self.assertEqual(len(lines), 7)


class PageCase(WebCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)

    def open(self, path, **arguments):
        self.env.flush_all()
        return self.url_open(path, **arguments)


@tagged("post_install", "-at_install")
class TestMetrics(PageCase):
    """What a machine gets."""

    def set_token(self, token="a-token"):
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.env["ir.config_parameter"].set_param(metrics.TOKEN_HASH, digest)

    def fetch(self, authorization=None):
        headers = {"Authorization": authorization} if authorization else {}
        return self.open(metrics.METRICS_PATH, headers=headers)

    def test_without_a_token_there_is_no_such_page(self):
        self.env["ir.config_parameter"].set_param(metrics.TOKEN_HASH, False)
        self.assertEqual(self.fetch().status_code, 404)
        self.assertEqual(self.fetch("Bearer x").status_code, 404)

    def test_wrong_or_missing_token_is_refused(self):
        self.set_token()
        for authorization in (None, "Bearer wrong", "Bearer", "Basic a-token"):
            with self.subTest(authorization):
                answer = self.fetch(authorization)
                self.assertEqual(answer.status_code, 401)
                self.assertNotIn("whatsapp_clinic_", answer.text)

    def test_right_token_gets_prometheus_text(self):
        self.set_token()
        answer = self.fetch("Bearer a-token")
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Content-Type"], metrics.CONTENT_TYPE)
        self.assertTrue(answer.text.endswith("\n"))
        lines = answer.text.splitlines()
        self.assertIn("# TYPE whatsapp_clinic_webhooks_parked gauge", lines)
        for line in lines:
            if not line.startswith("#"):
                self.assertRegex(line, LINE)

    def test_text_names_no_patient(self):
        self.set_token()
        patient = self.env["res.partner"].create({"name": MARKER, "phone": "+905321"})
        self.env["whatsapp.clinic.message"].create(
            {
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "partner_id": patient.id,
                "body": MARKER,
                "state": "failed",
                "failed_at": clock.now(),
                "detail": MARKER,
            }
        )
        text = self.fetch("Bearer a-token").text
        self.assertNotIn(MARKER, text)


@tagged("post_install", "-at_install")
class TestStatusPage(PageCase):
    """What an administrator gets."""

    def log_in(self, user):
        self.authenticate(user.login, user.login)

    def test_administrator_sees_the_channels(self):
        self.log_in(staff_user(self, "administrator"))
        answer = self.open(metrics.STATUS_PATH)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(self.channel.name, answer.text)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_a_database_without_capital_letters_is_told_of(self):
        self.log_in(staff_user(self, "administrator"))
        for knows in (True, False):
            with patch.object(metrics, "knows_capitals", lambda _cr, says=knows: says):
                text = self.open(metrics.STATUS_PATH).text
            self.assertEqual("C.UTF-8" in text, not knows)

    def test_this_database_knows_capital_letters(self):
        self.assertTrue(metrics.knows_capitals(self.env.cr))

    def test_another_companys_channels_are_not_shown(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        self.env["whatsapp.clinic.channel"].create(
            {
                "name": "Foreign number",
                "phone_number_id": "f",
                "business_account_id": "f",
                "company_id": company.id,
            }
        )
        self.log_in(staff_user(self, "administrator"))
        page = self.open(metrics.STATUS_PATH).text
        self.assertIn(self.channel.name, page)
        self.assertNotIn("Foreign number", page)

    def test_token_is_for_who_belongs_to_every_company(self):
        self.env["res.company"].create({"name": "Other clinic"})
        self.log_in(staff_user(self, "administrator"))
        data = {"csrf_token": http.Request.csrf_token(self)}
        self.assertEqual(self.open(metrics.TOKEN_PATH, data=data).status_code, 403)

    def test_others_are_refused(self):
        for user in (
            staff_user(self, "manager"),
            new_test_user(self.env, "cook", groups="base.group_user"),
        ):
            self.log_in(user)
            for path, data in ((metrics.STATUS_PATH, None), (metrics.TOKEN_PATH, {})):
                with self.subTest(user=user.login, path=path):
                    if data is not None:
                        data["csrf_token"] = http.Request.csrf_token(self)
                    self.assertEqual(self.open(path, data=data).status_code, 403)

    def test_who_is_not_logged_in_is_asked_to(self):
        answer = self.open(metrics.STATUS_PATH, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login", answer.headers["Location"])

    def test_new_token_is_shown_once_and_opens_the_metrics(self):
        self.log_in(staff_user(self, "administrator"))
        token = self.new_token()
        known = self.env["ir.config_parameter"].get_param(metrics.TOKEN_HASH)
        self.assertEqual(known, hashlib.sha256(token.encode()).hexdigest())
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.open(metrics.METRICS_PATH, headers=headers)
        self.assertEqual(answer.status_code, 200)
        self.assertNotIn(token, self.open(metrics.STATUS_PATH).text)

    def test_new_token_replaces_the_one_before(self):
        self.log_in(staff_user(self, "administrator"))
        first = self.new_token()
        self.new_token()
        headers = {"Authorization": f"Bearer {first}"}
        answer = self.open(metrics.METRICS_PATH, headers=headers)
        self.assertEqual(answer.status_code, 401)

    def test_token_needs_a_form_of_this_session(self):
        self.log_in(staff_user(self, "administrator"))
        answer = self.open(metrics.TOKEN_PATH, data={"csrf_token": "forged"})
        self.assertEqual(answer.status_code, 400)

    def new_token(self):
        data = {"csrf_token": http.Request.csrf_token(self)}
        answer = self.open(metrics.TOKEN_PATH, data=data)
        self.assertEqual(answer.status_code, 200)
        return re.search(r"<code[^>]*>([\w-]{43})</code>", answer.text).group(1)
