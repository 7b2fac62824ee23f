"""One token, one pool of connections, and calls that bring a JSON object."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import requests

from ..errors import OutcomeUnknown
from .answers import next_cursor, objects, result
from .transport import LOST, Transport, name_of, read_some

_PAGE_SIZE = 100
# An answer of 100 templates with all their texts is far below.
_LARGEST_ANSWER = 16 * 1024 * 1024
_CHUNK = 64 * 1024


class Session:
    """Calls in the name of one access token; see ``CloudApiClient``."""

    def __init__(
        self,
        base_url: str,
        version: str,
        access_token: str,
        *,
        app_secret: str | None = None,
        prove: bool = False,
        connect_timeout: float = 3.05,
        read_timeout: float = 10,
        answer_timeout: float = 30,
        transfer_timeout: float = 120,
        pool_size: int = 64,
        loopback_only: bool = False,
    ):
        if not re.fullmatch(r"v[0-9]+\.[0-9]+", version):
            raise ValueError("the version has the form v26.0")
        # http.client would quote a token with such characters in its exception
        if not re.fullmatch(r"[!-~]+", access_token):
            raise ValueError("the access token is empty or has blanks or line breaks")
        if prove and not app_secret:
            raise ValueError("appsecret_proof needs the app secret")
        self._base_url = base_url
        self._version = version
        self._access_token = access_token
        self._answer_timeout = answer_timeout
        self._transfer_timeout = transfer_timeout
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._transport = Transport(base_url, loopback_only, pool_size)
        self._proof = (
            {"appsecret_proof": _proof(app_secret, access_token)} if prove else {}
        )
        self._headers = {
            "Authorization": f"Bearer {access_token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "whatsapp_clinic",
        }

    def __enter__(self):
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; later calls raise ``ConnectionFailed``."""
        self._transport.close()

    def _get(self, path: str, query: Mapping[str, str]) -> dict:
        return self._call("GET", path, query)

    def _post(self, path: str, payload: dict) -> dict:
        return self._call_json("POST", path, payload)

    def _call_json(self, method: str, path: str, payload: dict) -> dict:
        return self._call(method, path, {}, _json(payload))

    def _delete(self, path: str, query: Mapping[str, str]) -> dict:
        return self._call("DELETE", path, query)

    def _fields(self, node: str, fields: Iterable[str]) -> dict:
        """Return the named fields of an object."""
        return self._get(identifier(node), {"fields": ",".join(fields)})

    def _pages(
        self,
        node: str,
        edge: str,
        fields: Iterable[str] = (),
        filters: Mapping[str, str] | None = None,
    ) -> Iterator[dict]:
        """Yield the objects of all pages.

        Follows the cursor and never the address in ``paging.next``, which could lead
        the token to another host. A cursor that comes twice would go on for ever.
        """
        path = f"{identifier(node)}/{edge}"
        query = {**(filters or {}), "limit": str(_PAGE_SIZE)}
        if fields:
            query["fields"] = ",".join(fields)
        seen = set()
        while True:
            answer = self._get(path, query)
            yield from objects(answer, "data")
            cursor = next_cursor(answer)
            if cursor is None:
                return
            if cursor in seen:
                raise OutcomeUnknown("paging does not end")
            seen.add(cursor)
            query["after"] = cursor

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        is_transfer: bool = False,
    ) -> dict:
        """The answer; a transfer may be silent, and take, as long as a file needs."""
        started = time.monotonic()
        silence = self._transfer_timeout if is_transfer else self._read_timeout
        seconds = self._transfer_timeout if is_transfer else self._answer_timeout
        try:
            response = self._transport.ask(
                method,
                f"/{self._version}/{path}",
                urlencode({**query, **self._proof}),
                {**self._headers, **(headers or {})},
                body,
                (self._connect_timeout, silence),
            )
            data = _read_answer(response, started + seconds)
        except LOST as error:
            raise OutcomeUnknown(name_of(error)) from None
        return result(response.status_code, response.headers, data)


class NumberSession(Session):
    """A session for one business phone number."""

    def __init__(
        self,
        base_url: str,
        version: str,
        phone_number_id: str,
        access_token: str,
        **options: Any,
    ):
        super().__init__(base_url, version, access_token, **options)
        self._phone_number_id = identifier(phone_number_id)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self._base_url!r}, {self._version!r},"
            f" {self._phone_number_id!r})"
        )


def identifier(value: str) -> str:
    """Return an id that fits in a path; raises ``ValueError`` for anything else."""
    if not re.fullmatch(r"[0-9A-Za-z_-]+", value):
        raise ValueError("not an id of WhatsApp")
    return value


def _read_answer(response: requests.Response, deadline: float) -> bytes:
    """The body, if it is neither too large nor comes drop by drop until too late.

    Who waits longer than the lease of a message sends it twice.
    """
    parts, size = [], 0
    try:
        while part := read_some(response, _CHUNK):
            parts.append(part)
            size += len(part)
            if size > _LARGEST_ANSWER:
                raise OutcomeUnknown("the answer is too large")
            if time.monotonic() > deadline:
                raise OutcomeUnknown("the answer takes too long")
    except BaseException:
        response.close()
        raise
    return b"".join(parts)


def _json(payload: dict) -> bytes:
    return json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()


def _proof(app_secret: str, access_token: str) -> str:
    return hmac.new(
        app_secret.encode(), access_token.encode(), hashlib.sha256
    ).hexdigest()
