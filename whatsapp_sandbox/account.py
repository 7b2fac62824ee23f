"""The account file: who the sandbox's businesses and patients are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

DEMO_ACCOUNT = Path(__file__).parent / "accounts" / "demo.json"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class App(Strict):
    id: str
    secret: str
    verify_token: str
    name: str = "WhatsApp sandbox"
    require_proof: bool = False


class PhoneNumber(Strict):
    """A business phone number. ``throughput`` is in messages per second."""

    id: str
    display_phone_number: str = Field(pattern=r"[0-9]")
    verified_name: str
    status: str = "CONNECTED"
    throughput: int = Field(default=80, gt=0)
    quality_rating: str = "GREEN"
    allowed_recipients: list[str] | None = None

    @property
    def wa_id(self) -> str:
        return "".join(filter(str.isdigit, self.display_phone_number))


class BusinessAccount(Strict):
    """``restriction`` is the error code that every send meets, e.g. 131031 (locked)."""

    id: str
    name: str
    phone_numbers: list[PhoneNumber]
    templates: list[dict[str, Any]] = []
    subscribed: bool = True
    restriction: int | None = None


class PatientEntry(Strict):
    phone: str = Field(pattern=r"^\+[0-9]{7,15}$")
    name: str = ""
    user_id: str | None = None
    online: bool = True
    auto_read: bool = False
    on_whatsapp: bool = True


class Webhook(Strict):
    url: str | None = None


class Account(Strict):
    app: App
    tokens: list[str]
    business_accounts: list[BusinessAccount]
    patients: list[PatientEntry] = []
    webhook: Webhook = Webhook()


def load(path: Path) -> Account:
    """Read an account file; raises pydantic.ValidationError when it has mistakes."""
    return Account.model_validate(json.loads(path.read_text(encoding="utf-8")))
