import logging
from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from ...models.consent.personal_link import digest
from ...server.log_mask import MaskPersonalLinks
from ...tools.attempts import Attempts
from ..common import ClinicCase

MODEL = "whatsapp.clinic.consent.request"
KEY = "abcDEF-123_xyz"


@tagged("post_install", "-at_install")
class TestPersonalLink(ClinicCase):
    def setUp(self):
        super().setUp()
        self.links = self.env["whatsapp.clinic.personal.link"]
        self.asked = self.env[MODEL].create({"partner_id": self.make_patient().id})

    def test_only_a_hash_of_the_key_is_kept(self):
        key = self.asked._mint_key()
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM whatsapp_clinic_personal_link")
        rows = str(self.env.cr.fetchall())
        self.assertNotIn(key, rows)
        self.assertIn(digest(key), rows)

    def test_a_key_opens_its_record_and_no_other_kind(self):
        key = self.asked._mint_key()
        self.assertEqual(self.links._find(MODEL, key), self.asked)
        self.assertFalse(self.links._find("whatsapp.clinic.appointment", key))
        self.assertFalse(self.links._find(MODEL, key[:-1]))

    def test_each_way_has_a_key_of_its_own_and_all_end_when_it_is_closed(self):
        keys = {self.asked._mint_key() for _way in range(3)}
        self.assertEqual(len(keys), 3)
        self.asked.action_close()
        for key in keys:
            self.assertFalse(self.links._find(MODEL, key))

    def test_a_key_ends_with_the_request(self):
        key = self.asked._mint_key()
        with freeze_time(self.asked.expires_at - timedelta(seconds=1)):
            self.assertTrue(self.links._find(MODEL, key))
        with freeze_time(self.asked.expires_at):
            self.assertFalse(self.links._find(MODEL, key))

    def test_expired_keys_are_removed(self):
        key = self.asked._mint_key()
        with freeze_time(self.asked.expires_at + timedelta(seconds=1)):
            self.links._gc_expired()
        self.assertFalse(self.links.search([("key_hash", "=", digest(key))]))


@tagged("post_install", "-at_install")
class TestLogMask(ClinicCase):
    """What stands in the log of a request for a personal page."""

    def logged(self, message, *args, error=None):
        """What a handler writes of a record that went through the filter."""
        trace = error and (type(error), error, error.__traceback__)
        logger = logging.getLogger("werkzeug")
        record = logger.makeRecord("werkzeug", 20, "x.py", 1, message, args, trace)
        self.assertTrue(MaskPersonalLinks().filter(record))
        return logging.Formatter("%(message)s").format(record)

    def test_the_key_is_masked_in_the_access_log(self):
        for path, masked in (
            (f"/whatsapp_clinic/consent/{KEY}", "/whatsapp_clinic/consent/***"),
            (
                f"/whatsapp_clinic/consent/{KEY}/withdraw",
                "/whatsapp_clinic/consent/***/withdraw",
            ),
            (
                f"/whatsapp_clinic/consent/{KEY}?lang=tr_TR",
                "/whatsapp_clinic/consent/***?lang=tr_TR",
            ),
        ):
            with self.subTest(path):
                line = self.logged('"%s" %s %s', f"GET {path} HTTP/1.1", 200, "-")
                self.assertEqual(line, f'"GET {masked} HTTP/1.1" 200 -')

    def test_the_key_is_masked_however_the_path_is_spelled(self):
        for path in (
            "/whatsapp_clinic/consent//{}",
            "/whatsapp_clinic//consent/{}",
            "/whatsapp_clinic/consent%2F{}",
            "/whatsapp_clinic%2fconsent%252F{}/withdraw",
            "/whatsapp%5Fclinic/%63onsent/{}",
            "/WhatsApp_clinic/Consent/{}",
            "/whatsapp_clinic/consent/./{}",
            "/whatsapp_clinic/./consent/x/../{}",
            "/whatsapp_clinic/consent/withdraw/{}",
            "/tr/whatsapp_clinic/consent/{}/withdraw/",
        ):
            with self.subTest(path):
                line = self.logged("GET %s HTTP/1.1", path.format(KEY))
                self.assertNotIn(KEY, line)
                self.assertIn("***", line)

    def test_the_verify_token_is_masked_however_its_name_is_spelled(self):
        for name in ("hub.verify_token", "hub.%76erif%79_token", "hub.verify%5ftoken"):
            with self.subTest(name):
                line = self.logged("GET /whatsapp_clinic/webhook?%s=%s", name, KEY)
                self.assertNotIn(KEY, line)

    def test_the_key_is_masked_in_a_traceback(self):
        try:
            raise ValueError(f"http://clinic/whatsapp_clinic/consent/{KEY}")
        except ValueError as error:
            text = self.logged("Exception during request handling", error=error)
        self.assertIn("Traceback", text)
        self.assertIn("/whatsapp_clinic/consent/***", text)
        self.assertNotIn(KEY, text)

    def test_the_verify_token_is_masked_in_the_access_log(self):
        path = "/whatsapp_clinic/webhook?hub.mode=subscribe&hub.verify_token={}&a=1"
        line = self.logged("GET %s", path.format("KUMQUAT"))
        self.assertEqual(line, f"GET {path.format('***')}")

    def test_of_what_users_are_told_type_and_place_are_logged(self):
        try:
            self.channel._set_credentials({"access_token": "KUMQUAT and blanks"})
        except UserError as error:
            for line in (self.logged(error), self.logged("Failed", error=error)):
                self.assertIn("UserError", line)
                self.assertIn("account.py", line)
                self.assertNotIn("token has no blanks", line)

    def test_other_user_errors_are_logged_as_they_are(self):
        self.assertEqual(self.logged(UserError("Odoo's own")), "Odoo's own")

    def test_other_lines_stay_as_they_are(self):
        self.assertEqual(
            self.logged("GET %s", "/whatsapp_clinic/notice/1"),
            "GET /whatsapp_clinic/notice/1",
        )


@tagged("post_install", "-at_install")
class TestAttempts(ClinicCase):
    def setUp(self):
        super().setUp()
        self.attempts = Attempts(limit=2, period=timedelta(minutes=1), addresses=3)

    def fail(self, address, times=2):
        for _time in range(times):
            self.attempts.count_failure(address)

    def test_who_fails_too_often_waits_until_the_period_is_over(self):
        with freeze_time("2026-11-22 10:00:00"):
            self.fail("10.0.0.1", times=1)
            self.assertFalse(self.attempts.has_failed_too_often("10.0.0.1"))
            self.fail("10.0.0.1", times=1)
            self.assertTrue(self.attempts.has_failed_too_often("10.0.0.1"))
            self.assertFalse(self.attempts.has_failed_too_often("10.0.0.2"))
        with freeze_time("2026-11-22 10:01:00"):
            self.assertFalse(self.attempts.has_failed_too_often("10.0.0.1"))

    def test_who_has_a_network_of_addresses_has_them_all(self):
        self.fail("2001:db8:1:2::1")
        self.assertTrue(self.attempts.has_failed_too_often("2001:db8:1:2:ffff::9"))
        self.assertFalse(self.attempts.has_failed_too_often("2001:db8:1:3::1"))

    def test_only_the_latest_addresses_are_remembered(self):
        for number in range(10):
            self.fail(f"10.0.0.{number}")
        self.assertEqual(len(self.attempts._failures), 3)
        self.assertTrue(self.attempts.has_failed_too_often("10.0.0.9"))
        self.assertFalse(self.attempts.has_failed_too_often("10.0.0.0"))
