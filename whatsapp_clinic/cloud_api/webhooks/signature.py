"""What can be said of a body without trusting or understanding it."""

import hashlib
import hmac
import re

_PHONE_NUMBER_ID = re.compile(rb'"phone_number_id"\s*:\s*"([0-9]{1,32})"')


def verify(app_secret: str | bytes, body: bytes, header: str | None) -> bool:
    """Whether ``X-Hub-Signature-256`` signs these bytes, compared in constant time.

    The signature covers the bytes as they came. Without an app secret nothing is valid.
    """
    if not app_secret or not header:
        return False
    secret = app_secret.encode() if isinstance(app_secret, str) else app_secret
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", "replace"))


def phone_number_ids(body: bytes) -> frozenset[str]:
    """Return the ids of the clinic's numbers named in a body, without parsing it.

    Good for choosing the app secret before anything is trusted.
    """
    return frozenset(found.decode() for found in _PHONE_NUMBER_ID.findall(body))
