"""Checks that every builder shares."""

import re
from collections.abc import Sequence

CALLBACK_DATA = 512
PARAMETER_SPACES = 4

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?", re.IGNORECASE)


class PayloadError(ValueError):
    """A value that WhatsApp would refuse.

    ``field`` names the part, for example ``body``; ``message`` tells what is wrong.
    """

    def __init__(self, field: str, message: str):
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class WrongLength(PayloadError):
    """A text of more characters than WhatsApp takes, or of none."""

    def __init__(self, field: str, limit: int, given: int):
        super().__init__(field, f"1 to {limit} characters allowed, {given} given")
        self.limit = limit
        self.given = given


def message(
    recipient: str,
    kind: str,
    content: dict | list,
    reply_to: str | None,
    callback_data: str | None,
) -> dict:
    """Put the content of a message into its envelope."""
    payload = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressee(recipient),
        "type": kind,
        kind: content,
    }
    if reply_to is not None:
        payload["context"] = {"message_id": checked_message_id(reply_to)}
    if callback_data is not None:
        payload["biz_opaque_callback_data"] = checked(
            "callback data", callback_data, CALLBACK_DATA
        )
    return payload


def _addressee(recipient: str) -> dict:
    """Without a plus sign WhatsApp would put the clinic's own country code in front."""
    if _E164.fullmatch(recipient):
        return {"to": recipient}
    if _USER_ID.fullmatch(recipient):
        return {"recipient": recipient}
    raise PayloadError(
        "recipient", "neither a phone number in E.164 with + nor a WhatsApp user id"
    )


def checked(part: str, value: str, limit: int) -> str:
    """Return a text of 1 to ``limit`` characters that can be sent."""
    if not 1 <= len(value) <= limit:
        raise WrongLength(part, limit, len(value))
    check_sendable(part, value)
    return value


def check_sendable(part: str, value: str) -> None:
    if _UNSENDABLE.search(value):
        raise PayloadError(part, "contains NUL or half a surrogate pair")


def check_count(part: str, count: int, limit: int) -> None:
    if not 1 <= count <= limit:
        raise PayloadError(part, f"1 to {limit} allowed, {count} given")


def check_unique(part: str, values: Sequence) -> None:
    if len(set(values)) < len(values):
        raise PayloadError(part, "each must be different")


def checked_id(part: str, value: str, limit: int) -> str:
    if value != value.strip():
        raise PayloadError(part, "no space allowed at the start or end")
    return checked(part, value, limit)


def checked_message_id(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable():
        raise PayloadError("message id", "empty or not an id of WhatsApp")
    return value


def checked_address(part: str, value: str, limit: int) -> str:
    """Return an http(s) address; one with a user name in it is refused."""
    if not _WEB_ADDRESS.fullmatch(value):
        raise PayloadError(part, "an address that starts with https:// is needed")
    return checked(part, value, limit)


def parameter_text(part: str, value: str, limit: int) -> str:
    """Return a text that may fill a variable of a template (Cloud API, 132018)."""
    if not value.strip():
        raise PayloadError(part, "must not be empty")
    if re.search(r"[\r\n\t]", value) or " " * (PARAMETER_SPACES + 1) in value:
        raise PayloadError(
            part, f"no line break, tab or more than {PARAMETER_SPACES} spaces in a row"
        )
    return checked(part, value, limit)
