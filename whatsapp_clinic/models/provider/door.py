"""The door to the messengers, in plain Python: what each of them offers and asks.

A messenger is a `Provider`: an object without state that a room or an addon adds by
extending `_providers` of `whatsapp.clinic.provider`. What passes through the door is
neutral; which messenger it is nobody below needs to know.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, BinaryIO, Protocol

from .events import File, Status

NO_CODE = -1
"""Stands for the code of a refusal that brought none (0 is a code)."""


class WritesFirst(Enum):
    """What may be written to somebody who has not written within the window."""

    TEMPLATES = "templates"
    ANYTHING = "anything"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Traits:
    """What a messenger allows, for the gate and for what people are offered.

    `window` is how long after a message of the patient anything may be written, None
    for always; `kinds` are what can be sent, by the names of `vocabulary.kinds`;
    `text_length` is in characters; `buttons` are how many a message may have;
    `receipts` are the states that it reports by itself (delivered, read).

    `pair_wait` says how many seconds the next message to one recipient has to wait, by
    the times (seconds, ascending) of what was sent in the last `pair_memory` seconds
    and the present time; None where there is no such limit. `stop_control`: patients
    can refuse advertising in the messenger itself, and it is told.

    `largest_file` is the most bytes that patients can send; `lost_file_codes` are those
    of refusals that may mean that the messenger has lost an uploaded file;
    `button_title` is in characters.
    """

    window: timedelta | None
    writes_first: WritesFirst
    kinds: frozenset[str]
    text_length: int
    buttons: int = 0
    receipts: frozenset[str] = frozenset()
    pair_wait: Callable[[Iterable[float], float], float] | None = None
    pair_memory: float = 0.0
    stop_control: bool = False
    largest_file: int = 0
    lost_file_codes: frozenset[int] = frozenset()
    button_title: int = 20


class Action(Enum):
    """What to do with a message that a messenger refused.

    RETRY: this message again, after the delay.
    HOLD_RECIPIENT: nothing to this recipient until the delay is over, then again.
    HOLD_CHANNEL: nothing from this channel until the delay is over, then again.
    GIVE_UP: never again as it is.
    OPT_OUT: never again, and record that the recipient objects to advertising.
    """

    RETRY = "retry"
    HOLD_RECIPIENT = "hold_recipient"
    HOLD_CHANNEL = "hold_channel"
    GIVE_UP = "give_up"
    OPT_OUT = "opt_out"


def _at_once(_attempt: int) -> float:
    return 0.0


@dataclass(frozen=True)
class Policy:
    """What to do about a refusal.

    `delay` gives the seconds to wait after the given attempt (1 is the first);
    `max_attempts` counts the first one and is None where there is no bound; `title` is
    the messenger's own term, `cure` one sentence that tells the clinic what to do, in
    English and to be translated; `is_known` is False for what was judged by its class.
    `is_too_fast` asks to send slower, `advertising_pause` is for how many seconds the
    recipient gets no advertising.
    """

    action: Action
    title: str = ""
    cure: str = ""
    delay: Callable[[int], float] = _at_once
    max_attempts: int | None = None
    is_known: bool = True
    is_too_fast: bool = False
    advertising_pause: float = 0.0

    def tell(self, words: str) -> str:
        """The title; with the messenger's words where it says too little itself."""
        return self.title if self.is_known else f"{self.title}: {words[:200]}"

    def allows_another(self, attempts: int) -> bool:
        """Whether a message that was tried `attempts` times may be tried again."""
        if self.action in (Action.GIVE_UP, Action.OPT_OUT):
            return False
        return self.max_attempts is None or attempts < self.max_attempts


class NotAllowed(ValueError):
    """A content that the messenger would refuse.

    `field` names the part, for example `body`; `message` tells the limit and never the
    value, since that is a patient's.
    """

    def __init__(self, field: str, message: str):
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class WrongLength(NotAllowed):
    """A text of more characters than the messenger takes, or of none."""

    def __init__(self, field: str, limit: int, given: int):
        super().__init__(field, f"1 to {limit} characters allowed, {given} given")
        self.limit = limit
        self.given = given


class WrongFileType(NotAllowed):
    """A file of a type that this kind of message does not take."""

    def __init__(self, field: str, message: str, mime_type: str):
        super().__init__(field, message)
        self.mime_type = mime_type


class WrongFileSize(NotAllowed):
    """A file with more bytes than this kind of message takes, or with none."""

    def __init__(self, field: str, limit: int, given: int):
        super().__init__(field, f"1 to {limit} bytes allowed, {given} given")
        self.limit = limit
        self.given = given


class NotSent(Exception):
    """A message did not leave; the text quotes nothing, for it goes into logs."""


class Refused(NotSent):
    """The messenger answered that it will not send it, and `policy` says what to do.

    `title` are its own words and may quote the message: not for logs. `retry_after` is
    in seconds, None where it named no time.
    """

    def __init__(
        self,
        policy: Policy,
        code: int = NO_CODE,
        title: str = "",
        retry_after: float | None = None,
    ):
        super().__init__(f"code {code}")
        self.policy = policy
        self.code = code
        self.title = title
        self.retry_after = retry_after


class Unreachable(NotSent):
    """It certainly was not processed and may be repeated: `policy` says when."""

    def __init__(self, policy: Policy, words: str = ""):
        super().__init__(words)
        self.policy = policy


class NoAnswer(NotSent):
    """Nobody knows whether it was sent; only a status can tell."""


class NotLoaded(NotSent):
    """A file did not come; `reason` is one of `wrong_host`, `too_large` and `gone`, or
    None. `is_final`: asking again does not help."""

    def __init__(self, reason: str | None, is_final: bool, words: str = ""):
        super().__init__(words)
        self.reason = reason
        self.is_final = is_final


@dataclass(frozen=True)
class OutgoingFile:
    """A file that the messenger keeps: as what it is sent, and its id there."""

    kind: str
    remote_id: str = field(repr=False)
    filename: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Outgoing:
    """A message as it leaves, whichever messenger takes it.

    `to` is the recipient's address, `text` what they read, `buttons` are (what comes
    back when it is tapped, its title); `reply_to` is the remote id of what it answers;
    `correlation` comes back in every status.

    `kind` is one of the messenger's `Traits.kinds`; `content` is what the kind has
    besides the text, as `outbox/rendering.py` tells, and `file` its file;
    `token` comes back with the answer of a form. `native` makes the call of a template
    where the messenger has them.
    """

    to: str = field(repr=False)
    correlation: str
    text: str = field(repr=False, default="")
    buttons: tuple[tuple[str, str], ...] = field(repr=False, default=())
    reply_to: str | None = field(repr=False, default=None)
    kind: str = "text"
    content: dict = field(repr=False, default_factory=dict)
    file: OutgoingFile | None = None
    token: str | None = field(repr=False, default=None)
    native: Callable[[], Any] | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Accepted:
    """The messenger took a message; that it arrived comes by a status.

    `other_address` is the recipient's address as the messenger spells it, where it is
    not the one that was written to.
    """

    remote_id: str = field(repr=False)
    other_address: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Loaded:
    """A downloaded file: open, at its start; `claimed_sha256` is the messenger's word.

    That is in base64 or in hexadecimal, or "" for none.
    """

    file: BinaryIO = field(repr=False)
    size: int
    sha256: bytes = field(repr=False)
    claimed_sha256: str = field(repr=False)


class MalformedWebhook(ValueError):
    """A body that says nothing at all; trying again does not help."""


class Provider(Protocol):
    """A messenger. Objects of it are shared by threads and keep nothing."""

    traits: Traits

    def secrets(self, cr) -> list[tuple[int, str]]:
        """What signs this messenger's webhooks, by the ids of who has it (accounts).

        Asked by the webhook's door, where no model is loaded: by SQL alone.
        """

    def verify(self, secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether these bytes are signed with the secret, compared in constant time."""

    def speaks_for(self, env, signer: int | None) -> frozenset[int]:
        """Ids of the channels, archived too, of which one of `secrets` may speak."""

    def greet(self, cr, query: Mapping[str, str]) -> str | None:
        """The answer to who asks whether a webhook's address is ours; None for no."""

    def sender(self, body: bytes) -> bytes | None:
        """Who wrote all of a body, seen without understanding it; None for several."""

    def parse(self, body: bytes) -> list:
        """What a body says, as `events`. Raises MalformedWebhook."""

    def render(self, outgoing: Outgoing) -> Any:
        """The call that sends a message. Raises NotAllowed for what is refused."""

    def connect(self, channel) -> Any:
        """What `send` needs to speak for a channel; asked once a slice of sending."""

    def send(self, connection, call: Any) -> Accepted:
        """Make one call, in a thread that has neither cursor nor environment.

        Raises Refused, Unreachable or NoAnswer; whatever else counts as NoAnswer.
        """

    def kind_of_file(self, mime_type: str) -> str:
        """As which of its kinds a file is sent for which nobody chose one."""

    def check_file(
        self, kind: str, content: bytes, mime_type: str, is_voice: bool = False
    ) -> None:
        """Raise NotAllowed for a file that is not taken as this kind of message."""

    def upload(self, connection, content: bytes, mime_type: str) -> str:
        """Have the messenger keep a file; its id there. In a thread, as `send`."""

    def download(self, connection, file: File, limit: int) -> Loaded:
        """Load a file of at most so many bytes. In a thread, as `send`.

        Raises NotLoaded as well.
        """

    def look_up(
        self, connection, external_id: str, remote_ids: list[str]
    ) -> list[Status]:
        """What became of messages of which no status came, as far as it is told.

        Asked in the background, where nothing else may happen; [] where the messenger
        tells nothing.
        """

    def policy(self, code: int) -> Policy:
        """What to do about a refusal that came later than the answer, by its code."""


class Unknown(LookupError):
    """No messenger of this name is installed."""


def find(providers: Mapping[str, Provider], name: str) -> Provider:
    """The messenger of a name. Raises Unknown."""
    try:
        return providers[name]
    except KeyError:
        raise Unknown(name) from None
