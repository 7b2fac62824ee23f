"""WhatsApp, as the rest of the house sees a messenger."""

import hmac
import re
from datetime import timedelta

from odoo import api, models

from ...cloud_api import errors, media, payloads, webhooks
from ...cloud_api.pacing import PAIR_MEMORY, pair_wait
from ...tools.given_secret import given_secret
from ..provider import door
from ..provider.events import Failure, File, Status
from . import rendering
from .events import STATES, neutral
from .files import fetch
from .number.clients import channel_client
from .refusals import failing_neutrally, neutral_policy, told_neutrally

_SIGNATURE = "X-Hub-Signature-256"
_FROM = re.compile(rb'"from"\s*:\s*"([^"]{1,80})"')
# Answers to a file that WhatsApp does not have any more.
_LOST_FILE = frozenset({100, 131009, 131053})
# Cloud API: reply buttons of one message.
_BUTTONS = 3


class WhatsApp:
    """The WhatsApp Cloud API."""

    traits = door.Traits(
        # Cloud API: 24 hours from the patient's last message or call to that number.
        window=timedelta(hours=24),
        writes_first=door.WritesFirst.TEMPLATES,
        kinds=frozenset(
            {
                "text",
                "template",
                "image",
                "video",
                "document",
                "audio",
                "voice",
                "sticker",
                "location",
                "contacts",
                "buttons",
                "list",
                "cta_url",
                "location_request",
                "flow",
                "reaction",
            }
        ),
        text_length=payloads.TEXT_BODY,
        buttons=_BUTTONS,
        receipts=frozenset({"delivered", "read"}),
        pair_wait=pair_wait,
        pair_memory=PAIR_MEMORY,
        stop_control=True,
        largest_file=media.LARGEST_INBOUND,
        lost_file_codes=_LOST_FILE,
        button_title=payloads.BUTTON_TITLE,
    )

    def secrets(self, cr) -> list[tuple[int, str]]:
        return _secrets(cr, "app_secret")

    def verify(self, secret: str, body: bytes, headers) -> bool:
        return webhooks.verify(secret, body, headers.get(_SIGNATURE))

    def speaks_for(self, env, signer: int | None) -> frozenset[int]:
        """Of its own numbers an app speaks, and one that has the same app secret."""
        accounts = env["whatsapp.clinic.account"]._ids_with_secret_of(signer)
        channels = env["whatsapp.clinic.channel"].with_context(active_test=False)
        return frozenset(channels.search([("account_id", "in", list(accounts))]).ids)

    def greet(self, cr, query) -> str | None:
        """Meta's challenge, for who knows the verify token of a channel."""
        given = query.get("hub.verify_token", "").encode()
        is_known = [
            hmac.compare_digest(given, token.encode())
            for _id, token in _secrets(cr, "verify_token")
        ]
        is_asked = query.get("hub.mode") == "subscribe" and any(is_known)
        return query.get("hub.challenge", "") if is_asked else None

    def sender(self, body: bytes) -> bytes | None:
        senders = set(_FROM.findall(body))
        return senders.pop() if len(senders) == 1 else None

    def parse(self, body: bytes) -> list:
        try:
            return [neutral(event) for event in webhooks.parse(body)]
        except webhooks.MalformedWebhook as error:
            raise door.MalformedWebhook from error

    def render(self, outgoing: door.Outgoing) -> dict:
        with told_neutrally():
            return rendering.render(outgoing)

    def connect(self, channel):
        return channel_client(channel)

    def send(self, connection, call: dict) -> door.Accepted:
        with failing_neutrally():
            accepted = connection.send_message(call)
        other = _other_wa_id(call.get("to"), accepted.wa_id)
        return door.Accepted(accepted.message_id, other)

    def kind_of_file(self, mime_type: str) -> str:
        return media.usual_kind(mime_type)

    def check_file(
        self, kind: str, content: bytes, mime_type: str, is_voice: bool = False
    ) -> None:
        with told_neutrally():
            media.check(kind, content, mime_type, is_voice)

    def upload(self, connection, content: bytes, mime_type: str) -> str:
        with failing_neutrally():
            return connection.upload_media(content, mime_type)

    def download(self, connection, file: File, limit: int) -> door.Loaded:
        with failing_neutrally():
            return fetch(connection, file, limit)

    def look_up(
        self, connection, external_id: str, remote_ids: list[str]
    ) -> list[Status]:
        """`message_history` is not offered to every app."""
        found = []
        for remote_id in remote_ids:
            try:
                history = connection.message_history(remote_id)
            except errors.CallFailed:
                break
            found += [_looked_up(external_id, remote_id, *told) for told in history]
        return found

    def policy(self, code: int) -> door.Policy:
        return neutral_policy(errors.policy(code), code)


def _looked_up(external_id: str, remote_id: str, status: str, at) -> Status:
    state = STATES[status]
    failure = Failure(errors.NO_CODE, "") if state == "failed" else None
    return Status(external_id, remote_id, state, at, failure=failure)


def _secrets(cr, kind: str) -> list[tuple[int, str]]:
    """`app_secret` or `verify_token` of each app that has a channel, with its id."""
    cr.execute(
        """
        SELECT id, environment_name, app_secret, verify_token
        FROM whatsapp_clinic_account AS account
        WHERE EXISTS (
            SELECT FROM whatsapp_clinic_channel
            WHERE account_id = account.id AND active AND provider = 'whatsapp'
        )
        ORDER BY id
        """
    )
    place = ("app_secret", "verify_token").index(kind)
    secrets = [
        (account_id, given_secret(name, kind)[0] or stored[place])
        for account_id, name, *stored in cr.fetchall()
    ]
    return [(account_id, secret) for account_id, secret in secrets if secret]


def _other_wa_id(to: str | None, wa_id) -> str | None:
    """The id under which WhatsApp knows the recipient, where it is not made of the
    digits of the phone number (Mexico, Brazil)."""
    is_id = isinstance(wa_id, str) and wa_id.isascii() and wa_id.isdigit()
    return wa_id if to and is_id and wa_id != to.lstrip("+") else None


WHATSAPP = WhatsApp()


class Provider(models.AbstractModel):
    """WhatsApp is one of the messengers."""

    _inherit = "whatsapp.clinic.provider"

    @api.model
    def _providers(self):
        return {**super()._providers(), "whatsapp": WHATSAPP}
