"""GET and POST /{phone_number_id}/whatsapp_business_profile."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..sandbox import Sandbox
from ..world import Number
from .body import check_product, content
from .content import text_between, web_address
from .errors import bad_value, invalid, not_one_of
from .fields import PROFILE_NODE, pick

NEVER_WRITTEN = {"vertical": "UNDEFINED"}
# Least and most characters (Cloud API, business profile).
LENGTHS = {"about": (1, 139), "address": (0, 256), "email": (0, 128)}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
WEBSITES_LIMIT, WEBSITE_LIMIT = 2, 256
PICTURE_TYPES = ("image/jpeg", "image/png")
VERTICALS = (
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
    "MATRIMONY_SERVICE",
)


async def read(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    fields = request.query_params.get("fields") or "about"
    profile = {**NEVER_WRITTEN, **number.number.profile}
    record = pick(profile, fields, PROFILE_NODE)
    return JSONResponse({"data": [{**record, "messaging_product": "whatsapp"}]})


async def write(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    payload = await content(request)
    check_product(payload)
    changes = {k: v for k, v in payload.items() if k != "messaging_product"}
    handle = changes.pop("profile_picture_handle", None)
    for name, value in changes.items():
        check(name, value, sandbox.switches.profile_description_limit)
    if handle is not None:
        changes["profile_picture_url"] = picture_url(sandbox, handle)
    number.number.profile = {**number.number.profile, **changes}
    return JSONResponse({"success": True})


def check(name: str, value: Any, description_limit: int) -> None:
    if name == "websites":
        check_websites(value)
    elif name == "vertical":
        if value not in VERTICALS:
            raise not_one_of("vertical", ", ".join(VERTICALS), value)
    elif name == "description":
        text_between(value, 0, description_limit, "Description")
    elif name in LENGTHS:
        text_between(value, *LENGTHS[name], name.capitalize())
        if name == "email" and value and not EMAIL.fullmatch(value):
            raise bad_value("Email is not an e-mail address")
    else:
        raise invalid(f"{name} is not part of a profile that can be set")


def check_websites(value: Any) -> None:
    if not isinstance(value, list) or len(value) > WEBSITES_LIMIT:
        raise bad_value(f"websites must be at most {WEBSITES_LIMIT} addresses")
    for address in value:
        web_address(text_between(address, 1, WEBSITE_LIMIT, "Website"), "Website")


def picture_url(sandbox: Sandbox, handle: Any) -> str:
    if sandbox.world.uploads.mime_type(str(handle)) not in PICTURE_TYPES:
        raise bad_value("profile_picture_handle is not the handle of a picture")
    return f"https://pps.whatsapp.net/v/t61.24694-24/{abs(hash(handle))}.jpg"
