"""WhatsApp message ids, in the shape decoded from Meta's own examples."""

import base64
import secrets

OUTBOUND, INBOUND = 0x11, 0x12


def new(recipient: str, kind: int) -> str:
    """Return a fresh id for a message with ``recipient`` (wa_id or BSUID).

    Layout: ``1c 18 <len> <recipient> 15 02 00 <kind> 18 <len> <hex id> 00``.
    """
    who = recipient.encode("ascii")
    unique = secrets.token_hex(10).upper().encode("ascii")
    binary = (
        bytes((0x1C, 0x18, len(who)))
        + who
        + bytes((0x15, 0x02, 0x00, kind, 0x18, len(unique)))
        + unique
        + b"\0"
    )
    return "wamid." + base64.b64encode(binary).decode("ascii")
