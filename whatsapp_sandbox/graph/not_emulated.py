"""Edges that WhatsApp has and the sandbox has not, which says so.

An edge that is in neither list is none of WhatsApp's, and is answered as there.
"""

from __future__ import annotations

from typing import Any

from ..account import App, BusinessAccount
from ..portfolio import Portfolio
from ..template import Template
from ..world import Number
from .errors import GraphError

EDGES: dict[type, set[str]] = {
    Number: {
        "agent_eligibility",
        "business_compliance_info",
        "call_permissions",
        "calls",
        "conversational_automation",
        "groups",
        "marketing_messages",
        "message_qrdls",
        "messages_encrypted",
        "official_business_account",
        "settings",
        "username",
        "username_suggestions",
        "whatsapp_business_encryption",
        "whatsapp_commerce_settings",
    },
    BusinessAccount: {
        "activities",
        "assigned_users",
        "call_analytics",
        "conversation_analytics",
        "dataset",
        "dcc_config",
        "flows",
        "groups",
        "message_template_previews",
        "migrate_flows",
        "migrate_message_templates",
        "payment_configurations",
        "pricing_analytics",
        "product_catalogs",
        "schedules",
        "set_obo_mobility_intent",
        "signups",
        "solutions",
        "template_analytics",
        "template_group_analytics",
        "template_groups",
        "upsert_message_templates",
        "welcome_message_sequences",
    },
    Template: {"archive", "compare", "unarchive"},
    App: {"", "whatsapp_business_solution", "whatsapp_business_solutions"},
}
# The node of whoever calls.
CALLER = "me"


def check_is_emulated(node: Any, edge: str) -> None:
    """Raise for an edge that only the real API answers."""
    if node == CALLER or isinstance(node, Portfolio):
        raise not_emulated("this object")
    if edge in EDGES.get(type(node), ()):
        raise not_emulated(f"the edge {edge}" if edge else "this object")


def not_emulated(what: str) -> GraphError:
    """An answer that nobody takes for one of WhatsApp's: HTTP 501."""
    return GraphError(
        3,
        message=f"whatsapp_sandbox does not emulate {what}, which WhatsApp has.",
        kind="NotEmulated",
        http_status=501,
    )
