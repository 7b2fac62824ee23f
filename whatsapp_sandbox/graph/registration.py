"""A number's way to WhatsApp: code, verification, registration, PIN."""

from __future__ import annotations

import re
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from .. import account_events
from ..account import PIN_PATTERN
from ..sandbox import Sandbox
from ..world import Number
from .body import check_product, content
from .content import need
from .errors import GraphError, invalid, not_one_of

METHODS = ("SMS", "VOICE")
PIN = re.compile(PIN_PATTERN)
GUESSES = 5
DONE = {"success": True}


async def request_code(
    sandbox: Sandbox, request: Request, number: Number
) -> JSONResponse:
    """The code that a text message or a call would tell; the control API shows it."""
    payload = {**request.query_params, **await content(request)}
    method = str(need(payload, "code_method", "")).upper()
    if method not in METHODS:
        raise not_one_of("code_method", ", ".join(METHODS), payload["code_method"])
    need(payload, "language", "")
    if number.number.code_verification_status == "VERIFIED":
        raise GraphError(136024)
    state = sandbox.world.registrations[number.id]
    state.code = f"{secrets.randbelow(10**6):06}"
    return JSONResponse(DONE)


async def verify_code(
    sandbox: Sandbox, request: Request, number: Number
) -> JSONResponse:
    payload = {**request.query_params, **await content(request)}
    code = str(need(payload, "code", "")).replace("-", "")
    state = sandbox.world.registrations[number.id]
    if state.code is None or code != state.code:
        raise GraphError(136025)
    state.code = None
    number.number.code_verification_status = "VERIFIED"
    return JSONResponse(DONE)


async def register(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    """Connect the number; the PIN must be the one it has, or becomes it."""
    payload = await content(request)
    check_product(payload)
    pin = checked_pin(payload)
    take(sandbox, number, "register")
    own = number.number
    if own.code_verification_status != "VERIFIED":
        raise GraphError(133006)
    check_wait(sandbox, number)
    check_pin(sandbox, number, pin)
    own.pin, own.status = pin, "CONNECTED"
    return JSONResponse(DONE)


def checked_pin(payload: dict[str, Any]) -> str:
    pin = str(need(payload, "pin", ""))
    if not PIN.fullmatch(pin):
        raise invalid("pin must have 6 digits")
    return pin


def take(sandbox: Sandbox, number: Number, call: str) -> None:
    state = sandbox.world.registrations[number.id]
    if not state.take(call, sandbox.clock.now()):
        raise GraphError(133016)


def check_wait(sandbox: Sandbox, number: Number) -> None:
    """After a deregistration WhatsApp may ask to wait; how long a switch says."""
    calls = sandbox.world.registrations[number.id].calls.get("deregister")
    wait = sandbox.switches.register_wait_seconds
    if calls and sandbox.clock.now() - calls[-1] < wait:
        raise GraphError(133015, f"Wait {wait:g} seconds before registering again.")


def check_pin(sandbox: Sandbox, number: Number, pin: str) -> None:
    state, known = sandbox.world.registrations[number.id], number.number.pin
    if state.wrong_pins >= GUESSES:
        raise GraphError(133008, "Too many guesses. Try again later.")
    if known is not None and pin != known:
        state.wrong_pins += 1
        raise GraphError(133005)
    state.wrong_pins = 0


async def deregister(
    sandbox: Sandbox, request: Request, number: Number
) -> JSONResponse:
    if number.number.coexistence:
        raise invalid("a number that is in the WhatsApp Business app stays registered")
    take(sandbox, number, "deregister")
    number.number.status = "DISCONNECTED"
    return JSONResponse(DONE)


async def change(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    """Of a number itself the PIN of two-step verification can be set."""
    payload = await content(request)
    if payload.keys() != {"pin"}:
        raise invalid("the sandbox changes the pin of a number only")
    number.number.pin = checked_pin(payload)
    sandbox.world.registrations[number.id].wrong_pins = 0
    told = account_events.security(number.number, "PIN_CHANGED", None)
    sandbox.tell(number.business, told, time=int(sandbox.clock.now()))
    return JSONResponse(DONE)
