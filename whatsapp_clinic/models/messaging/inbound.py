import logging

from odoo import api, models

from ...cloud_api import errors, webhooks

_logger = logging.getLogger(__name__)


class Inbound(models.AbstractModel):
    """The router: what a messenger reports goes to who knows what to do about it."""

    _name = "whatsapp.clinic.inbound"
    _description = "WhatsApp Inbound Router"

    @api.model
    def _handle(self, event):
        """Apply one typed event of `cloud_api.webhooks`."""
        handler = _HANDLERS.get(type(event))
        if handler:
            getattr(self, handler)(event)
        else:
            _logger.info("Webhook without a handler: %s", type(event).__name__)

    @api.model
    def _channel(self, phone_number_id: str):
        """The channel of a number; none for a number that is not ours."""
        channels = self.env["whatsapp.clinic.channel"]
        channel = channels.browse(channels._id_of_number(phone_number_id))
        if not channel:
            _logger.info("Webhook for a phone number id that no channel has")
            return channel
        return channel.with_company(channel.company_id)

    @api.model
    def _on_message(self, event):
        channel = self._channel(event.phone_number_id)
        if not channel:
            return
        messages = self.env["whatsapp.clinic.message"].with_company(channel.company_id)
        if messages.search_count(
            [("channel_id", "=", channel.id), ("message_id", "=", event.message_id)],
            limit=1,
        ):
            return
        identity = self.env["whatsapp.clinic.identity"]._for_sender(event.sender)
        message = messages._receive(channel, identity, event)
        self._obey_words(message)
        if event.payload:
            message._act_on_tap(event.payload)

    @api.model
    def _obey_words(self, message):
        """A message that is nothing but a stop word stops; the start word lifts it."""
        effect = self.env["whatsapp.clinic.stop.word"]._effect_of(message.body or "")
        if effect == "stop":
            message.identity_id._block("stop_word")
        elif effect == "start":
            message.identity_id._unblock()

    @api.model
    def _handle_statuses(self, statuses: list):
        """Apply `cloud_api.webhooks.StatusUpdate`s with a handful of statements."""
        ours = [
            (channel, status)
            for status in statuses
            if (channel := self._channel(status.phone_number_id))
        ]
        self.env["whatsapp.clinic.message"]._apply_statuses(ours)

    @api.model
    def _on_preference(self, event):
        sender = webhooks.Sender(wa_id=event.wa_id, user_id=event.user_id)
        if not (event.wa_id or event.user_id):
            return
        identity = self.env["whatsapp.clinic.identity"]._for_sender(sender)
        if event.value == "stop":
            identity._block("preference")
        elif (
            event.value in ("resume", "signup")
            and identity.block_source == "preference"
        ):
            identity._unblock()

    @api.model
    def _on_number_changed(self, event):
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": event.old_wa_id, "user_id": event.old_user_id}
        identity = identities._find(ids, "whatsapp")
        if not identity:
            return
        if event.new_wa_id and event.new_wa_id != event.old_wa_id:
            identity._change_number()
        elif event.new_user_id:
            identity._rotate_user_id(event.new_user_id)

    @api.model
    def _on_template(self, event):
        self.env["whatsapp.clinic.template"]._apply_update(event)

    @api.model
    def _on_account(self, event):
        if event.field == "errors":
            self._on_trouble(event.value)
        elif event.field == "business_capability_update":
            channels = self.env["whatsapp.clinic.channel"].search(
                [("business_account_id", "=", event.business_account_id)]
            )
            limit = event.value.get("max_daily_conversations_per_business")
            for portfolio in channels.portfolio_id:
                portfolio._take_over_limit(limit)

    @api.model
    def _on_trouble(self, value: dict):
        """Errors that belong to no message: what they say of the number is obeyed."""
        metadata = value.get("metadata")
        number = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
        channel = self._channel(number) if isinstance(number, str) else None
        for error in value["errors"] if isinstance(value["errors"], list) else []:
            code = error.get("code") if isinstance(error, dict) else None
            if not channel or not isinstance(code, int):
                continue
            policy = errors.policy(code)
            if policy.action is errors.Action.HOLD_CHANNEL:
                channel._hold(policy, code)


_HANDLERS = {
    webhooks.InboundMessage: "_on_message",
    webhooks.UserPreference: "_on_preference",
    webhooks.NumberChanged: "_on_number_changed",
    webhooks.TemplateUpdate: "_on_template",
    webhooks.AccountUpdate: "_on_account",
}
