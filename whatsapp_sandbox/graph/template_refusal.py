"""How WhatsApp refuses a template: code 100, and a subcode that tells what is wrong."""

from __future__ import annotations

from .errors import GraphError

NAME_BLOCKED = 2388023
EXISTS = 2388024
TOO_MANY_TEMPLATES = 2388019
TOO_LONG = 2388040
MISSING = 2388043
HEADER = 2388047
BODY = 2388072
FOOTER = 2388073
TOO_MANY_VARIABLES = 2388293
EDGE_VARIABLE = 2388299


def refused(subcode: int, part: str, message: str) -> GraphError:
    return GraphError(
        100,
        message="Invalid parameter",
        subcode=subcode,
        user_title=f"Template {part}",
        user_message=message,
    )
