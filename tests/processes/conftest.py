"""A clinic in real processes: a committed database, Odoo servers, a sandbox.

The database to copy is named by WHATSAPP_CLINIC_TEST_DATABASE (scripts/test makes it);
without it one is installed for this run.
"""

import json
import os
import re
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from workshop import log_scan, postgres
from workshop.clinic import WebClient, shell, wait_until
from workshop.odoo import BASE_MODULES, Odoo, OdooServer

from whatsapp_sandbox.client import Sandbox

OWN_DATABASE = "processes_base"
ACCOUNT_ID = "620000000000077"
NUMBERS = [f"64000000000007{digit}" for digit in range(3)]
PATIENTS = 500
RECEPTIONIST = ("reception-of-processes", "reception-password")
APP_SECRET = "sandbox-app-secret"
VERIFY_TOKEN = "sandbox-verify-token"
SECRETS = {
    "access_token": "sandbox-access-token",
    "app_secret": APP_SECRET,
    "verify_token": VERIFY_TOKEN,
}
# What waits for statuses is short here, so that a test sees the end of it. The lease
# may be shorter than a call because one process at a time serves a channel.
PARAMETERS = {
    "whatsapp_clinic.lease_seconds": "2",
    "whatsapp_clinic.settling_seconds": "300",
}
# What demonstration data would send is stopped first. The branch writes from the second
# number; the third has none.
SET_UP = """
from odoo.fields import Command

env["whatsapp.clinic.message.rule"].search([]).write({"active": False})
env["whatsapp.clinic.message"]._cancel_open([], "obsolete")
env["whatsapp.clinic.channel"].search([]).write({"active": False})
for key, value in parameters.items():
    env["ir.config_parameter"].set_param(key, value)
channels = env["whatsapp.clinic.channel"].create([
    {
        "name": f"Channel {number}",
        "phone_number_id": number,
        "business_account_id": account_id,
        "base_url": sandbox_url,
        "rate": rate,
    }
    for number in numbers
])
for channel in channels:
    channel._set_credentials(secrets)
Template = env["whatsapp.clinic.template"]
env["whatsapp.clinic.template.approval"]._load(channels[0], templates)
confirmation, letter = (
    Template.search([("business_account_id", "=", account_id), ("name", "=", name)])
    for name in ("kumquat_confirmation", "kumquat_letter")
)
letter.model = "res.partner"
receptionist = env["res.users"].create({
    "name": "Reception",
    "login": receptionist[0],
    "password": receptionist[1],
    "group_ids": [Command.link(env.ref("whatsapp_clinic.group_receptionist").id)],
})
branch = env["whatsapp.clinic.branch"].create({
    "name": "Branch of the processes",
    "country_id": env.ref("base.tr").id,
    "tz": "Europe/Istanbul",
    "channel_id": channels[1].id,
    "member_ids": [Command.link(receptionist.id)],
})
practitioner = env["whatsapp.clinic.practitioner"].create({
    "name": "Dr. Demir", "branch_ids": [Command.link(branch.id)],
})
kind = env["whatsapp.clinic.appointment.type"].create({
    "name": "Check-up", "duration": 0.5,
})
purpose = env.ref("whatsapp_clinic.purpose_appointment")
env["whatsapp.clinic.message.rule"].create({
    "name": "Confirmation",
    "anchor": "booked",
    "offset": 0,
    "offset_side": "after",
    "template_id": confirmation.id,
    "purpose_id": purpose.id,
    "branch_ids": [Command.link(branch.id)],
})
patients = env["res.partner"].create([
    {"name": f"KUMQUAT {number}", "phone": f"+90532777{number:04}"}
    for number in range(patient_count)
])
env["whatsapp.clinic.consent"].create([
    {
        "partner_id": patient.id,
        "purpose_id": purpose.id,
        "decision": "given",
        "method": "import",
        "evidence": "Form in the old file",
    }
    for patient in patients
])
answer = {
    "channels": channels.ids,
    "letter": letter.id,
    "purpose": purpose.id,
    "branch": branch.id,
    "practitioner": practitioner.id,
    "type": kind.id,
    "patients": patients.ids,
}
"""
ENQUEUE = """
env["whatsapp.clinic.message"]._enqueue([
    {
        "channel_id": channel_id,
        "partner_id": patient_id,
        "purpose_id": ids["purpose"],
        "template_id": ids["letter"],
    }
    for patient_id in ids["patients"][first : first + count]
])
"""


class Clinic:
    """A database with three channels of one account in a sandbox, and its servers.

    `ids` are database ids: `channels` (in the order of `numbers`), `letter` (a
    template), `purpose`, `branch`, `practitioner`, `type`, `patients`.
    """

    numbers = NUMBERS
    app_secret = APP_SECRET
    verify_token = VERIFY_TOKEN

    def __init__(self, odoo: Odoo, database: str, sandbox: Sandbox):
        self.odoo = odoo
        self.database = database
        self.sandbox = sandbox
        self.ids = {}
        self.servers = []
        self.postgres_log_start = len(_postgres_log())

    def set_up(self, rate: int, parameters: dict[str, str]) -> None:
        self.ids = self.shell(
            SET_UP,
            parameters={**PARAMETERS, **parameters},
            account_id=ACCOUNT_ID,
            sandbox_url=self.sandbox.url,
            rate=rate,
            numbers=NUMBERS,
            secrets=SECRETS,
            templates=_templates(),
            receptionist=RECEPTIONIST,
            patient_count=PATIENTS,
        )

    def shell(self, script: str, **given):
        return shell(self.odoo, self.database, script, **given)

    def query(self, select: str) -> list[dict]:
        """Rows of a committed SELECT, as JSON has them."""
        wrapped = f"SELECT coalesce(json_agg(row), '[]') FROM ({select}) AS row"
        return json.loads(self.odoo.sql(self.database, wrapped))

    def enqueue(self, channel: int, count: int, first: int = 0) -> None:
        """Queue a letter to each of `count` patients on the channel of this place."""
        self.shell(
            ENQUEUE,
            ids=self.ids,
            channel_id=self.ids["channels"][channel],
            first=first,
            count=count,
        )

    def messages(self, channel: int) -> list[dict]:
        """The outbox of the channel of this place, oldest row first."""
        return self.query(
            "SELECT key, partner_id, state, reason, error_code, attempts, "
            "unknown_at::text "
            "FROM whatsapp_clinic_message "
            f"WHERE channel_id = {self.ids['channels'][channel]} ORDER BY id"
        )

    def states(self, channel: int) -> Counter:
        return Counter(row["state"] for row in self.messages(channel))

    def channel(self, place: int) -> dict:
        """What the administrator sees of a channel: state and its reason."""
        return self.shell(
            "channel = env['whatsapp.clinic.channel'].browse(channel_id)\n"
            "answer = channel.read(['state', 'state_reason'])[0]",
            channel_id=self.ids["channels"][place],
        )

    def accepted(self, channel: int) -> list[dict]:
        """What the sandbox accepted from the number of this place, in order."""
        return [
            message
            for message in self.sandbox.accepted()
            if message["phone_number_id"] == NUMBERS[channel]
        ]

    def on(self, database: str) -> "Clinic":
        """The same clinic in a copy of its database, to work there."""
        copy = Clinic(self.odoo, database, self.sandbox)
        copy.ids, copy.servers = self.ids, self.servers
        return copy

    @staticmethod
    def wa_id(patient: int) -> str:
        """The WhatsApp id of the patient of this place."""
        return f"90532777{patient:04}"

    def start(self) -> OdooServer:
        """A server with its scheduler, to which the sandbox reports."""
        server = self.odoo.start(self.database, "--max-cron-threads=2")
        self.servers.append(server)
        self.sandbox.set_webhook(f"{server.url}/whatsapp_clinic/webhook")
        return server

    @contextmanager
    def serving(self):
        """A server for the length of a block; ended there."""
        server = self.start()
        try:
            yield server
        finally:
            server.stop()

    def receptionist(self, server: OdooServer) -> WebClient:
        return WebClient(server.url, self.database, *RECEPTIONIST)

    def appointment(self, patient: int, start: str) -> dict:
        """Values of an appointment; `start` is naive UTC as Odoo writes it."""
        return {
            "partner_id": self.ids["patients"][patient],
            "branch_id": self.ids["branch"],
            "practitioner_id": self.ids["practitioner"],
            "type_id": self.ids["type"],
            "start": start,
            "note": "KUMQUAT",
        }

    def wait_for_states(self, channel: int, wanted: set[str], timeout: float) -> None:
        """Wait until every message of a channel is in one of these states."""
        wait_until(
            lambda: self.states(channel).keys() <= wanted,
            timeout,
            f"messages only {sorted(wanted)}",
        )

    def wake_scheduler(self) -> None:
        """Say what a trigger's notification says; a server that starts missed it."""
        self.odoo.sql(
            "postgres", f"SELECT pg_notify('cron_trigger', '{self.database}')"
        )

    def run_lanes(self, server: OdooServer) -> None:
        """Have each lane of the dispatcher look for work, and wait until it did."""

        def have_run() -> bool:
            self.wake_scheduler()
            done = re.findall(r"\((lane \d)\)' \(\d+\) fully done", _text(server.log))
            return len(set(done)) == 3

        wait_until(have_run, 180, "all lanes ran")

    def odoo_log(self) -> str:
        return "".join(_text(server.log) for server in self.servers)

    def postgres_log(self) -> str:
        """Lines about this database since the clinic was made."""
        lines = _postgres_log()[self.postgres_log_start :].splitlines()
        return "\n".join(line for line in lines if f" {self.database} " in line)

    def end(self) -> None:
        for server in self.servers:
            server.stop()
        self.sandbox.stop()


def _text(log: Path) -> str:
    return log.read_text(errors="replace")


def _postgres_log() -> str:
    """All of the test server's log; empty for a server of the user's own."""
    file = postgres.log_file("test")
    return _text(file) if file and file.exists() else ""


def _templates() -> list[dict]:
    """Two templates as Meta lists them; every text has the log scan's marker."""
    variables = {"patient_name": "Ayşe", "clinic_name": "Kadıköy"}
    return [
        {
            "id": f"73000000000007{place}",
            "name": f"kumquat_{name}",
            "language": "en",
            "category": "UTILITY",
            "status": "APPROVED",
            "parameter_format": "NAMED",
            "components": [
                {
                    "type": "BODY",
                    "text": "KUMQUAT for {{patient_name}} from {{clinic_name}}.",
                    "example": {
                        "body_text_named_params": [
                            {"param_name": name, "example": example}
                            for name, example in variables.items()
                        ]
                    },
                }
            ],
        }
        for place, name in enumerate(("confirmation", "letter"))
    ]


def _account(throughput: int) -> dict:
    return {
        "app": {
            "id": "610000000000077",
            "secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
        },
        "tokens": [SECRETS["access_token"]],
        "business_accounts": [
            {
                "id": ACCOUNT_ID,
                "name": "Clinic of the processes",
                "phone_numbers": [
                    {
                        "id": number,
                        "display_phone_number": f"+9055500000{place}9",
                        "verified_name": f"Number {place}",
                        "throughput": throughput,
                    }
                    for place, number in enumerate(NUMBERS)
                ],
                "templates": _templates(),
            }
        ],
    }


@pytest.fixture(scope="session")
def odoo() -> Odoo:
    return Odoo("test", postgres.start("test"))


@pytest.fixture(scope="session")
def fresh_database(odoo):
    """Name of a database with the addon installed, which nobody writes to."""
    given = os.environ.get("WHATSAPP_CLINIC_TEST_DATABASE")
    if given:
        yield given
        return
    modules = ",".join((*BASE_MODULES, "whatsapp_clinic"))
    odoo.drop_database(OWN_DATABASE)
    odoo.run("-d", OWN_DATABASE, "-i", modules, "--stop-after-init")
    yield OWN_DATABASE
    odoo.drop_database(OWN_DATABASE)


@pytest.fixture(scope="module")
def make_clinic(odoo, fresh_database, tmp_path_factory):
    """A function that makes a Clinic; its logs are scanned when the module ends.

    It takes the database's name, the channels' `rate` (messages a second, also the
    sandbox's limit) and system parameters.
    """
    clinics = []

    def make(name: str, rate: int = 1000, **parameters: str) -> Clinic:
        account = tmp_path_factory.mktemp(name) / "account.json"
        account.write_text(json.dumps(_account(rate)))
        database = f"processes_{name}"
        odoo.copy_database(fresh_database, database)
        clinic = Clinic(odoo, database, Sandbox.start(account=str(account)))
        clinics.append(clinic)
        settings = {f"whatsapp_clinic.{key}": text for key, text in parameters.items()}
        clinic.set_up(rate, settings)
        return clinic

    yield make
    for clinic in clinics:
        clinic.end()
    found = [line for clinic in clinics for line in _leaks(clinic, tmp_path_factory)]
    for clinic in clinics:
        odoo.drop_database(clinic.database)
    assert found == []


def _leaks(clinic: Clinic, folders) -> list[str]:
    """What the logs of a clinic should not hold."""
    of_postgres: Path = folders.mktemp("logs") / "postgres.log"
    of_postgres.write_text(clinic.postgres_log())
    return log_scan.findings([*(one.log for one in clinic.servers), of_postgres])
