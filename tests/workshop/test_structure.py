"""What the documents say of the structure is what the linters enforce."""

import tomllib

import pytest
from workshop import paths

MODELS = paths.PROJECT / "whatsapp_clinic" / "models"


@pytest.mark.xfail(strict=True, reason="the rooms are not yet layers of one contract")
def test_the_rooms_of_the_models_are_layers_of_an_import_contract():
    rooms = {f"whatsapp_clinic.models.{one.parent.name}" for one in _inits()}
    assert rooms <= _layers()


def _inits():
    return MODELS.glob("*/__init__.py")


def _layers() -> set[str]:
    project = tomllib.loads((paths.PROJECT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = [one for one in contracts if one["type"] == "layers"]
    return {
        name.strip()
        for contract in layers
        for layer in contract["layers"]
        for name in layer.split("|")
    }
