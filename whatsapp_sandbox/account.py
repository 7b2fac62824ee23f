"""The account file: who the sandbox's businesses and patients are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

DEMO_ACCOUNT = Path(__file__).parent / "accounts" / "demo.json"
COEXISTENCE_THROUGHPUT = 20


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class App(Strict):
    id: str
    secret: str
    verify_token: str
    name: str = "WhatsApp sandbox"
    require_proof: bool = False


class PhoneNumber(Strict):
    """A business phone number. ``throughput`` is in messages per second.

    ``coexistence``: it is in the WhatsApp Business app too, which takes 20 per second
    at most (Cloud API, throughput).
    """

    id: str
    display_phone_number: str = Field(pattern=r"[0-9]")
    verified_name: str
    status: str = "CONNECTED"
    throughput: int = Field(default=80, gt=0)
    coexistence: bool = False
    quality_rating: str = "GREEN"
    allowed_recipients: list[str] | None = None

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
    the portfolio's, None for unlimited.
    """

    id: str
    name: str
    phone_numbers: list[PhoneNumber]
    templates: list[dict[str, Any]] = []
    subscribed: bool = True
    restriction: int | None = None
    portfolio: str | None = None
    messaging_limit: int | None = Field(default=None, ge=1)

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
    app: App
    tokens: list[str]
    business_accounts: list[BusinessAccount]
    patients: list[PatientEntry] = []
    webhook: Webhook = Webhook()

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
