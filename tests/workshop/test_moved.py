"""No behaviour is lost on the way: what becomes of each test of the released tree.

`tests/moved.csv` has a line for a test that is not where it was: its new id, or the
reason why it went and the test that replaces it.
"""

import ast
import csv
import subprocess

import pytest
from workshop import history, paths

MOVED = paths.PROJECT / "tests" / "moved.csv"
PLACES = ("tests", "whatsapp_clinic/tests", "whatsapp_sandbox/tests")


def ids(path: str, source: str) -> list[str]:
    """`file::Class::test` of every test that a file defines."""
    found = []

    def walk(body, names):
        for node in body:
            if isinstance(node, ast.ClassDef):
                walk(node.body, (*names, node.name))
            elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                found.append("::".join((path, *names, node.name)))

    walk(ast.parse(source).body, ())
    return found


def git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(
            f"The history does not have {history.RELEASED}: fetch it "
            "(git fetch --unshallow) and try again."
        )
    return done.stdout


@pytest.fixture(scope="module")
def released() -> set[str]:
    files = git("ls-tree", "-r", "--name-only", history.RELEASED).split()
    return {
        test
        for file in files
        if file.startswith(PLACES) and "/test_" in file and file.endswith(".py")
        for test in ids(file, git("show", f"{history.RELEASED}:{file}"))
    }


@pytest.fixture(scope="module")
def present() -> set[str]:
    return {
        test
        for place in PLACES
        for file in (paths.PROJECT / place).rglob("test_*.py")
        for test in ids(str(file.relative_to(paths.PROJECT)), file.read_text())
    }


@pytest.fixture(scope="module")
def moved() -> dict[str, dict]:
    with MOVED.open(newline="") as file:
        return {row["test"]: row for row in csv.DictReader(file)}


def test_each_test_of_the_released_tree_is_there_or_listed(released, present, moved):
    assert not sorted(released - present - set(moved))


def test_where_the_list_leads_is_a_test(present, moved):
    leads = {row["now"] for row in moved.values() if row["now"]}
    assert leads
    assert not sorted(leads - present)


def test_what_went_without_a_successor_says_why(moved):
    assert not [test for test, row in moved.items() if not (row["now"] or row["why"])]


def test_the_list_has_only_what_is_gone(released, present, moved):
    assert not sorted(set(moved) - (released - present))
