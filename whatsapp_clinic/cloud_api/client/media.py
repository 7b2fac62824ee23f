"""Files: to WhatsApp and from it."""

import hashlib
import io
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import BinaryIO
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

import requests
from urllib3.filepost import encode_multipart_formdata

from .. import media
from ..errors import (
    NO_CODE,
    CloudApiError,
    ForeignAddress,
    MediaExpired,
    MediaTooLarge,
    OutcomeUnknown,
)
from ..payloads import PayloadError
from .answers import check_success, integer, scalar
from .session import NumberSession, identifier
from .transport import LOST, Transport, is_loopback, name_of, read_some

MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net")
"""Where WhatsApp keeps files: these and what is below them get the access token."""
_CHUNK = 16_384


@dataclass(frozen=True)
class MediaInfo:
    """A file that WhatsApp keeps.

    ``url`` is good for five minutes; ``size`` is in bytes, None when it was not told;
    ``sha256`` comes in base64 or hexadecimal (``file_types.same_checksum``).
    """

    id: str
    url: str = field(repr=False)
    mime_type: str
    sha256: str
    size: int | None


@dataclass(frozen=True)
class DownloadedMedia:
    """What was written: ``size`` in bytes, the digest, and the type the host named."""

    size: int
    sha256: bytes = field(repr=False)
    mime_type: str


class MediaCalls(NumberSession):
    """Files of this client's number."""

    def upload_media(self, content: bytes, mime_type: str) -> str:
        """Upload a file and return its id, which can be sent for 30 days.

        Raises ``PayloadError`` for a MIME type or size that no message takes.
        """
        kind = media.kind_of(mime_type)
        if kind is None:
            raise PayloadError("media", "no message takes a file of this type")
        media.check_size(kind, len(content), mime_type)
        fields = {
            "messaging_product": "whatsapp",
            "type": mime_type,
            "file": ("file", content, mime_type),
        }
        body, content_type = encode_multipart_formdata(fields)
        answer = self._transfer(f"{self._phone_number_id}/media", body, content_type)
        media_id = scalar(answer.get("id"))
        if not media_id:
            raise OutcomeUnknown("answer without media id")
        return media_id

    def media_info(self, media_id: str) -> MediaInfo:
        """Return a file's present address and what WhatsApp knows of it.

        The number is not named: WhatsApp then takes only what that number uploaded
        (Cloud API, media), and was seen to refuse what patients sent.
        """
        answer = self._get(identifier(media_id), {})
        url = answer.get("url")
        if not isinstance(url, str) or not url:
            raise OutcomeUnknown("answer without address")
        return MediaInfo(
            id=media_id,
            url=url,
            mime_type=str(answer.get("mime_type") or ""),
            sha256=str(answer.get("sha256") or ""),
            size=integer(answer.get("file_size")),
        )

    def delete_media(self, media_id: str) -> None:
        """Have WhatsApp forget a file."""
        query = {"phone_number_id": self._phone_number_id}
        check_success(self._delete(identifier(media_id), query))

    def download_media(
        self, url: str, target: BinaryIO, limit: int = media.LARGEST_INBOUND
    ) -> DownloadedMedia:
        """Write the file at ``url`` to ``target``, at most ``limit`` bytes.

        The access token goes with the request, so only WhatsApp's own hosts are asked,
        over https and without following redirects; the client of a sandbox asks this
        machine only. It is safe to repeat. What was written before an error is to be
        thrown away.

        Raises ``ForeignAddress`` for another host, ``MediaTooLarge``, and
        ``MediaExpired`` when the address is no longer good: ask ``media_info`` again.
        """
        transport, address = self._media_host(url)
        headers = {**self._headers, "Accept": "*/*", "Accept-Encoding": "identity"}
        del headers["Content-Type"]
        try:
            response = transport.ask(
                "GET",
                address.path or "/",
                address.query,
                headers,
                None,
                (self._connect_timeout, self._read_timeout),
            )
            try:
                return self._receive(response, target, limit)
            finally:
                response.close()
        except LOST as error:
            raise OutcomeUnknown(name_of(error)) from None
        finally:
            transport.close()

    def upload_handle(
        self, app_id: str, content: bytes, mime_type: str, file_name: str = "sample"
    ) -> str:
        """Upload a sample for a template's header, or a profile picture.

        Returns its handle (Graph API, resumable upload).
        """
        query = {
            "file_name": file_name,
            "file_length": str(len(content)),
            "file_type": mime_type,
        }
        answer = self._call("POST", f"{identifier(app_id)}/uploads", query)
        session = answer.get("id")
        if not isinstance(session, str) or not session.startswith("upload:"):
            raise OutcomeUnknown("answer without upload session")
        path, _, query_string = session.partition("?")
        answer = self._transfer(
            quote(path, safe=":=+"),
            content,
            "application/octet-stream",
            dict(parse_qsl(query_string)),
            {"Authorization": f"OAuth {self._access_token}", "file_offset": "0"},
        )
        handle = answer.get("h")
        if not isinstance(handle, str) or not handle:
            raise OutcomeUnknown("answer without handle")
        return handle

    def _transfer(
        self,
        path: str,
        content: bytes,
        content_type: str,
        query: Mapping[str, str] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> dict:
        """Post bytes in pieces, so that the connection's timeout counts for each."""
        described = {
            "Content-Type": content_type,
            "Content-Length": str(len(content)),
            **headers,
        }
        body = io.BytesIO(content)
        return self._call("POST", path, query, body, described, is_transfer=True)

    def _media_host(self, url: str) -> tuple[Transport, SplitResult]:
        """Return a connection to the address's host, and the address."""
        in_sandbox = is_loopback(urlsplit(self._base_url).hostname or "")
        address = _address(url)
        if not in_sandbox and not _is_whatsapps(address):
            raise ForeignAddress("not a host of WhatsApp")
        try:
            host = f"{address.scheme}://{address.netloc}"
            return Transport(host, loopback_only=in_sandbox), address
        except ValueError:
            raise ForeignAddress("not a host of WhatsApp") from None

    def _receive(
        self, response: requests.Response, target: BinaryIO, limit: int
    ) -> DownloadedMedia:
        if response.status_code == 404:
            raise MediaExpired("HTTP 404")
        if response.status_code >= 500:
            raise OutcomeUnknown(f"HTTP {response.status_code}")
        if response.status_code != 200:
            raise CloudApiError(NO_CODE, http_status=response.status_code)
        promised = integer(response.headers.get("Content-Length"))
        if promised is not None and promised > limit:
            raise MediaTooLarge(f"more than {limit} bytes")
        size, digest = 0, hashlib.sha256()
        for chunk in self._in_time(response):
            size += len(chunk)
            if size > limit:
                raise MediaTooLarge(f"more than {limit} bytes")
            digest.update(chunk)
            target.write(chunk)
        if promised is not None and size != promised:
            raise OutcomeUnknown("truncated")
        mime_type = media.plain(response.headers.get("Content-Type") or "")
        return DownloadedMedia(size, digest.digest(), mime_type)

    def _in_time(self, response: requests.Response) -> Iterator[bytes]:
        """Yield what comes until it took too long, however steadily it drips."""
        deadline = time.monotonic() + self._transfer_timeout
        while chunk := read_some(response, _CHUNK):
            yield chunk
            if time.monotonic() > deadline:
                raise OutcomeUnknown("download took too long")


def _address(url: str) -> SplitResult:
    if not re.fullmatch(r"https?://[0-9A-Za-z.:\[\]-]+([/?][!-~]*)?", url):
        raise ForeignAddress("not an address")
    try:
        return urlsplit(url)
    except ValueError:
        raise ForeignAddress("not an address") from None


def _is_whatsapps(address: SplitResult) -> bool:
    host = address.hostname or ""
    return address.netloc.lower() in (host, f"{host}:443") and any(
        host == name or host.endswith(f".{name}") for name in MEDIA_HOSTS
    )
