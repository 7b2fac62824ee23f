"""Errors of the Cloud API: codes, titles, HTTP statuses, the shape of an answer."""

from __future__ import annotations

import json
import secrets
from typing import Any

from starlette.responses import JSONResponse

TITLES_AND_STATUSES = {
    0: ("AuthException", 401),
    1: ("API Unknown", 400),
    2: ("API Service", 503),
    3: ("API Method", 500),
    4: ("API Too Many Calls", 400),
    10: ("Permission Denied", 403),
    15: ("This method must be called with an app access_token", 400),
    33: ("Parameter value is not valid", 400),
    100: ("Invalid parameter", 400),
    190: ("Access token has expired", 401),
    200: ("API Permission", 403),
    368: ("Temporarily blocked for policies violations", 403),
    2200: ("Callback verification failed", 400),
    2500: ("Unknown path components", 400),
    80007: ("Rate limit issues", 400),
    130403: ("Business has blocked this user", 400),
    130429: ("Rate limit hit", 400),
    130472: ("User's number is part of an experiment", 400),
    130497: (
        "Business account is restricted from messaging users in this country",
        403,
    ),
    131000: ("Something went wrong", 500),
    131005: ("Access denied", 403),
    131008: ("Required parameter is missing", 400),
    131009: ("Parameter value is not valid", 400),
    131016: ("Service unavailable", 500),
    131021: ("Recipient cannot be sender", 400),
    131026: ("Message undeliverable", 400),
    131030: ("Recipient phone number not in allowed list", 400),
    131031: ("Account has been locked", 403),
    131037: ("Display name approval needed", 400),
    131042: ("Business eligibility payment issue", 400),
    131045: ("Incorrect certificate", 500),
    131047: ("Re-engagement message", 400),
    131048: ("Spam rate limit hit", 400),
    131049: (
        "This message was not delivered to maintain healthy ecosystem engagement.",
        400,
    ),
    131050: ("User has stopped receipt of marketing messages", 400),
    131051: ("Unsupported message type", 400),
    131052: ("Media download error", 400),
    131053: ("Media upload error", 400),
    131055: ("Method not allowed", 400),
    131056: ("(Business Account, Consumer Account) pair rate limit hit", 400),
    131057: ("Account in maintenance mode", 500),
    131061: ("Max-price templates are not supported on this endpoint", 400),
    131062: ("Business-scoped user id is not supported for this message", 400),
    131063: ("Marketing messages are disabled on Cloud API", 400),
    131064: ("Template classification limit", 400),
    132000: ("Number of parameters does not match the expected number of params", 400),
    132001: ("Template name does not exist in the translation", 404),
    132005: ("Translated text too long", 400),
    132007: ("Format character policy violated", 400),
    132012: ("Parameter format does not match format in the created template", 400),
    132015: ("Template is paused", 400),
    132016: ("Template is disabled", 400),
    132018: ("There is an issue with the parameters in your template", 400),
    132068: ("Flow is in blocked state", 400),
    132069: ("Flow is in throttled state", 400),
    133000: ("Incomplete deregistration", 500),
    133004: ("Server temporarily unavailable", 503),
    133005: ("Two step verification PIN mismatch", 400),
    133006: ("Phone number re-verification needed", 400),
    133008: ("Too many two step verification PIN guesses", 400),
    133009: ("Two step verification PIN guessed too fast", 400),
    133010: ("Phone number not registered", 400),
    133015: ("Wait before registering", 400),
    133016: ("Account register/deregister rate limit exceeded", 400),
    134011: ("Payments terms of service have not been accepted", 400),
    134100: ("Only marketing messages are supported", 400),
    134101: ("Template is still syncing", 400),
    134102: ("Template is unavailable for use", 500),
    135000: ("Generic user error", 400),
    136024: ("Phone number is already verified", 400),
    136025: ("Verify code error", 400),
    137000: ("Identity key hash does not match", 400),
    139100: ("Failed to block or unblock some users", 400),
    139101: ("Block list limit reached", 400),
    2593107: ("Synchronization request limit exceeded", 400),
    2593108: ("Synchronization request made outside of allowed time window", 400),
    2593109: (
        "History sync is turned off by the business from the WhatsApp Business App",
        400,
    ),
}
DETAILS = {
    131026: "Message Undeliverable.",
    131047: "Message failed to send because more than 24 hours have passed since the"
    " customer last replied to this number.",
    131048: "Message failed to send because this business has reached its limit on"
    " how many people it may write to first.",
    131050: "The recipient has stopped marketing messages from this business.",
    131053: "The media could not be fetched, or it is not of the message's type.",
    131056: "Message failed to send because there were too many messages sent from"
    " this phone number to the same phone number in a short period of time.",
    130429: "Cloud API message throughput has been reached.",
    133010: "The account is not registered.",
}
CODES_ABOUT = (
    "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
)
AUTHENTICATION_CODES = (0, 190)
PERMISSION_CODES = range(200, 300)


def title_and_status(code: int) -> tuple[str, int]:
    if code in PERMISSION_CODES:
        return TITLES_AND_STATUSES[200]
    return TITLES_AND_STATUSES.get(code, ("Something went wrong", 400))


def trace_id() -> str:
    return "A" + secrets.token_urlsafe(16)


class GraphError(Exception):
    """An error answer. ``details`` is for people, ``code`` for programs.

    ``message`` replaces the code's usual text, ``retry_after`` (s) adds the header,
    ``headers`` are sent besides, ``more`` stands in the answer beside the error.
    """

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        message: str | None = None,
        subcode: int | None = None,
        kind: str = "OAuthException",
        http_status: int | None = None,
        retry_after: float | None = None,
        headers: dict[str, str] | None = None,
        user_title: str | None = None,
        user_message: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"error {code}")
        title, usual_status = title_and_status(code)
        self.code = code
        self.details = details or DETAILS.get(code)
        self.message = message or f"(#{code}) {title}"
        self.subcode = subcode
        self.kind = kind
        self.http_status = http_status or usual_status
        self.retry_after = retry_after
        self.more_headers = headers or {}
        self.user_title = user_title
        self.user_message = user_message
        self.more = more or {}

    def response(self) -> JSONResponse:
        content = {"error": self.content(), **self.more}
        return JSONResponse(content, self.http_status, self.headers())

    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
        }
        if self.subcode is not None:
            content["error_subcode"] = self.subcode
        if self.user_title is not None:
            content["is_transient"] = False
            content["error_user_title"] = self.user_title
            content["error_user_msg"] = self.user_message
        if self.details is not None:
            content["error_data"] = {
                "messaging_product": "whatsapp",
                "details": self.details,
            }
        content["fbtrace_id"] = trace_id()
        return content

    def headers(self) -> dict[str, str]:
        headers = dict(self.more_headers)
        if self.code in AUTHENTICATION_CODES:
            headers["WWW-Authenticate"] = (
                f'OAuth "Facebook Platform" "invalid_token" "{self.message}"'
            )
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        return headers


def usage_headers(business_id: str, minutes: int | None) -> dict[str, str]:
    """What tells of a used-up quota: ``minutes`` until calls are taken again."""
    if minutes is None:
        return {}
    usage = {
        "type": "messaging",
        "call_count": 100,
        "total_cputime": 25,
        "total_time": 25,
        "estimated_time_to_regain_access": minutes,
    }
    return {"X-Business-Use-Case-Usage": json.dumps({business_id: [usage]})}


def missing(parameter: str) -> GraphError:
    return GraphError(100, message=f"(#100) The parameter {parameter} is required.")


def not_one_of(parameter: str, allowed: str, got: object) -> GraphError:
    text = f'(#100) Param {parameter} must be one of {{{allowed}}} - got "{got}".'
    return GraphError(100, message=text)


def unexpected(key: str, parameter: str) -> GraphError:
    text = f'(#100) Unexpected key "{key}" on param "{parameter}".'
    return GraphError(100, message=text)


def invalid(details: str) -> GraphError:
    return GraphError(100, details)


def bad_value(details: str) -> GraphError:
    return GraphError(131009, details)


def unknown_object(method: str, object_id: str) -> GraphError:
    """Wrong id or no permission: the Graph API does not say which."""
    return GraphError(
        100,
        message=f"Unsupported {method.lower()} request. Object with ID '{object_id}'"
        " does not exist, cannot be loaded due to missing permissions, or does not"
        " support this operation. Please read the Graph API documentation at"
        " https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def unknown_field(name: str, node: str) -> GraphError:
    return GraphError(
        100,
        message=f"(#100) Tried accessing nonexisting field ({name})"
        f" on node type ({node})",
    )


def unknown_path(path: str) -> GraphError:
    return GraphError(2500, message=f"Unknown path components: {path}")


def webhook_error(code: int) -> dict[str, Any]:
    """An error as it stands in a failed status."""
    title, _status = title_and_status(code)
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": DETAILS.get(code, title)},
        "href": CODES_ABOUT,
    }
