import logging

from odoo import api, models

from ...tools import clock
from ..provider import events

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
    def _handlers(self) -> dict[type, str]:
        """Which method of this model handles which events.

        The room or addon of a messenger that reports more than the others adds its
        own. A handler gets the event, and its channel where it names one.
        """
        return {
            events.Message: "_on_message",
            events.Call: "_on_call",
            events.AdvertisingChoice: "_on_advertising_choice",
            events.AddressChanged: "_on_address_changed",
            events.Notice: "_on_notice",
            events.Unrecognised: "_on_unrecognised",
        }

    @api.model
    def _external_id(self, event) -> str | None:
        """The messenger's id of the channel that an event names; None for no channel.

        Hook: of a messenger's own events its room knows where it stands.
        """
        return getattr(event, "external_id", None)

    @api.model
    def _channels_named(self, event) -> set[int]:
        """Ids of the channels that an event speaks of, archived ones too.

        Who signed has to be one who may. Hook, as `_external_id`.
        """
        return set(filter(None, [self._id_of(self._external_id(event))]))

    @api.model
    def _id_of(self, external_id: str | None) -> int | None:
        channels = self.env["whatsapp.clinic.channel"]
        return external_id and channels._id_of_number(external_id, self._messenger)

    @api.model
    def _handle(self, event):
        """Apply one event (`provider.events`, or one that `_handlers` adds).

        What is about a channel that is not ours is noted, whatever it is. Notes, and
        the history of what changes, are in the language of the channel's company.
        """
        handler = self._handlers().get(type(event))
        if not handler:
            self._on_unrecognised(
                events.Unrecognised(type(event).__name__, None, "nothing handles it")
            )
            return
        external_id = self._external_id(event)
        if external_id is None:
            getattr(self, handler)(event)
        elif channel := self._channel(external_id):
            lang = channel.company_id.partner_id.lang
            speaker = self.with_context(lang=lang)
            getattr(speaker, handler)(event, channel.with_context(lang=lang))
        else:
            self._note_stranger(external_id)

    @api.model
    def _note_foreign(self, event):
        """Somebody speaks of another's number: a secret was misused, or is mistyped."""
        _logger.warning("Webhook signed by an app that does not have the number")
        self._on_unrecognised(
            events.Unrecognised(
                field=type(event).__name__,
                raw={"phone_number_id": self._external_id(event)},
                why="signed by another app than the one of this number or account: "
                "check the app secrets",
            )
        )

    @api.model
    def _channel(self, external_id: str):
        """The channel of that id; none for a number that is not ours.

        An archived one too: who writes there is heard, nothing is sent from it.
        """
        channel = self.env["whatsapp.clinic.channel"].browse(self._id_of(external_id))
        if not channel:
            _logger.info("Webhook for a phone number id that no channel has")
            return channel
        return channel.with_company(channel.company_id)

    @api.model
    def _on_message(self, event: events.Message, channel):
        if self._is_known(channel, event.remote_id):
            return
        identity = self._sender(channel, event.sender, event.at)
        messages = self.env["whatsapp.clinic.message"].with_company(channel.company_id)
        message = messages._receive(channel, identity, event)
        if event.payload and message._is_tap(event.payload):
            message._act_on_tap(event.payload)
        elif self.env["whatsapp.clinic.chat.answers"]._obey_word(message):
            message._need_no_answer()
        else:
            message._await_answer()

    @api.model
    def _note_stranger(self, external_id: str):
        """Patients write to a number that nobody connected, or it sends.

        What they write is not kept.
        """
        self._on_unrecognised(
            events.Unrecognised(
                field="messages",
                raw={"phone_number_id": external_id},
                why="no channel has this phone number id: connect the number",
            )
        )

    @api.model
    def _on_call(self, event: events.Call, channel):
        messages = self.env["whatsapp.clinic.message"]
        call = messages._quoted(channel, event.remote_id)
        if not call:
            identity = self._sender(channel, event.sender, event.at)
            call = messages._receive_call(channel, identity, event)
            if not event.was_answered:
                call._await_answer()
        elif event.was_answered and call.awaits_answer:
            call.awaits_answer = False
            call._tell_staff()

    @api.model
    def _is_known(self, channel, remote_id: str) -> bool:
        """A messenger delivers at least once."""
        messages = self.env["whatsapp.clinic.message"]
        messages.flush_model(["channel_id", "message_id"])
        self.env.cr.execute(
            "SELECT FROM whatsapp_clinic_message "
            "WHERE channel_id = %s AND message_id = %s LIMIT 1",
            [channel.id, remote_id],
        )
        return bool(self.env.cr.rowcount)

    @api.model
    def _sender(self, channel, sender: events.Person, at):
        identities = self.env["whatsapp.clinic.identity"]
        at = clock.told(at)
        return identities._for_sender(sender, channel._user_scope, at, self._messenger)

    @api.model
    def _met(self, channel, person: events.Person):
        """The identity of somebody who is named and did not write; made if unknown."""
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": person.wa_id, "user_id": person.user_id}
        if not identities._find(ids, self._messenger):
            identities._ensure([ids], self._messenger, channel._user_scope)
        return identities._find(ids, self._messenger)

    @api.model
    def _handle_statuses(self, statuses: list[events.Status]):
        """Apply statuses with a handful of statements."""
        channels = {
            external_id: self._channel(external_id)
            for external_id in {status.external_id for status in statuses}
        }
        for external_id, channel in channels.items():
            if not channel:
                self._note_stranger(external_id)
        ours = [
            (channel, status)
            for status in statuses
            if (channel := channels[status.external_id])
        ]
        self.env["whatsapp.clinic.message"]._apply_statuses(ours)
        self.env["whatsapp.clinic.identity"]._learn_links(
            [
                (status.recipient.wa_id, status.recipient.user_id, channel._user_scope)
                for channel, status in ours
                if status.recipient
            ],
            self._messenger,
        )

    @api.model
    def _on_advertising_choice(self, event: events.AdvertisingChoice, channel):
        """The messenger's own control, which is about advertising only."""
        identity = self._sender(channel, event.sender, event.at)
        at = min(event.at.replace(tzinfo=None), clock.now())
        if event.is_stop:
            self.env["whatsapp.clinic.chat.answers"]._stop_advertising(
                identity,
                "preference",
                at,
                channel.company_id,
                evidence=event.evidence,
            )
        else:
            heard = identity._heard_by(channel.company_id)
            company = channel.company_id
            heard._start("preference", "advertising", at=at, company=company)

    @api.model
    def _on_address_changed(self, event: events.AddressChanged, channel):
        # Staff may have entered the number again since it was told first.
        if event.remote_id and self._is_known(channel, event.remote_id):
            return
        identity = self._former_sender(event, channel)
        if event.remote_id:
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_change(channel, identity, event)
        if not identity or not identity._heard_by(channel.company_id):
            return
        if event.is_new_number:
            identity._unlink_patients("number_changed", channel.company_id)
        elif event.new_user_id:
            identity._rotate_user_id(event.new_user_id)

    @api.model
    def _former_sender(self, event: events.AddressChanged, channel):
        """Who changed number or user id, as they were known or would have been."""
        identities = self.env["whatsapp.clinic.identity"]
        ids = {"wa_id": event.former.wa_id, "user_id": event.former.user_id}
        if not any(ids.values()) and not event.is_new_number:
            ids["user_id"] = event.new_user_id
        known = identities._find(ids, self._messenger)
        if known or not any(ids.values()):
            return known
        return self._sender(channel, events.Person(**ids), event.at)

    @api.model
    def _on_notice(self, event: events.Notice, channel):
        if not self._is_known(channel, event.remote_id):
            identity = self._sender(channel, event.sender, event.at)
            messages = self.env["whatsapp.clinic.message"]
            messages._receive_notice(channel, identity, event)

    @api.model
    def _on_unrecognised(self, event: events.Unrecognised):
        self.env["whatsapp.clinic.unrecognised"]._keep(event)
