"""Messages of the clinic that look as if a dispatcher had just posted them."""

from dataclasses import dataclass

from . import webhook_bodies
from .bench import Clinic


@dataclass(frozen=True)
class Sent:
    """A message that WhatsApp took and reports on."""

    key: str
    message_id: str
    wa_id: str

    def status(self, at: int, name: str, code: int | None = None) -> dict:
        """The value of a webhook that reports on it; see `webhook_bodies.status`."""
        return webhook_bodies.status(
            self.wa_id, self.message_id, at, name, f"{self.key}.1", code
        )


def call_sent(clinic: Clinic, rule_ids: list[int]) -> list[Sent]:
    """Mark what a rule has planned as posted, with keys that are the same everywhere.

    Their answers have not come back: statuses have to find them by the key.
    """
    rows = clinic.database.sql(
        """
        UPDATE whatsapp_clinic_message AS message SET
            state = 'sending', attempts = 1, claimed_at = now() AT TIME ZONE 'UTC',
            due_at = now() AT TIME ZONE 'UTC', key = 'sent-' || message.id
        FROM whatsapp_clinic_identity AS identity
        WHERE identity.id = message.identity_id AND rule_id = ANY(%s)
        RETURNING message.id, key, identity.wa_id
        """,
        rule_ids,
    )
    return [Sent(key, f"wamid.{key}", wa_id) for _id, key, wa_id in sorted(rows)]
