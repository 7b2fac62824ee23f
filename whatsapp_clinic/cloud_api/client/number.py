"""A number's registration, its profile, and whom it has blocked."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import CloudApiError, OutcomeUnknown
from ..payloads import PayloadError
from ..payloads.checks import checked, checked_address
from .answers import check_success, dicts, first, refusal
from .session import NumberSession

PROFILE_FIELDS = (
    "about",
    "address",
    "description",
    "email",
    "profile_picture_url",
    "websites",
    "vertical",
)
PROFILE_LIMITS = {"about": 139, "address": 256, "description": 256, "email": 128}
"""In characters; sources say 256 or 512 for the description, the smaller is safe."""
WEBSITES = 2
WEBSITE = 256
VERTICALS = (
    "ALCOHOL",
    "APPAREL",
    "AUTO",
    "BEAUTY",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GOVT",
    "GROCERY",
    "HEALTH",
    "HOTEL",
    "MATRIMONY_SERVICE",
    "NONPROFIT",
    "ONLINE_GAMBLING",
    "OTC_DRUGS",
    "OTHER",
    "PHYSICAL_GAMBLING",
    "PROF_SERVICES",
    "RESTAURANT",
    "RETAIL",
    "TRAVEL",
)
"""What WhatsApp lets a business be; clinics are HEALTH."""
_CODE_METHODS = ("SMS", "VOICE")


@dataclass(frozen=True)
class Blocking:
    """Who was blocked or unblocked, and who was not.

    Both are keyed by what was given; ``done`` tells the wa_id, ``failed`` the error.
    """

    done: dict[str, str] = field(repr=False)
    failed: dict[str, CloudApiError] = field(repr=False)


class NumberCalls(NumberSession):
    """This client's phone number."""

    def request_code(self, method: str, language: str) -> None:
        """Have WhatsApp send a code to the number, by ``SMS`` or ``VOICE``.

        ``language`` is WhatsApp's code, such as tr. 136024: it is verified already.
        """
        if method not in _CODE_METHODS:
            raise PayloadError("code method", "one of " + ", ".join(_CODE_METHODS))
        payload = {"code_method": method, "language": language}
        check_success(self._post(f"{self._phone_number_id}/request_code", payload))

    def verify_code(self, code: str) -> None:
        """Tell WhatsApp the code that came; dashes and blanks do not matter."""
        digits = re.sub(r"[\s-]", "", code)
        if not re.fullmatch("[0-9]{6}", digits):
            raise PayloadError("code", "6 digits needed")
        payload = {"code": digits}
        check_success(self._post(f"{self._phone_number_id}/verify_code", payload))

    def register(self, pin: str) -> None:
        """Register the number for the Cloud API; sets or checks the PIN.

        10 times in 72 hours at most (133016). 133005: the PIN is another one.
        """
        payload = {"messaging_product": "whatsapp", "pin": _checked_pin(pin)}
        check_success(self._post(f"{self._phone_number_id}/register", payload))

    def deregister(self) -> None:
        """Take the number out of the Cloud API; nothing can be sent from it then."""
        check_success(self._post(f"{self._phone_number_id}/deregister", {}))

    def set_pin(self, pin: str) -> None:
        """Set the PIN of two-step verification; no call can switch it off."""
        payload = {"pin": _checked_pin(pin)}
        check_success(self._post(self._phone_number_id, payload))

    def request_app_data(self, kind: str) -> None:
        """Ask for what the WhatsApp Business app knows; webhooks bring it.

        ``kind`` is ``smb_app_state_sync`` or ``history``. Each once, within 24 hours of
        the number's connection (2593107, 2593108).
        """
        payload = {"messaging_product": "whatsapp", "sync_type": kind}
        self._post(f"{self._phone_number_id}/smb_app_data", payload)

    def business_profile(self, fields: Iterable[str] = PROFILE_FIELDS) -> dict:
        """Return what patients see about the business, in Meta's own shape."""
        path = f"{self._phone_number_id}/whatsapp_business_profile"
        return first(self._get(path, {"fields": ",".join(fields)}), "data")

    def update_business_profile(
        self,
        *,
        websites: Sequence[str] | None = None,
        vertical: str | None = None,
        picture_handle: str | None = None,
        **texts: str,
    ) -> None:
        """Change what patients see about the business; what is not given stays.

        ``texts`` are those of ``PROFILE_LIMITS``; "" empties all but ``about``.
        ``picture_handle`` is from ``upload_handle``.
        """
        payload = {"messaging_product": "whatsapp", **_profile_texts(texts)}
        if websites is not None:
            payload["websites"] = _websites(websites)
        if vertical is not None:
            if vertical not in VERTICALS:
                raise PayloadError("vertical", "one of " + ", ".join(VERTICALS))
            payload["vertical"] = vertical
        if picture_handle is not None:
            payload["profile_picture_handle"] = picture_handle
        path = f"{self._phone_number_id}/whatsapp_business_profile"
        check_success(self._post(path, payload))

    def block_users(self, users: Sequence[str]) -> Blocking:
        """Block patients (E.164 or user id) who wrote in the last 24 hours."""
        return self._blocking("POST", users)

    def unblock_users(self, users: Sequence[str]) -> Blocking:
        """Let blocked patients write again."""
        return self._blocking("DELETE", users)

    def blocked_users(self) -> Iterator[dict]:
        """Yield whom this number has blocked, in Meta's own shape."""
        return self._pages(self._phone_number_id, "block_users")

    def _blocking(self, method: str, users: Sequence[str]) -> Blocking:
        payload = {
            "messaging_product": "whatsapp",
            "block_users": [{"user": user} for user in users],
        }
        path = f"{self._phone_number_id}/block_users"
        return _blocking_result(self._call_json(method, path, payload))


def _blocking_result(answer: dict) -> Blocking:
    found = answer.get("block_users")
    if not isinstance(found, dict):
        raise OutcomeUnknown("answer without block_users")
    done = [*dicts(found.get("added_users")), *dicts(found.get("removed_users"))]
    return Blocking(
        done={
            str(one.get("input")): str(one.get("wa_id") or one.get("user_id") or "")
            for one in done
        },
        failed={
            str(one.get("input")): refusal(first(one, "errors"))
            for one in dicts(found.get("failed_users"))
        },
    )


def _checked_pin(pin: str) -> str:
    if not re.fullmatch("[0-9]{6}", pin):
        raise PayloadError("PIN", "6 digits needed")
    return pin


def _profile_texts(texts: dict[str, str]) -> dict[str, str]:
    for name, value in texts.items():
        if name not in PROFILE_LIMITS:
            raise PayloadError(name, "no part of a business profile")
        if value or name == "about":
            checked(name, value, PROFILE_LIMITS[name])
    return texts


def _websites(websites: Sequence[str]) -> list[str]:
    if len(websites) > WEBSITES:
        raise PayloadError(
            "websites", f"up to {WEBSITES} allowed, {len(websites)} given"
        )
    return [checked_address("websites", website, WEBSITE) for website in websites]
