import logging

from odoo import api, models

from ...cloud_api import errors, webhooks
from ...tools import clock

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
    def _is_signed_by_owner(self, update, signers: set[int]) -> bool:
        """Whether one of the apps (ids) whose secret fits has what an update is about.

        The number has one app; a WhatsApp account is its first number's. What is about
        neither, or about a number that nobody has, may be anybody's.
        """
        return self._owners(update) <= signers

    @api.model
    def _owners(self, update) -> set[int]:
        """Ids of the apps whose number or WhatsApp account an update names."""
        channels = self.env["whatsapp.clinic.channel"].with_context(active_test=False)
        detail = getattr(update, "detail", None)
        named = {getattr(one, "phone_number_id", None) for one in (update, detail)}
        found = [channels._id_of_number(number) for number in named if number]
        business_account = getattr(update, "business_account_id", None)
        if business_account:
            of_account = [("business_account_id", "=", business_account)]
            found += channels.search(of_account, order="id", limit=1).ids
        return set(channels.browse(filter(None, found)).account_id.ids)

    @api.model
    def _note_foreign(self, update):
        """An app speaks of another's number: its secret was misused, or is mistyped."""
        _logger.warning("Webhook signed by an app that does not have the number")
        self._on_unrecognised(
            webhooks.Unrecognised(
                field=type(update).__name__,
                raw={"phone_number_id": getattr(update, "phone_number_id", None)},
                why="signed by another app than the one of this number or account: "
                "check the app secrets",
            )
        )

    @api.model
    def _channel(self, phone_number_id: str):
        """The channel of a number; none for a number that is not ours.

        An archived one too: who writes there is heard, nothing is sent from it.
        """
        channels = self.env["whatsapp.clinic.channel"]
        of_all = channels.with_context(active_test=False)
        channel = channels.browse(of_all._id_of_number(phone_number_id))
        if not channel:
            _logger.info("Webhook for a phone number id that no channel has")
            return channel
        return channel.with_company(channel.company_id)

    @api.model
    def _on_message(self, event):
        channel = self._channel(event.phone_number_id)
        if not channel:
            self._note_stranger(event.phone_number_id)
            return
        if self._is_known(channel, event.message_id):
            return
        identity = self._sender(channel, event.sender, event.timestamp)
        messages = self.env["whatsapp.clinic.message"].with_company(channel.company_id)
        message = messages._receive(channel, identity, event)
        if event.payload and message._is_tap(event.payload):
            message._act_on_tap(event.payload)
        else:
            self.env["whatsapp.clinic.chat.answers"]._obey_word(message)

    @api.model
    def _note_stranger(self, phone_number_id: str):
        """Patients write to a number nobody connected; their texts are not kept."""
        self._on_unrecognised(
            webhooks.Unrecognised(
                field="messages",
                raw={"phone_number_id": phone_number_id},
                why="no channel has this phone number id: connect the number",
            )
        )

    @api.model
    def _on_call(self, event):
        channel = self._channel(event.phone_number_id)
        if channel and not self._is_known(channel, event.call_id):
            identity = self._sender(channel, event.sender, event.timestamp)
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_call(channel, identity, event)

    @api.model
    def _is_known(self, channel, message_id: str) -> bool:
        """WhatsApp delivers at least once."""
        same = [("channel_id", "=", channel.id), ("message_id", "=", message_id)]
        return bool(self.env["whatsapp.clinic.message"].search_count(same, limit=1))

    @api.model
    def _sender(self, channel, sender, timestamp):
        identities = self.env["whatsapp.clinic.identity"]
        at = timestamp.replace(tzinfo=None)
        return identities._for_sender(sender, channel.portfolio_id, at)

    @api.model
    def _handle_statuses(self, statuses: list):
        """Apply `cloud_api.webhooks.StatusUpdate`s with a handful of statements."""
        ours = [
            (channel, status)
            for status in statuses
            if (channel := self._channel(status.phone_number_id))
        ]
        self.env["whatsapp.clinic.message"]._apply_statuses(ours)
        self.env["whatsapp.clinic.identity"]._learn_links(
            [
                (status.recipient_wa_id, status.recipient_user_id, channel.portfolio_id)
                for channel, status in ours
                if status.recipient_wa_id and status.recipient_user_id
            ]
        )

    @api.model
    def _on_preference(self, event):
        """WhatsApp's own control, which is about marketing messages only."""
        channel = self._channel(event.phone_number_id)
        if not channel:
            return
        sender = webhooks.Sender(wa_id=event.wa_id, user_id=event.user_id)
        identity = self._sender(channel, sender, event.timestamp)
        at = min(event.timestamp.replace(tzinfo=None), clock.now())
        if event.value == "stop":
            self.env["whatsapp.clinic.chat.answers"]._stop_advertising(
                identity,
                "preference",
                at,
                channel.company_id,
                evidence="WhatsApp user_preferences: stop",
            )
        else:
            identity._unblock_marketing(at, ("preference", "error"))

    @api.model
    def _on_number_changed(self, event):
        channel = self._channel(event.phone_number_id)
        if not channel:
            return
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": event.old_wa_id, "user_id": event.old_user_id}
        identity = identities._find(ids, "whatsapp")
        if event.message_id:
            # Staff may have entered the number anew since it was told first.
            if self._is_known(channel, event.message_id):
                return
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_change(channel, identity, event)
        if not identity:
            return
        if event.is_new_number:
            identity._disown("number_changed")
        elif event.new_user_id:
            identity._rotate_user_id(event.new_user_id)

    @api.model
    def _on_unrecognised(self, event):
        self.env["whatsapp.clinic.unrecognised"]._keep(event)

    @api.model
    def _on_template(self, event):
        self.env["whatsapp.clinic.template"]._apply_update(event)

    @api.model
    def _on_account(self, event):
        self.env["whatsapp.clinic.channel"]._on_account_news(event)
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
    webhooks.InboundCall: "_on_call",
    webhooks.UserPreference: "_on_preference",
    webhooks.NumberChanged: "_on_number_changed",
    webhooks.TemplateUpdate: "_on_template",
    webhooks.AccountUpdate: "_on_account",
    webhooks.Unrecognised: "_on_unrecognised",
}
