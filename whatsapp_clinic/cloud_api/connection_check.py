"""Whether a number is connected: ten checks, each with what to do.

They follow the order in which a connection is made (Cloud API, onboarding), so that the
first line that is not fine is the one to fix first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from urllib.parse import urlsplit

from .client import AppClient, CloudApiClient, TokenInfo
from .errors import UNREACHABLE, CallFailed, CloudApiError
from .wording import _lt

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
"""Permissions that the access token needs."""
WEBHOOK_FIELDS = (
    "messages",
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
    "phone_number_quality_update",
    "account_update",
    "account_alerts",
    "business_capability_update",
    "security",
    "user_preferences",
    "standby",
    "messaging_handovers",
    "smb_message_echoes",
    "smb_app_state_sync",
    "history",
)
"""What the app has to subscribe to; without the first no message arrives."""
FIELDS_SINCE_V26 = ("standby", "messaging_handovers")
EXPIRES_SOON = timedelta(days=14)

NOT_CHECKED = _lt("Not checked: fix the points above first.")
"""The advice of a line that was left out because of one before it."""

NUMBER_FIELDS = (
    (
        "id",
        "display_phone_number",
        "verified_name",
        "status",
        "code_verification_status",
        "name_status",
        "platform_type",
    ),
    ("quality_rating", "throughput", "whatsapp_business_manager_messaging_limit"),
    ("account_mode", "is_pin_enabled"),
    ("is_on_biz_app",),
    ("health_status",),
)
"""In groups: one field that the token may not read fails all of a request."""
ACCOUNT_FIELDS = ("id", "name", "account_review_status")
INVALID_TOKEN = 190
"""The code with which WhatsApp refuses an access token, or an app's own token."""
WRONG_APP = _lt("WhatsApp does not know this app id with this app secret: check both.")


class State(Enum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


def webhook_fields(api_version: str) -> tuple[str, ...]:
    """Return what to subscribe to; one unknown field would refuse all of them."""
    is_older = int(api_version[1:].partition(".")[0]) < 26
    left_out = FIELDS_SINCE_V26 if is_older else ()
    return tuple(name for name in WEBHOOK_FIELDS if name not in left_out)


@dataclass(frozen=True)
class Expected:
    """What the clinic has set up.

    ``callback_url`` is the address that webhooks must come to.
    """

    app_id: str
    business_account_id: str
    phone_number_id: str
    callback_url: str


@dataclass(frozen=True)
class Facts:
    """What WhatsApp cannot tell; times with a zone.

    ``last_inbound_at``: the last signed message of a patient to this number, if any.
    ``payment_refused``: the last refusal for payment (131042) was not followed by an
    accepted message.
    """

    now: datetime
    last_inbound_at: datetime | None = None
    payment_refused: bool = False


@dataclass(frozen=True)
class Result:
    """One line: ``advice`` says what to do, "" when all is well.

    ``key`` is one of ``TITLES``. Both texts are to be translated.
    """

    key: str
    state: State
    advice: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What was checked."""
        return TITLES[self.key]

    def tell(self, translate: Callable[[str], str] = str) -> str:
        """What to do, in a sentence; ``translate`` gets the marked English text."""
        return translate(self.advice) % self.values


TITLES = {
    "token": _lt("The access token is valid"),
    "business_account": _lt("The WhatsApp account can be reached"),
    "number_listed": _lt("The number belongs to the account"),
    "number": _lt("The number is connected"),
    "health": _lt("WhatsApp lets the number send"),
    "registration": _lt("The number is registered"),
    "subscribed_app": _lt("The app gets the account's webhooks"),
    "webhooks": _lt("The webhooks come to this address"),
    "inbound": _lt("A message has arrived"),
    "payment": _lt("WhatsApp can charge"),
}


def check(
    client: CloudApiClient, app: AppClient | None, expected: Expected, facts: Facts
) -> Iterator[Result]:
    """Yield ten results, in the order of ``TITLES``; no error of a call is raised.

    ``app`` is None while app id and secret are not known; what needs it then warns.
    After the access token turned out to be dead, or WhatsApp cannot be reached, the
    rest is not asked. What fails for the reason of an earlier line counts as not
    checked: the earlier one is to be fixed.
    """
    connection = _Connection(client, app, expected, facts)
    blocked = False
    told = set()
    for key, step in _STEPS.items():
        if blocked and key not in _WITHOUT_CALLS:
            yield Result(key, State.WARN, NOT_CHECKED)
            continue
        try:
            result = Result(key, *step(connection))
        except CallFailed as error:
            blocked = _blocks(error)
            result = Result(key, State.FAIL, _cure(error))
        if result.advice in told:
            result = Result(key, State.WARN, NOT_CHECKED)
        elif result.state is State.FAIL:
            told.add(result.advice)
        yield result


def read_number(client: CloudApiClient) -> dict:
    """Return what WhatsApp tells about the number, in its own shape.

    A group of fields that it refuses is left out; the first must come.
    """
    number = client.phone_number(NUMBER_FIELDS[0])
    for group in NUMBER_FIELDS[1:]:
        try:
            number |= client.phone_number(group)
        except CloudApiError as error:
            if _blocks(error) or error.policy.is_temporary:
                raise
    return number


class _Connection:
    """What was asked once and is looked at by several steps."""

    def __init__(
        self,
        client: CloudApiClient,
        app: AppClient | None,
        expected: Expected,
        facts: Facts,
    ):
        self.client = client
        self.app = app
        self.expected = expected
        self.facts = facts

    @cached_property
    def number(self) -> dict:
        return read_number(self.client)

    @cached_property
    def mistaken_ids(self) -> str | None:
        """What is wrong with the two ids, when an object with one is not there."""
        account, number = (
            self.expected.business_account_id,
            self.expected.phone_number_id,
        )
        if not self._is_number(account):
            return _LISTED_AS_ACCOUNT if self._is_account(number) else None
        return _SWAPPED if self._is_account(number) else _NOT_AN_ACCOUNT

    def _is_number(self, node: str) -> bool:
        return _has("display_phone_number", node, self.client.phone_number)

    def _is_account(self, node: str) -> bool:
        return _has("timezone_id", node, self._account)

    def _account(self, names: list[str], node: str) -> dict:
        return self.client.business_account(node, names)


_Outcome = tuple
_FINE = (State.OK,)
_SWAPPED = _lt(
    "The WhatsApp account id and the phone number id look swapped: exchange them."
)
_NOT_AN_ACCOUNT = _lt(
    "The WhatsApp account id is that of a phone number: copy the account's id from"
    " WhatsApp Manager."
)
_LISTED_AS_ACCOUNT = _lt(
    "The phone number id is that of an account: copy the number's id from the page API"
    " Setup."
)
_NO_APP = _lt("Enter the app's id and secret so that this can be checked.")


def _token(connection: _Connection) -> _Outcome:
    if not connection.app:
        return State.WARN, _NO_APP
    try:
        token = connection.client.token_info(connection.app)
    except CloudApiError as error:
        return State.FAIL, app_fault(error)
    expected = connection.expected
    fault = token_fault(token, expected.app_id, connection.facts.now)
    if fault:
        return State.FAIL, *fault
    if _is_for_others(token, expected.business_account_id) and (
        not connection.mistaken_ids
    ):
        return State.FAIL, _lt(
            "The access token is for other WhatsApp accounts: give its system user"
            " access to this one and create a new token."
        )
    ends = token.expires_at
    if ends and ends - connection.facts.now < EXPIRES_SOON:
        return (
            State.WARN,
            _lt("The access token ends on %(date)s: use one that never expires."),
            {"date": ends.date().isoformat()},
        )
    return _FINE


def token_fault(
    token: TokenInfo, app_id: str, now: datetime
) -> tuple[str, Mapping[str, object]] | None:
    """Return what to do, with its values, about a token that cannot be used at all."""
    if not token.is_valid or (token.expires_at and token.expires_at <= now):
        return (
            _lt(
                "The access token is no longer valid: create a new one and save it"
                " here."
            ),
            {},
        )
    if token.app_id != app_id:
        return (
            _lt(
                "The access token belongs to another app: create one for the app"
                " entered here."
            ),
            {},
        )
    missing = [scope for scope in SCOPES if scope not in token.scopes]
    if missing:
        return (
            _lt("The access token lacks %(scopes)s: create a new one with both."),
            {"scopes": ", ".join(missing)},
        )
    return None


def app_fault(error: CloudApiError) -> str:
    """Return what to do about the refusal of a call in the name of the app."""
    policy = error.policy
    return policy.cure_of_request if policy.is_temporary else WRONG_APP


def _is_for_others(token: TokenInfo, business_account_id: str) -> bool:
    """A permission without targets is for all that the token's user has."""
    return any(
        business_account_id not in token.targets.get(scope, {business_account_id})
        for scope in SCOPES
    )


def _business_account(connection: _Connection) -> _Outcome:
    account_id = connection.expected.business_account_id
    try:
        account = connection.client.business_account(account_id, ACCOUNT_FIELDS)
    except CloudApiError as error:
        return _explained(connection, error)
    review = account.get("account_review_status", "APPROVED")
    if review == "REJECTED":
        return State.FAIL, _lt(
            "WhatsApp rejected the account: read why in WhatsApp Manager and ask for a"
            " review."
        )
    if review != "APPROVED":
        return State.WARN, _lt("WhatsApp still reviews the account: wait for it.")
    return _FINE


def _number_listed(connection: _Connection) -> _Outcome:
    account_id = connection.expected.business_account_id
    fields = ("id", "display_phone_number")
    try:
        numbers = list(connection.client.phone_numbers(account_id, fields))
    except CloudApiError as error:
        return _explained(connection, error)
    if connection.expected.phone_number_id in [number.get("id") for number in numbers]:
        return _FINE
    shown = [f"{one.get('display_phone_number')} ({one.get('id')})" for one in numbers]
    return (
        State.FAIL,
        _lt("The account has no number with this id, but: %(numbers)s."),
        {"numbers": ", ".join(shown) or "-"},
    )


def _number(connection: _Connection) -> _Outcome:
    try:
        number = connection.number
    except CloudApiError as error:
        return _explained(connection, error)
    status = number.get("status")
    if status in ("BANNED", "RESTRICTED", "FLAGGED", "RATE_LIMITED"):
        return (
            State.FAIL,
            _lt(
                "WhatsApp has limited the number (%(status)s): open WhatsApp Manager"
                " and ask for a review."
            ),
            {"status": status},
        )
    if status != "CONNECTED":
        return (
            State.FAIL,
            _lt("The number is %(status)s: register it with its PIN."),
            {"status": status or "-"},
        )
    return _advised(number) or _FINE


def _advised(number: dict) -> _Outcome | None:
    """What will become a nuisance although messages leave."""
    if number.get("account_mode") == "SANDBOX":
        return State.WARN, _lt(
            "This is a test number: it reaches only the recipients on its list."
        )
    if number.get("quality_rating") == "RED":
        return State.WARN, _lt(
            "Patients often block or report this number: send less that they did not"
            " ask for."
        )
    if number.get("name_status") in ("DECLINED", "EXPIRED", "NONE"):
        return State.WARN, _lt(
            "The display name is not approved: correct it in WhatsApp Manager."
        )
    return None


def _health(connection: _Connection) -> _Outcome:
    try:
        health = _dict(connection.number.get("health_status"))
    except CloudApiError as error:
        return _explained(connection, error)
    state = health.get("can_send_message")
    if state == "AVAILABLE":
        return _FINE
    words = {"words": _words(health) or "-"}
    if state == "BLOCKED":
        return State.FAIL, _lt("WhatsApp blocks sending: %(words)s"), words
    if state == "LIMITED":
        return State.WARN, _lt("WhatsApp limits sending: %(words)s"), words
    return State.WARN, _lt("WhatsApp does not tell whether the number can send.")


def _words(health: dict) -> str:
    """What WhatsApp itself says about the entities that are not available."""
    found = []
    for entity in _dicts(health.get("entities")):
        infos = entity.get("additional_info")
        found += [info for info in infos or () if isinstance(info, str)]
        for error in _dicts(entity.get("errors")):
            parts = (error.get("error_description"), error.get("possible_solution"))
            found.append(" ".join(part for part in parts if isinstance(part, str)))
    return " ".join(dict.fromkeys(found))


def _registration(connection: _Connection) -> _Outcome:
    try:
        number = connection.number
    except CloudApiError as error:
        return _explained(connection, error)
    if number.get("code_verification_status") == "NOT_VERIFIED":
        return State.FAIL, _lt(
            "The number is not verified: have a code sent to it, enter it, then"
            " register the number."
        )
    if number.get("platform_type", "CLOUD_API") != "CLOUD_API":
        return State.FAIL, _lt(
            "The number is not registered for the Cloud API: register it with its PIN."
        )
    if number.get("is_pin_enabled") is False:
        return State.WARN, _lt(
            "Two-step verification is off: set a PIN, or others could take the number."
        )
    return _FINE


def _subscribed_app(connection: _Connection) -> _Outcome:
    account_id = connection.expected.business_account_id
    try:
        apps = list(connection.client.subscribed_apps(account_id))
    except CloudApiError as error:
        return _explained(connection, error)
    if apps and not connection.expected.app_id:
        return State.WARN, _NO_APP
    ours = [app for app in apps if _app_id(app) == connection.expected.app_id]
    if not ours:
        return State.FAIL, _lt(
            "The app is not subscribed to the account, so that no webhook comes:"
            " subscribe it."
        )
    override = ours[0].get("override_callback_uri")
    if override and override != connection.expected.callback_url:
        return State.FAIL, _lt(
            "The account sends its messages to another address: remove the override of"
            " the callback address."
        )
    return _FINE


def _webhooks(connection: _Connection) -> _Outcome:
    if not connection.app:
        return State.WARN, _NO_APP
    if not _is_reachable(connection.expected.callback_url):
        return State.FAIL, _lt(
            "WhatsApp delivers only to addresses that begin with https://: set the"
            " system parameter web.base.url to that of this Odoo."
        )
    try:
        subscriptions = connection.app.subscriptions()
    except CloudApiError as error:
        return State.FAIL, app_fault(error)
    ours = [
        one for one in subscriptions if one.get("object") == "whatsapp_business_account"
    ]
    if not ours or ours[0].get("active") is False:
        return State.FAIL, _lt(
            "The app has no webhook for WhatsApp: enter callback address and verify"
            " token in the app's WhatsApp configuration."
        )
    if ours[0].get("callback_url") != connection.expected.callback_url:
        return (
            State.FAIL,
            _lt("The app's webhooks go elsewhere: enter %(address)s as its callback."),
            {"address": connection.expected.callback_url},
        )
    missing = [name for name in WEBHOOK_FIELDS if name not in _field_names(ours[0])]
    if not missing:
        return _FINE
    return (
        State.FAIL if WEBHOOK_FIELDS[0] in missing else State.WARN,
        _lt("Subscribe the app's webhook to these fields too: %(fields)s."),
        {"fields": ", ".join(missing)},
    )


def _inbound(connection: _Connection) -> _Outcome:
    if connection.facts.last_inbound_at:
        return _FINE
    number = connection.__dict__.get("number")
    if not number:
        return State.WARN, NOT_CHECKED
    return (
        State.WARN,
        _lt(
            "Write a message to %(number)s from a phone. If it does not arrive: is the"
            " app Live, and is the app secret right?"
        ),
        {"number": number.get("display_phone_number") or "-"},
    )


def _payment(connection: _Connection) -> _Outcome:
    if connection.facts.payment_refused:
        return State.FAIL, _lt(
            "WhatsApp refused a message for lack of payment: add a payment method in"
            " WhatsApp Manager."
        )
    return _FINE


_STEPS: dict[str, Callable[[_Connection], _Outcome]] = {
    "token": _token,
    "business_account": _business_account,
    "number_listed": _number_listed,
    "number": _number,
    "health": _health,
    "registration": _registration,
    "subscribed_app": _subscribed_app,
    "webhooks": _webhooks,
    "inbound": _inbound,
    "payment": _payment,
}
_WITHOUT_CALLS = ("inbound", "payment")


def _explained(connection: _Connection, error: CloudApiError) -> _Outcome:
    """Say that the ids are mistaken if that is why an object is not there."""
    if _blocks(error):
        raise error
    if error.code == 100 and connection.mistaken_ids:
        return State.FAIL, connection.mistaken_ids
    return State.FAIL, error.policy.cure_of_request


def _blocks(error: CallFailed) -> bool:
    """Whether every other call would end alike."""
    return not isinstance(error, CloudApiError) or error.code == INVALID_TOKEN


def _cure(error: CallFailed) -> str:
    if isinstance(error, CloudApiError):
        return error.policy.cure_of_request
    return UNREACHABLE.cure


def _has(name: str, node: str, ask: Callable[[list[str], str], dict]) -> bool:
    try:
        return name in ask([name], node)
    except CloudApiError:
        return False


def _app_id(subscription: dict) -> str:
    return str(_dict(subscription.get("whatsapp_business_api_data")).get("id"))


def _is_reachable(address: str) -> bool:
    """Whether WhatsApp accepts it (HTTPS), or it is on this machine (a sandbox)."""
    url = urlsplit(address)
    return url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1", "::1")


def _field_names(subscription: dict) -> set[str]:
    """Meta lists fields by name, or as objects with name and version."""
    fields = subscription.get("fields")
    return {
        str(one.get("name") if isinstance(one, dict) else one)
        for one in (fields if isinstance(fields, list) else [])
    }


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict]:
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]
