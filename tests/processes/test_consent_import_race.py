"""The same file of consents is recorded by two people at the same moment."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from workshop.clinic import Refused, WebClient

PEOPLE = 2
OFFICER = ("privacy-of-processes", "privacy-password")
SOURCE = "The old program KUMQUAT"
PREPARE = """
import base64
from odoo.fields import Command

user = env["res.users"].create({
    "name": "Privacy",
    "login": officer[0],
    "password": officer[1],
    "group_ids": [
        Command.link(env.ref("whatsapp_clinic.group_privacy_officer").id),
    ],
})
env["whatsapp.clinic.branch"].browse(branch).member_ids = [Command.link(user.id)]
patients = env["res.partner"].browse(patients)
patients.write({"clinic_patient": True, "clinic_branch_id": branch})
lines = ["patient,purpose,decision,date,source"] + [
    f"{patient.phone},survey,given,2026-01-31,{source}" for patient in patients
]
answer = []
for _person in range(people):
    wizard = env["whatsapp.clinic.consent.import"].with_user(user).create(
        {"file": base64.b64encode("\\n".join(lines).encode()), "file_name": "old.csv"}
    )
    wizard.action_check()
    assert wizard.to_record_count == len(patients), wizard.line_ids.mapped("result")[:3]
    answer.append(wizard.id)
"""


@pytest.fixture(scope="module")
def clinic(make_clinic):
    return make_clinic("consent_import_race")


@pytest.fixture(scope="module")
def answers(clinic):
    """The refusal of each who pressed Record, None of who was let."""
    wizards = clinic.shell(
        PREPARE,
        officer=OFFICER,
        branch=clinic.ids["branch"],
        patients=clinic.ids["patients"],
        people=PEOPLE,
        source=SOURCE,
    )
    with clinic.serving() as server:
        officer = WebClient(server.url, clinic.database, *OFFICER)
        with ThreadPoolExecutor(PEOPLE) as people:
            return list(people.map(lambda one: _record(officer, one), wizards))


def _record(officer: WebClient, wizard: int) -> str | None:
    try:
        officer.call("whatsapp.clinic.consent.import", "action_record", [wizard])
    except Refused as error:
        return str(error)
    return None


def test_each_line_is_recorded_once(clinic, answers):
    assert None in answers
    times = clinic.query(
        "SELECT partner_id, count(*) AS times FROM whatsapp_clinic_consent "
        f"WHERE evidence LIKE '%{SOURCE}%' GROUP BY partner_id"
    )
    assert [one["times"] for one in times] == [1] * len(clinic.ids["patients"])


def test_who_is_refused_hears_why(answers):
    refusals = [refusal for refusal in answers if refusal]
    assert all("Another import is running" in one for one in refusals), refusals


def test_race_of_imports_makes_no_deadlock(clinic, answers):
    logs = clinic.postgres_log() + clinic.odoo_log()
    assert re.findall(r"(?i)deadlock", logs) == []
