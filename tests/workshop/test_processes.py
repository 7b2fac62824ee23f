"""Which processes `make clean` stops."""

import subprocess
import sys

import pytest
from workshop import odoo, paths


@pytest.fixture
def process():
    """A process in a group of its own, as our servers are."""
    words = [sys.executable, "-c", "input()"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, start_new_session=True
    ) as child:
        yield child
        child.kill()


def test_a_remembered_process_is_stopped(state, process):
    odoo.remember(process.pid)
    odoo.stop_remembered()
    assert process.wait(60) != 0


def test_a_process_that_got_the_id_of_a_remembered_one_is_left_alone(state, process):
    odoo.remember(process.pid)
    (paths.RUN / str(process.pid)).write_text("1")
    odoo.stop_remembered()
    assert process.poll() is None


def test_notes_are_forgotten_when_their_process_is_stopped(state, process):
    odoo.remember(process.pid)
    odoo.stop_remembered()
    assert not list(paths.RUN.iterdir())
