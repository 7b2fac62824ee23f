"""What WhatsApp asks of a template before it looks at it (Cloud API, components)."""

from __future__ import annotations

from typing import Any

from .template_buttons import check_buttons
from .template_carousel import check_carousel
from .template_parts import Rules, by_type, check_body, check_footer, check_header
from .template_refusal import BODY, FOOTER, MISSING, refused

ORDER = ("HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL")
CODE_MINUTES = range(1, 91)
CODE_TEXT = "*{{1}}* is your verification code."
SECURITY_TEXT = " For your security, do not share this code."


def checked(components: Any, rules: Rules) -> list[dict[str, Any]]:
    """The components as the Graph API returns them; raises for the first mistake."""
    parts = by_type(components, ORDER)
    if "BODY" not in parts:
        raise refused(MISSING, "body", "A template needs a body.")
    if "CAROUSEL" in parts:
        check_carousel(parts, rules)
    if rules.category == "AUTHENTICATION":
        check_authentication(parts)
    else:
        check_body(parts["BODY"], rules)
        check_footer(parts.get("FOOTER"), rules)
    check_header(parts.get("HEADER"), rules)
    check_buttons(parts.get("BUTTONS"), rules.category)
    return [parts[name] for name in ORDER if name in parts]


def check_authentication(parts: dict[str, dict[str, Any]]) -> None:
    """Its texts are WhatsApp's own."""
    body, footer = parts["BODY"], parts.get("FOOTER")
    if "text" in body or (footer is not None and "text" in footer):
        raise refused(BODY, "body", "The text of an authentication template is fixed.")
    body["text"] = CODE_TEXT
    if body.get("add_security_recommendation"):
        body["text"] += SECURITY_TEXT
    if footer is not None:
        minutes = footer.get("code_expiration_minutes")
        if minutes not in CODE_MINUTES:
            raise refused(FOOTER, "footer", "The code lives 1 to 90 minutes.")
        footer["text"] = f"This code expires in {minutes} minutes."
    types = [one["type"] for one in parts.get("BUTTONS", {}).get("buttons", ())]
    if types != ["OTP"]:
        raise refused(MISSING, "buttons", "An authentication template has an OTP one.")
