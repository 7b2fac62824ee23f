"""Connections: which hosts, how long, and what is certain when they break."""

import ipaddress
from collections.abc import Mapping
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection

from ..errors import ConnectionFailed

QUERY = "X-Query"
"""Carries the query to the connection: urllib3 logs addresses that it is given, and a
query may hold a token or a message id. It is no header of the request."""


LOST = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError)
"""What is raised when nobody knows whether the request was processed."""


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
            raise ConnectionFailed(name_of(error)) from None

    def request(
        self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any
    ) -> None:
        headers = dict(headers or {})
        query = headers.pop(QUERY, "")
        super().request(
            method, f"{url}?{query}" if query else url, body, headers, **more
        )

    def send(self, data: Any) -> None:
        try:
            super().send(data)
        except OSError as error:
            raise ConnectionFailed(name_of(error)) from None


class _Connection(_SureOfFailure, HTTPConnection):
    pass


class _SecureConnection(_SureOfFailure, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Request(requests.PreparedRequest):
    """A prepared request that knows its timeouts, for connection and silence (s).

    They do not stand in the call: Odoo's test cases compare those with a number.
    """

    def __init__(self, timeout: tuple[float, float]):
        super().__init__()
        self.timeout = timeout


class _Adapter(HTTPAdapter):
    """The adapter of requests, with connections that tell what is certain."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: _Request, **options: Any) -> requests.Response:
        return super().send(request, **{**options, "timeout": request.timeout})


class _Session(requests.Session):
    """A session that looks at no redirect: requests would read its whole body."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """Connections to one host, which as many threads may share as it has connections.

    Nothing is repeated and no redirect is followed: only the caller knows whether a
    message may be sent again. Proxies, certificates and passwords of the environment
    are ignored. Raises ``ValueError`` for addresses that the access token must not go
    to.
    """

    def __init__(self, base_url: str, loopback_only: bool, pool_size: int = 1):
        address = _checked(base_url, loopback_only)
        self._root = f"{address.scheme}://{address.netloc}{address.path.rstrip('/')}"
        self._is_open = True
        self._session = _Session()
        self._session.trust_env = False
        # A call brings what it needs, and no answer leaves anything for the next one.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(
            pool_connections=1, pool_maxsize=pool_size, pool_block=True, max_retries=0
        )
        self._session.mount(self._root, adapter)

    def close(self) -> None:
        """Close the idle connections; later calls raise ``ConnectionFailed``."""
        self._is_open = False
        self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: Any,
        timeout: tuple[float, float],
    ) -> requests.Response:
        """The answer, of which nothing but the head was read: close it.

        ``timeout`` is in seconds, for the connection and for the server's silence.
        Raises ``ConnectionFailed``, or ``LOST`` when nobody knows what became of it.
        """
        if not self._is_open:
            raise ConnectionFailed("closed")
        request = _Request(timeout)
        request.method, request.url = method, f"{self._root}{path}"
        request.headers = CaseInsensitiveDict({**headers, QUERY: query})
        if isinstance(body, bytes):
            request.headers["Content-Length"] = str(len(body))
        request.body, request.hooks = body, {}
        try:
            return self._session.send(request, stream=True, allow_redirects=False)
        except requests.ConnectionError as error:
            if name_of(error) == "ClosedPoolError":
                raise ConnectionFailed("ClosedPoolError") from None
            raise


def read_some(response: requests.Response, limit: int) -> bytes:
    """What has come of a body, at most so many bytes; nothing at its end.

    The connection goes back to its pool at the end. A whole block is not waited for:
    it may come drop by drop. (urllib3 1.26, which Debian 12 has, cannot do that.)
    """
    raw = response.raw
    if hasattr(raw, "read1"):
        return raw.read1(limit)
    part = raw._fp.read1(limit)
    if not part:
        raw.release_conn()
    return part


def _checked(base_url: str, loopback_only: bool) -> SplitResult:
    address = urlsplit(base_url)
    host = address.hostname
    if address.scheme not in ("http", "https") or not host:
        raise ValueError("the address of the API has the form https://host")
    if address.username is not None or address.query or address.fragment:
        raise ValueError("the address of the API has no user, query or fragment")
    if not is_loopback(host):
        if loopback_only:
            raise ValueError("only addresses of this machine are allowed here")
        if address.scheme == "http":
            raise ValueError("the address of the API needs https")
    return address


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def name_of(error: BaseException) -> str:
    """Name what happened; the exception's text could quote addresses or answers."""
    found = error
    while error := error.__cause__ or error.__context__:
        if isinstance(error, LOST):
            found = error
    return type(found).__name__
