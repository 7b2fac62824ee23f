from odoo import api, models

from ...cloud_api import errors, webhooks
from ...tools.text import clean_text
from ..provider import events
from .elsewhere import Elsewhere
from .events import advertising_choice, person


class Inbound(models.AbstractModel):
    """What only WhatsApp reports."""

    _inherit = "whatsapp.clinic.inbound"

    @api.model
    def _handlers(self):
        return {**super()._handlers(), **_HANDLERS}

    @api.model
    def _external_id(self, event):
        if type(event) in _HANDLERS:
            return getattr(event, "phone_number_id", None)
        return super()._external_id(event)

    @api.model
    def _channels_named(self, event):
        """Also a number that stands deeper. An account of WhatsApp is that of its first
        number in use."""
        named = super()._channels_named(event)
        if type(event) not in _HANDLERS:
            return named
        detail = getattr(event, "detail", None)
        named.add(self._id_of(getattr(detail, "phone_number_id", None)))
        if account := getattr(event, "business_account_id", None):
            channels = self.env["whatsapp.clinic.channel"]
            of_account = [("business_account_id", "=", account)]
            every = channels.with_context(active_test=False)
            named.update(every.search(of_account, order="active desc, id", limit=1).ids)
        return named - {None}

    @api.model
    def _on_echo(self, event: webhooks.MessageEcho, channel):
        """Somebody of the clinic wrote in the app, or Meta's agent did."""
        if not self._is_known(channel, event.message.message_id):
            identity = self._met(channel, person(event.message.sender))
            Elsewhere(channel, identity).receive_echo(event)

    @api.model
    def _on_past(self, event: webhooks.PastMessage, channel):
        messages = self.env["whatsapp.clinic.message"]
        known = messages._quoted(channel, event.message.message_id)
        identity = known.identity_id
        if not known:
            identity = self._met(channel, person(event.message.sender))
        Elsewhere(channel, identity).receive_past(event, known)

    @api.model
    def _on_handover(self, event: webhooks.Handover, channel):
        identity = self._met(channel, person(event.person))
        Elsewhere(channel, identity).receive_handover(event)

    @api.model
    def _on_synchronised(self, event: webhooks.Synchronised, channel):
        channel._note_history(event)

    @api.model
    def _on_address_book(self, event: webhooks.AddressBookEntry, _channel):
        """Name who is known already; who else is in a phone is nobody's business."""
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": event.person.wa_id, "user_id": event.person.user_id}
        identity = identities._find(ids, self._messenger)
        if identity and not identity.profile_name and not event.is_removed:
            identity.profile_name = clean_text(event.person.profile_name or "")

    @api.model
    def _on_preference(self, event: webhooks.UserPreference, _channel=None):
        """A wish that names no number of ours is said to all of the account."""
        channels = self._channels_of(event.business_account_id)
        if not channels:
            self._note_account("user_preferences", event.business_account_id)
        for channel in channels:
            choice = advertising_choice(event, channel.external_id)
            self._on_advertising_choice(choice, channel)

    @api.model
    def _channels_of(self, business_account_id: str):
        """The channels of a WhatsApp account, archived ones too."""
        channels = self.env["whatsapp.clinic.channel"].with_context(active_test=False)
        return channels.search([("business_account_id", "=", business_account_id)])

    @api.model
    def _note_account(self, field: str, business_account_id: str):
        """News of an account of which no number is connected."""
        self._on_unrecognised(
            events.Unrecognised(
                field=field,
                raw={"id": business_account_id},
                why="no channel has this account: connect its number",
            )
        )

    @api.model
    def _on_template(self, event: webhooks.TemplateUpdate):
        self.env["whatsapp.clinic.template.approval"]._apply_update(event)

    @api.model
    def _on_account(self, event: webhooks.AccountUpdate):
        if event.field == "errors":
            self._on_trouble(event.detail, event.value)
            return
        channels = self._channels_of(event.business_account_id)
        meant = channels._meant_by(event)
        for channel in meant:
            channel._take_news(event)
        if not meant:
            why = f"no channel has this {'number' if channels else 'account'}"
            self._on_unrecognised(events.Unrecognised(event.field, event.value, why))
        if isinstance(event.detail, webhooks.Capability):
            for portfolio in channels.portfolio_id:
                portfolio._take_over_limit(event.detail.messaging_limit)

    @api.model
    def _on_trouble(self, trouble: webhooks.Trouble, value: dict):
        """Errors that belong to no message.

        What they say of the number is obeyed; others are for a person to read, as
        they came in `value`.
        """
        number = trouble.phone_number_id
        channel = self._channel(number) if number else None
        others = []
        for error in trouble.errors:
            policy = errors.policy(error.code)
            if channel and policy.action is errors.Action.HOLD_CHANNEL:
                channel._hold(policy, error.code)
            else:
                others.append(f"error {error.code}: {policy.tell(error.title)}")
        if others or not trouble.errors:
            why = " ".join(others) or "errors that cannot be read"
            told = {"metadata": value.get("metadata"), "errors": value["errors"]}
            self._on_unrecognised(events.Unrecognised("errors", told, why))


_HANDLERS = {
    webhooks.MessageEcho: "_on_echo",
    webhooks.PastMessage: "_on_past",
    webhooks.Handover: "_on_handover",
    webhooks.Synchronised: "_on_synchronised",
    webhooks.AddressBookEntry: "_on_address_book",
    webhooks.UserPreference: "_on_preference",
    webhooks.TemplateUpdate: "_on_template",
    webhooks.AccountUpdate: "_on_account",
}
