"""Everything the sandbox knows: businesses, patients, messages, windows."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from . import phone_number
from .account import (
    Account,
    App,
    BusinessAccount,
    PatientEntry,
    PhoneNumber,
    Token,
)
from .media import MediaStore
from .portfolio import Portfolio
from .registration import Registration
from .template import Content, Template
from .uploads import Uploads

WINDOW_SECONDS = 24 * 3600
COUNTRIES = {"90": "TR", "49": "DE", "44": "GB", "971": "AE", "33": "FR", "1": "US"}


@dataclass(slots=True)
class Patient:
    """Somebody with a phone. ``username`` set: the phone is hidden from businesses.

    ``blocked``: the patient blocked the clinic, messages stay at ``sent``.
    ``blocked_by_business``: the clinic blocked the patient, sends fail with 130403;
    ``blocked_by``: only those of these phone number ids, whom the patient cannot reach.
    ``marketing_capped``: has had enough marketing of whatever business (131049).
    ``in_experiment``: is spared marketing by an experiment of WhatsApp's (130472).
    """

    wa_id: str
    user_id: str
    name: str
    online: bool = True
    auto_read: bool = False
    on_whatsapp: bool = True
    blocked: bool = False
    blocked_by_business: bool = False
    marketing_capped: bool = False
    in_experiment: bool = False
    username: str | None = None
    stopped_marketing: set[str] = field(default_factory=set)
    blocked_by: set[str] = field(default_factory=set)

    def is_blocked_by(self, number_id: str) -> bool:
        return self.blocked_by_business or number_id in self.blocked_by

    @property
    def known_as(self) -> str:
        """What businesses know the patient by: phone, behind a username the user id."""
        return self.user_id if self.username else self.wa_id


@dataclass(slots=True, eq=False)
class Message:
    """A message in a thread. ``direction`` "out" is from the clinic, "in" the patient.

    ``timestamp`` is in seconds since the epoch on the sandbox's clock, ``history`` has
    each status and its time, ``reactions`` the emoji of each direction. ``held``: kept
    back for a look at the template's quality. ``payload`` is the call's body in JSON,
    which takes a fifth of the room that its objects would.
    """

    id: str
    direction: str
    phone_number_id: str
    patient: Patient
    content: Content
    timestamp: float
    status: str = "accepted"
    to: str = ""
    sent_to_user_id: bool = False
    callback_data: str | None = None
    context_id: str | None = None
    payload: str = "{}"
    pricing: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    history: list[tuple[str, float]] = field(default_factory=list)
    reactions: dict[str, str] = field(default_factory=dict)
    held: bool = False
    edited: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Number:
    """A business phone number together with the account it belongs to."""

    number: PhoneNumber
    business: BusinessAccount
    portfolio: Portfolio

    @property
    def id(self) -> str:
        return self.number.id


def default_user_id(wa_id: str) -> str:
    """A business-scoped user id (BSUID: ``CC.<alphanumerics>``) made from the phone."""
    country = COUNTRIES.get(phone_number.country_code(wa_id), "ZZ")
    digest = hashlib.sha256(wa_id.encode()).hexdigest()
    return f"{country}.{int(digest[:13], 16)}"


class World:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.apps = {app.id: app for app in (account.app, *account.more_apps)}
        self.tokens = {one.token: one for one in account.tokens}
        self.registrations: dict[str, Registration] = defaultdict(Registration)
        self.uploads = Uploads()
        self.utility_paused_at: dict[str, float] = {}
        self.blocked_names: dict[tuple[str, str, str], float] = {}
        self.template_creations: dict[str, list[float]] = defaultdict(list)
        self.businesses = {one.id: one for one in account.business_accounts}
        self.portfolios = {
            business.portfolio_id: Portfolio(
                business.portfolio_id, business.messaging_limit
            )
            for business in account.business_accounts
        }
        self.numbers = {
            number.id: Number(number, business, self.portfolios[business.portfolio_id])
            for business in account.business_accounts
            for number in business.phone_numbers
        }
        self.templates: dict[str, dict[tuple[str, str], Template]] = {}
        for business in account.business_accounts:
            templates = [Template(one, business.id) for one in business.templates]
            self.templates[business.id] = {(t.name, t.language): t for t in templates}
        self.templates_by_id = {
            template.id: template
            for templates in self.templates.values()
            for template in templates.values()
        }
        self.media = MediaStore()
        self.patients: dict[str, Patient] = {}
        self.patients_by_user_id: dict[str, Patient] = {}
        self.messages: dict[str, Message] = {}
        self.accepted: list[Message] = []
        self.threads: dict[tuple[str, str], list[Message]] = defaultdict(list)
        self.last_inbound: dict[tuple[str, str], float] = {}
        self.taken_over: set[tuple[str, str]] = set()
        self.synced: set[tuple[str, str]] = set()
        self.ad_clicks: dict[tuple[str, str], float] = {}
        self.free_until: dict[tuple[str, str], float] = {}
        self.service_messages: dict[tuple[str, int], int] = defaultdict(int)
        for entry in account.patients:
            self.add_patient(entry)

    def app_of(self, owner: BusinessAccount | Token) -> App:
        """The app of a business account or a token; the first one if it names none."""
        return self.apps[owner.app] if owner.app else self.account.app

    def move(self, number: Number, business_id: str) -> None:
        """Bring a number to another business account."""
        number.business.phone_numbers.remove(number.number)
        number.business = self.businesses[business_id]
        number.business.phone_numbers.append(number.number)
        number.portfolio = self.portfolios[number.business.portfolio_id]

    def add_patient(self, entry: PatientEntry) -> Patient:
        """Create the patient, or bring the one with this phone to ``entry``'s state."""
        wa_id = entry.phone[1:]
        known = self.patients.get(wa_id)
        if known is None:
            user_id = entry.user_id or default_user_id(wa_id)
            known = Patient(wa_id, user_id, entry.name or entry.phone)
            self.patients[wa_id] = known
        for name in entry.model_fields_set - {"phone", "user_id"}:
            setattr(known, name, getattr(entry, name))
        self.set_user_id(known, entry.user_id or known.user_id)
        return known

    def set_user_id(self, patient: Patient, user_id: str) -> None:
        self.patients_by_user_id.pop(patient.user_id, None)
        patient.user_id = user_id
        self.patients_by_user_id[user_id] = patient

    def patient(self, wa_id: str) -> Patient:
        """The patient with this phone; who is not known yet is invented."""
        known = self.patients.get(wa_id)
        if known is not None:
            return known
        return self.add_patient(PatientEntry(phone=f"+{wa_id}"))

    def change_number(self, patient: Patient, wa_id: str) -> None:
        """Move ``patient`` to a new phone; the old one leaves WhatsApp."""
        old = patient.wa_id
        del self.patients[old]
        patient.wa_id = wa_id
        self.patients[wa_id] = patient
        self.set_user_id(patient, default_user_id(wa_id))
        for number_id in self.numbers:
            self.threads[number_id, wa_id] = self.threads.pop((number_id, old), [])
        self.add_patient(PatientEntry(phone=f"+{old}", on_whatsapp=False))

    def add(
        self, message: Message, opens_window: bool = True, by_api: bool = True
    ) -> None:
        """Put a message in its thread; what the business sent ``by_api`` is listed."""
        self.messages[message.id] = message
        key = message.phone_number_id, message.patient.wa_id
        self.threads[key].append(message)
        if message.direction == "in":
            if opens_window:
                self.last_inbound[key] = message.timestamp
        elif by_api:
            self.accepted.append(message)

    def window_is_open(self, number_id: str, patient: Patient, now: float) -> bool:
        """Customer service window: 24 h from the patient's last message (Cloud API)."""
        last = self.last_inbound.get((number_id, patient.wa_id))
        return last is not None and now - last < WINDOW_SECONDS
