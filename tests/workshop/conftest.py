"""A state folder of the test's own, on which the workshop's modules then work."""

import shutil
import tempfile
from pathlib import Path

import pytest
from workshop import paths


def use_as_state(monkeypatch, folder: Path) -> Path:
    monkeypatch.setattr(paths, "STATE", folder)
    for name in ("LOGS", "RUN", "STAMPS"):
        monkeypatch.setattr(paths, name, folder / name.lower())
    return folder


@pytest.fixture
def state(monkeypatch, tmp_path):
    """A state folder that nobody but us may enter (pytest's folders are 0700)."""
    return use_as_state(monkeypatch, tmp_path)


@pytest.fixture
def open_state(monkeypatch):
    """A state folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    yield use_as_state(monkeypatch, folder)
    shutil.rmtree(folder)
