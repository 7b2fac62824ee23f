"""Where the programs measure: databases, real Odoo servers, a sandbox."""

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from workshop import clinic as workshop_clinic
from workshop import odoo_source, paths
from workshop.odoo import BASE_MODULES, Odoo, OdooServer, remember
from workshop.shell import fingerprint, say

from whatsapp_sandbox.client import Sandbox

from .figures import Void

RUNS = 3

ADDON = "whatsapp_clinic"
INSTALLED = f"{ADDON}_bench_installed"
# As in an installation with one database: with a filter Odoo asks PostgreSQL for the
# list of databases at every request, which halves the intake of webhooks.
ONE_DATABASE = ("--db-filter", "")
DEMO_ACCOUNT = paths.PROJECT / "whatsapp_sandbox" / "accounts" / "demo.json"


class Bench:
    """What programs measure with.

    `template` is a database with the addon that nobody writes to, each program gets a
    copy. `runs` are the runs of which the median is taken. With `quick` everything is
    tiny and the figures mean nothing.
    """

    def __init__(self, odoo: Odoo, template: str, quick: bool):
        self.odoo = odoo
        self.template = template
        self.quick = quick
        self.runs = range(self.size(RUNS, 1))

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator["Database"]:
        """A copy of the template for one program, dropped at the end."""
        database = Database(self.odoo, f"{ADDON}_bench_{name}")
        self.odoo.copy_database(self.template, database.name)
        try:
            yield database
        finally:
            self.odoo.drop_database(database.name)

    @contextlib.contextmanager
    def clinic(
        self, name: str, *server_options, rate: int = 80, **content
    ) -> Iterator["Clinic"]:
        """A running clinic whose channel and sandbox allow `rate` messages a second.

        `content` is passed to `in_odoo.make_clinic`.
        """
        with self.database(name) as database, sandbox(rate) as phones:
            made = database.call("make_clinic", url=phones.url, rate=rate, **content)
            options = (*ONE_DATABASE, *server_options)
            with self.odoo.start(database.name, *options) as server:
                phones.set_webhook(f"{server.url}/whatsapp_clinic/webhook")
                clinic = Clinic(database, phones, server, made)
                clinic.settle()
                yield clinic


class Database:
    """A database of one program."""

    def __init__(self, odoo: Odoo, name: str):
        self.odoo = odoo
        self.name = name

    def call(self, function: str, **parameters):
        """Call a function of `in_odoo` in an Odoo shell; returns its answer."""
        return workshop_clinic.shell(
            self.odoo,
            self.name,
            f"import sys; sys.path.append({str(paths.PROJECT)!r})\n"
            f"from benchmarks import in_odoo\n"
            f"answer = in_odoo.{function}(env, **{parameters!r})\n",
        )

    def connect(self):
        """A psycopg2 connection in which every statement commits by itself."""
        server = self.odoo.server
        connection = psycopg2.connect(
            dbname=self.name,
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password or None,
        )
        connection.autocommit = True
        return connection

    def sql(self, statement: str, *values) -> list[tuple]:
        """Execute and commit; returns the rows of a statement that has any."""
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


class Clinic:
    """A clinic in a running Odoo, and the phones of its patients.

    `made` is what `in_odoo.make_clinic` answered.
    """

    def __init__(
        self, database: Database, phones: Sandbox, server: OdooServer, made: dict
    ):
        self.database = database
        self.phones = phones
        self.server = server
        self.made = made

    def send_planned(self, rule_id: int) -> None:
        """Make what a rule has planned due now, and wake the scheduler."""
        self.database.sql(
            "UPDATE whatsapp_clinic_message SET due_at = now() AT TIME ZONE 'UTC' "
            "WHERE rule_id = %s AND state = 'queued'",
            rule_id,
        )
        self.wake("dispatch_lane_%")

    def settle(self) -> None:
        """Have the scheduler do what became due before the server was started."""
        self._notify()
        self.wait_until_none(
            "ir_cron", "active AND nextcall <= now() AT TIME ZONE 'UTC'"
        )

    def wake(self, scheduled_actions: str) -> None:
        """Trigger scheduled actions of the addon, as its own `wake_after_commit`."""
        self.database.sql(
            "INSERT INTO ir_cron_trigger (cron_id, call_at) "
            "SELECT res_id, date_trunc('second', now() AT TIME ZONE 'UTC') "
            "FROM ir_model_data "
            "WHERE model = 'ir.cron' AND module = %s AND name LIKE %s",
            ADDON,
            scheduled_actions,
        )
        self._notify()

    def _notify(self) -> None:
        """Tell the scheduler to look at this database."""
        everywhere = Database(self.database.odoo, "postgres")
        everywhere.sql("SELECT pg_notify('cron_trigger', %s)", self.database.name)

    def count(self, table: str, condition: str) -> int:
        """Number of rows of a table."""
        query = f"SELECT count(*) FROM {table} WHERE {condition}"
        return self.database.sql(query)[0][0]

    def wait_until_none(self, table: str, condition: str, timeout: float = 60) -> float:
        """Wait until a table has no such row; returns the seconds it took.

        Raises Void after `timeout` seconds.
        """
        started = time.monotonic()
        while self.count(table, condition):
            if time.monotonic() - started > timeout:
                raise Void(f"{table} still has rows with {condition}")
            time.sleep(0.1)
        return time.monotonic() - started


@contextlib.contextmanager
def sandbox(throughput: int, latency_ms: int = 100) -> Iterator[Sandbox]:
    """A sandbox with the demo's account, whose numbers send so many a second."""
    account = json.loads(DEMO_ACCOUNT.read_text(encoding="utf-8"))
    for business in account["business_accounts"]:
        for number in business["phone_numbers"]:
            number["throughput"] = throughput
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "account.json"
        file.write_text(json.dumps(account), encoding="utf-8")
        phones = Sandbox.start(account=str(file))
    remember(phones.process.pid)
    try:
        phones.switch(latency_ms=latency_ms)
        yield phones
    finally:
        phones.stop()


def installed(odoo: Odoo) -> str:
    """Name of a database with the addon, made anew when its or Odoo's files changed."""
    addon = paths.PROJECT / ADDON
    files = sorted(
        path
        for path in addon.rglob("*")
        if path.suffix in (".py", ".xml", ".csv", ".sql") and "tests" not in path.parts
    )
    release = odoo_source.library() / "odoo" / "release.py"
    made_of = fingerprint(release, *files)
    if INSTALLED in odoo.databases() and _comment(odoo) == made_of:
        return INSTALLED
    say("· installing the addon for the benchmarks …")
    odoo.drop_database(INSTALLED)
    modules = ",".join([*BASE_MODULES, ADDON])
    only_install = ("--without-demo", "--stop-after-init", "--max-cron-threads", "0")
    odoo.run("-d", INSTALLED, "-i", modules, *only_install)
    odoo.sql(INSTALLED, f"COMMENT ON DATABASE {INSTALLED} IS '{made_of}'")
    return INSTALLED


def _comment(odoo: Odoo) -> str:
    return odoo.sql(
        INSTALLED,
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        " WHERE datname = current_database()",
    )
