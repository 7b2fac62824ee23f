"""What webhooks become: typed events without personal values in their ``repr``."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .account import AccountDetail
from .content import ContactCard, FormReply, Location, Media, Order, Referral
from .errors import EventError


class MalformedWebhook(ValueError):
    """The body is not a JSON object."""


@dataclass(frozen=True)
class Sender:
    """Who wrote. At least one of ``wa_id`` (digits, no plus) and ``user_id`` is known.

    Patients with a WhatsApp user name may come without a phone number.
    """

    wa_id: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    parent_user_id: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    profile_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class InboundMessage:
    """A message of a patient.

    ``kind`` is WhatsApp's type (text, image, button, interactive …, also ones that are
    not known yet). ``text`` is what there is to read: body, caption, title of the
    tapped button, emoji of a reaction ("" takes it back). ``payload`` is the id of the
    tapped button or row, ``context_id`` the message it answers. ``timestamp`` is in
    UTC, None where it cannot be read.

    A reaction, an ``edit`` and a ``revoke`` name in ``context_id`` the message that
    they are about; an edit's ``text`` and ``media`` are the new ones. ``form`` is the
    answer of a form, ``referral`` the advertisement that brought the patient,
    ``errors`` and ``unsupported_type`` say why WhatsApp could not pass a message on.
    ``interactive_type`` is WhatsApp's, for example ``button_reply``; ``product_id`` is
    what of a catalogue the message asks about, ``choices`` are (id, title) of what a
    message of the clinic offers to tap. ``is_standby``: Meta's own agent answers
    the patient, and whatever we send would take the conversation from it.
    """

    phone_number_id: str
    message_id: str = field(repr=False)
    timestamp: datetime | None
    sender: Sender
    kind: str
    text: str | None = field(repr=False)
    payload: str | None = field(repr=False)
    context_id: str | None = field(repr=False)
    raw: dict = field(repr=False)
    media: Media | None = None
    location: Location | None = None
    contacts: tuple[ContactCard, ...] = ()
    form: FormReply | None = None
    order: Order | None = None
    referral: Referral | None = None
    is_standby: bool = False
    interactive_type: str | None = None
    description: str | None = field(default=None, repr=False)
    is_forwarded: bool = False
    unsupported_type: str | None = None
    errors: tuple[EventError, ...] = ()
    product_id: str | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MessageEcho:
    """A message to a patient that was not sent through the API.

    ``origin`` is ``app`` (somebody wrote in the WhatsApp Business app) or ``agent``
    (Meta's own AI agent). The ``sender`` of ``message`` is the patient who got it.
    """

    phone_number_id: str
    origin: str
    message: InboundMessage


@dataclass(frozen=True)
class PastMessage:
    """A message from before the number was connected, of the app's history.

    ``is_ours``: the clinic sent it. ``status`` is WhatsApp's (READ, DELIVERED …), the
    ``sender`` of ``message`` the patient on either side. Of a file only that there was
    one is told at first (kind ``media_placeholder``); the same id may come again.
    """

    phone_number_id: str
    message: InboundMessage
    is_ours: bool
    status: str | None


@dataclass(frozen=True)
class Synchronised:
    """How far the app's history has come, in percent, or why it does not come."""

    phone_number_id: str
    progress: int | None = None
    errors: tuple[EventError, ...] = ()


@dataclass(frozen=True)
class AddressBookEntry:
    """Somebody in the address book of the app, by the name that it has there."""

    phone_number_id: str
    person: Sender
    is_removed: bool


@dataclass(frozen=True)
class Handover:
    """Who answers a patient from now on: Meta's own agent, or the clinic.

    ``timestamp`` is None where the news came without one; ``asks_for_person`` tells
    that the agent cannot help the patient.
    """

    phone_number_id: str
    person: Sender
    to_agent: bool
    timestamp: datetime | None
    asks_for_person: bool = False


@dataclass(frozen=True)
class InboundCall:
    """A patient called the clinic's number; ``event`` is connect or terminate.

    A call opens the 24-hour window as a message does (Cloud API, calling).
    ``timestamp`` is None where it cannot be read. ``was_answered``: it is over, and
    somebody spoke to the patient.
    """

    phone_number_id: str
    call_id: str = field(repr=False)
    timestamp: datetime | None
    sender: Sender
    event: str | None
    raw: dict = field(repr=False)
    was_answered: bool = False


@dataclass(frozen=True)
class StatusUpdate:
    """What became of a message of the clinic: sent, delivered, read, played or failed.

    ``callback_data`` is what the message was sent with; ``timestamp`` in UTC. A contact
    beside the status may tell the phone number of a user id, or the other way round.
    """

    phone_number_id: str
    message_id: str = field(repr=False)
    status: str
    timestamp: datetime
    recipient_wa_id: str | None = field(repr=False)
    recipient_user_id: str | None = field(repr=False)
    callback_data: str | None
    errors: tuple[EventError, ...]
    pricing: dict | None
    recipient_parent_user_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class TemplateUpdate:
    """News of a template.

    ``kind`` is status, quality, category or components. ``category`` is the present one
    and ``coming_category`` what Meta will change it to. ``language`` is spelled with an
    underscore, whichever way Meta wrote it.

    ``title`` and ``description`` explain a pause or an end (FIRST_PAUSE …),
    ``recommendation`` a rejection; ``disabled_at`` and ``category_changes_at`` are in
    UTC. News of components bring the texts in ``components``, in the shape of a
    definition as far as Meta tells it.
    """

    kind: str
    business_account_id: str
    template_id: str
    name: str | None
    language: str | None
    event: str | None
    reason: str | None
    category: str | None
    previous_category: str | None
    coming_category: str | None
    quality: str | None
    previous_quality: str | None
    timestamp: datetime | None
    raw: dict = field(repr=False)
    title: str | None = None
    description: str | None = None
    recommendation: str | None = None
    disabled_at: datetime | None = None
    category_changes_at: datetime | None = None
    components: tuple[dict, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class UserPreference:
    """A patient used WhatsApp's own control: ``value`` is stop, resume or signup.

    ``signup_id`` names the invitation that a sign-up came from. Where no number of the
    clinic is named, it is said to all of the account.
    """

    phone_number_id: str | None
    wa_id: str | None = field(repr=False)
    user_id: str | None = field(repr=False)
    category: str
    value: str
    timestamp: datetime
    detail: str | None = field(default=None, repr=False)
    signup_id: str | None = None
    business_account_id: str = ""


@dataclass(frozen=True)
class NumberChanged:
    """A patient has a new phone number or a new business-scoped user id.

    ``is_new_number`` holds also where the new number is hidden by a user name.
    ``message_id`` is "" where the news came without one.
    """

    phone_number_id: str
    old_wa_id: str | None = field(repr=False)
    new_wa_id: str | None = field(repr=False)
    old_user_id: str | None = field(repr=False)
    new_user_id: str | None = field(repr=False)
    message_id: str = field(repr=False)
    timestamp: datetime
    is_new_number: bool = True
    old_parent_user_id: str | None = field(default=None, repr=False)
    new_parent_user_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SystemNotice:
    """WhatsApp tells in the conversation of something else about the patient.

    ``kind`` is WhatsApp's, for example ``customer_identity_changed``: a new telephone,
    or WhatsApp installed again. ``text`` are its own words.
    """

    phone_number_id: str
    message_id: str = field(repr=False)
    timestamp: datetime
    sender: Sender
    kind: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class AccountUpdate:
    """News of the account, a number or the app; ``value`` is Meta's own.

    ``field`` is ``errors`` for trouble that belongs to no message. ``detail`` holds
    what can be understood of it, by the kind of field.
    """

    field: str
    business_account_id: str
    value: dict = field(repr=False)
    timestamp: datetime | None = None
    detail: AccountDetail | None = None


@dataclass(frozen=True)
class Unrecognised:
    """Something this version does not know or cannot use; ``why`` quotes nothing."""

    field: str
    raw: Any = field(repr=False)
    why: str


Event = (
    InboundMessage
    | MessageEcho
    | PastMessage
    | Synchronised
    | AddressBookEntry
    | Handover
    | InboundCall
    | StatusUpdate
    | TemplateUpdate
    | UserPreference
    | NumberChanged
    | SystemNotice
    | AccountUpdate
    | Unrecognised
)
