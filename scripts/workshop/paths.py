"""Where everything lies. All state is below one ignored folder."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get("WHATSAPP_CLINIC_STATE", PROJECT / ".state")).resolve()
VENV = STATE / "venv"
NODE = STATE / "node"
NODE_MODULES = NODE / "node_modules"
LOGS = STATE / "logs"
RUN = STATE / "run"
STAMPS = STATE / "stamps"
ODOO_PREFIX = STATE / "odoo"
# All that the scripts make below the state folder; nothing else is ever removed there.
STATE_FOLDERS = (
    *("apt", "logs", "node", "odoo", "odoo-data", "postgres"),
    *("pre-commit", "run", "stamps", "trees", "venv"),
)
BUILD = PROJECT / "build"


def venv_bin(name: str) -> str:
    """Path of a program of the private virtual environment."""
    return str(VENV / "bin" / name)
