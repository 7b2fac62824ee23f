from odoo import api, models

from ...cloud_api.webhooks import (
    AccountEvent,
    Alert,
    Decision,
    NumberQuality,
    SecurityEvent,
)
from ...cloud_api.wording import _lt

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


class Channel(models.Model):
    """What WhatsApp reports about the account and its numbers, in webhooks.

    It is noted in the history, and the connection is checked, which brings the present
    state; only a restriction of the account is told by webhook alone.
    """

    _inherit = "whatsapp.clinic.channel"

    @api.model
    def _on_account_news(self, event):
        """Apply one `cloud_api.webhooks.AccountUpdate`."""
        if type(event.detail) not in NEWS:
            return
        of_account = [("business_account_id", "=", event.business_account_id)]
        for channel in self.search(of_account):
            if channel._is_meant(event.detail):
                channel._take_news(event.detail)

    def _is_meant(self, detail) -> bool:
        """News that name no number are for all of the account."""
        named = getattr(detail, "display_phone_number", None)
        entity = getattr(detail, "entity_id", None)
        if getattr(detail, "entity_type", None) == "PHONE_NUMBER":
            return entity == self.phone_number_id
        own = _digits(self.display_phone_number)
        return not named or not own or _digits(named) == own

    def _take_news(self, detail):
        channel = self.with_context(lang=self.company_id.partner_id.lang)
        words = " · ".join(dict.fromkeys(filter(None, _words(detail))))
        channel.message_post(body=channel.env._(NEWS[type(detail)], words=words))
        if isinstance(detail, AccountEvent):
            self._note_restriction(detail)
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


def _words(detail) -> list[str | None]:
    """What is to be read of it, without phone numbers."""
    if isinstance(detail, AccountEvent):
        kinds = [one.kind for one in detail.restrictions]
        return [detail.event, detail.violation, detail.ban_state, *kinds]
    if isinstance(detail, Alert):
        return [detail.severity, detail.kind, detail.description]
    if isinstance(detail, Decision):
        return [detail.decision, detail.name, detail.reason]
    return [detail.event, getattr(detail, "messaging_limit", None)]
