"""HTTP calls to the WhatsApp Cloud API.

Speaks through one pool of urllib3, which many threads may share and which costs half
the processor time of ``requests``. Nothing is repeated and no redirect is followed:
only the caller knows whether a message may be sent again. Proxies of the environment
are ignored.
"""

import email.utils
import hashlib
import hmac
import ipaddress
import json
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from . import payloads
from .errors import NO_CODE, CloudApiError, ConnectionFailed, OutcomeUnknown

PHONE_NUMBER_FIELDS = (
    "id",
    "display_phone_number",
    "verified_name",
    "status",
    "quality_rating",
    "code_verification_status",
    "name_status",
    "platform_type",
    "throughput",
    "account_mode",
    "whatsapp_business_manager_messaging_limit",
    "health_status",
)
TEMPLATE_FIELDS = (
    "id",
    "name",
    "language",
    "status",
    "category",
    "parameter_format",
    "components",
    "quality_score",
    "rejected_reason",
    "message_send_ttl_seconds",
)
_PAGE_SIZE = 100
_USAGE_HEADERS = ("X-Business-Use-Case-Usage", "X-App-Usage")


@dataclass(frozen=True)
class Accepted:
    """WhatsApp accepted a message; that it was delivered comes by webhook.

    ``wa_id`` is missing for a message to a business-scoped user id, ``user_id`` for one
    to a phone number. ``message_status`` is optional and may be ``accepted`` or
    ``held_for_quality_assessment``. The message id contains the phone number.
    """

    message_id: str = field(repr=False)
    wa_id: str | None = field(repr=False, default=None)
    user_id: str | None = field(repr=False, default=None)
    message_status: str | None = None


class CloudApiClient:
    """Calls for one business phone number; may be shared by ``pool_size`` threads.

    ``base_url`` is ``https://graph.facebook.com`` or the address of a sandbox; plain
    http is allowed to the loopback interface only, and ``loopback_only`` refuses
    everything else, so that tests and copied databases cannot write to patients.
    ``connect_timeout`` and ``read_timeout`` are in seconds; the latter bounds the
    silence of the server. ``prove`` adds ``appsecret_proof``; it needs ``app_secret``.

    Every call may raise ``CloudApiError``, ``ConnectionFailed`` or ``OutcomeUnknown``.
    The constructor raises ``ValueError`` for settings that cannot work.
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        phone_number_id: str,
        access_token: str,
        *,
        app_secret: str | None = None,
        prove: bool = False,
        connect_timeout: float = 3.05,
        read_timeout: float = 10,
        pool_size: int = 64,
        loopback_only: bool = False,
    ):
        if not re.fullmatch(r"v[0-9]+\.[0-9]+", version):
            raise ValueError("the version has the form v25.0")
        # http.client would quote a token with such characters in its exception
        if not re.fullmatch(r"[!-~]+", access_token):
            raise ValueError("the access token is empty or has blanks or line breaks")
        if prove and not app_secret:
            raise ValueError("appsecret_proof needs the app secret")
        self._base_url = base_url
        self._version = version
        self._phone_number_id = _identifier(phone_number_id)
        self._pool, path = _open_pool(
            base_url,
            loopback_only,
            maxsize=pool_size,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=connect_timeout, read=read_timeout),
        )
        self._root = f"{path}/{version}"
        self._proof = (
            {"appsecret_proof": _proof(app_secret, access_token)} if prove else {}
        )
        self._headers = {
            "Authorization": f"Bearer {access_token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "whatsapp_clinic",
        }

    def __repr__(self) -> str:
        return (
            f"CloudApiClient({self._base_url!r}, {self._version!r},"
            f" {self._phone_number_id!r})"
        )

    def __enter__(self) -> "CloudApiClient":
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; later calls raise ``ConnectionFailed``."""
        self._pool.close()

    def send_message(self, payload: dict) -> Accepted:
        """Send a message built by ``payloads``.

        Raises ``OutcomeUnknown`` also for an answer without a message id.
        """
        answer = self._post(f"{self._phone_number_id}/messages", payload)
        message_id = _first(answer, "messages").get("id")
        if not isinstance(message_id, str) or not message_id:
            raise OutcomeUnknown("answer without message id")
        contact = _first(answer, "contacts")
        return Accepted(
            message_id=message_id,
            wa_id=contact.get("wa_id"),
            user_id=contact.get("user_id"),
            message_status=_first(answer, "messages").get("message_status"),
        )

    def mark_as_read(self, message_id: str, typing: bool = False) -> None:
        """Show the patient blue ticks up to this message, and optionally "typing …".

        WhatsApp accepts messages of the last 30 days; typing shows for 25 s at most.
        """
        payload = payloads.read(message_id, typing)
        _check_success(self._post(f"{self._phone_number_id}/messages", payload))

    def templates(
        self, business_account_id: str, fields: Iterable[str] = TEMPLATE_FIELDS
    ) -> Iterator[dict]:
        """Yield every template of a business account in Meta's own shape."""
        return self._pages(business_account_id, "message_templates", fields)

    def set_template_ttl(self, template_id: str, seconds: int) -> None:
        """Have WhatsApp drop a template's messages that it cannot deliver in time.

        ``seconds`` are 30 to 43,200 for utility templates. The change is an edit: an
        approved template goes to review, once in 24 hours at most.
        """
        payload = {"message_send_ttl_seconds": seconds}
        _check_success(self._post(_identifier(template_id), payload))

    def phone_numbers(
        self, business_account_id: str, fields: Iterable[str] = PHONE_NUMBER_FIELDS
    ) -> Iterator[dict]:
        """Yield every phone number of a business account in Meta's own shape."""
        return self._pages(business_account_id, "phone_numbers", fields)

    def phone_number(self, fields: Iterable[str] = PHONE_NUMBER_FIELDS) -> dict:
        """Return the named fields of this client's phone number."""
        return self._get(self._phone_number_id, {"fields": ",".join(fields)})

    def message_history(self, message_id: str) -> list[tuple[str, datetime]]:
        """What became of a message of this number: (status, UTC), oldest first.

        The status is ``sent``, ``delivered``, ``read`` or ``failed``. WhatsApp may not
        offer this to an app, and then refuses (``CloudApiError``).
        """
        query = {"message_id": message_id}
        answer = self._get(f"{self._phone_number_id}/message_history", query)
        events = [
            event
            for entry in _objects(answer, "data")
            if isinstance(entry.get("events"), dict)
            for event in _objects(entry["events"], "data")
        ]
        found = [(_history_status(event), _moment(event)) for event in events]
        return sorted((one for one in found if all(one)), key=lambda one: one[1])

    def subscribed_apps(self, business_account_id: str) -> Iterator[dict]:
        """Yield the apps that get this business account's webhooks."""
        return self._pages(business_account_id, "subscribed_apps")

    def subscribe_app(self, business_account_id: str) -> None:
        """Have the token's app get this business account's webhooks.

        Forgetting this is why no webhook comes although the dashboard is set.
        """
        _check_success(
            self._post(f"{_identifier(business_account_id)}/subscribed_apps", {})
        )

    def _pages(
        self, business_account_id: str, edge: str, fields: Iterable[str] = ()
    ) -> Iterator[dict]:
        """Yield the objects of all pages.

        Follows the cursor and never the address in ``paging.next``, which could lead
        the token to another host. A cursor that comes twice would go on for ever.
        """
        path = f"{_identifier(business_account_id)}/{edge}"
        query = {"limit": str(_PAGE_SIZE)}
        if fields:
            query["fields"] = ",".join(fields)
        seen = set()
        while True:
            answer = self._get(path, query)
            yield from _objects(answer, "data")
            cursor = _next_cursor(answer)
            if cursor is None:
                return
            if cursor in seen:
                raise OutcomeUnknown("paging does not end")
            seen.add(cursor)
            query["after"] = cursor

    def _get(self, path: str, query: Mapping[str, str]) -> dict:
        return self._call("GET", path, query)

    def _post(self, path: str, payload: dict) -> dict:
        body = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()
        return self._call("POST", path, {}, body)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None = None,
    ) -> dict:
        query_string = urlencode({**query, **self._proof})
        url = f"{self._root}/{path}" + (f"?{query_string}" if query_string else "")
        try:
            response = self._pool.urlopen(
                method, url, body=body, headers=self._headers, redirect=False
            )
        except urllib3.exceptions.ClosedPoolError:
            raise ConnectionFailed("ClosedPoolError") from None
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise OutcomeUnknown(_name(error)) from None
        return _result(response.status, response.headers, response.data)


class _SureOfFailure:
    """A connection that tells when a request certainly was not processed.

    A request of which the network did not take the last byte is incomplete, and a
    server processes no incomplete request. Whatever fails later leaves the outcome
    unknown, also on a kept connection that the server was about to close.
    """

    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise ConnectionFailed(_name(error)) from None

    def send(self, data: Any) -> None:
        try:
            super().send(data)
        except OSError as error:
            raise ConnectionFailed(_name(error)) from None


class _Connection(_SureOfFailure, HTTPConnection):
    pass


class _SecureConnection(_SureOfFailure, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _open_pool(
    base_url: str, loopback_only: bool, **options: Any
) -> tuple[urllib3.HTTPConnectionPool, str]:
    """Return a pool of connections to the address, and the address's path."""
    address = urlsplit(base_url)
    host = address.hostname
    if address.scheme not in ("http", "https") or not host:
        raise ValueError("the address of the API has the form https://host")
    if address.username is not None or address.query or address.fragment:
        raise ValueError("the address of the API has no user, query or fragment")
    if not _is_loopback(host):
        if loopback_only:
            raise ValueError("only addresses of this machine are allowed here")
        if address.scheme == "http":
            raise ValueError("the address of the API needs https")
    path = address.path.rstrip("/")
    if address.scheme == "http":
        return _Pool(host, address.port, **options), path
    context = ssl.create_default_context()
    return _SecurePool(host, address.port, ssl_context=context, **options), path


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z_-]+", value):
        raise ValueError("not an id of WhatsApp")
    return value


def _proof(app_secret: str, access_token: str) -> str:
    return hmac.new(
        app_secret.encode(), access_token.encode(), hashlib.sha256
    ).hexdigest()


def _name(error: BaseException) -> str:
    """Name what happened; the exception's text could quote addresses or answers."""
    return type(error.__cause__ or error.__context__ or error).__name__


def _result(status: int, headers: Mapping[str, str], body: bytes) -> dict:
    answer = _json_object(body)
    error = answer.get("error")
    code = _integer(error.get("code")) if isinstance(error, dict) else None
    if code is not None:
        raise _refusal(code, status, headers, error)
    if 300 <= status < 500:
        raise CloudApiError(
            NO_CODE, http_status=status, retry_after=_retry_after(headers)
        )
    if status != 200 or not answer:
        raise OutcomeUnknown(f"unusable answer, HTTP {status}")
    return answer


def _refusal(
    code: int, status: int, headers: Mapping[str, str], error: dict
) -> CloudApiError:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    title = str(error.get("message") or "")
    return CloudApiError(
        code,
        http_status=status,
        subcode=_integer(error.get("error_subcode")),
        title=re.sub(r"^\(#[0-9]+\) ", "", title),
        details=str(details or error.get("error_user_msg") or ""),
        fbtrace_id=_trace_id(error.get("fbtrace_id")),
        retry_after=_retry_after(headers),
    )


def _trace_id(value: Any) -> str | None:
    """Return Meta's trace id and nothing else: it is the only text that gets logged."""
    if isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", value):
        return value
    return None


def _json_object(body: bytes) -> dict:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def _objects(answer: dict, key: str) -> list[dict]:
    values = answer.get(key)
    if not isinstance(values, list):
        raise OutcomeUnknown(f"answer without {key}")
    return [value for value in values if isinstance(value, dict)]


def _first(answer: dict, key: str) -> dict:
    values = answer.get(key)
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return values[0]
    return {}


def _history_status(event: dict) -> str | None:
    """Meta's two schemas differ in the word for what failed."""
    status = str(event.get("delivery_status")).lower()
    known = {"sent", "delivered", "read", "failed"}
    return "failed" if status == "error" else status if status in known else None


def _moment(event: dict) -> datetime | None:
    seconds = _integer(event.get("timestamp"))
    return datetime.fromtimestamp(seconds, timezone.utc) if seconds else None


def _next_cursor(answer: dict) -> str | None:
    """Return the cursor of the next page; Meta omits ``next`` on the last one."""
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    cursor = cursors.get("after") if isinstance(cursors, dict) else None
    return cursor if isinstance(cursor, str) and cursor else None


def _check_success(answer: dict) -> None:
    if answer.get("success") is not True:
        raise OutcomeUnknown("answer without success")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that WhatsApp asks to wait, by whichever header it says so."""
    waits = [_usage_wait(headers.get(name)) for name in _USAGE_HEADERS]
    waits.append(_standard_wait(headers.get("Retry-After")))
    return max((wait for wait in waits if wait is not None), default=None)


def _standard_wait(value: str | None) -> float | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110)."""
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, moment - time.time())


def _usage_wait(value: str | None) -> float | None:
    """Read ``estimated_time_to_regain_access`` (minutes) from Meta's headers."""
    if not value or "estimated_time_to_regain_access" not in value:
        return None
    usage = _json_object(value.encode())
    entries = [usage]
    for limits in usage.values():
        entries += limits if isinstance(limits, list) else []
    waits = [
        _integer(entry.get("estimated_time_to_regain_access"))
        for entry in entries
        if isinstance(entry, dict)
    ]
    minutes = max((wait for wait in waits if wait is not None), default=0)
    return minutes * 60.0 if minutes > 0 else None
