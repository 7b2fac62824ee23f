import pytest
from workshop import shell, system


@pytest.fixture
def done(state):
    """Names of the steps that were really run."""
    return []


def test_a_step_is_not_repeated_with_the_same_inputs(done):
    shell.once("step", "inputs", lambda: done.append("first"))
    shell.once("step", "inputs", lambda: done.append("second"))
    assert done == ["first"]


def test_a_step_is_repeated_when_its_inputs_change(done):
    shell.once("step", "inputs", lambda: done.append("first"))
    shell.once("step", "others", lambda: done.append("second"))
    assert done == ["first", "second"]


def test_a_step_that_failed_is_tried_again(done):
    def fail():
        raise shell.SetupError

    with pytest.raises(shell.SetupError):
        shell.once("step", "inputs", fail)
    shell.once("step", "inputs", lambda: done.append("second"))
    assert done == ["second"]


def test_a_fingerprint_follows_the_contents_of_a_file(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("odoo==18.0")
    before = shell.fingerprint(requirements)
    requirements.write_text("odoo==19.0")
    assert shell.fingerprint(requirements) != before


def test_a_failed_command_shows_the_end_of_its_output():
    with pytest.raises(shell.SetupError, match="no such thing"):
        shell.run("sh", "-c", "echo no such thing; exit 3")


def test_a_system_without_apt_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(shell.SetupError) as error:
        system.install("chromium")
    for what in ("PostgreSQL", "Chromium", "Python 3.10", "ODOO_SRC"):
        assert what in str(error.value)
