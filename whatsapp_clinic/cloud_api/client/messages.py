"""Sending messages, and asking what became of them."""

from dataclasses import dataclass, field
from datetime import datetime, timezone

from .. import payloads
from ..errors import OutcomeUnknown
from .answers import check_success, first, integer, objects
from .session import NumberSession


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


class MessageCalls(NumberSession):
    """Messages of this client's number."""

    def send_message(self, payload: dict) -> Accepted:
        """Send a message built by ``payloads``.

        Raises ``OutcomeUnknown`` also for an answer without a message id.
        """
        answer = self._post(f"{self._phone_number_id}/messages", payload)
        message_id = first(answer, "messages").get("id")
        if not isinstance(message_id, str) or not message_id:
            raise OutcomeUnknown("answer without message id")
        contact = first(answer, "contacts")
        return Accepted(
            message_id=message_id,
            wa_id=contact.get("wa_id"),
            user_id=contact.get("user_id"),
            message_status=first(answer, "messages").get("message_status"),
        )

    def mark_as_read(self, message_id: str, typing: bool = False) -> None:
        """Show the patient blue ticks up to this message, and optionally "typing …".

        WhatsApp accepts messages of the last 30 days; typing shows for 25 s at most.
        """
        payload = payloads.read(message_id, typing)
        check_success(self._post(f"{self._phone_number_id}/messages", payload))

    def message_history(self, message_id: str) -> list[tuple[str, datetime]]:
        """What became of a message of this number: (status, UTC), oldest first.

        The status is ``sent``, ``delivered``, ``read`` or ``failed``. WhatsApp may not
        offer this to an app, and then refuses (``CloudApiError``).
        """
        query = {"message_id": message_id}
        answer = self._get(f"{self._phone_number_id}/message_history", query)
        events = [
            event
            for entry in objects(answer, "data")
            if isinstance(entry.get("events"), dict)
            for event in objects(entry["events"], "data")
        ]
        found = [(_history_status(event), _moment(event)) for event in events]
        return sorted((one for one in found if all(one)), key=lambda one: one[1])


def _history_status(event: dict) -> str | None:
    """Meta's two schemas differ in the word for what failed."""
    status = str(event.get("delivery_status")).lower()
    known = {"sent", "delivered", "read", "failed"}
    return "failed" if status == "error" else status if status in known else None


def _moment(event: dict) -> datetime | None:
    seconds = integer(event.get("timestamp"))
    return datetime.fromtimestamp(seconds, timezone.utc) if seconds else None
