"""What is called with texts that anybody may send, and the worst of such texts.

Tests and benchmarks time each of these functions; a test finds out which others are
called, so that a new one has to be added here.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..cloud_api.webhooks import parse, reading
from ..models.chat import stop_word
from ..models.media import media
from ..models.message import message_content, message_kind
from ..models.template import template_bubble, template_card
from ..models.whatsapp import content
from ..models.whatsapp.provider import WHATSAPP
from ..tools import text as text_tools
from ..tools.json_values import leaves

ADDON = Path(__file__).resolve().parents[1]
# WhatsApp lets a patient type so many characters.
LONGEST = 65_536
# Shorter arguments tell nothing of how long the text was.
LONG = 4_000
UNITS = {
    "letters": "a",
    "words": "ağ ",
    "digits": "7",
    "dotted capitals": "İI",
    "spaces": " ",
    "line breaks": "\n",
    "lines with a mark": "*a\n",
    "bold never closed": "*a ",
    "marks side by side": "*_~",
    "bold closed": "*a* ",
    "code never closed": "`a",
    "blocks of code": "```",
    "placeholders never closed": "{{ a",
    "tags": "<b>",
    "addresses": "http://a.example ",
    "hyphens": "a-",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "letters with combining marks": "e\u0301",
    "right to left": "\u202eשלום",
    "unpaired halves": "\ud800",
    "quotes": '"\\',
    "brackets": "[",
}


def long_text(unit: str, length: int = LONGEST) -> str:
    """A text of one of UNITS again and again."""
    return (unit * length)[:length]


def _webhook(text: str) -> bytes:
    message = {"from": "905321110001", "id": "wamid.x", "timestamp": "1795000000"}
    message |= {"type": "text", "text": {"body": text}}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [message]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return json.dumps(body).encode()


# By file and name, as the interpreter knows them: how to call them with a text.
FUNCTIONS: dict[str, Callable] = {
    "cloud_api/webhooks/envelope.py:parse": lambda text: parse(_webhook(text)),
    "cloud_api/webhooks/reading.py:name": reading.name,
    "cloud_api/webhooks/reading.py:text": reading.text,
    "models/media/media.py:safe_name": media.safe_name,
    "models/message/message_content.py:_words": lambda text: list(
        message_content._words([text])
    ),
    "models/message/message_content.py:cleaned": message_content.cleaned,
    "models/message/message_kind.py:_is_visible": message_kind._is_visible,
    "models/message/message_kind.py:_web_address": message_kind._web_address,
    "models/template/template_bubble.py:formatted": template_bubble.formatted,
    "models/template/template_bubble.py:_marked": template_bubble._marked,
    "models/template/template_bubble.py:_marked_line": lambda text: [
        template_bubble._marked_line(text, *mark[1:]) for mark in template_bubble._MARKS
    ],
    "models/template/template_card.py:card_of": template_card.card_of,
    "models/whatsapp/content.py:_json_or_text": content._json_or_text,
    "models/whatsapp/provider.py:parse": lambda text: WHATSAPP.parse(_webhook(text)),
    "tools/json_values.py:leaves": lambda text: list(leaves([text])),
    "tools/text.py:as_html": text_tools.as_html,
    "tools/text.py:clean_text": text_tools.clean_text,
}


def functions(env) -> dict[str, Callable]:
    """FUNCTIONS, methods, and the fields that are computed from a text."""
    messages = env["whatsapp.clinic.message"]

    def computed(name: str, kind: str) -> Callable:
        return lambda text: messages.new({"kind": kind, "body": text})[name]

    return {
        **FUNCTIONS,
        "models/chat/stop_word.py:_match": env["whatsapp.clinic.stop.word"]._match,
        "models/chat/stop_word.py:_sounds_like_refusal": env[
            "whatsapp.clinic.stop.word"
        ]._sounds_like_refusal,
        "models/chat/stop_word.py:_tokens": stop_word._tokens,
        "models/intake/message_inbound.py:_is_tap": messages._is_tap,
        "models/message/message_kind.py:_lines": messages._lines,
        "models/message/message_kind.py:_word": messages._word,
        "models/template/template_bubble.py:_formatted": env[
            "whatsapp.clinic.bubble"
        ]._formatted,
        "name of a text": computed("display_name", "text"),
        "name of a file": computed("display_name", "document"),
        "bubble of a text": computed("bubble_html", "text"),
    }


@contextmanager
def called_with_long_texts() -> Iterator[set[str]]:
    """Which functions of the addon get a long text meanwhile, as in FUNCTIONS."""
    found = set()

    def look(frame, event, _argument):
        code = frame.f_code
        path = Path(code.co_filename)
        if event != "call" or ADDON not in path.parents or "tests" in path.parts:
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(_is_long(frame.f_locals.get(name)) for name in names):
            found.add(f"{path.relative_to(ADDON).as_posix()}:{code.co_name}")

    former = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(former)


def _is_long(value) -> bool:
    return isinstance(value, str | bytes) and len(value) >= LONG
