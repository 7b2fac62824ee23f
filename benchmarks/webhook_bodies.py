"""Webhooks in WhatsApp's shapes, signed, and posted over several connections.

Made here and not in the sandbox, so that a program decides what is in each body.
Shapes: Cloud API, webhooks, messages and statuses.
"""

import hashlib
import hmac
import http.client
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from .in_odoo import ACCOUNTS, APP_SECRET, NUMBERS

CONNECTIONS = 8
TIMEOUT = 60.0


@dataclass(frozen=True)
class Signed:
    """A body and the header that comes with it."""

    body: bytes
    signature: str


def text(wa_id: str, message_id: str, at: int, words: str) -> dict:
    """The value of a webhook: a patient writes, at a time in seconds since 1970."""
    return _message(wa_id, message_id, at, "text", {"body": words})


def document(wa_id: str, message_id: str, at: int, words: str, file_id: str) -> dict:
    """A patient sends a plain text file, with words about it."""
    content = {"id": file_id, "mime_type": "text/plain", "caption": words}
    named = {**content, "filename": "report.txt"}
    return _message(wa_id, message_id, at, "document", named)


def tap(
    wa_id: str, message_id: str, at: int, payload: str, title: str, tapped_id: str
) -> dict:
    """A patient taps a quick reply of the message `tapped_id`."""
    content = {"payload": payload, "text": title}
    context = {"from": NUMBERS[0], "id": tapped_id}
    return _message(wa_id, message_id, at, "button", content, context=context)


def status(
    wa_id: str,
    message_id: str,
    at: int,
    name: str,
    callback_data: str,
    code: int | None = None,
) -> dict:
    """A message of the clinic is sent, delivered, read, or failed with a code."""
    update = {
        "id": message_id,
        "status": name,
        "timestamp": str(at),
        "recipient_id": wa_id,
        "biz_opaque_callback_data": callback_data,
    }
    if code is None:
        pricing = {"billable": True, "pricing_model": "PMP", "type": "regular"}
        update["pricing"] = {**pricing, "category": "utility"}
    else:
        update["errors"] = [{"code": code, "title": "Failed", "message": "Failed"}]
    return {"statuses": [update]}


def body(values: Iterable[dict]) -> bytes:
    """One webhook with these values, each in a change of its own."""
    metadata = {"display_phone_number": "905550000000", "phone_number_id": NUMBERS[0]}
    changes = [
        {
            "field": "messages",
            "value": {"messaging_product": "whatsapp", "metadata": metadata, **value},
        }
        for value in values
    ]
    envelope = {
        "object": "whatsapp_business_account",
        "entry": [{"id": ACCOUNTS[0], "changes": changes}],
    }
    return json.dumps(envelope).encode()


def signed(content: bytes, secret: str = APP_SECRET) -> Signed:
    """Sign as Meta does: HMAC-SHA256 of the bytes with the app secret."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return Signed(content, f"sha256={digest}")


def post(
    url: str, webhooks: Sequence[Signed], connections: int = CONNECTIONS
) -> Counter[int]:
    """Post all, in their order if there is one connection; HTTP statuses, counted."""
    parts = [webhooks[place::connections] for place in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(lambda part: _post_part(url, part), parts), Counter())


def _post_part(url: str, webhooks: Sequence[Signed]) -> Counter[int]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=TIMEOUT)
    answers: Counter[int] = Counter()
    try:
        for webhook in webhooks:
            headers = {
                "Content-Type": "application/json",
                "X-Hub-Signature-256": webhook.signature,
            }
            connection.request("POST", address.path, webhook.body, headers)
            answer = connection.getresponse()
            answer.read()
            answers[answer.status] += 1
    finally:
        connection.close()
    return answers


def _message(
    wa_id: str, message_id: str, at: int, kind: str, content: dict, **more
) -> dict:
    message = {
        "from": wa_id,
        "id": message_id,
        "timestamp": str(at),
        "type": kind,
        kind: content,
        **more,
    }
    contact = {"profile": {"name": f"Patient {wa_id}"}, "wa_id": wa_id}
    return {"contacts": [contact], "messages": [message]}
