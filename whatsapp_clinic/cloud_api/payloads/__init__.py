"""Builders of what is sent to WhatsApp, and reading of template definitions.

Builders check every documented limit (Cloud API, messages and templates) and raise
``PayloadError`` before a call is made. Its text tells the limit and never the value,
since the value is a patient's. Lengths are in characters.

``recipient`` is everywhere a phone number in E.164 with its plus sign, or a
business-scoped user id; ``reply_to`` the id of the message that is quoted;
``callback_data`` comes back in every status of the message.
"""

from .checks import CALLBACK_DATA, PARAMETER_SPACES, PayloadError, WrongLength
from .contacts import CONTACTS, Address, Contact, ContactPhone, contacts
from .definitions import (
    CAROUSEL,
    CODE_VARIABLE,
    LANGUAGES,
    ONE_TIME_CODE,
    TemplateVariable,
    card_values,
    filled,
    is_one_time_code,
    language_code,
    one_time_code_type,
    render,
    shows_one_time_code,
    template_cards,
    template_parts,
    template_variables,
    unfillable_parts,
)
from .files import CAPTION, Media, audio, document, image, sticker, video, voice
from .interactive import (
    BUTTON_ID,
    BUTTON_TITLE,
    BUTTONS,
    FLOW_LABEL,
    FOOTER,
    INTERACTIVE_BODY,
    LINK_LABEL,
    LIST_BUTTON,
    LIST_ROWS,
    LIST_SECTIONS,
    ROW_DESCRIPTION,
    ROW_ID,
    ROW_TITLE,
    SECTION_TITLE,
    Row,
    Section,
    buttons,
    cta_url,
    flow,
    list_,
    location_request,
)
from .parts import HEADER, Header, Location, MediaHeader
from .simple import TEXT_BODY, location, reaction, read, text
from .template import (
    CARD_BODY,
    CARDS,
    COUPON_CODE,
    TEMPLATE_BODY,
    TEMPLATE_BUTTONS,
    TEMPLATE_PAYLOAD,
    TEMPLATE_URL,
    Card,
    CouponCode,
    FlowStart,
    OneTimeCode,
    QuickReply,
    UrlSuffix,
    card_buttons,
    check_filled,
    template,
)
