import re

from odoo import models

from ....cloud_api.webhooks import (
    AccountEvent,
    Alert,
    Decision,
    NumberQuality,
    SecurityEvent,
)
from ....cloud_api.wording import _lt
from ....tools.json_values import leaves

# Events of `account_update` that take something away, and that give it back.
TAKEN = ("ACCOUNT_RESTRICTION", "ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED")
GIVEN_BACK = ("ACCOUNT_RECONNECTED",)
BAN_ENDS = "REINSTATE"

NEWS = {
    AccountEvent: _lt("WhatsApp about the account: %(words)s"),
    Alert: _lt("WhatsApp's alert: %(words)s"),
    Decision: _lt("WhatsApp's decision: %(words)s"),
    NumberQuality: _lt("WhatsApp about the number: %(words)s"),
    SecurityEvent: _lt("WhatsApp about the security of the number: %(words)s"),
}
_OTHER = _lt("WhatsApp reports: %(words)s")


class Channel(models.Model):
    """What WhatsApp reports about the account and its numbers, in webhooks.

    It is noted in the history with all that it says, and the connection is checked,
    which brings the present state; only a restriction of the account is told by webhook
    alone.
    """

    _inherit = "whatsapp.clinic.channel"

    def _meant_by(self, event):
        """Those of an account's channels that news are for: the number they name, or
        all where they name none."""
        ids = _named_ids(event)
        if ids:
            return self.filtered(lambda one: one.phone_number_id in ids)
        named = _digits(str(event.value.get("display_phone_number") or ""))
        return self.filtered(
            lambda one: not named or _digits(one.display_phone_number) in ("", named)
        )

    def _take_news(self, event):
        """Apply one `cloud_api.webhooks.AccountUpdate`."""
        channel = self.with_context(lang=self.company_id.partner_id.lang)
        words = " · ".join(_words(event))
        news = NEWS.get(type(event.detail), _OTHER)
        channel.message_post(body=channel.env._(news, words=words))
        if isinstance(event.detail, AccountEvent):
            self._note_restriction(event.detail)
        if self.state in ("ready", "held"):
            self._ask("check")

    def _note_restriction(self, event):
        is_over = event.ban_state == BAN_ENDS or event.event in GIVEN_BACK
        is_taken = event.event in TAKEN or event.ban_state not in (None, BAN_ENDS)
        ends = [one.until for one in event.restrictions]
        if is_over:
            self._write_changes({"restriction": False, "restricted_until": False})
        elif is_taken:
            until = max(ends).replace(tzinfo=None) if ends and all(ends) else False
            words = [event.event, event.ban_state, event.ban_date]
            words += [one.kind for one in event.restrictions]
            self._write_changes(
                {
                    "restriction": " · ".join(filter(None, words)),
                    "restricted_until": until,
                }
            )


def _digits(number: str | None) -> str:
    return "".join(filter(str.isdigit, number or ""))


def _named_ids(event) -> set[str]:
    """The ids of numbers that news name."""
    told = {
        str(one)
        for path, several in leaves(event.value)
        if path[-1:] == ("phone_number_id",)
        for one in several
    }
    if getattr(event.detail, "entity_type", None) == "PHONE_NUMBER":
        told.add(event.detail.entity_id)
    return told


def _words(event) -> list[str]:
    """What is to be read of it, without phone numbers: first what it is about."""
    said = dict.fromkeys(filter(None, _headline(event.detail) or [event.field]))
    more = (f"{name}: {what}" for name, what in facts(event.value) if what not in said)
    return [*said, *more]


def facts(value: dict) -> tuple[tuple[str, str], ...]:
    """All that news say as (name, what), without phone numbers.

    A name is as WhatsApp has it, with those of what it stands in: `partner.id`.
    """
    told = (
        (".".join(path), ", ".join(map(str, scalars)))
        for path, scalars in leaves(value)
    )
    return tuple((name, what) for name, what in told if not _is_phone(name, what))


def _is_phone(name: str, what: str) -> bool:
    return "phone" in name and re.fullmatch(r"[+0-9 ()-]{7,}", what) is not None


def _headline(detail) -> list[str | None]:
    if isinstance(detail, AccountEvent):
        kinds = [one.kind for one in detail.restrictions]
        return [detail.event, detail.violation, detail.ban_state, *kinds]
    if isinstance(detail, Alert):
        return [detail.severity, detail.kind, detail.description]
    if isinstance(detail, Decision):
        return [detail.decision, detail.name, detail.reason]
    if isinstance(detail, NumberQuality | SecurityEvent):
        return [detail.event, getattr(detail, "messaging_limit", None)]
    return []
