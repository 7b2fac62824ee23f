"""A database of the released commit, with a story in it, is upgraded to this tree."""

import json
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest
from workshop import databases, history, paths, postgres
from workshop.clinic import shell
from workshop.odoo import Odoo
from workshop.shell import run

UPGRADED = "whatsapp_clinic_tests_upgraded"
LATEST_UPGRADED = "whatsapp_clinic_tests_latest_upgraded"
# Values that an upgrade sets on purpose: what it makes of them, by table and column.
MEANT = {
    ("res_partner", "phone"): "the same number, with its country code",
    ("res_partner", "clinic_branch_id"): "a guardian is looked after with the patient",
    ("whatsapp_clinic_channel", "api_version"): "the present version",
    ("whatsapp_clinic_message", "state"): "what the gate refused has not failed",
    ("whatsapp_clinic_message", "reason"): "thanks wait until somebody came",
    ("whatsapp_clinic_privacy_notice", "name"): "a shipped draft, in both languages",
    ("whatsapp_clinic_stop_word", "lang_id"): "words that mean something elsewhere",
    ("whatsapp_clinic_message", "template_id"): "one template for two accounts",
    ("whatsapp_clinic_message_rule", "template_id"): "one template for two accounts",
    ("whatsapp_clinic_template", "name"): "another text of the same name",
}
# Tables whose rows stand in another one now, where a test looks for them.
REPLACED = {
    "whatsapp_clinic_identity_alias": "test_each_id_of_an_identity_is_an_address"
}
# When and by whom a row was touched is no content of it.
_TOUCHED = {"write_date", "write_uid"}
STORY = """
import base64
from datetime import timedelta
from odoo import fields

now = fields.Datetime.now()
# What of the demo data is due has left, as it does where the clinic runs.
env.cr.execute(
    "UPDATE whatsapp_clinic_message SET state = 'sent', sent_at = due_at "
    "WHERE state = 'queued' AND due_at < %s", [now + timedelta(hours=1)])
purpose = env.ref("whatsapp_clinic.purpose_appointment")
branch = env["whatsapp.clinic.branch"].search([], limit=1)
patient, guardian = env["res.partner"].create([
    {"name": "Upgrade KUMQUAT", "phone": "+905321999901",
     "clinic_patient": True, "clinic_branch_id": branch.id},
    {"name": "Guardian KUMQUAT", "phone": "+905321999902"},
])
env["whatsapp.clinic.guardianship"].create(
    {"patient_id": patient.id, "guardian_id": guardian.id})
proof = env["whatsapp.clinic.consent.proof"].create({
    "partner_id": patient.id, "document": "{}",
    "signature": base64.b64encode(b"a picture")})
for decision, method, days, values in (
    ("given", "paper", 9, {"proof_id": proof.id}),
    ("withdrawn", "verbal", 8, {"heard_by": "KUMQUAT"}),
    ("given", "import", 7, {"evidence": "a list of the old program"}),
    ("given", "web", 6, {}),
    ("given", "chat", 5, {}),
):
    env["whatsapp.clinic.consent"].create({
        "partner_id": patient.id, "purpose_id": purpose.id, "decision": decision,
        "method": method, "act_at": now - timedelta(days=days), **values})
request = env["whatsapp.clinic.consent.request"].create(
    {"partner_id": patient.id, "branch_id": branch.id})
request._mint_key()
appointment = env["whatsapp.clinic.appointment"].create({
    "partner_id": patient.id, "branch_id": branch.id,
    "practitioner_id": env["whatsapp.clinic.practitioner"].search(
        [("branch_ids", "in", branch.id)], limit=1).id,
    "type_id": env["whatsapp.clinic.appointment.type"].search([], limit=1).id,
    "start": now + timedelta(days=400)})
messages = env["whatsapp.clinic.message"]
states = [value for value, _label in messages._fields["state"].selection]
for state in states:
    messages.create({
        "channel_id": branch.channel_id.id, "company_id": branch.company_id.id,
        "branch_id": branch.id, "partner_id": patient.id, "purpose_id": purpose.id,
        "direction": "in" if state == "received" else "out", "state": state,
        "body": f"KUMQUAT {state}", "appointment_id": appointment.id,
        "due_at": now + timedelta(days=300),
        "reason": {"failed": "no_consent", "cancelled": "obsolete"}.get(state)})
env["whatsapp.clinic.media"].create({
    "channel_id": branch.channel_id.id, "kind": "image", "state": "loaded",
    "message_id": messages.search([("body", "=", "KUMQUAT received")]).id})
numbers = [f"+90532199991{number}" for number in range(4)]
found = env["whatsapp.clinic.identity"]._for_phones(numbers)
stopped, wrong, no_advertising, lifted = (found[number] for number in numbers)
stopped._add_alias("TR.KUMQUAT")
stopped._block("stop_word", now - timedelta(days=3))
wrong._block("staff", now - timedelta(days=3))
wrong._disown("wrong_person")
no_advertising._block_marketing("preference", now - timedelta(days=3))
lifted._block("staff")
lifted._unblock()
for number, state in enumerate(("pending", "done", "parked")):
    env["whatsapp.clinic.webhook.event"].create({
        "body": base64.b64encode(b"{}"), "sha256": f"{number:064}", "size": 2,
        "received_at": now, "state": state})
other = branch.channel_id.copy({
    "name": "Other account", "phone_number_id": "649999999999999",
    "business_account_id": "629999999999999"})
other_branch = branch.copy({"name": "Other KUMQUAT", "channel_id": other.id})
for name in ("reminder", "confirmation"):
    for language in ("tr", "en"):
        template = env.ref(
            f"whatsapp_clinic.demo_template_appointment_{name}_{language}")
        twin = template.copy(
            {"name": template.name, "business_account_id": other.business_account_id})
        if name == "confirmation" and language == "tr":
            twin.body_text = f"{twin.body_text} KUMQUAT"
        twin.write({
            "remote_id": f"KUMQUAT {name} {language}", "status": "APPROVED",
            "category": "UTILITY", "enabled": True,
            "task_error": "KUMQUAT" if name == "confirmation" else False})
        messages.create({
            "channel_id": other.id, "company_id": branch.company_id.id,
            "branch_id": other_branch.id, "partner_id": patient.id,
            "purpose_id": purpose.id, "template_id": twin.id, "direction": "out",
            "state": "delivered", "body": f"KUMQUAT {name}", "due_at": now})
        if language == "tr":
            env["whatsapp.clinic.message.rule"].create({
                "name": f"Other {name}", "template_id": twin.id, "anchor": "start",
                "purpose_id": purpose.id})
third = branch.channel_id.copy({
    "name": "Third account", "phone_number_id": "649999999999998",
    "business_account_id": "629999999999998"})
third_branch = branch.copy({"name": "Third KUMQUAT", "channel_id": third.id})
for language in ("tr", "en"):
    template = env.ref(f"whatsapp_clinic.demo_template_appointment_reminder_{language}")
    twin = template.copy(
        {"name": template.name, "business_account_id": third.business_account_id})
    twin.write({"remote_id": f"KUMQUAT third {language}", "status": "APPROVED",
                "category": "UTILITY", "enabled": True})
    if language == "tr":
        env["whatsapp.clinic.message.rule"].create({
            "name": "Third reminder", "template_id": twin.id, "anchor": "start",
            "purpose_id": purpose.id})
# Refused a moment ago, for a template of another account.
soon = now + timedelta(hours=24, minutes=-5)
appointment.copy({
    "practitioner_id": appointment.practitioner_id.copy({"name": "Dr. KUMQUAT"}).id,
    "start": soon, "stop": soon + timedelta(minutes=30)})
env.ref("whatsapp_clinic.demo_template_appointment_reminder_en").copy({
    "name": "closed_account", "business_account_id": "629999999999997"}).write(
    {"remote_id": "KUMQUAT closed", "status": "APPROVED", "category": "UTILITY"})
answer = len(states)
"""
# The accounts of the story's other numbers.
OTHER_ACCOUNTS = {"629999999999999", "629999999999998"}


@pytest.fixture(scope="module")
def odoo():
    return Odoo("test", postgres.start("test"))


@pytest.fixture(scope="module")
def told(odoo):
    """The upgraded database, and its rows before: {table: {id: row}}."""
    released = databases.install_released(postgres.start("test"))
    with _databases(odoo, released, databases.RELEASED):
        assert shell(released, UPGRADED, STORY)
        before = rows(odoo, UPGRADED)
        move_filestore(released, odoo)
        upgrade(odoo)
        yield before


@contextmanager
def _databases(odoo, released, source, target=UPGRADED):
    released.copy_database(source, target)
    try:
        yield
    finally:
        released.drop_database(target)
        odoo.drop_database(target)


def move_filestore(released, odoo, database=UPGRADED):
    source, target = (
        one.folder / "data" / "filestore" / database for one in (released, odoo)
    )
    run("rm", "-rf", target)
    if source.exists():
        run("cp", "-r", source, target)


def upgrade(odoo, database=UPGRADED) -> None:
    log = paths.LOGS / "test-upgrade.log"
    log.write_text(
        odoo.run("-d", database, "-u", "whatsapp_clinic", *databases.ONLY_INSTALL)
    )
    assert not databases.complaints(log), log.read_text()[-4000:]


def rows(odoo, database) -> dict[str, dict[int, dict]]:
    """All rows of the addon's tables, and of those that it extends."""
    tables = odoo.sql(
        database,
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND "
        "relname LIKE 'whatsapp_clinic%' OR relname IN ('res_partner', 'res_company')",
    ).split()
    return {table: _rows(odoo, database, table) for table in sorted(tables)}


def _rows(odoo, database, table) -> dict[int, dict]:
    listed = odoo.sql(database, f"SELECT to_jsonb(t)::text FROM {table} AS t")
    found = [json.loads(line) for line in listed.splitlines()]
    return {row.get("id", json.dumps(row)): row for row in found}


def schema(odoo, database) -> dict[str, set[str]]:
    """Columns, constraints, indexes and triggers of the addon's tables."""
    queries = {
        "columns": "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' "
        "|| is_nullable FROM information_schema.columns "
        "WHERE table_name LIKE 'whatsapp_clinic%'",
        "constraints": "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE conrelid::regclass::text LIKE 'whatsapp_clinic%'",
        "indexes": "SELECT indexdef FROM pg_indexes "
        "WHERE tablename LIKE 'whatsapp_clinic%'",
        "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT "
        "tgisinternal AND tgrelid::regclass::text LIKE 'whatsapp_clinic%'",
        "records": "SELECT model || ' ' || name FROM ir_model_data "
        "WHERE module = 'whatsapp_clinic' AND model IN ('ir.model.access', 'ir.rule', "
        "'ir.ui.view', 'ir.cron', 'ir.ui.menu', 'ir.model', 'ir.model.fields')",
    }
    return {
        name: set(odoo.sql(database, query).splitlines())
        for name, query in queries.items()
    }


def lost(before: dict, after: dict) -> list[str]:
    """What of the rows before is not there after, or says something else."""
    found = []
    for table, known in before.items():
        now = after.get(table)
        if now is None and table in REPLACED:
            continue
        if now is None:
            found.append(f"{table}: gone")
            continue
        found += [f"{table} {key}: gone" for key in known.keys() - now.keys()]
        for key in known.keys() & now.keys():
            found += _changed(table, known[key], now[key])
    return sorted(set(found))


def _changed(table: str, before: dict, after: dict) -> list[str]:
    same = before.keys() & after.keys() - _TOUCHED
    return [
        f"{table}.{name} changed"
        for name in same
        if before[name] != after[name] and (table, name) not in MEANT
    ]


def test_every_row_is_kept_and_says_the_same(odoo, told):
    found = {*lost(told, rows(odoo, UPGRADED))} - merged(told)
    assert not found, "\n".join(sorted(found))


def merged(told) -> set[str]:
    """Rows of the texts that two accounts had alike, of which one is left."""
    gone = {
        key
        for key, row in told["whatsapp_clinic_template"].items()
        if row["business_account_id"] in OTHER_ACCOUNTS
        and row["name"] == "appointment_reminder"
    }
    parts = {
        f"whatsapp_clinic_template_{part} {key}: gone"
        for part in ("button", "variable")
        for key, row in told[f"whatsapp_clinic_template_{part}"].items()
        if row["template_id"] in gone
    }
    return {f"whatsapp_clinic_template {key}: gone" for key in gone} | parts


def test_each_template_has_its_approval_with_all_that_whatsapp_said(odoo, told):
    approvals = _rows(odoo, UPGRADED, "whatsapp_clinic_template_approval").values()
    by_key = {(one["business_account_id"], one["remote_id"]): one for one in approvals}
    former = told["whatsapp_clinic_template"].values()
    assert len(former) >= 12
    for row in former:
        approval = by_key[row["business_account_id"], row["remote_id"]]
        assert approval["remote_name"] == row["name"]
        assert not approval["differs"]
        for name in ("status", "category", "components", "ttl_seconds"):
            assert approval[name] == row[name]


def test_equal_texts_of_two_accounts_are_one_template_and_others_are_two(odoo, told):
    after = _rows(odoo, UPGRADED, "whatsapp_clinic_template")
    approvals = _rows(odoo, UPGRADED, "whatsapp_clinic_template_approval").values()
    now = {one["remote_id"]: one["template_id"] for one in approvals}
    former = told["whatsapp_clinic_template"].values()
    names = {"appointment_reminder": (1, 6), "appointment_confirmation": (2, 4)}
    for name, (count, before) in names.items():
        of_name = [one for one in former if one["name"] == name]
        assert len(of_name) == before
        found = {now[one["remote_id"]] for one in of_name}
        assert len(found) == 2 * count
        assert {after[one]["name"] for one in found} == {name, f"{name}_2"} - (
            {f"{name}_2"} if count == 1 else set()
        )
    for table in ("message", "message_rule"):
        rows_after = _rows(odoo, UPGRADED, f"whatsapp_clinic_{table}")
        for key, row in told[f"whatsapp_clinic_{table}"].items():
            if row["template_id"]:
                template = told["whatsapp_clinic_template"][row["template_id"]]
                kept = now[template["remote_id"]]
                assert rows_after[key]["template_id"] == kept


def test_rules_of_two_accounts_write_where_their_account_is(odoo, told):
    chosen = odoo.sql(
        UPGRADED,
        "SELECT rule.id, channel.business_account_id "
        "FROM whatsapp_clinic_message_rule AS rule "
        "JOIN whatsapp_clinic_message_rule_branch AS link "
        "ON link.whatsapp_clinic_message_rule_id = rule.id "
        "JOIN whatsapp_clinic_branch AS branch "
        "ON branch.id = link.whatsapp_clinic_branch_id "
        "JOIN whatsapp_clinic_channel AS channel ON channel.id = branch.channel_id",
    )
    accounts = {}
    for line in chosen.splitlines():
        rule, account = line.split("|")
        accounts.setdefault(int(rule), set()).add(account)
    assert len(accounts) >= 3
    after = _rows(odoo, UPGRADED, "whatsapp_clinic_message_rule")
    for key, rule in told["whatsapp_clinic_message_rule"].items():
        template = told["whatsapp_clinic_template"][rule["template_id"]]
        assert after[key]["active"] == rule["active"]
        if template["name"] == "appointment_reminder":
            assert accounts[key] <= {template["business_account_id"]}


def test_what_failed_of_a_template_is_a_request_about_its_approval(odoo, told):
    approvals = _rows(odoo, UPGRADED, "whatsapp_clinic_template_approval")
    failed = {
        approvals[one["approval_id"]]["remote_id"]
        for one in _rows(odoo, UPGRADED, "whatsapp_clinic_channel_task").values()
        if one["error"] == "KUMQUAT"
    }
    assert failed == {f"KUMQUAT confirmation {code}" for code in ("tr", "en")}


def test_only_refusals_and_thanks_that_are_too_early_changed_their_state(odoo, told):
    """So did what a rule wrote for a number whose account has not its template."""
    after = _rows(odoo, UPGRADED, "whatsapp_clinic_message")
    anchors = {
        key: rule["anchor"]
        for key, rule in told["whatsapp_clinic_message_rule"].items()
    }
    changed = {
        (
            row["state"],
            after[key]["state"],
            anchors.get(row["rule_id"]) == "end"
            or _cannot_leave(told, row)
            or _is_late(row),
        )
        for key, row in told["whatsapp_clinic_message"].items()
        if row["state"] != after[key]["state"]
    }
    kept = {(before, now) for before, now, is_over in changed if not is_over}
    assert kept <= {("failed", "refused")}
    assert {one[:2] for one in changed} - kept <= {("queued", "cancelled")}


def _is_late(row: dict) -> bool:
    """Whether it was due when it was not upgraded yet: the story waits for nobody."""
    return datetime.fromisoformat(row["due_at"]) < datetime.now(timezone.utc).replace(
        tzinfo=None
    )


def _cannot_leave(told, row: dict) -> bool:
    template = told["whatsapp_clinic_template"].get(row["template_id"] or 0)
    channel = told["whatsapp_clinic_channel"][row["channel_id"]]
    account = channel["business_account_id"]
    return bool(template) and template["business_account_id"] != account


def test_each_message_is_about_the_appointment_that_it_was_about(odoo, told):
    after = _rows(odoo, UPGRADED, "whatsapp_clinic_message")
    visits = {
        key: (row["appointment_id"], row["appointment_version"])
        for key, row in told["whatsapp_clinic_message"].items()
        if row["appointment_id"]
    }
    assert visits
    for key, visit in visits.items():
        row = after[key]
        assert (row["res_id"], row["subject_version"]) == visit
        assert row["res_model"] == "whatsapp.clinic.appointment"


def test_what_a_rule_wrote_says_what_the_gate_asks_of_the_rule(odoo, told):
    after = _rows(odoo, UPGRADED, "whatsapp_clinic_message")
    rules = _rows(odoo, UPGRADED, "whatsapp_clinic_message_rule")
    written = {
        key: row["rule_id"]
        for key, row in told["whatsapp_clinic_message"].items()
        if row["rule_id"]
    }
    assert written
    for key, rule in written.items():
        assert after[key]["in_quiet_hours"] == rules[rule]["in_quiet_hours"]
    automatic = {key for key, row in after.items() if row["is_automatic"]}
    assert automatic == {
        key for key, row in after.items() if row["rule_id"] or row["occurrence"]
    }


def test_numbers_are_the_same_with_their_country_code(odoo, told):
    after = _rows(odoo, UPGRADED, "res_partner")
    for key, row in told["res_partner"].items():
        if (row["phone"] or "").startswith("+"):
            assert _digits(after[key]["phone"]) == _digits(row["phone"])


def _digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))


def test_each_stop_and_start_of_a_number_is_an_act(odoo, told):
    acts = _rows(odoo, UPGRADED, "whatsapp_clinic_identity_act").values()
    said = {
        (one["identity_id"], one["scope"], one["decision"], one["act_at"])
        for one in acts
    }
    expected = {
        (key, scope, decision, row[column])
        for key, row in told["whatsapp_clinic_identity"].items()
        for column, scope, decision in (
            ("blocked_at", "all", "stop"),
            ("unblocked_at", "all", "start"),
            ("marketing_blocked_at", "advertising", "stop"),
            ("marketing_unblocked_at", "advertising", "start"),
        )
        if row[column]
    }
    assert len(expected) >= 4
    assert expected <= said


def test_each_id_of_an_identity_is_an_address(odoo, told):
    assert all(name in globals() for name in REPLACED.values())
    addresses = {
        (one["identity_id"], one["value"], one["is_main"])
        for one in _rows(odoo, UPGRADED, "whatsapp_clinic_identity_address").values()
    }
    expected = {
        (key, row[column], True)
        for key, row in told["whatsapp_clinic_identity"].items()
        for column in ("wa_id", "user_id")
        if row[column]
    }
    others = {
        (row["identity_id"], row["value"], False)
        for row in told["whatsapp_clinic_identity_alias"].values()
    }
    assert others
    assert expected | others <= addresses


def test_each_channel_keeps_its_id_at_its_messenger(odoo, told):
    channels = _rows(odoo, UPGRADED, "whatsapp_clinic_channel")
    before = {
        key: row["phone_number_id"]
        for key, row in told["whatsapp_clinic_channel"].items()
    }
    assert before
    assert {key: row["external_id"] for key, row in channels.items()} == before


def test_the_story_has_messages_in_every_state_and_all_kinds_of_proof(told):
    messages = told["whatsapp_clinic_message"].values()
    assert len({one["state"] for one in messages}) >= 11
    consents = told["whatsapp_clinic_consent"].values()
    assert {"paper", "verbal", "import", "web", "chat"} <= {
        one["method"] for one in consents
    }


def test_an_upgraded_database_is_built_like_a_new_one(odoo, told):
    new = schema(odoo, databases.FRESH)
    old = schema(odoo, UPGRADED)
    for name, expected in new.items():
        assert expected and old[name] == expected, name


def test_a_second_upgrade_changes_nothing(odoo, told):
    before = rows(odoo, UPGRADED)
    upgrade(odoo)
    after = rows(odoo, UPGRADED)
    assert lost(before, after) == []
    assert {name: len(one) for name, one in after.items()} == {
        name: len(one) for name, one in before.items()
    }


def test_a_database_of_the_last_version_keeps_every_row_too(odoo):
    server = postgres.start("test")
    latest = databases.install_released(server, history.LATEST, databases.LATEST)
    with _databases(odoo, latest, databases.LATEST, LATEST_UPGRADED):
        before = rows(odoo, LATEST_UPGRADED)
        move_filestore(latest, odoo, LATEST_UPGRADED)
        upgrade(odoo, LATEST_UPGRADED)
        assert not lost(before, rows(odoo, LATEST_UPGRADED))
