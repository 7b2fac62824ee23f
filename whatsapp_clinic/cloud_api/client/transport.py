"""Connections: which hosts, how long, and what is certain when they break."""

import ipaddress
import ssl
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from ..errors import ConnectionFailed

QUERY = "X-Query"
"""Carries the query to the connection: urllib3 logs addresses that it is given, and a
query may hold a token or a message id. It is no header of the request."""


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


def open_pool(
    base_url: str, loopback_only: bool, **options: Any
) -> tuple[urllib3.HTTPConnectionPool, str]:
    """Return a pool of connections to the address, and the address's path.

    Raises ``ValueError`` for addresses that the access token must not go to.
    """
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
    path = address.path.rstrip("/")
    if address.scheme == "http":
        return _Pool(host, address.port, **options), path
    context = ssl.create_default_context()
    return _SecurePool(host, address.port, ssl_context=context, **options), path


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
    return type(error.__cause__ or error.__context__ or error).__name__
