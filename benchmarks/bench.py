"""Where the programs measure: databases, real Odoo servers, a sandbox."""

import contextlib
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from workshop import clinic as workshop_clinic
from workshop import odoo_source, paths
from workshop.odoo import BASE_MODULES, Odoo, OdooServer, remember
from workshop.shell import fingerprint, say

from whatsapp_sandbox.client import Sandbox

from .figures import Void
from .in_odoo import ACCOUNTS, ADDON, NUMBERS

RUNS = 3
LATENCY_MS = 100

WEBHOOK = "/whatsapp_clinic/webhook"
INSTALLED = f"{ADDON}_bench_installed"
# As in an installation with one database: with a filter Odoo asks PostgreSQL for the
# list of databases at every request, which halves the intake of webhooks.
ONE_DATABASE = ("--db-filter", "")
DEMO_ACCOUNT = paths.PROJECT / "whatsapp_sandbox" / "accounts" / "demo.json"


@dataclass(frozen=True)
class Tree:
    """Where the addon lies that is measured, and who knows its names."""

    name: str = "this_tree"
    folder: Path = paths.PROJECT

    @property
    def database(self) -> str:
        """Of the template; ten bytes of the name are enough."""
        return INSTALLED if self == Tree() else f"{INSTALLED}_{self.name[-10:]}"


class Bench:
    """What programs measure with.

    `template` is a database with the addon that nobody writes to, each program gets a
    copy. `runs` are the runs of which the median is taken. With `quick` everything is
    tiny and the figures mean nothing. `adapter` is the one of the addon's tree;
    where trees are compared with each other, peers are not measured, and a `share` of
    the full sizes may do.
    """

    def __init__(
        self,
        odoo: Odoo,
        template: str,
        quick: bool,
        runs: int = RUNS,
        adapter: str = Tree.name,
        has_peers: bool = True,
        share: float = 1.0,
    ):
        self.odoo = odoo
        self.template = template
        self.quick = quick
        self.runs = range(1 if quick else runs)
        self.adapter = adapter
        self.has_peers = has_peers
        self.share = share

    def size(self, full: int, quick: int) -> int:
        """How many of something: all, a share of them, or very few."""
        return quick if self.quick else max(quick, round(self.share * full))

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator["Database"]:
        """A copy of the template for one program, dropped at the end."""
        database = self._database(name)
        self.odoo.copy_database(self.template, database.name)
        try:
            yield database
        finally:
            self.odoo.drop_database(database.name)

    @contextlib.contextmanager
    def clinic(
        self, name: str, *server_options, rate: int = 80, **content
    ) -> Iterator["Clinic"]:
        """A running clinic whose channels and sandbox allow `rate` messages a second.

        `content` is passed to `in_odoo.make_clinic`.
        """
        closed = self.closed_clinic(name, rate, **content)
        with closed as clinic, clinic.serving(*server_options):
            clinic.settle()
            yield clinic

    @contextlib.contextmanager
    def closed_clinic(self, name: str, rate: int = 80, **content) -> Iterator["Clinic"]:
        """The same without a server."""
        with self.database(name) as database, sandbox(rate) as phones:
            made = database.call("make_clinic", url=phones.url, rate=rate, **content)
            yield Clinic(database, phones, made)

    @contextlib.contextmanager
    def copy(self, clinic: "Clinic", name: str) -> Iterator["Clinic"]:
        """A clinic without a server in a copy of its database, with the same phones.

        It sends nothing: its channels notice that they are in a copy.
        """
        copy = self._database(name)
        self.odoo.copy_database(clinic.database.name, copy.name)
        try:
            yield Clinic(copy, clinic.phones, clinic.made)
        finally:
            self.odoo.drop_database(copy.name)

    def _database(self, name: str) -> "Database":
        return Database(self.odoo, f"{ADDON}_bench_{name}", self.adapter)


class Database:
    """A database of one program."""

    def __init__(self, odoo: Odoo, name: str, adapter: str):
        self.odoo = odoo
        self.name = name
        self.adapter = adapter

    def call(self, function: str, **parameters):
        """Call a function of `in_odoo` in an Odoo shell; returns its answer."""
        return workshop_clinic.shell(
            self.odoo,
            self.name,
            f"import sys; sys.path.append({str(paths.PROJECT)!r})\n"
            f"from benchmarks import in_odoo\n"
            f"in_odoo.use({self.adapter!r})\n"
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

    def sql(self, statement: str, *values, **named) -> list[tuple]:
        """Execute and commit; returns the rows of a statement that has any."""
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, named or values)
            return cursor.fetchall() if cursor.description else []


class Clinic:
    """A clinic in Odoo, and the phones of its patients.

    `made` is what `in_odoo.make_clinic` answered, `server` the server that takes in
    what WhatsApp reports, if one runs.
    """

    def __init__(self, database: Database, phones: Sandbox, made: dict):
        self.database = database
        self.phones = phones
        self.made = made
        self.server: OdooServer | None = None

    def start(self, *options) -> OdooServer:
        """Start a server, to which the sandbox reports from now on."""
        self.server = self.database.odoo.start(
            self.database.name, *ONE_DATABASE, *options
        )
        self.phones.set_webhook(self.server.url + WEBHOOK)
        return self.server

    @contextlib.contextmanager
    def serving(self, *options) -> Iterator[OdooServer]:
        """A server for the length of a block."""
        with self.start(*options) as server:
            yield server

    def send_planned(self, rule_ids: list[int], count: int | None = None) -> None:
        """Make what a rule has planned due now, and wake the scheduler.

        Only `count` messages of it, if given.
        """
        self.database.sql(
            """
            UPDATE whatsapp_clinic_message SET due_at = now() AT TIME ZONE 'UTC'
            WHERE id IN (
                SELECT id FROM whatsapp_clinic_message
                WHERE rule_id = ANY(%s) AND state = 'queued'
                  AND due_at > now() AT TIME ZONE 'UTC'
                ORDER BY id LIMIT %s
            )
            """,
            rule_ids,
            count,
        )
        self.wake("dispatch_lane_%")

    def settle(self) -> None:
        """Have the scheduler do what became due before the server was started.

        It hears of what is woken from then on.
        """
        self.wake("process_webhooks")
        for table, due in (
            ("ir_cron_trigger", "call_at <= now() AT TIME ZONE 'UTC'"),
            ("ir_cron", "active AND nextcall <= now() AT TIME ZONE 'UTC'"),
        ):
            self.wait_until_none(table, due, meanwhile=self._notify)

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
        everywhere = Database(self.database.odoo, "postgres", self.database.adapter)
        everywhere.sql("SELECT pg_notify('cron_trigger', %s)", self.database.name)

    def count(self, table: str, condition: str) -> int:
        """Number of rows of a table."""
        query = f"SELECT count(*) FROM {table} WHERE {condition}"
        return self.database.sql(query)[0][0]

    def wait_until_none(
        self,
        table: str,
        condition: str,
        timeout: float = 60,
        meanwhile: Callable[[], None] | None = None,
    ) -> float:
        """Wait until a table has no such row; returns the seconds it took.

        `meanwhile` is called every second: a server that starts does not hear the
        first notifications. Raises Void after `timeout` seconds.
        """
        started = time.monotonic()
        for turn in itertools.count():
            if not self.count(table, condition):
                return time.monotonic() - started
            if time.monotonic() - started > timeout:
                raise Void(f"{table} still has rows with {condition}")
            if meanwhile and turn % 10 == 0:
                meanwhile()
            time.sleep(0.1)


@contextlib.contextmanager
def sandbox(throughput: int) -> Iterator[Sandbox]:
    """A sandbox whose numbers send so many messages a second."""
    account = _account(throughput)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "account.json"
        file.write_text(json.dumps(account), encoding="utf-8")
        phones = Sandbox.start(account=str(file))
    remember(phones.process.pid)
    try:
        phones.switch(latency_ms=LATENCY_MS)
        yield phones
    finally:
        phones.stop()


def _account(throughput: int) -> dict:
    """The demo's account, and a second one of another portfolio with its templates."""
    account = json.loads(DEMO_ACCOUNT.read_text(encoding="utf-8"))
    (business, *_others) = account["business_accounts"]
    account["business_accounts"] = [
        {
            "id": account_id,
            "name": f"Account {account_id}",
            "phone_numbers": [
                {
                    "id": number,
                    "display_phone_number": f"+9055500000{place:02}",
                    "verified_name": f"Number {place}",
                    "throughput": throughput,
                }
                for place, (number, owner) in enumerate(
                    zip(NUMBERS, ACCOUNTS, strict=True)
                )
                if owner == account_id
            ],
            "templates": [
                {**template, "id": f"{template['id']}{account_id[-1]}"}
                for template in business["templates"]
            ],
        }
        for account_id in dict.fromkeys(ACCOUNTS)
    ]
    return account


def installed(odoo: Odoo, tree: Tree = Tree()) -> str:  # noqa: B008 - a constant
    """Name of a database with the tree's addon.

    Made again when the addon's or Odoo's files changed.
    """
    name = tree.database
    addon = tree.folder / ADDON
    files = sorted(
        path
        for path in addon.rglob("*")
        if path.suffix in (".py", ".xml", ".csv", ".sql") and "tests" not in path.parts
    )
    release = odoo_source.library() / "odoo" / "release.py"
    made_of = fingerprint(release, *files)
    if name in odoo.databases() and _comment(odoo, name) == made_of:
        return name
    say(f"· installing the addon of {tree.name} for the benchmarks …")
    odoo.drop_database(name)
    modules = ",".join([*BASE_MODULES, ADDON])
    only_install = ("--without-demo", "--stop-after-init", "--max-cron-threads", "0")
    odoo.run("-d", name, "-i", modules, *only_install)
    odoo.sql(name, f"COMMENT ON DATABASE {name} IS '{made_of}'")
    return name


def _comment(odoo: Odoo, name: str) -> str:
    return odoo.sql(
        name,
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        " WHERE datname = current_database()",
    )
