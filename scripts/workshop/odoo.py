"""The project's Odoo: its configuration files, one-off runs, servers."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from . import odoo_source, paths
from .postgres import Server
from .shell import SetupError, run

BASE_MODULES = (
    "crm",
    "calendar",
    "phone_validation",
    "portal",
    "rating",
    "resource",
    "sms",
)
SUBCOMMANDS = ("shell", "db", "neutralize")
# Not more requests at a time than there are database connections for.
MANNERS = {"ODOO_MAX_HTTP_THREADS": "auto"}
# Seconds. With threads Odoo counts the time for which a browser's connection idles, and
# starts again when it is over; 0 would end workers at once.
TIME_LIMITS = {"limit_time_real": 24 * 3600, "limit_time_real_cron": 120}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Odoo:
    """An Odoo configuration below the state folder, bound to one PostgreSQL server.

    `name` names the configuration file, the data folder and the log files, `tree` is
    the folder of the addon, this project's own unless given.
    """

    def __init__(self, name: str, server: Server, tree: Path = paths.PROJECT):
        self.name = name
        self.server = server
        self.tree = tree
        self.folder = paths.STATE / "odoo-data" / name
        self.configuration = self.folder / "odoo.conf"
        self._configure()

    def _configure(self) -> None:
        addons = [*odoo_source.addons_folders(), self.tree]
        options = {
            "addons_path": ",".join(map(str, addons)),
            "data_dir": self.folder / "data",
            "http_interface": "127.0.0.1",
            "list_db": "False",
            "admin_passwd": "disabled",
            "without_demo": "False",
            "server_wide_modules": "base,rpc,web",
            **TIME_LIMITS,
            **self.server.odoo_options,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{key} = {value}" for key, value in options.items()]
        self.configuration.write_text("[options]\n" + "\n".join(lines) + "\n")
        self.configuration.chmod(0o600)

    def command(self, *arguments) -> tuple[list[str], dict[str, str]]:
        """The words and the environment that start this Odoo with these arguments."""
        words, variables = odoo_source.command()
        arguments = [str(argument) for argument in arguments]
        is_sub = arguments and arguments[0] in SUBCOMMANDS
        sub = [arguments.pop(0)] if is_sub else []
        words = [*words, *sub, "-c", str(self.configuration), *arguments]
        return words, {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}

    def run(self, *arguments, script: str | None = None) -> str:
        """Run Odoo to its end (installation, shell script); returns its output."""
        words, environment = self.command(*arguments)
        if script is None:
            return run(*words, env=environment, cwd="/").stdout
        done = subprocess.run(
            words,
            input=script,
            text=True,
            capture_output=True,
            env=environment,
            cwd="/",
        )
        if done.returncode:
            raise SetupError(f"odoo failed:\n{done.stderr[-4000:]}")
        return done.stdout

    def databases(self) -> set[str]:
        listed = self._psql("postgres", "SELECT datname FROM pg_database")
        return set(listed.split())

    def sql(self, database: str, statement: str) -> str:
        return self._psql(database, statement)

    def copy_database(self, source: str, target: str) -> None:
        """Replace `target` by a copy of `source`, filestore included."""
        self.drop_database(target)
        self._psql("postgres", f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
        stores = self.folder / "data" / "filestore"
        if (stores / source).exists():
            run("cp", "-r", stores / source, stores / target)

    def drop_database(self, database: str) -> None:
        self._psql("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        run("rm", "-rf", self.folder / "data" / "filestore" / database)

    def _psql(self, database: str, statement: str) -> str:
        environment = {**os.environ, **self.server.environment}
        words = (
            "psql",
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            statement,
        )
        return run(*words, env=environment).stdout.strip()

    def start(self, database: str, *arguments, **variables) -> "OdooServer":
        """Start a server for one database on a free loopback port and wait for it."""
        return OdooServer(self, database, arguments, variables).start()


class OdooServer:
    """A running Odoo; stop() by process id, also as a context manager."""

    def __init__(self, odoo: Odoo, database: str, arguments, variables):
        self.odoo = odoo
        self.database = database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = paths.LOGS / f"{odoo.name}-{database}-{self.port}.log"
        self.arguments = arguments
        self.variables = variables
        self.process = None

    def start(self, timeout: float = 120) -> "OdooServer":
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        words, environment = self.odoo.command(
            *("-d", self.database),
            *("--http-port", self.port, "--gevent-port", free_port()),
            *self.arguments,
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment, **MANNERS, **self.variables},
                cwd="/",
                start_new_session=True,
            )
        remember(self.process.pid)
        self.wait_until_ready(timeout)
        return self

    def wait_until_ready(self, timeout: float = 120) -> None:
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-4000:]
                raise SetupError(f"Odoo did not start, see {self.log}:\n{tail}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def wait(self) -> None:
        """Until it ends automatically, which nobody wants; raises SetupError."""
        code = self.process.wait()
        raise SetupError(f"Odoo has ended with exit code {code}, see {self.log}")

    def kill(self) -> None:
        """kill -9 to the server and its workers, as a crash would."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout: float = 20) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def __enter__(self) -> "OdooServer":
        return self

    def __exit__(self, *_exc) -> None:
        self.stop()


def remember(pid: int) -> None:
    """Note the id of a process we started, so that `make clean` can stop it."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    (paths.RUN / str(pid)).write_text(_start_time(pid))


def stop_remembered() -> None:
    """Stop what was noted, unless the id belongs to another process by now."""
    for note in paths.RUN.glob("*") if paths.RUN.exists() else ():
        pid = int(note.name)
        if _start_time(pid) and _start_time(pid) == note.read_text():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        note.unlink()


def _start_time(pid: int) -> str:
    """Start time of a process in clock ticks since boot; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
