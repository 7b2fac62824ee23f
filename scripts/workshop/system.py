"""Programs that come from the distribution: PostgreSQL, Chromium, Python's venv."""

import os
import shutil
import sys
from pathlib import Path

from .shell import SetupError, as_root, run, say

BY_HAND = """This system has no apt-get. Please install by hand, then try again:
  - PostgreSQL 13 or newer (server programs; or set PGHOST or DATABASE_URL)
  - Chromium or Google Chrome (browser tests)
  - git, and Python 3.10 to 3.13 with venv
  - Odoo 19 (set ODOO_SRC=/path/to/odoo), unless git can reach its public repository
"""
CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
SUPPORTED_PYTHON = [(3, minor) for minor in (13, 12, 11, 10)]


def has_apt() -> bool:
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def install(*packages: str) -> None:
    """Install Debian packages (root or sudo); elsewhere say what to install."""
    if not has_apt():
        raise SetupError(BY_HAND)
    say(f"· installing {' '.join(packages)}")
    environment = "DEBIAN_FRONTEND=noninteractive"
    command = ("env", environment, "apt-get", "-o", "DPkg::Lock::Timeout=300")
    as_root(*command, "update")
    as_root(*command, "install", "-y", "--no-install-recommends", *packages)


def server_programs() -> Path | None:
    """Folder of PostgreSQL's server programs, the newest that is there."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name),
    )
    if shutil.which("pg_config"):
        folders.insert(0, Path(run("pg_config", "--bindir").stdout.strip()))
    return next(
        (path for path in reversed(folders) if (path / "initdb").exists()), None
    )


def postgres_programs() -> Path:
    """Folder of the server programs, installed from the distribution if absent."""
    if server_programs() is None:
        install("postgresql")
    programs = server_programs()
    if programs is None:
        raise SetupError(BY_HAND)
    version = run(programs / "postgres", "--version").stdout.split()[2]
    major = int(version.split(".")[0])
    if major < 13:
        raise SetupError(f"PostgreSQL 13 or newer is needed; {programs} has {major}.")
    return programs


def chromium() -> str:
    """Path of the browser that the browser tests use."""
    if not any(map(shutil.which, CHROMIUM_NAMES)):
        install("chromium", "fonts-noto-color-emoji", "fonts-liberation")
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        raise SetupError(BY_HAND)
    return found


def python() -> str:
    """A Python that Odoo 19 runs on, for the virtual environment."""
    if sys.version_info[:2] in SUPPORTED_PYTHON:
        return sys.executable
    for major, minor in SUPPORTED_PYTHON:
        found = shutil.which(f"python{major}.{minor}")
        if found:
            return found
    raise SetupError("Python 3.10 to 3.13 is needed (Odoo 19 runs on nothing else).")


def unprivileged_user() -> str | None:
    """Who runs PostgreSQL when we are root (it refuses root); None if we are not."""
    if os.geteuid():
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise SetupError("PostgreSQL must not run as root: create a user named postgres.")
