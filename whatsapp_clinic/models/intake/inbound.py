import logging

from odoo import api, models

from ...cloud_api import errors, webhooks
from ...tools import clock

_logger = logging.getLogger(__name__)

# In the context: the messenger that reports.
MESSENGER = "clinic_messenger"


class Inbound(models.AbstractModel):
    """The router: what a messenger reports goes to who knows what to do about it."""

    _name = "whatsapp.clinic.inbound"
    _description = "WhatsApp Inbound Router"

    @property
    def _messenger(self) -> str:
        """Whose webhooks these are."""
        return self.env.context.get(MESSENGER, "whatsapp")

    @api.model
    def _handle(self, event):
        """Apply one typed event of `cloud_api.webhooks`.

        What is about a number that is not ours is noted, whatever it is. Notes, and the
        history of what changes, are in the language of the number's company.
        """
        handler = _HANDLERS[type(event)]
        number = getattr(event, "phone_number_id", None)
        if number is None:
            getattr(self, handler)(event)
        elif channel := self._channel(number):
            lang = channel.company_id.partner_id.lang
            speaker = self.with_context(lang=lang)
            getattr(speaker, handler)(event, channel.with_context(lang=lang))
        else:
            self._note_stranger(number)

    @api.model
    def _named(self, update) -> tuple[frozenset[str], str | None]:
        """The ids of numbers, and of a WhatsApp account, that an update names."""
        detail = getattr(update, "detail", None)
        numbers = {getattr(one, "phone_number_id", None) for one in (update, detail)}
        business_account = getattr(update, "business_account_id", None)
        return frozenset(filter(None, numbers)), business_account

    @api.model
    def _owners(
        self, numbers: frozenset[str], business_account: str | None
    ) -> set[int]:
        """Ids of the apps that have these: one of them has to have signed.

        The number has one app; a WhatsApp account is that of its first number in use.
        What is about neither, or about a number that nobody has, may be anybody's.
        """
        channels = self.env["whatsapp.clinic.channel"].with_context(active_test=False)
        found = [channels._id_of_number(one, self._messenger) for one in numbers]
        if business_account:
            of_account = [("business_account_id", "=", business_account)]
            found += channels.search(of_account, order="active desc, id", limit=1).ids
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
        found = of_all._id_of_number(phone_number_id, self._messenger)
        channel = channels.browse(found)
        if not channel:
            _logger.info("Webhook for a phone number id that no channel has")
            return channel
        return channel.with_company(channel.company_id)

    @api.model
    def _on_message(self, event, channel):
        if self._is_known(channel, event.message_id):
            return
        identity = self._sender(channel, event.sender, event.timestamp)
        messages = self.env["whatsapp.clinic.message"].with_company(channel.company_id)
        message = messages._receive(channel, identity, event)
        if event.payload and message._is_tap(event.payload):
            message._act_on_tap(event.payload)
        elif self.env["whatsapp.clinic.chat.answers"]._obey_word(message):
            message._need_no_answer()
        else:
            message._await_answer()

    @api.model
    def _note_stranger(self, phone_number_id: str):
        """Patients write to a number that nobody connected, or it sends.

        What they write is not kept.
        """
        self._on_unrecognised(
            webhooks.Unrecognised(
                field="messages",
                raw={"phone_number_id": phone_number_id},
                why="no channel has this phone number id: connect the number",
            )
        )

    @api.model
    def _on_call(self, event, channel):
        messages = self.env["whatsapp.clinic.message"]
        call = messages._quoted(channel, event.call_id)
        if not call:
            identity = self._sender(channel, event.sender, event.timestamp)
            call = messages._receive_call(channel, identity, event)
            if not event.was_answered:
                call._await_answer()
        elif event.was_answered and call.awaits_answer:
            call.awaits_answer = False
            call._tell_staff()

    @api.model
    def _is_known(self, channel, message_id: str) -> bool:
        """WhatsApp delivers at least once."""
        messages = self.env["whatsapp.clinic.message"]
        messages.flush_model(["channel_id", "message_id"])
        self.env.cr.execute(
            "SELECT FROM whatsapp_clinic_message "
            "WHERE channel_id = %s AND message_id = %s LIMIT 1",
            [channel.id, message_id],
        )
        return bool(self.env.cr.rowcount)

    @api.model
    def _sender(self, channel, sender, timestamp):
        identities = self.env["whatsapp.clinic.identity"]
        at = clock.told(timestamp)
        return identities._for_sender(sender, channel.portfolio_id, at)

    @api.model
    def _handle_statuses(self, statuses: list):
        """Apply `cloud_api.webhooks.StatusUpdate`s with a handful of statements."""
        channels = {
            number: self._channel(number)
            for number in {status.phone_number_id for status in statuses}
        }
        for number, channel in channels.items():
            if not channel:
                self._note_stranger(number)
        ours = [
            (channel, status)
            for status in statuses
            if (channel := channels[status.phone_number_id])
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
    def _on_preference(self, event, channel=None):
        """WhatsApp's own control, which is about marketing messages only.

        Where it names no number of ours it is said to all of the account.
        """
        channels = channel or self._channels_of(event.business_account_id)
        if not channels:
            self._note_account("user_preferences", event.business_account_id)
        for one in channels:
            self._obey_preference(event, one)

    @api.model
    def _channels_of(self, business_account_id: str):
        """The channels of a WhatsApp account, archived ones too."""
        channels = self.env["whatsapp.clinic.channel"].with_context(active_test=False)
        return channels.search([("business_account_id", "=", business_account_id)])

    @api.model
    def _obey_preference(self, event, channel):
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
            heard = identity._heard_by(channel.company_id)
            company = channel.company_id
            heard._start("preference", "advertising", at=at, company=company)

    @api.model
    def _on_number_changed(self, event, channel):
        # Staff may have entered the number anew since it was told first.
        if event.message_id and self._is_known(channel, event.message_id):
            return
        identity = self._former_sender(event, channel)
        if event.message_id:
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_change(channel, identity, event)
        if not identity or not identity._heard_by(channel.company_id):
            return
        if event.is_new_number:
            identity._disown("number_changed", channel.company_id)
        elif event.new_user_id:
            identity._rotate_user_id(event.new_user_id)

    @api.model
    def _former_sender(self, event, channel):
        """Who changed number or user id, as they were known or would have been."""
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": event.old_wa_id, "user_id": event.old_user_id}
        if not any(ids.values()) and not event.is_new_number:
            ids["user_id"] = event.new_user_id
        known = identities._find(ids, "whatsapp")
        if known or not any(ids.values()):
            return known
        return self._sender(channel, webhooks.Sender(**ids), event.timestamp)

    @api.model
    def _on_system(self, event, channel):
        if not self._is_known(channel, event.message_id):
            identity = self._sender(channel, event.sender, event.timestamp)
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_notice(channel, identity, event)

    @api.model
    def _met(self, channel, sender):
        """The identity of somebody who is named and did not write; made if unknown."""
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": sender.wa_id, "user_id": sender.user_id}
        if not identities._find(ids, "whatsapp"):
            identities._ensure([ids], "whatsapp", channel.portfolio_id)
        return identities._find(ids, "whatsapp")

    @api.model
    def _on_echo(self, event, channel):
        """Somebody of the clinic wrote in the app, or Meta's agent did."""
        if not self._is_known(channel, event.message.message_id):
            identity = self._met(channel, event.message.sender)
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_echo(channel, identity, event)

    @api.model
    def _on_past(self, event, channel):
        messages = self.env["whatsapp.clinic.message"]
        known = messages._quoted(channel, event.message.message_id)
        if known:
            known._fill_in(event.message)
        else:
            identity = self._met(channel, event.message.sender)
            messages._receive_past(channel, identity, event)

    @api.model
    def _on_handover(self, event, channel):
        identity = self._met(channel, event.person)
        messages = self.env["whatsapp.clinic.message"]
        messages._receive_handover(channel, identity, event)

    @api.model
    def _on_synchronised(self, event, channel):
        channel._note_history(event)

    @api.model
    def _on_address_book(self, event, _channel):
        """Name who is known already; who else is in a phone is nobody's business."""
        identities = self.env["whatsapp.clinic.identity"]
        person = event.person
        ids = {"wa_id": person.wa_id, "user_id": person.user_id}
        identity = identities._find(ids, "whatsapp")
        if identity and not identity.profile_name and not event.is_removed:
            identity.profile_name = webhooks.clean_text(person.profile_name or "")

    @api.model
    def _on_unrecognised(self, event):
        self.env["whatsapp.clinic.unrecognised"]._keep(event)

    @api.model
    def _note_account(self, field: str, business_account_id: str):
        """News of an account of which no number is connected."""
        self._on_unrecognised(
            webhooks.Unrecognised(
                field=field,
                raw={"id": business_account_id},
                why="no channel has this account: connect its number",
            )
        )

    @api.model
    def _on_template(self, event):
        self.env["whatsapp.clinic.template"]._apply_update(event)

    @api.model
    def _on_account(self, event):
        if event.field == "errors":
            self._on_trouble(event.detail, event.value)
            return
        channels = self._channels_of(event.business_account_id)
        meant = channels._meant_by(event)
        for channel in meant:
            channel._take_news(event)
        if not meant:
            why = f"no channel has this {'number' if channels else 'account'}"
            self._on_unrecognised(webhooks.Unrecognised(event.field, event.value, why))
        if isinstance(event.detail, webhooks.Capability):
            for portfolio in channels.portfolio_id:
                portfolio._take_over_limit(event.detail.messaging_limit)

    @api.model
    def _on_trouble(self, trouble, value: dict):
        """Errors that belong to no message (`cloud_api.webhooks.Trouble`).

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
            self._on_unrecognised(webhooks.Unrecognised("errors", told, why))


_HANDLERS = {
    webhooks.InboundMessage: "_on_message",
    webhooks.MessageEcho: "_on_echo",
    webhooks.PastMessage: "_on_past",
    webhooks.Handover: "_on_handover",
    webhooks.Synchronised: "_on_synchronised",
    webhooks.AddressBookEntry: "_on_address_book",
    webhooks.InboundCall: "_on_call",
    webhooks.UserPreference: "_on_preference",
    webhooks.NumberChanged: "_on_number_changed",
    webhooks.SystemNotice: "_on_system",
    webhooks.TemplateUpdate: "_on_template",
    webhooks.AccountUpdate: "_on_account",
    webhooks.Unrecognised: "_on_unrecognised",
}
