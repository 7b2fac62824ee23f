"""GET, POST, DELETE /{phone_number_id}/block_users."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..sandbox import Sandbox
from ..world import Number, Patient
from .body import check_product, content
from .errors import GraphError, invalid, missing
from .paging import page
from .sending import wa_id_of

LIST_LIMIT = 64_000
USERS_A_CALL = 1000


async def blocked(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    records = [
        {"messaging_product": "whatsapp", **both_ids(patient)}
        for patient in blocked_patients(sandbox, number)
    ]
    return JSONResponse(page(records, request))


def blocked_patients(sandbox: Sandbox, number: Number) -> list[Patient]:
    everybody = sandbox.world.patients.values()
    return [one for one in everybody if number.id in one.blocked_by]


def both_ids(patient: Patient) -> dict[str, str]:
    """A username hides the phone."""
    phone = {} if patient.username else {"wa_id": patient.wa_id}
    return {**phone, "user_id": patient.user_id}


def identity(patient: Patient, user: str) -> dict[str, str]:
    """As whom the call named the patient: by phone, or by user id."""
    if user == patient.user_id:
        return {"user_id": patient.user_id}
    return {"wa_id": patient.wa_id}


async def block(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    """Only who wrote in the last 24 hours can be blocked (Cloud API)."""
    now = sandbox.clock.now()
    added, failed = [], []
    room = LIST_LIMIT - len(blocked_patients(sandbox, number))
    for user, patient in await users(sandbox, request, number):
        if patient is None or not sandbox.world.window_is_open(number.id, patient, now):
            failed.append(failure(user, patient, 131047))
        elif room <= len(added):
            failed.append(failure(user, patient, 139101))
        else:
            patient.blocked_by.add(number.id)
            added.append({"input": user, **identity(patient, user)})
    return answer("added_users", added, failed)


async def unblock(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    removed, failed = [], []
    for user, patient in await users(sandbox, request, number):
        if patient is None:
            failed.append(failure(user, patient, 139100))
        else:
            patient.blocked_by.discard(number.id)
            removed.append({"input": user, **identity(patient, user)})
    return answer("removed_users", removed, failed)


async def users(
    sandbox: Sandbox, request: Request, number: Number
) -> list[tuple[str, Patient | None]]:
    """The users named in the call: by phone, or by user id."""
    payload = await content(request)
    check_product(payload)
    listed = payload.get("block_users")
    if not isinstance(listed, list) or not listed:
        raise missing("block_users")
    if len(listed) > USERS_A_CALL:
        raise invalid(f"block_users has more than {USERS_A_CALL} users")
    world, found = sandbox.world, []
    for entry in listed:
        user = (
            entry.get("user") or entry.get("user_id") if type(entry) is dict else None
        )
        if not isinstance(user, str):
            raise missing("block_users['user']")
        patient = world.patients_by_user_id.get(user)
        if patient is None:
            patient = world.patients.get(wa_id_of(sandbox, user, number) or "")
        found.append((user, patient))
    return found


def failure(user: str, patient: Patient | None, code: int) -> dict[str, Any]:
    error = GraphError(code)
    told = {"message": error.message, "code": code}
    if error.details:
        told["error_data"] = {"details": error.details}
    who = identity(patient, user) if patient is not None else {}
    return {"input": user, **who, "errors": [told]}


def answer(name: str, done: list[Any], failed: list[Any]) -> JSONResponse:
    """200 if anything went well; otherwise an error, with who it is about."""
    result: dict[str, Any] = {name: done}
    if failed:
        result["failed_users"] = failed
    content = {"messaging_product": "whatsapp", "block_users": result}
    if failed and not done:
        raise GraphError(139100, more=content)
    return JSONResponse(content)
