"""``health_status``: whether a node and what it hangs from can send messages."""

from __future__ import annotations

from typing import Any

from ..account import BusinessAccount, Health
from ..sandbox import Sandbox
from ..template import Template
from ..world import Number

FROM_GOOD_TO_BAD = ("AVAILABLE", "LIMITED", "BLOCKED")
UNNAMED = (
    "Your display name has not been approved yet. Your message limit will increase"
    " after the display name is approved."
)
NAMED = ("APPROVED", "AVAILABLE_WITHOUT_REVIEW")


def health_status(entities: list[dict[str, Any]]) -> dict[str, Any]:
    """The worst of the entities is what can be done."""
    states = [entity["can_send_message"] for entity in entities]
    worst = max(states, key=FROM_GOOD_TO_BAD.index)
    return {"can_send_message": worst, "entities": entities}


def of_number(sandbox: Sandbox, number: Number) -> dict[str, Any]:
    own = entity(
        "PHONE_NUMBER", number.id, number.number.health or number_state(number)
    )
    return health_status([own, *account_entities(sandbox, number.business)])


def of_business(sandbox: Sandbox, business: BusinessAccount) -> dict[str, Any]:
    return health_status(account_entities(sandbox, business))


def of_template(sandbox: Sandbox, template: Template) -> dict[str, Any]:
    own = entity("MESSAGE_TEMPLATE", template.id, template_state(template))
    business = sandbox.world.businesses[template.business_id]
    return health_status([own, *account_entities(sandbox, business)])


def account_entities(
    sandbox: Sandbox, business: BusinessAccount
) -> list[dict[str, Any]]:
    app = sandbox.world.app_of(business)
    portfolio = business.business_health or Health()
    return [
        entity("WABA", business.id, business.health or business_state(business)),
        entity("BUSINESS", business.portfolio_id, portfolio),
        entity("APP", app.id, app.health),
    ]


def entity(kind: str, object_id: str, health: Health) -> dict[str, Any]:
    told: dict[str, Any] = {
        "entity_type": kind,
        "id": object_id,
        "can_send_message": health.can_send_message,
    }
    if health.errors:
        told["errors"] = health.errors
    if health.additional_info:
        told["additional_info"] = health.additional_info
    return told


def number_state(number: Number) -> Health:
    if number.number.status != "CONNECTED":
        return blocked(
            133010, "The phone number is not registered.", "Register the phone number."
        )
    if number.number.name_status not in NAMED:
        return Health(can_send_message="LIMITED", additional_info=[UNNAMED])
    return Health()


def business_state(business: BusinessAccount) -> Health:
    if business.restriction is not None:
        return blocked(
            business.restriction,
            "The account is restricted.",
            "Look into the account's quality page in WhatsApp Manager.",
        )
    if not business.payment_method:
        return blocked(
            141006,
            "There is an error with the payment method. This will block business"
            " initiated conversations.",
            "Add a payment method to the account.",
        )
    return Health()


def template_state(template: Template) -> Health:
    if template.status == "APPROVED":
        return Health()
    return blocked(
        141002,
        "The message template is not approved.",
        "Wait for the review, or edit the template.",
    )


def blocked(code: int, description: str, solution: str) -> Health:
    error = {
        "error_code": code,
        "error_description": description,
        "possible_solution": solution,
    }
    return Health(can_send_message="BLOCKED", errors=[error])
