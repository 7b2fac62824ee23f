"""GET, POST, DELETE /{phone_number_id}/block_users."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from .. import phone_number
from ..sandbox import Sandbox
from ..world import Number, Patient
from .body import check_product, content
from .errors import GraphError, missing
from .reading import page

LIST_LIMIT = 64_000


async def blocked(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    records = [
        {"messaging_product": "whatsapp", **identity(patient)}
        for patient in blocked_patients(sandbox, number)
    ]
    return JSONResponse(page(records, request))


def blocked_patients(sandbox: Sandbox, number: Number) -> list[Patient]:
    everybody = sandbox.world.patients.values()
    return [one for one in everybody if number.id in one.blocked_by]


def identity(patient: Patient) -> dict[str, str]:
    if patient.username:
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
            added.append({"input": user, **identity(patient)})
    return answer("added_users", added, failed)


async def unblock(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    removed, failed = [], []
    for user, patient in await users(sandbox, request, number):
        if patient is None:
            failed.append(failure(user, patient, 139100))
        else:
            patient.blocked_by.discard(number.id)
            removed.append({"input": user, **identity(patient)})
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
    world, found = sandbox.world, []
    for entry in listed:
        user = (
            entry.get("user") or entry.get("user_id") if type(entry) is dict else None
        )
        if not isinstance(user, str):
            raise missing("block_users['user']")
        wa_id = phone_number.wa_id(user, number.number.wa_id)
        patient = world.patients.get(wa_id or "") or world.patients_by_user_id.get(user)
        found.append((user, patient))
    return found


def failure(user: str, patient: Patient | None, code: int) -> dict[str, Any]:
    error = GraphError(code)
    told = {"message": error.message, "code": code}
    if error.details:
        told["error_data"] = {"details": error.details}
    who = identity(patient) if patient is not None else {}
    return {"input": user, **who, "errors": [told]}


def answer(name: str, done: list[Any], failed: list[Any]) -> JSONResponse:
    """200 if all went well; otherwise an error that stands beside what went well."""
    result: dict[str, Any] = {name: done}
    if failed:
        result["failed_users"] = failed
    content = {"messaging_product": "whatsapp", "block_users": result}
    if failed:
        raise GraphError(139100, more=content)
    return JSONResponse(content)
