"""The rooms of the models: what the documents say of them is what holds.

Imports between rooms are a contract of the import linter (`pyproject.toml`). What no
import shows is compared here: names of models, their tables in SQL, and fields and
methods that only a room above declares. (Views are not looked at, nor names that are
put together.) `upward_names.csv` lists what does not hold yet, with what will remove
it; it may only shrink. So may `naming_whatsapp.csv`: the files that know WhatsApp's API
though they are not in its room.
"""

import ast
import csv
import re
from collections import Counter
from pathlib import Path

from importlinter.api import read_configuration
from workshop import paths

ADDON = paths.PROJECT / "whatsapp_clinic"
MODELS = ADDON / "models"
UPWARD = Path(__file__).with_name("upward_names.csv")
NAMING_WHATSAPP = Path(__file__).with_name("naming_whatsapp.csv")
PREFIX = "whatsapp.clinic."
# Whoever lowers the number of exceptions lowers this; nobody raises it.
AT_MOST = 44
# Files that know WhatsApp's API outside of its room.
KNOW_WHATSAPP = 8
# Models with several classes in one room, and how many: they want plain objects beside
# the model, not longer files. Whoever merges some lowers this; nobody raises it.
SLICED = {
    ("appointment", "whatsapp.clinic.appointment"): 5,
    ("channel", "whatsapp.clinic.channel"): 4,
    ("intake", "whatsapp.clinic.message"): 3,
    ("media", "whatsapp.clinic.message"): 2,
    ("message", "whatsapp.clinic.message"): 6,
    ("patient", "res.partner"): 2,
    ("rule", "whatsapp.clinic.message.rule"): 3,
    ("template", "whatsapp.clinic.template"): 9,
    ("template", "whatsapp.clinic.template.card"): 2,
    ("whatsapp/number", "whatsapp.clinic.channel"): 6,
}
# Of Odoo's and Python's own records as well: whose they are cannot be seen.
ODOOS = {
    "close",
    "code",
    "copy",
    "count",
    "env",
    "message_post",
    "model",
    "names",
    "phone",
    "unlink",
}


def layers() -> list[str]:
    """The rooms from the top floor down, as the import contract has them."""
    configuration = read_configuration(str(paths.PROJECT / "pyproject.toml"))
    (contract,) = [
        one
        for one in configuration["contracts_options"]
        if one["type"] == "layers" and one["containers"] == ["whatsapp_clinic.models"]
    ]
    return contract["layers"]


def trees() -> dict[Path, ast.Module]:
    """The files of the rooms, parsed."""
    files = sorted(MODELS.glob("*/**/*.py"))
    return {path: ast.parse(path.read_text()) for path in files}


def room(path: Path) -> str:
    return path.relative_to(MODELS).parts[0]


def upward_names() -> set[tuple[str, str]]:
    """(file, name) wherever a room names what only a room above it has."""
    height = {name: -place for place, name in enumerate(layers())}
    parsed = trees()
    owner: dict[str, int] = {}
    lowest: dict[str, int] = {}
    records: set[str] = set()
    for path, tree in parsed.items():
        floor = height[room(path)]
        for model in _defined(tree):
            owner[model] = owner[model.replace(".", "_")] = floor
        for name in _written(tree):
            lowest[name] = min(floor, lowest.get(name, floor))
        records.update(_of_records(tree))
    for name in records - ODOOS:
        owner[f".{name}"] = lowest[name]
    return {
        (str(path.relative_to(MODELS)), name)
        for path, tree in parsed.items()
        for name in _named(tree)
        if owner.get(name, height[room(path)]) > height[room(path)]
    }


def _named(tree: ast.Module):
    """What a file names: models, tables, and `.attribute` of whatever record."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield f".{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(PREFIX):
                yield node.value
            yield from re.findall(r"\bwhatsapp_clinic_\w+", node.value)


def _written(tree: ast.Module):
    """Every name that a file defines or sets, on whatever."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(getattr(node, "ctx", None), ast.Store):
            yield getattr(node, "id", None) or getattr(node, "attr", "")


def _of_records(tree: ast.Module):
    """Fields and methods of the models of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield part.name
                elif isinstance(part, ast.Assign):
                    yield part.targets[0].id


def _defined(tree: ast.Module):
    """Names of our models that a file defines, and does not only re-open."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            said = {
                part.targets[0].id: part.value
                for part in node.body
                if isinstance(part, ast.Assign)
                and isinstance(part.targets[0], ast.Name)
            }
            name = getattr(said.get("_name"), "value", "")
            opened = ast.dump(said["_inherit"]) if "_inherit" in said else ""
            if name.startswith(PREFIX) and repr(name) not in opened:
                yield name


def allowed() -> set[tuple[str, str]]:
    with UPWARD.open(newline="") as file:
        return {(row["file"], row["names"]) for row in csv.DictReader(file)}


def naming_whatsapp() -> set[str]:
    """Files below WhatsApp's room that import its API, or speak of it."""
    files = [path for path in MODELS.glob("*/**/*.py") if room(path) != "whatsapp"]
    return {
        str(path.relative_to(MODELS))
        for path in files
        if re.search(r"\bcloud_api\b", path.read_text())
    }


def may_name_whatsapp() -> set[str]:
    with NAMING_WHATSAPP.open(newline="") as file:
        return {row["file"] for row in csv.DictReader(file)}


def test_a_room_names_only_rooms_below_it():
    assert not upward_names() - allowed()


def test_the_list_of_exceptions_only_shrinks():
    assert not allowed() - upward_names()


def test_nothing_was_added_to_the_list_of_exceptions():
    assert len(allowed()) <= AT_MOST


def test_each_exception_says_what_will_remove_it():
    with UPWARD.open(newline="") as file:
        assert all(row["until"].strip() for row in csv.DictReader(file))


def test_no_room_below_whatsapp_names_its_api():
    assert not naming_whatsapp() - may_name_whatsapp()


def test_the_list_of_who_names_whatsapp_only_shrinks():
    assert not may_name_whatsapp() - naming_whatsapp()
    assert len(may_name_whatsapp()) <= KNOW_WHATSAPP


def test_rooms_are_registered_from_the_ground_up():
    tree = ast.parse((MODELS / "__init__.py").read_text())
    registered = [
        name.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    assert registered == [one for one in reversed(layers()) if one != "vocabulary"]


def test_a_folder_is_a_room_of_the_contract():
    folders = {one.parent.name for one in MODELS.glob("*/__init__.py")}
    assert folders == set(layers())


def test_the_architecture_tells_of_each_room():
    text = (paths.PROJECT / "docs" / "architecture.md").read_text()
    assert not [one for one in layers() if f"`{one}/`" not in text]


def test_each_test_file_hangs_on_the_list_that_odoo_runs():
    tests = ADDON / "tests"
    tree = ast.parse((tests / "__init__.py").read_text())
    listed = [
        f"{(node.module or '').replace('.', '/')}/{name.name}".strip("/")
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    there = {
        str(path.relative_to(tests).with_suffix(""))
        for path in tests.rglob("test_*.py")
    }
    assert set(listed) == there
    names = [one.rpartition("/")[2] for one in listed]
    assert len(set(names)) == len(names), "one file hides another of its name"


def slices() -> dict[tuple[str, str], int]:
    """How many classes of a room are of the same model, where they are several."""
    found = Counter(
        (str(path.parent.relative_to(MODELS)), model)
        for path, tree in trees().items()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for model in _model_of(node)
    )
    return {key: count for key, count in found.items() if count > 1}


def _model_of(node: ast.ClassDef) -> list[str]:
    """The model that a class defines or re-opens; none for other classes."""
    given = {
        statement.targets[0].id: statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
    }
    named = given.get("_name") or given.get("_inherit")
    return [named.value] if isinstance(named, ast.Constant) else []


def test_a_model_is_one_class_in_its_room():
    assert not {key for key, count in slices().items() if count > SLICED.get(key, 1)}


def test_the_list_of_sliced_models_only_shrinks():
    assert not {key for key, count in SLICED.items() if count > slices().get(key, 1)}
