import re
from pathlib import Path

from odoo.sql_db import db_connect
from odoo.tests import tagged

from ...models.vocabulary import locks
from ...models.whatsapp.number.portfolio_limit import PortfolioLimit
from ..common import ClinicCase

ADDON = Path(__file__).resolve().parents[2]


@tagged("post_install", "-at_install")
class TestLocks(ClinicCase):
    """Advisory locks of different things are different locks."""

    def test_each_number_stands_once(self):
        numbers = [value for name, value in vars(locks).items() if name[0].isupper()]
        self.assertEqual(len(set(numbers)), len(numbers))

    def test_who_locks_takes_the_number_from_the_table(self):
        # `running_lock` is told which of PostgreSQL's functions it calls.
        call = re.compile(r"(?:advisory\w*lock\w*|\{function\})(\([^]]*)")
        calls = [
            (path.name, arguments)
            for path in ADDON.rglob("*.py")
            if "tests" not in path.parts
            for arguments in call.findall(path.read_text())
        ]
        self.assertGreaterEqual(len(calls), 6)
        for name, arguments in calls:
            with self.subTest(name):
                self.assertRegex(arguments, r'^\(%s, (%s|0)\)",\s*\[locks\.[A-Z]')

    def test_claim_does_not_wait_for_who_books_with_a_practitioner_of_that_id(self):
        """A claim holds rows that a booking waits for: both would wait for ever."""
        portfolio = self.channel.portfolio_id
        with db_connect(self.env.cr.dbname).cursor() as booking:
            booking.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)",
                [locks.PRACTITIONER, portfolio.id],
            )
            self.env.cr.execute("SET LOCAL lock_timeout = '5s'")
            nothing = self.env["whatsapp.clinic.message"]
            PortfolioLimit(self.env, nothing, lambda _one: False)._lock(portfolio)
