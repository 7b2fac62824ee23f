"""What a messenger reports, in words that hold for all of them.

A provider's `parse` makes these of a body, and the router (`intake/inbound.py`) hands
each to who knows what to do about it. What only one messenger reports are classes of
its own, for which its room or addon extends `_handlers` of the router.

`external_id` says which channel of the clinic is meant, by the messenger's id of it;
`remote_id` is the messenger's id of a message. Times are in UTC and by the messenger's
clock. Texts are as they came: who stores one cleans it. Personal values are kept out of
the `repr`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Person:
    """Somebody at a messenger. At least one of `wa_id` and `user_id` is known.

    `wa_id` is the telephone number in digits, with the country's and without a plus;
    `user_id` is the messenger's own name for them.
    """

    wa_id: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    profile_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class File:
    """A file that the messenger keeps: what it is called there, and what is said of it.

    `url` may be missing and is good for minutes only; `sha256` is in base64 or in
    hexadecimal.
    """

    id: str = field(repr=False)
    mime_type: str
    sha256: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    filename: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Message:
    """Somebody wrote, tapped, reacted, or corrected or deleted what they wrote.

    `kind` is one of `vocabulary.kinds`, or a name that nobody knows yet. `text` is what
    there is to read: the words, a caption, the title of a tapped button, the emoji of a
    reaction ("" takes it back). `payload` is what comes back from a tap; `about` the
    remote id of the message that it quotes, answers, corrects or deletes.

    `content` is what it has besides, in the shape in which messages keep it
    (`message/message_content.py`). `raw` is the message as it came, where not all of it
    was understood. `own_number` (digits) is the sender's telephone, given because the
    clinic asked. `is_standby`: somebody else answers the sender at the messenger.
    """

    external_id: str
    remote_id: str = field(repr=False)
    at: datetime | None
    sender: Person
    kind: str = "text"
    text: str | None = field(default=None, repr=False)
    payload: str | None = field(default=None, repr=False)
    about: str | None = field(default=None, repr=False)
    file: File | None = None
    content: dict[str, Any] | None = field(default=None, repr=False)
    raw: Any = field(default=None, repr=False)
    own_number: str | None = field(default=None, repr=False)
    is_standby: bool = False


@dataclass(frozen=True)
class Call:
    """Somebody called; `was_answered`: it is over, and somebody spoke to them."""

    external_id: str
    remote_id: str = field(repr=False)
    at: datetime | None
    sender: Person
    was_answered: bool = False


@dataclass(frozen=True)
class Failure:
    """Why the messenger did not deliver; `title` are its own words."""

    code: int
    title: str


@dataclass(frozen=True)
class Price:
    """What the messenger says of the price of a message; `told` is all of it."""

    told: Any
    category: str | None = None
    kind: str | None = None
    is_billable: bool | None = None


@dataclass(frozen=True)
class Status:
    """What became of a message of the clinic.

    `state` is sent, delivered, read or failed; `correlation` is what the message was
    sent with. `recipient` is told where the messenger says both of their ids.
    """

    external_id: str
    remote_id: str = field(repr=False)
    state: str
    at: datetime
    correlation: str = ""
    failure: Failure | None = None
    recipient: Person | None = None
    price: Price | None = None


@dataclass(frozen=True)
class AddressChanged:
    """Somebody has another telephone number (`is_new_number`) or another user id.

    `former` is how they were known. `new_wa_id` may be hidden; `remote_id` is "" where
    the news is no message in the conversation.
    """

    external_id: str
    remote_id: str = field(repr=False)
    at: datetime
    former: Person
    is_new_number: bool
    new_wa_id: str | None = field(default=None, repr=False)
    new_user_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Notice:
    """The messenger tells in the conversation of something else about somebody.

    `kind` and `text` are its own words.
    """

    external_id: str
    remote_id: str = field(repr=False)
    at: datetime
    sender: Person
    kind: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class AdvertisingChoice:
    """Somebody refused advertising in the messenger itself, or allows it again.

    `evidence` says for the record how.
    """

    external_id: str
    at: datetime
    sender: Person
    is_stop: bool
    evidence: str


@dataclass(frozen=True)
class Unrecognised:
    """What this version does not know or cannot use; `why` quotes nothing of it.

    `field` is the messenger's name of the part, `raw` the part as it came.
    """

    field: str
    raw: Any = field(repr=False)
    why: str
