"""What can go wrong in a call to the Cloud API, and what to do about it.

A call ends in one of four ways: it returns; WhatsApp refused it (``CloudApiError``,
and ``policy`` says what to do); it certainly was not processed (``ConnectionFailed``,
safe to repeat); nobody knows (``OutcomeUnknown``: WhatsApp has no idempotency key, so
that repeating it may write to the patient twice).

The texts of these exceptions never hold phone numbers, message texts or tokens: they go
into logs.
"""

import random as random_module
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .wording import _lt

NO_CODE = -1
"""Stands for the code of an answer or error that brought none (0 is a code)."""

MARKETING_CAP = 131049
"""The recipient got as much advertising as WhatsApp allows. Meta watches who repeats
(April 2026): no more of it to this recipient for ``MARKETING_PAUSE`` seconds."""

_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
MARKETING_PAUSE = _DAY
_JITTER = 0.25
_LONGEST_DELAY = 6 * _HOUR


class Action(Enum):
    """What to do with a message that WhatsApp refused.

    RETRY: this message again, after the delay.
    HOLD_RECIPIENT: nothing to this recipient until the delay is over, then again.
    HOLD_CHANNEL: nothing from this number until the delay is over, then again.
    GIVE_UP: never again as it is.
    OPT_OUT: never again, and record that the recipient objects to marketing.
    """

    RETRY = "retry"
    HOLD_RECIPIENT = "hold_recipient"
    HOLD_CHANNEL = "hold_channel"
    GIVE_UP = "give_up"
    OPT_OUT = "opt_out"


@dataclass(frozen=True)
class Policy:
    """What to do about one error code.

    ``first_delay`` is in seconds and grows by ``factor`` with every attempt;
    ``max_attempts`` counts the first one and is None where there is no bound;
    ``title`` is WhatsApp's own term, ``cure`` one sentence that tells the clinic what
    to do, in English and to be translated; ``is_known`` is False for a code that is not
    in the table and was judged by its class.
    """

    action: Action
    first_delay: float
    factor: float
    max_attempts: int | None
    title: str
    cure: str
    is_known: bool = True

    def tell(self, words: str) -> str:
        """The title; with WhatsApp's own words where the code is not in the table."""
        return self.title if self.is_known else f"{self.title}: {words[:200]}"

    @property
    def is_temporary(self) -> bool:
        """Whether the same goes well later without anybody fixing anything."""
        return self.cure is _WAIT

    @property
    def cure_of_request(self) -> str:
        """The cure where nothing is sent again by itself."""
        return _TRY_LATER if self.is_temporary else self.cure

    def allows_another(self, attempts: int) -> bool:
        """Whether a message that was tried ``attempts`` times may be tried again."""
        if self.action in (Action.GIVE_UP, Action.OPT_OUT):
            return False
        return self.max_attempts is None or attempts < self.max_attempts

    def delay(
        self, attempt: int, random: Callable[[], float] = random_module.random
    ) -> float:
        """Seconds to wait after the given attempt (1 is the first).

        ``random`` returns a number in [0, 1). Jitter only ever lengthens the wait, by
        up to a quarter: some waits are the least that WhatsApp accepts.
        """
        exponent = min(max(attempt, 1) - 1, 32)
        longest = max(self.first_delay, _LONGEST_DELAY)
        delay = min(self.first_delay * self.factor**exponent, longest)
        return delay * (1 + _JITTER * random())


class CallFailed(Exception):
    """A call to the Cloud API did not bring its result."""


class CloudApiError(CallFailed):
    """WhatsApp answered that it will not do what was asked.

    ``retry_after`` is in seconds, None when WhatsApp named no time. ``title`` and
    ``details`` are WhatsApp's words and may quote what was sent: not for logs.
    """

    def __init__(
        self,
        code: int,
        *,
        http_status: int,
        subcode: int | None = None,
        title: str = "",
        details: str = "",
        fbtrace_id: str | None = None,
        retry_after: float | None = None,
    ):
        super().__init__(f"code {code}, HTTP {http_status}, fbtrace_id {fbtrace_id}")
        self.code = code
        self.subcode = subcode
        self.title = title
        self.details = details
        self.http_status = http_status
        self.fbtrace_id = fbtrace_id
        self.retry_after = retry_after

    @property
    def policy(self) -> Policy:
        """What to do about this error."""
        return policy(self.code, self.http_status, self.subcode)


class ConnectionFailed(CallFailed):
    """The request certainly was not processed; it is safe to repeat.

    The text is the name of the underlying exception, for example
    ``ConnectionRefusedError``, ``gaierror`` (DNS) or ``SSLCertVerificationError``.
    """


class OutcomeUnknown(CallFailed):
    """The request may or may not have been processed.

    Raised when no answer came in time, the connection broke after the request was
    written, or the answer is not one of WhatsApp's. Never repeat it blindly. The text
    is the name of the underlying exception or a few words of our own.
    """


class MediaFailed(CallFailed):
    """A file was not downloaded, for a reason that repeating does not fix."""


class MediaExpired(MediaFailed):
    """The address is no longer good; the file's id may give a new one."""


class MediaTooLarge(MediaFailed):
    """The file is larger than allowed."""


class ForeignAddress(MediaFailed):
    """The address is on no host of WhatsApp; the access token did not go there."""


def policy(
    code: int, http_status: int | None = None, subcode: int | None = None
) -> Policy:
    """Return what to do about an error code of the Cloud API.

    ``http_status`` decides only for codes that are not in the table: Meta says to rely
    on the code. It is None for errors that arrive by webhook.
    """
    if (code, subcode) in _BY_SUBCODE:
        return _BY_SUBCODE[code, subcode]
    return _BY_CODE.get(code) or _fallback(code, http_status)


def known_codes() -> frozenset[int]:
    """The codes that have an entry in the table."""
    return frozenset(_BY_CODE)


def _fallback(code: int, http_status: int | None) -> Policy:
    if http_status in (408, 425, 429) or (http_status or 0) >= 500:
        return _UNKNOWN_TEMPORARY
    if http_status == 401:
        return _BY_CODE[190]
    if code == NO_CODE and _comes_from_elsewhere(http_status):
        return _NOT_WHATSAPP
    return _UNKNOWN_FINAL


def _comes_from_elsewhere(http_status: int | None) -> bool:
    return http_status in (403, 404, 407) or 300 <= (http_status or 0) < 400


# action, first delay in seconds, factor, attempts
_NEVER = (Action.GIVE_UP, 0.0, 1.0, 1)
_SOON = (Action.RETRY, 5.0, 2.0, 8)
_THRICE = (Action.RETRY, 10.0, 3.0, 4)
_RATE = (Action.RETRY, 1.0, 2.0, None)
_PAIR = (Action.HOLD_RECIPIENT, 4.0, 4.0, None)
_IN_TEN_MINUTES = (Action.RETRY, 10 * _MINUTE, 2.0, 4)
_IN_AN_HOUR = (Action.RETRY, _HOUR, 2.0, 4)
_AFTER_PAUSE = (Action.RETRY, 3 * _HOUR, 2.0, 2)
_ONCE_NEXT_DAY = (Action.RETRY, _DAY, 1.0, 2)
_ONCE_IN_THREE_DAYS = (Action.RETRY, 3 * _DAY, 1.0, 2)
_BREAK = (Action.HOLD_CHANNEL, _MINUTE, 2.0, None)
_STOP = (Action.HOLD_CHANNEL, _HOUR, 2.0, None)
_AT_ONCE = (Action.HOLD_CHANNEL, 5.0, 1.0, None)
_OBJECTED = (Action.OPT_OUT, 0.0, 1.0, 1)

_WAIT = _lt("No action needed: the message is sent again automatically.")
_TRY_LATER = _lt("Please try again in a few minutes.")
_RECONNECT = _lt(
    "Create a new access token in Meta Business Suite and save it in the channel."
)
_PERMISSION = _lt(
    "Give the system user access to the WhatsApp account and both WhatsApp permissions,"
    " then create a new access token."
)
_SETUP = _lt(
    "Check the channel's phone number id, business account id and access token."
)
_REPORT = _lt(
    "Tell your administrator: the message does not have the form WhatsApp expects."
)
_TEMPLATE = _lt("Synchronise the template and check that its variables are mapped.")
_APPEAL = _lt("Open WhatsApp Manager, read the notice and ask Meta for a review.")
_REGISTER = _lt("Register the phone number again in the channel's set-up.")
_OTHER_WAY = _lt("Reach the patient in another way.")
_MEDIA = _lt("Send the file again in a format and size that WhatsApp accepts.")
_MARKETING_API = _lt(
    "Marketing messages cannot be sent this way; use a utility template."
)
_GROUPS = _lt("WhatsApp groups are not supported; write to the patient directly.")
_CALLING = _lt("WhatsApp calls are not supported; call the patient by telephone.")
_USERNAME = _lt("Check the user name in WhatsApp Manager.")
_BLOCKING = _lt(
    "Check the list of blocked patients; only recent writers can be blocked."
)
_COEXISTENCE = _lt("Connect the number again to synchronise the WhatsApp Business app.")

# Codes, titles and what is worth a retry: Cloud API, error codes (edition of 2026).
_TABLE = (
    (0, "AuthException", _STOP, _RECONNECT),
    (1, "API Unknown", _THRICE, _WAIT),
    (2, "API Service", _SOON, _WAIT),
    (3, "API Method", _STOP, _PERMISSION),
    (4, "API Too Many Calls", _BREAK, _WAIT),
    (10, "Permission Denied", _STOP, _PERMISSION),
    (17, "User request limit reached", _BREAK, _WAIT),
    (33, "Parameter value is not valid", _STOP, _SETUP),
    (100, "Invalid parameter", _NEVER, _REPORT),
    (102, "Session key invalid", _STOP, _RECONNECT),
    (190, "Access token expired", _STOP, _RECONNECT),
    (range(200, 300), "API Permission", _STOP, _PERMISSION),
    (341, "Application limit reached", _BREAK, _WAIT),
    (368, "Temporarily blocked for policy violations", _STOP, _APPEAL),
    (
        506,
        "Duplicate post",
        _NEVER,
        _lt("No action needed: the same was sent a moment ago."),
    ),
    (613, "Calls to this API have exceeded the rate limit", _BREAK, _WAIT),
    (803, "Object does not exist", _STOP, _SETUP),
    (
        2200,
        _lt("WhatsApp could not verify the webhook address"),
        _NEVER,
        _lt(
            "WhatsApp asks the address meanwhile: it has to begin with https://, to be"
            " reachable from the internet with a valid certificate and to lead to this"
            " database. The system parameter web.base.url has to be right, too."
        ),
    ),
    (2500, "Unknown path or missing token", _STOP, _SETUP),
    (80007, "Rate limit issues", _BREAK, _WAIT),
    (80008, "Rate limit issues", _BREAK, _WAIT),
    (
        130403,
        "Business has blocked this user",
        _NEVER,
        _lt("Unblock the patient first."),
    ),
    (130429, "Rate limit hit", _RATE, _WAIT),
    (130472, "User's number is part of an experiment", _NEVER, _OTHER_WAY),
    (
        130497,
        "Business account is restricted from messaging users in this country",
        _NEVER,
        _OTHER_WAY,
    ),
    (131000, "Something went wrong", _THRICE, _WAIT),
    (131005, "Access denied", _STOP, _PERMISSION),
    (131008, "Required parameter is missing", _NEVER, _REPORT),
    (131009, "Parameter value is not valid", _NEVER, _REPORT),
    (131016, "Service unavailable", _SOON, _WAIT),
    (131020, "Group error", _NEVER, _GROUPS),
    (
        131021,
        "Recipient cannot be sender",
        _NEVER,
        _lt("The patient's number is the clinic's own; correct it."),
    ),
    (
        131026,
        "Message undeliverable",
        _NEVER,
        _lt(
            "The number may not be on WhatsApp; check it or reach the patient in"
            " another"
            " way."
        ),
    ),
    (
        131030,
        "Recipient phone number not in allowed list",
        _NEVER,
        _lt(
            "A test number writes only to the recipients listed in Meta's app"
            " dashboard;"
            " add the patient there or use a real number."
        ),
    ),
    (131031, "Account has been locked", _STOP, _APPEAL),
    (
        131037,
        "Display name approval needed",
        _STOP,
        _lt("Have the number's display name approved in WhatsApp Manager."),
    ),
    (131041, "Group error", _NEVER, _GROUPS),
    (
        131042,
        "Business eligibility payment issue",
        _STOP,
        _lt(
            "Add or repair the payment method in WhatsApp Manager; check time zone and"
            " currency of the account."
        ),
    ),
    (131045, "Incorrect certificate", _STOP, _REGISTER),
    (
        131047,
        "Re-engagement message",
        _NEVER,
        _lt(
            "The patient last wrote more than 24 hours ago: send an approved template."
        ),
    ),
    (
        131048,
        "Spam rate limit hit",
        _STOP,
        _lt(
            "Patients blocked or reported recent messages: stop campaigns and check the"
            " number's quality in WhatsApp Manager."
        ),
    ),
    (
        131049,
        "Meta chose not to deliver",
        _ONCE_NEXT_DAY,
        _lt(
            "The patient already got as much marketing as WhatsApp allows; the"
            " message is"
            " tried again after a day."
        ),
    ),
    (
        131050,
        "User has stopped receipt of marketing messages",
        _OBJECTED,
        _lt(
            "The patient stopped marketing messages in WhatsApp; this is recorded as an"
            " objection."
        ),
    ),
    (131051, "Unsupported message type", _NEVER, _REPORT),
    (
        131052,
        "Media download error",
        _NEVER,
        _lt("Ask the patient to send the file again."),
    ),
    (131053, "Media upload error", _NEVER, _MEDIA),
    (131055, "Method not allowed", _NEVER, _MARKETING_API),
    (131056, "Pair rate limit hit", _PAIR, _WAIT),
    (131057, "Account in maintenance mode", _BREAK, _WAIT),
    (131059, "Group error", _NEVER, _GROUPS),
    (131061, "Template with maximum price", _NEVER, _MARKETING_API),
    (
        131062,
        "Recipient by user id not supported for this message",
        _NEVER,
        _lt("Ask the patient for the telephone number."),
    ),
    (131063, "Marketing disabled on Cloud API", _NEVER, _MARKETING_API),
    (
        131064,
        "Template classification limit",
        _ONCE_NEXT_DAY,
        _lt(
            "Meta restricts your utility templates; check their categories in WhatsApp"
            " Manager."
        ),
    ),
    (range(131201, 131208), "Group error", _NEVER, _GROUPS),
    (131208, "Too many group requests", _RATE, _WAIT),
    (132000, "Number of parameters does not match", _NEVER, _TEMPLATE),
    (
        132001,
        "Template does not exist in the language",
        _NEVER,
        _lt(
            "Synchronise the templates and check that this one is approved in the"
            " patient's"
            " language."
        ),
    ),
    (
        132005,
        "Hydrated text too long",
        _NEVER,
        _lt("Shorten the template or the values put into it."),
    ),
    (132007, "Format character policy violated", _NEVER, _TEMPLATE),
    (132012, "Parameter format mismatch", _NEVER, _TEMPLATE),
    (
        132015,
        "Template is paused",
        _AFTER_PAUSE,
        _lt(
            "Meta paused the template because of its quality; improve its text or use"
            " another one."
        ),
    ),
    (132016, "Template is disabled", _NEVER, _lt("Use another template.")),
    (132018, "Template parameter validation", _NEVER, _TEMPLATE),
    (132068, "Flow is blocked", _NEVER, _lt("Correct the flow in WhatsApp Manager.")),
    (
        132069,
        "Flow is throttled",
        _IN_AN_HOUR,
        _lt("Check the flow in WhatsApp Manager."),
    ),
    (133000, "Incomplete deregistration", _STOP, _REGISTER),
    (133004, "Server temporarily unavailable", _SOON, _WAIT),
    (
        133005,
        _lt("PIN mismatch"),
        _NEVER,
        _lt("Enter the number's two-step verification PIN."),
    ),
    (133006, "Re-verification needed", _STOP, _REGISTER),
    (
        range(133008, 133010),
        "Too many or too fast PIN guesses",
        _IN_AN_HOUR,
        _lt("Wait, then enter the right two-step verification PIN."),
    ),
    (133010, "Phone number not registered", _STOP, _REGISTER),
    (133015, "Wait before registering", _IN_TEN_MINUTES, _WAIT),
    (
        133016,
        "Register or deregister rate limit",
        _ONCE_IN_THREE_DAYS,
        _lt("Wait 72 hours, then register the number."),
    ),
    (
        134011,
        "Payments terms not accepted",
        _ONCE_NEXT_DAY,
        _lt("Accept the payments terms in WhatsApp Manager."),
    ),
    (134100, "Only marketing messages supported", _NEVER, _MARKETING_API),
    (134101, "Template still synchronising", _IN_TEN_MINUTES, _WAIT),
    (134102, "Template unavailable", _IN_AN_HOUR, _WAIT),
    (135000, "Generic user error", _NEVER, _REPORT),
    (
        136024,
        "Number already verified",
        _NEVER,
        _lt("No action needed: it is verified."),
    ),
    (
        136025,
        _lt("Wrong code"),
        _NEVER,
        _lt("Enter the code that came last, or have a new one sent."),
    ),
    (
        137000,
        "Identity key hash mismatch",
        _NEVER,
        _lt(
            "The number may have a new owner: confirm the patient's identity by"
            " another way"
            " before writing again."
        ),
    ),
    (range(138000, 139000), "Calling error", _NEVER, _CALLING),
    (range(139100, 139104), "Blocking users failed", _NEVER, _BLOCKING),
    (range(147001, 147006), "Business user name error", _NEVER, _USERNAME),
    (
        1609005,
        "Link could not be read",
        _NEVER,
        _lt("Correct the link in the message."),
    ),
    (2494100, "Account in maintenance mode", _BREAK, _WAIT),
    (range(2593107, 2593109), "Synchronisation refused", _NEVER, _COEXISTENCE),
)

# Subcodes of code 100 when a template is submitted (Cloud API, template management).
_TEMPLATE_REFUSALS = (
    (
        2388019,
        "Limit of templates reached",
        _lt("Delete templates that are no longer used, then submit again."),
    ),
    (2388040, "A field is too long", _lt("Shorten the text of the template.")),
    (2388047, "Header is not allowed", _lt("Correct the template's header.")),
    (2388072, "Body is not allowed", _lt("Correct the template's body.")),
    (2388073, "Footer is not allowed", _lt("Correct the template's footer.")),
    (
        2388293,
        "Too many variables for the length",
        _lt("Write more words or use fewer variables."),
    ),
    (
        2388299,
        "Variable at the start or end",
        _lt("Put words before the first and after the last variable."),
    ),
)


def _policy(title: str, course: tuple, cure: str, is_known: bool = True) -> Policy:
    return Policy(*course, title=title, cure=cure, is_known=is_known)


_BY_CODE = {
    code: _policy(title, course, cure)
    for codes, title, course, cure in _TABLE
    for code in (codes if isinstance(codes, range) else (codes,))
}
_BY_SUBCODE = {
    (100, 33): _policy("Object does not exist or is not accessible", _STOP, _SETUP),
    **{
        (100, subcode): _policy(title, _NEVER, cure)
        for subcode, title, cure in _TEMPLATE_REFUSALS
    },
}
_UNKNOWN_TEMPORARY = _policy("Temporary error", _SOON, _WAIT, False)
_UNKNOWN_FINAL = _policy(
    "Unknown error",
    _NEVER,
    _lt("Look the code up in Meta's list of WhatsApp errors."),
    False,
)
UNREACHABLE = _policy(
    _lt("WhatsApp cannot be reached"),
    _AT_ONCE,
    _lt("Check the internet connection of the server; messages wait until it is back."),
)
"""What to do about ``ConnectionFailed``."""
_NOT_WHATSAPP = _policy(
    "The answer did not come from WhatsApp",
    _STOP,
    _lt("Check the channel's address of the API and the firewall or proxy before it."),
)
