"""The addon as it was at another commit, to be upgraded from or measured against."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from . import paths
from .shell import SetupError, run

TREES = paths.STATE / "trees"
# The commit whose databases are upgraded, and whose speed is held.
RELEASED = "17c9740"
# The last one that was published since; its databases are upgraded as well.
LATEST = "7a954f1"


def addon_of(commit: str, name: str = "whatsapp_clinic") -> Path:
    """The folder that holds the addon `name` of a commit, unpacked below the state.

    Raises SetupError when the repository does not have the commit.
    """
    folder = TREES / _full(commit)
    if not (folder / name / "__manifest__.py").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _unpack(folder.name, name, folder)
    return folder


def _full(commit: str) -> str:
    done = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if done.returncode:
        raise SetupError(
            f"The repository does not have the commit {commit}: fetch its history "
            "(git fetch --unshallow) and try again."
        )
    return done.stdout.decode().strip()


def _unpack(commit: str, name: str, folder: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        done = _git("archive", "-o", archive.name, commit, "--", name)
        if done.returncode:
            raise SetupError(f"git archive failed: {done.stderr.decode().strip()}")
        run("tar", "-xf", archive.name, "-C", folder)


def _git(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["git", *words],
        cwd=paths.PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
