"""Kinds of messages, by the names that messages and messengers have for them."""

from dataclasses import dataclass

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Kind:
    """How a kind is called to staff, and its icon (Font Awesome 4).

    `says` tells that it says something to who gets it, so that it may be an answer;
    `asks` that a patient who sends it may wait for one.
    """

    label: object
    icon: str
    says: bool = True
    asks: bool = True


NOTICE = _lt("Notice of WhatsApp")
KINDS = {
    "text": Kind(_lt("Text"), "fa-comment-o"),
    "template": Kind(_lt("Template"), "fa-file-text-o"),
    "image": Kind(_lt("Photo"), "fa-picture-o"),
    "video": Kind(_lt("Video"), "fa-video-camera"),
    "audio": Kind(_lt("Audio"), "fa-music"),
    "voice": Kind(_lt("Voice Note"), "fa-microphone"),
    "document": Kind(_lt("Document"), "fa-file-o"),
    "sticker": Kind(_lt("Sticker"), "fa-sticky-note-o"),
    "location": Kind(_lt("Location"), "fa-map-marker"),
    "contacts": Kind(_lt("Contact"), "fa-user"),
    "button": Kind(_lt("Button Tapped"), "fa-hand-o-up"),
    "interactive": Kind(_lt("Answer by Tapping"), "fa-hand-o-up"),
    "buttons": Kind(_lt("Buttons"), "fa-hand-o-up"),
    "list": Kind(_lt("List"), "fa-list-ul"),
    "cta_url": Kind(_lt("Link Button"), "fa-external-link"),
    "location_request": Kind(_lt("Location Request"), "fa-location-arrow"),
    "flow": Kind(_lt("Form"), "fa-list-alt"),
    "reaction": Kind(_lt("Reaction"), "fa-smile-o", says=False, asks=False),
    "order": Kind(_lt("Order"), "fa-shopping-cart"),
    "call": Kind(_lt("Call"), "fa-phone", says=False),
    "edit": Kind(_lt("Correction"), "fa-pencil", says=False),
    "revoke": Kind(_lt("Deletion"), "fa-ban", says=False, asks=False),
    "system": Kind(NOTICE, "fa-info-circle", says=False, asks=False),
    "unsupported": Kind(
        _lt("Not Shown by WhatsApp"), "fa-question-circle-o", says=False
    ),
    "media_placeholder": Kind(_lt("File in the App"), "fa-file-o"),
}
# What is a file.
MEDIA_KINDS = ("image", "video", "audio", "voice", "document", "sticker")
# What answers a question; of what this version does not know nobody can tell.
SAYING = tuple(name for name, kind in KINDS.items() if kind.says)
# What asks nothing of the clinic by itself.
ASKING_NOTHING = tuple(name for name, kind in KINDS.items() if not kind.asks)
# What this version does not know.
UNKNOWN_ICON = "fa-question-circle"
