"""The commands a reader types, as programs."""

import os
import subprocess

import pytest
from workshop import odoo_source, paths

# How Odoo starts itself again.
AGAIN = """
import os, sys
words = [os.path.basename(sys.executable), "-c", "import babel, odoo"]
os.execve(sys.executable, words, os.environ)
"""
TARGETS = ("help", "setup", "demo", "test", "lint", "bench", "wheel", "clean")


def run(*words, **variables) -> subprocess.CompletedProcess:
    return subprocess.run(
        words,
        cwd=paths.PROJECT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("words", [[], ["help"]])
def test_make_lists_every_target_with_a_line(words):
    done = run("make", "--no-print-directory", *words, MAKEFLAGS="")
    listed = [line.split() for line in done.stdout.splitlines()]
    assert tuple(name for _make, name, *_line in listed) == TARGETS
    assert all(line for _make, _name, *line in listed)


def test_cleaning_keeps_what_others_put_into_the_state_folder(tmp_path):
    (tmp_path / "stamps").mkdir()
    (tmp_path / "letter.txt").write_text("mine")
    done = run("scripts/clean", WHATSAPP_CLINIC_STATE=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_cleaning_removes_a_state_folder_that_is_ours_alone(tmp_path):
    state = tmp_path / "state"
    (state / "venv").mkdir(parents=True)
    done = run("scripts/clean", WHATSAPP_CLINIC_STATE=str(state))
    assert done.returncode == 0, done.stderr
    assert not state.exists()


def test_a_folder_without_odoo_is_named_as_the_culprit(tmp_path):
    done = run("scripts/odoo", "--version", ODOO_SRC=str(tmp_path), PGHOST="unused")
    assert done.returncode != 0
    assert f"No Odoo in {tmp_path}" in done.stderr


def test_odoo_that_starts_itself_anew_finds_its_libraries():
    words, variables = odoo_source.command()
    done = run(words[0], "-c", AGAIN, **variables)
    assert done.returncode == 0, done.stderr
