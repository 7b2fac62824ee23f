"""The private virtual environment, and prettier for the linters."""

import os
import shutil

from . import paths
from .shell import SetupError, fingerprint, once, run
from .system import install, python

PRETTIER = ("prettier@3.6.2", "@prettier/plugin-xml@3.4.2")


def setup_python() -> None:
    requirements = [
        paths.PROJECT / name for name in ("requirements.txt", "requirements-dev.txt")
    ]
    interpreter = python()
    once("venv", fingerprint(interpreter, *requirements), lambda: _create(interpreter))


def setup_node() -> None:
    """Install prettier below the state folder, with the Node.js of the environment."""
    once("prettier", " ".join(PRETTIER), _install_prettier)


def _create(interpreter: str) -> None:
    shutil.rmtree(paths.VENV, ignore_errors=True)
    paths.STATE.mkdir(parents=True, exist_ok=True)
    try:
        run(interpreter, "-m", "venv", paths.VENV)
    except SetupError:
        install("python3-venv")
        run(interpreter, "-m", "venv", paths.VENV)
    pip = (paths.venv_bin("python"), "-m", "pip", "install", "--quiet")
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    run(*pip, "pip==25.3", "wheel==0.45.1", env=quiet)
    run(*pip, "-r", paths.PROJECT / "requirements-dev.txt", env=quiet)


def _install_prettier() -> None:
    paths.NODE.mkdir(parents=True, exist_ok=True)
    path = f"{paths.VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run(
        *(paths.venv_bin("npm"), "install", "--no-audit", "--no-fund", "--silent"),
        *("--prefix", paths.NODE, *PRETTIER),
        env={**os.environ, "PATH": path},
    )
