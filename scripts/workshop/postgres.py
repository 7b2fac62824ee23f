"""Private PostgreSQL clusters: one durable (demo, benchmarks), one fast (tests).

Each listens on a Unix socket in a folder that only its owner may enter, and on no
network port. PGHOST or DATABASE_URL switch to a server of the user's own.
"""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import paths
from .shell import SetupError, run
from .system import postgres_programs, unprivileged_user

COMMON = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "'%m [%p] %d '",
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Server:
    """How to reach PostgreSQL; `environment` is for libpq's programs and for Odoo."""

    host: str
    port: str
    user: str
    password: str = ""

    @property
    def environment(self) -> dict[str, str]:
        values = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user}
        if self.password:
            values["PGPASSWORD"] = self.password
        return values

    @property
    def odoo_options(self) -> dict[str, str]:
        options = {"db_host": self.host, "db_port": self.port, "db_user": self.user}
        if self.password:
            options["db_password"] = self.password
        return options


def start(name: str) -> Server:
    """Start the cluster of this name (`demo`: durable, `test`: fast) unless it runs."""
    return _users_own() or Cluster(name).start()


def log_file(name: str) -> Path | None:
    """Where the cluster of this name logs; None for a server of the user's own."""
    return None if _users_own() else Cluster(name).log


def stop_all() -> None:
    """Stop every cluster of this project and forget its folders outside the state."""
    for name in ("demo", "test"):
        Cluster(name).remove()


def _users_own() -> Server | None:
    url = os.environ.get("DATABASE_URL")
    if url:
        parts = urlsplit(url)
        return Server(
            parts.hostname or "localhost",
            str(parts.port or 5432),
            unquote(parts.username or "odoo"),
            unquote(parts.password or ""),
        )
    if os.environ.get("PGHOST"):
        return Server(
            os.environ["PGHOST"],
            os.environ.get("PGPORT", "5432"),
            os.environ.get("PGUSER", "odoo"),
            os.environ.get("PGPASSWORD", ""),
        )
    return None


class Cluster:
    """A cluster below the state folder; nothing is created before `start`."""

    def __init__(self, name: str):
        self.name = name
        self.settings = COMMON if name == "demo" else {**COMMON, **FAST}
        self.owner = unprivileged_user()
        self.home = self._home()
        self.data = self.home / name
        # A socket's path may have 107 bytes at most, so it cannot lie below the state.
        self.socket = Path("/tmp") / f"whatsapp_clinic-{self._key()}-{name}"
        self.log = self.data / "server.log"

    def _key(self) -> str:
        return hashlib.sha256(f"{paths.STATE} {os.geteuid()}".encode()).hexdigest()[:10]

    def _home(self) -> Path:
        """Below the state folder, unless its owner may not walk down to there."""
        inside = paths.STATE / "postgres"
        inside.mkdir(parents=True, exist_ok=True)
        if self.owner is None or self._may_enter(inside):
            return inside
        return Path("/var/tmp") / f"whatsapp_clinic-{self._key()}"

    def _may_enter(self, folder: Path) -> bool:
        return all(parent.stat().st_mode & 0o001 for parent in folder.parents)

    def start(self) -> Server:
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if not self._runs():
            self._make_private(self.socket)
            self._control("start", "-w", "-t", "60", "-l", str(self.log))
        return Server(str(self.socket), "5432", "odoo")

    def remove(self) -> None:
        if self.data.exists() and self._runs():
            self._control("stop", "-m", "immediate", "-w")
        shutil.rmtree(self.socket, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        if self.home.exists() and not any(self.home.iterdir()):
            self.home.rmdir()

    def restart(self, manner: str) -> None:
        """`fast` ends every connection, `immediate` is as good as a crash."""
        words = ("restart", "-w", "-t", "60", "-m", manner, "-l", str(self.log))
        self._control(*words)

    def kill(self) -> None:
        """Stop the server as a crash would (SIGQUIT to the postmaster)."""
        os.kill(self._pid(), signal.SIGQUIT)
        deadline = time.monotonic() + 30
        while self._runs():
            if time.monotonic() > deadline:
                raise SetupError("PostgreSQL does not stop")
            time.sleep(0.05)

    def _pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def _create(self) -> None:
        self._make_private(self.home)
        shutil.rmtree(self.data, ignore_errors=True)
        self._as_owner(
            *("initdb", "-D", self.data, "-U", "odoo", "-A", "trust"),
            *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
        )
        lines = [f"{key} = {value}" for key, value in self.settings.items()]
        lines.append(f"unix_socket_directories = '{self.socket}'")
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write("\n".join(lines) + "\n")

    def _make_private(self, folder: Path) -> None:
        """Make a folder for the owner alone; others may write where it lies, too.

        Raises SetupError if somebody else made a folder or a link of this name.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        owner = pwd.getpwnam(self.owner).pw_uid if self.owner else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner):
            raise SetupError(f"{folder} belongs to somebody else; please remove it.")
        folder.chmod(0o700)
        if self.owner:
            shutil.chown(folder, self.owner)

    def _runs(self) -> bool:
        try:
            self._control("status")
        except SetupError:
            return False
        return True

    def _control(self, *words: str) -> None:
        self._as_owner("pg_ctl", "-D", self.data, *words)

    def _as_owner(self, program: str, *words) -> None:
        command = [postgres_programs() / program, *words]
        if self.owner:
            command = ["runuser", "-u", self.owner, "--", *command]
        run(*command, cwd="/")
