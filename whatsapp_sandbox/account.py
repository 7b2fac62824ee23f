"""The account file: who the sandbox's businesses and patients are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DEMO_ACCOUNT = Path(__file__).parent / "accounts" / "demo.json"
COEXISTENCE_THROUGHPUT = 20
PIN_PATTERN = r"^[0-9]{6}$"
SCOPES = (
    "whatsapp_business_messaging",
    "whatsapp_business_management",
    "business_management",
)
# Webhook fields an app can subscribe to (Cloud API, webhooks).
FIELDS = (
    "messages",
    "message_template_status_update",
    "message_template_quality_update",
    "message_template_components_update",
    "template_category_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "account_update",
    "account_alerts",
    "account_review_update",
    "business_capability_update",
    "security",
    "user_preferences",
    "calls",
    "account_settings_update",
    "payment_configuration_update",
    "business_username_updates",
    "history",
    "smb_app_state_sync",
    "smb_message_echoes",
    "standby",
    "messaging_handovers",
)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(Strict):
    """Whether something can send: a node of ``health_status``.

    ``errors`` are ``{error_code, error_description, possible_solution}``.
    """

    can_send_message: Literal["AVAILABLE", "LIMITED", "BLOCKED"] = "AVAILABLE"
    errors: list[dict[str, Any]] = []
    additional_info: list[str] = []


class App(Strict):
    """A Meta app. In ``mode`` "development" the webhooks of patients do not come.

    ``fields`` are the webhook fields it is subscribed to, None for all;
    ``callback_url`` None: its webhooks go where the sandbox's go.
    """

    id: str
    secret: str
    verify_token: str
    name: str = "WhatsApp sandbox"
    require_proof: bool = False
    mode: Literal["live", "development"] = "live"
    fields: list[str] | None = None
    callback_url: str | None = None
    health: Health = Health()

    def hears(self, field: str) -> bool:
        """Whether webhooks of ``field`` come; what is no known field always does."""
        if self.mode != "live":
            return False
        return self.fields is None or field in self.fields or field not in FIELDS


class Token(Strict):
    """An access token. ``expires_at`` is in seconds since the epoch, 0 for never.

    ``app`` None: of the first app; ``business_accounts`` None: may use all of them.
    ``subcode`` comes with the error 190 of a token that is not ``valid``. Whoever asks
    for one of the ``hidden_fields`` among others gets none of them (10).
    """

    token: str
    app: str | None = None
    type: str = "SYSTEM_USER"
    valid: bool = True
    subcode: int | None = 463
    expires_at: int = 0
    scopes: list[str] = list(SCOPES)
    business_accounts: list[str] | None = None
    hidden_fields: list[str] = []

    def is_alive(self, now: float) -> bool:
        return self.valid and (self.expires_at == 0 or now < self.expires_at)

    def reaches(self, business_id: str) -> bool:
        return self.business_accounts is None or business_id in self.business_accounts


class PhoneNumber(Strict):
    """A business phone number. ``throughput`` is in messages per second.

    ``coexistence``: it is in the WhatsApp Business app too, which takes 20 per second
    at most (Cloud API, throughput). ``pin`` is that of two-step verification.
    ``agent``: Meta's own AI agent answers its patients. ``onboarded_at`` (seconds since
    the epoch, None: just now) says until when the app's history can be asked for;
    ``shares_history`` False: the business declined.
    """

    id: str
    display_phone_number: str = Field(pattern=r"[0-9]")
    verified_name: str
    status: str = "CONNECTED"
    throughput: int = Field(default=80, gt=0)
    coexistence: bool = False
    onboarded_at: float | None = None
    shares_history: bool = True
    agent: bool = False
    quality_rating: str = "GREEN"
    code_verification_status: str = "VERIFIED"
    name_status: str = "APPROVED"
    pin: str | None = Field(default="123456", pattern=PIN_PATTERN)
    allowed_recipients: list[str] | None = None
    profile: dict[str, Any] = {}
    health: Health | None = None

    @property
    def wa_id(self) -> str:
        return "".join(filter(str.isdigit, self.display_phone_number))

    @property
    def messages_per_second(self) -> int:
        if self.coexistence:
            return min(self.throughput, COEXISTENCE_THROUGHPUT)
        return self.throughput


class BusinessAccount(Strict):
    """``restriction`` is the error code that every send meets, e.g. 131031 (locked).

    ``portfolio`` None: the account is alone in its portfolio. ``messaging_limit`` is
    the portfolio's, None for unlimited. ``app`` None: the first app's.
    ``payment_method`` False: templates fail with 131042, and service messages that are
    not free are dropped without a word (Cloud API, since 1 October 2026).
    ``template_limit``: 250, or 6000 once verified (Cloud API, templates).
    """

    id: str
    name: str
    phone_numbers: list[PhoneNumber]
    templates: list[dict[str, Any]] = []
    app: str | None = None
    subscribed: bool = True
    restriction: int | None = None
    portfolio: str | None = None
    messaging_limit: int | None = Field(default=None, ge=1)
    template_limit: int = 6000
    payment_method: bool = True
    account_review_status: str = "APPROVED"
    business_verification_status: str = "verified"
    health: Health | None = None
    business_health: Health | None = None

    @property
    def portfolio_id(self) -> str:
        return self.portfolio or self.id


class PatientEntry(Strict):
    phone: str = Field(pattern=r"^\+[0-9]{7,15}$")
    name: str = ""
    user_id: str | None = None
    online: bool = True
    auto_read: bool = False
    on_whatsapp: bool = True
    marketing_capped: bool = False
    in_experiment: bool = False
    username: str | None = None


class Webhook(Strict):
    url: str | None = None


class Account(Strict):
    """``tokens``: each a text, or an object with more about the token."""

    app: App
    more_apps: list[App] = []
    tokens: list[Token]
    business_accounts: list[BusinessAccount]
    patients: list[PatientEntry] = []
    webhook: Webhook = Webhook()

    @field_validator("tokens", mode="before")
    @classmethod
    def token_of_text(cls, tokens: list[Any]) -> list[Any]:
        return [{"token": one} if isinstance(one, str) else one for one in tokens]

    @model_validator(mode="after")
    def names_known_apps(self) -> Account:
        known = {None, self.app.id, *(one.id for one in self.more_apps)}
        if not known.issuperset(
            one.app for one in [*self.business_accounts, *self.tokens]
        ):
            raise ValueError("no such app")
        return self

    @model_validator(mode="after")
    def one_limit_per_portfolio(self) -> Account:
        limits: dict[str, int | None] = {}
        for business in self.business_accounts:
            limit = limits.setdefault(business.portfolio_id, business.messaging_limit)
            if limit != business.messaging_limit:
                raise ValueError("accounts of one portfolio share its messaging_limit")
        return self


def load(path: Path) -> Account:
    """Read an account file; raises pydantic.ValidationError when it has mistakes."""
    return Account.model_validate(json.loads(path.read_text(encoding="utf-8")))
