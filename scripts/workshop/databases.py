"""The databases of the tests: a template with Odoo's own modules, and copies of it."""

import fcntl
from contextlib import contextmanager
from pathlib import Path

from . import history, odoo_source, paths
from .odoo import BASE_MODULES, Odoo
from .postgres import Server
from .shell import SetupError, fingerprint, say

ADDON = "whatsapp_clinic"
# On a server of the user's own they lie beside the user's databases: long names.
BASE = f"{ADDON}_base"
FRESH = f"{ADDON}_tests_fresh"
ODOO_RUN = f"{ADDON}_tests_odoo"
BENCHMARKS_RUN = f"{ADDON}_tests_benchmarks"
# With the addon as it was at a commit that databases are upgraded from.
RELEASED = f"{ADDON}_tests_released"
LATEST = f"{ADDON}_tests_latest"
ONLY_INSTALL = ("--stop-after-init", "--max-cron-threads", "0")
PREGENERATE_ASSETS = "env['ir.qweb']._pregenerate_assets_bundles()\nenv.cr.commit()\n"
# With it Odoo gives the addon its demo data, although its dependencies have none.
MARK_AS_DEMO = "UPDATE ir_module_module SET demo = true WHERE state = 'installed'"


def install_fresh(odoo: Odoo) -> None:
    """Install the addon with its demo data, and nothing else's, in FRESH.

    Raises SetupError with the end of the log when that fails, and with what Odoo
    logged above INFO when it does not.
    """
    make_base(odoo)
    say("· installing the addon")
    odoo.copy_database(BASE, FRESH)
    log = paths.LOGS / "test-install.log"
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    log.write_text(odoo.run("-d", FRESH, "-i", ADDON, *ONLY_INSTALL))
    found = complaints(log)
    if found:
        raise SetupError("\n".join(["The addon installs with complaints:", *found]))
    odoo.run("shell", "-d", FRESH, "--no-http", script=PREGENERATE_ASSETS)


def make_base(odoo: Odoo) -> None:
    """Make BASE unless it is there, made of the same modules by the same Odoo."""
    release = odoo_source.library() / "odoo" / "release.py"
    made_of = fingerprint(release, *BASE_MODULES)
    if BASE in odoo.databases() and _comment(odoo) == made_of:
        return
    say("· making a database with Odoo's own modules, once …")
    odoo.drop_database(BASE)
    modules = ",".join(BASE_MODULES)
    odoo.run("-d", BASE, "-i", modules, "--without-demo", *ONLY_INSTALL)
    odoo.sql(BASE, MARK_AS_DEMO)
    odoo.sql(BASE, f"COMMENT ON DATABASE {BASE} IS '{made_of}'")


def install_released(
    server: Server, commit: str = history.RELEASED, database: str = RELEASED
) -> Odoo:
    """Install the addon of a commit with its demo data in a database, unless it is
    there.

    The Odoo that is returned runs that addon; its files are its own. Raises SetupError
    when the repository has no history.
    """
    name = database.removeprefix(f"{ADDON}_tests_")
    with _alone(name):
        odoo = Odoo(name, server, history.addon_of(commit))
        make_base(odoo)
        made_of = f"{commit} {_comment(odoo)}"
        if database not in odoo.databases() or _comment(odoo, database) != made_of:
            say(f"· installing the addon of {commit}, once …")
            odoo.copy_database(BASE, database)
            odoo.run("-d", database, "-i", ADDON, *ONLY_INSTALL)
            odoo.sql(database, f"COMMENT ON DATABASE {database} IS '{made_of}'")
    return odoo


@contextmanager
def _alone(name: str):
    """Two runs of tests may want the same database first."""
    paths.STAMPS.mkdir(parents=True, exist_ok=True)
    with (paths.STAMPS / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def complaints(log: Path) -> list[str]:
    """What Odoo logged above INFO."""
    levels = (" WARNING ", " ERROR ", " CRITICAL ")
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if any(level in line for level in levels)]


def _comment(odoo: Odoo, database: str = BASE) -> str:
    return odoo.sql(
        database,
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        " WHERE datname = current_database()",
    )
