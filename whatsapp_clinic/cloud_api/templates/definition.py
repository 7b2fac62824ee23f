"""What a template consists of, and its form in the Cloud API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..payloads import template_variables

AUTHENTICATION = "AUTHENTICATION"
"""Its templates have a one-time code, and WhatsApp itself writes their texts."""
CATEGORIES = ("UTILITY", "MARKETING", AUTHENTICATION)
HEADER_KINDS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION")
POSITIONAL, NAMED = "POSITIONAL", "NAMED"


@dataclass(frozen=True)
class Header:
    """What stands above the body.

    ``kind`` is one of ``HEADER_KINDS``; ``text`` belongs to TEXT; ``handle`` to files:
    that of a sample, from ``CloudApiClient.upload_handle``.
    """

    kind: str
    text: str = ""
    handle: str = ""


@dataclass(frozen=True)
class QuickReplyButton:
    """A tap comes back to the clinic."""

    text: str


@dataclass(frozen=True)
class UrlButton:
    """Opens a page; the address may end in one variable, ``example`` shows it filled.

    ``example`` is the whole address.
    """

    text: str
    url: str
    example: str = ""


@dataclass(frozen=True)
class PhoneButton:
    """Calls ``phone``, in E.164 with its plus sign."""

    text: str
    phone: str


@dataclass(frozen=True)
class CopyCodeButton:
    """Copies a code that is told when the message is sent.

    ``label`` are WhatsApp's own words on it, which are read and never written.
    """

    example: str
    label: str = ""


@dataclass(frozen=True)
class FlowButton:
    """Opens a form; ``screen`` is its first one."""

    text: str
    flow_id: str
    screen: str = ""


@dataclass(frozen=True)
class OneTimeCodeButton:
    """Copies the code of an authentication template; without a text WhatsApp labels it.

    One-tap and zero-tap buttons hand the code to an Android app of the clinic's own;
    they are not written here.
    """

    text: str = ""


@dataclass(frozen=True)
class VoiceCallButton:
    """Calls the clinic on WhatsApp itself, where the number takes such calls."""

    text: str


@dataclass(frozen=True)
class ContactRequestButton:
    """Asks for the phone number of who hides it; ``label`` are WhatsApp's own words."""

    label: str = ""


@dataclass(frozen=True)
class OtherButton:
    """A button that is not written here; ``listed`` is WhatsApp's form of it."""

    kind: str
    text: str = ""
    listed: Mapping = field(default_factory=dict)


Button = (
    QuickReplyButton
    | UrlButton
    | PhoneButton
    | CopyCodeButton
    | FlowButton
    | OneTimeCodeButton
    | VoiceCallButton
    | ContactRequestButton
    | OtherButton
)


@dataclass(frozen=True)
class Card:
    """A card of a carousel; its header is an image or a video."""

    header: Header | None
    body: str = ""
    buttons: Sequence[Button] = ()


@dataclass(frozen=True)
class TemplateDefinition:
    """A template in one language.

    ``parameter_format`` tells whether variables are ``{{1}}`` or ``{{first_name}}``.
    ``examples`` fill the variables of header and body, keyed by (component, name) as in
    ``payloads.TemplateVariable``. ``ttl_seconds`` is how long WhatsApp tries to
    deliver, None for its default.

    An authentication template has no text of its own: it says whether WhatsApp adds the
    advice to keep the code secret (``add_security_recommendation``) and after how many
    minutes the code expires (``code_expiration_minutes``, None to say nothing of it).

    ``cards`` are those of a carousel, and ``others`` the parts that are neither, in
    WhatsApp's form: what was read says all that WhatsApp listed.
    """

    name: str
    language: str
    category: str
    body: str
    header: Header | None = None
    footer: str = ""
    buttons: Sequence[Button] = ()
    parameter_format: str = POSITIONAL
    examples: Mapping[tuple[str, str | int], str] = field(default_factory=dict)
    ttl_seconds: int | None = None
    add_security_recommendation: bool = False
    code_expiration_minutes: int | None = None
    cards: Sequence[Card] = ()
    others: Sequence[Mapping] = ()

    def components(self) -> list[dict]:
        """Return Meta's components, with the examples that its reviewers want."""
        parts = [*self._header_part(self.header, "header")]
        is_code = self.category == AUTHENTICATION
        parts += self._code_texts() if is_code else self._own_texts()
        if self.cards:
            cards = [self.card_components(index) for index in range(len(self.cards))]
            listed = [{"components": card} for card in cards]
            parts.append({"type": "CAROUSEL", "cards": listed})
        return [*parts, *_buttons(self.buttons), *self.others]

    def _own_texts(self) -> list[dict]:
        parts = []
        if self.body:
            parts.append(self._text("body", "body", self.body))
        if self.footer:
            parts.append({"type": "FOOTER", "text": self.footer})
        return parts

    def _code_texts(self) -> list[dict]:
        advice, minutes = self.add_security_recommendation, self.code_expiration_minutes
        parts = [{"type": "BODY", "add_security_recommendation": advice}]
        if minutes is not None:
            parts.append({"type": "FOOTER", "code_expiration_minutes": minutes})
        return parts

    def card_components(self, index: int) -> list[dict]:
        """Meta's components of a card, counted from 0."""
        card = self.cards[index]
        place = f"card:{index}:"
        body = [self._text("body", f"{place}body", card.body)] if card.body else []
        header = self._header_part(card.header, f"{place}header")
        return [*header, *body, *_buttons(card.buttons)]

    def _header_part(self, header: Header | None, component: str) -> Iterator[dict]:
        if not header:
            return
        kind = {"type": "HEADER", "format": header.kind}
        if header.kind == "TEXT":
            yield {**kind, **self._text("header", component, header.text)}
        elif header.handle:
            yield {**kind, "example": {"header_handle": [header.handle]}}
        else:
            yield kind

    def _text(self, kind: str, component: str, text: str) -> dict:
        part = {"type": kind.upper(), "text": text}
        names = _names(part, self.parameter_format)
        return {**part, **self._example(kind, component, names)}

    def _example(self, kind: str, component: str, names: list) -> dict:
        if not names:
            return {}
        values = [self.examples.get((component, name), "") for name in names]
        if self.parameter_format == NAMED:
            named = [
                {"param_name": str(name), "example": value}
                for name, value in zip(names, values, strict=True)
            ]
            return {"example": {f"{kind}_text_named_params": named}}
        # Meta wants a list of examples for the header and a list of lists for the body.
        shown = [values] if kind == "body" else values
        return {"example": {f"{kind}_text": shown}}


def variables(definition: TemplateDefinition, component: str) -> list[str | int]:
    """Return the names or numbers of the variables of ``header`` or ``body``."""
    wording = definition.body
    if component == "header":
        wording = definition.header.text if definition.header else ""
    part = {"type": component.upper(), "text": wording}
    return _names(part, definition.parameter_format)


def _names(part: dict, parameter_format: str) -> list[str | int]:
    return [one.name for one in template_variables([part], parameter_format)]


def _buttons(buttons: Sequence[Button]) -> list[dict]:
    listed = [_BUTTONS[type(button)](button) for button in buttons]
    return [{"type": "BUTTONS", "buttons": listed}] if listed else []


def creation(definition: TemplateDefinition) -> dict:
    """Return what ``CloudApiClient.create_template`` posts."""
    return {
        "name": definition.name,
        "language": definition.language,
        "category": definition.category,
        "parameter_format": definition.parameter_format,
        "components": definition.components(),
        **_ttl(definition),
    }


def edit(definition: TemplateDefinition, category: str | None = None) -> dict:
    """Return what ``CloudApiClient.edit_template`` posts; it replaces all components.

    ``category`` is the present one: an approved template keeps it.
    """
    changed = definition.category != category
    return {
        **({"category": definition.category} if changed else {}),
        "components": definition.components(),
        **_ttl(definition),
    }


def _ttl(definition: TemplateDefinition) -> dict:
    seconds = definition.ttl_seconds
    return {} if seconds is None else {"message_send_ttl_seconds": seconds}


def _url(button: UrlButton) -> dict:
    example = {"example": [button.example]} if "{{" in button.url else {}
    return {"type": "URL", "text": button.text, "url": button.url, **example}


def _flow(button: FlowButton) -> dict:
    start = {"flow_action": "navigate"} if button.screen else {}
    screen = {"navigate_screen": button.screen} if button.screen else {}
    return {
        "type": "FLOW",
        "text": button.text,
        "flow_id": button.flow_id,
        **start,
        **screen,
    }


def _one_time_code(button: OneTimeCodeButton) -> dict:
    text = {"text": button.text} if button.text else {}
    return {"type": "OTP", "otp_type": "COPY_CODE", **text}


_BUTTONS = {
    QuickReplyButton: lambda button: {"type": "QUICK_REPLY", "text": button.text},
    UrlButton: _url,
    PhoneButton: lambda button: {
        "type": "PHONE_NUMBER",
        "text": button.text,
        "phone_number": button.phone,
    },
    CopyCodeButton: lambda button: {"type": "COPY_CODE", "example": button.example},
    FlowButton: _flow,
    OneTimeCodeButton: _one_time_code,
    VoiceCallButton: lambda button: {"type": "VOICE_CALL", "text": button.text},
    ContactRequestButton: lambda button: {"type": "REQUEST_CONTACT_INFO"},
    OtherButton: lambda button: {**button.listed},
}
