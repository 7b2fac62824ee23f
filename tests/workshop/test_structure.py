"""What the documents say of the structure is what the linters enforce."""

import pytest
from importlinter.api import read_configuration
from workshop import paths

MODELS = paths.PROJECT / "whatsapp_clinic" / "models"


@pytest.mark.xfail(strict=True, reason="the rooms are not yet layers of one contract")
def test_the_rooms_of_the_models_are_layers_of_an_import_contract():
    rooms = {f"whatsapp_clinic.models.{one.parent.name}" for one in _inits()}
    assert rooms <= _layers()


def _inits():
    return MODELS.glob("*/__init__.py")


def _layers() -> set[str]:
    configuration = read_configuration(str(paths.PROJECT / "pyproject.toml"))
    return {
        name.strip()
        for contract in configuration["contracts_options"]
        if contract["type"] == "layers"
        for layer in contract["layers"]
        for name in layer.split("|")
    }
