import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from textwrap import shorten

from babel.numbers import format_decimal

from odoo import api, fields, models
from odoo.tools import LazyTranslate
from odoo.tools.misc import babel_locale_parse

from ...tools.access import named
from ...tools.json_values import leaves
from ...tools.text import clean_text
from ..provider import events
from ..template.template_card import card_of
from ..vocabulary.kinds import KINDS, MEDIA_KINDS, NOTICE, UNKNOWN_ICON
from ..vocabulary.states import SAID_STATES
from .message_content import (
    has_unread,
    searchable,
    stored_content,
    stored_raw,
)

_lt = LazyTranslate(__name__)

# What a system message tells, by its content.
_CHANGES = {
    "number": _lt("Change of Number"),
    "user_id": _lt("New User ID"),
    "customer_identity_changed": _lt("New Phone, or WhatsApp Reinstalled"),
    "to_agent": _lt("Meta's AI Agent Answers"),
    "to_clinic": _lt("The Clinic Answers Again"),
}
_FORM_ANSWER = _lt("Answered Form")
# Where it leads from a place in degrees; the address goes to nobody by itself.
_MAP = "https://www.openstreetmap.org/?mlat={0:.6f}&mlon={1:.6f}#map=17/{0:.6f}/{1:.6f}"
# Lines of a form or of something unknown that are shown.
_LINES = 200
# What of it is nothing to read.
_UNSHOWN = ("payload", "flow_token")
_SEEN = re.compile("<(img|video|audio)[ >]|>[^<]*[^<\\s]")
# What browsers draw as a picture.
_PICTURES = ("image/gif", "image/jpeg", "image/png", "image/webp")
_HIDEABLE = ("body", "content", "content_text", "raw")


def _shown_as(kind: str, mime_type: str | None) -> str:
    """How a browser shows the file of a message: image, video, audio, or a link.

    `kind` is the message's; a file that is something else is a link.
    """
    family = (mime_type or "").partition("/")[0]
    if kind in ("image", "sticker"):
        return "image" if mime_type in _PICTURES else "link"
    if kind in ("audio", "voice"):
        return "audio" if family in ("audio", "video") else "link"
    return "video" if kind == family == "video" else "link"


class Message(models.Model):
    """Every kind of message: its content, and how it is shown."""

    _inherit = "whatsapp.clinic.message"

    content = fields.Json(help="What it has besides the text, by what it is.")
    content_text = fields.Text("Words of the Content", help="For the search.")
    raw = fields.Json(
        "As It Came",
        groups="whatsapp_clinic.group_administrator",
        help="Of a kind that this version does not know.",
    )
    is_unknown_kind = fields.Boolean(
        help="This version does not understand all of it; the rest is kept as it came."
    )
    context_message_id = fields.Char(
        groups="base.group_system",
        help="WhatsApp's id of the message it is about, until that one is there.",
    )
    edited_at = fields.Datetime("Corrected", help="Last, by who wrote it.")
    deleted_at = fields.Datetime("Deleted", help="By who wrote it, on the phone.")
    deleted_content = fields.Json(
        groups="whatsapp_clinic.group_privacy_officer",
        help="What it said before the patient deleted it.",
    )
    kind_label = fields.Char("Kind of Message", compute="_compute_kind_label")
    kind_icon = fields.Char(compute="_compute_kind_label")
    reactions = fields.Char(
        compute="_compute_reactions", compute_sudo=True, help="Present ones, as emoji."
    )
    bubble_html = fields.Html(
        "As a Bubble", compute="_compute_bubble_html", sanitize=False
    )

    _awaited = models.Index(
        "(channel_id, context_message_id) WHERE context_message_id IS NOT NULL"
    )

    @property
    def _kind_name(self):
        """The name of its kind, None for one that this version does not know."""
        content = self.content or {}
        if self.kind == "system":
            return _CHANGES.get(content.get("change"), NOTICE)
        if content.get("form"):
            return _FORM_ANSWER
        return KINDS[self.kind].label if self.kind in KINDS else None

    @api.depends("kind", "content")
    @api.depends_context("lang")
    def _compute_kind_label(self):
        for message in self:
            name = message._kind_name
            kind = KINDS.get(message.kind)
            message.kind_icon = kind.icon if kind else UNKNOWN_ICON
            message.kind_label = (
                self.env._(name)
                if name
                else self.env._("Unknown kind “%s”", message.kind)
            )

    def _compute_reactions(self):
        """The last one of each side; an empty one took it back."""
        found = self.search(
            [
                ("reply_to_id", "in", self.ids),
                ("kind", "=", "reaction"),
                ("state", "in", SAID_STATES),
            ]
        ).sorted(lambda one: (one.occurred_at or one.sent_at or one.due_at, one.id))
        latest = {(one.reply_to_id.id, one.direction): one.body or "" for one in found}
        for message in self:
            both = (latest.get((message.id, side), "") for side in ("in", "out"))
            message.reactions = " ".join(filter(None, both))

    @api.depends("body", "state", "template_id", "edited_at", "deleted_at")
    def _compute_shown_body(self):
        result = super()._compute_shown_body()
        for message in self.filtered("edited_at"):
            message.shown_body = message._edits()[:1].body
        return result

    @api.depends("beginning", "kind", "kind_label", "content_text", "deleted_at")
    @api.depends_context("lang", "uid")
    def _compute_display_name(self):
        seen = named(self)
        result = super(Message, seen)._compute_display_name()
        for message in seen.filtered(lambda one: one._is_hidden()):
            message.display_name = self.env._("Deleted message")
        others = seen.filtered(
            lambda one: one.kind not in ("text", "template") or not one.beginning
        )
        for message in others.filtered(lambda one: not one._is_hidden()):
            text = message.beginning or message.content_text or message._filename()
            told = (message.kind_label, " ".join(text.split(None, 60)[:60]))
            message.display_name = shorten(
                ": ".join(filter(None, told)), 60, placeholder="…"
            )
        return result

    def _filename(self) -> str:
        """What a document is called; empty for other files, which are told by kind."""
        if self.kind != "document":
            return ""
        return self.media_ids[:1].filename or self.attachment_id.sudo().name or ""

    @api.depends("shown_body", "content", "deleted_at", "edited_at", "attachment_id")
    @api.depends("media_ids.state", "media_ids.reason")
    @api.depends_context("lang", "uid", "allowed_company_ids")
    def _compute_bubble_html(self):
        qweb = self.env["ir.qweb"]
        for message in self:
            message.bubble_html = qweb._render(
                "whatsapp_clinic.message_content", message._bubble_values()
            )

    def _bubble_values(self) -> dict:
        content, file = self.content or {}, self.attachment_id.sudo()
        place = content.get("location") or {}
        referral, order = content.get("referral") or {}, content.get("order") or {}
        form = content.get("form") or {}
        locale = babel_locale_parse(self._branch_lang() or self.env.lang)
        bubble = self.env["whatsapp.clinic.bubble"]
        text, titles = self.shown_body or "", []
        if self.template_id:
            text, titles = _without_buttons(text)
        return {
            "message": self,
            # A message of another branch may be quoted on a number that both have.
            "quoted": self.reply_to_id._filtered_access("read"),
            "content": content,
            "file": file,
            "shown_as": _shown_as(self.kind, file.mimetype),
            "media": self.media_ids[:1],
            "is_media": self.kind in MEDIA_KINDS,
            "is_visible": _is_visible,
            "text": bubble._formatted(text),
            "change": content.get("change"),
            "errors": content.get("errors") or [],
            "choices": [*titles, *_choices(self.buttons, content)],
            "card": card_of(content.get("payload")),
            "is_hidden": self._is_hidden(),
            "items": [_item(one, locale) for one in order.get("items") or []],
            "place": place,
            "map_url": place and _map_url(place),
            "referral": referral,
            "referral_url": _web_address(referral.get("source_url")),
            "answers": self._lines(form.get("answers"))
            + self._lines(form.get("unread")),
            "unread": self._lines(content.get("unread")),
            "lines": self._lines,
        }

    def _branch_lang(self) -> str | None:
        """The language of the branch, else of the clinic: all staff read the same."""
        place = self.sudo()
        return place.branch_id.lang or place.company_id.partner_id.lang

    def _lines(self, value) -> list[tuple[str, str]]:
        """What JSON tells, for people: (names that lead there, what stands there)."""
        told = (
            (" › ".join(path).replace("_", " "), ", ".join(map(self._word, several)))
            for path, several in leaves(value)
            if path[-1:] not in ((name,) for name in _UNSHOWN)
        )
        lines = list(islice(told, _LINES + 1))
        return lines[:_LINES] + ([("", "…")] if len(lines) > _LINES else [])

    def _word(self, value) -> str:
        if isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        return str(value)

    def _is_hidden(self) -> bool:
        return bool(self.deleted_at and not self._has_content())

    def _has_content(self) -> bool:
        return bool(self.body or self.content or self.attachment_id)

    @api.model
    def _content_values(self, event: events.Message) -> dict:
        """Columns of what a message brings besides its text."""
        content, raw = stored_content(event), stored_raw(event)
        return {
            "is_unknown_kind": bool(raw) or has_unread(content),
            "kind": clean_text(event.kind),
            "content": content,
            "content_text": searchable(content),
            "raw": raw,
        }

    def _connect(self, event: events.Message):
        """Tie a message to its file and to the messages around it."""
        self.ensure_one()
        if event.about and not self.reply_to_id:
            self.context_message_id = clean_text(event.about)
        self._keep_media(event)
        self._act_on_another()
        self._adopt()

    @api.model
    def _receive_change(self, channel, identity, event: events.AddressChanged):
        """Keep the news that a patient has another number or user id."""
        return self.create(
            {
                **self._inbound_values(channel, identity, event.at),
                "kind": "system",
                "message_id": clean_text(event.remote_id),
                "content": {
                    "change": "number" if event.is_new_number else "user_id",
                    "number": event.new_wa_id,
                },
            }
        )

    @api.model
    def _receive_notice(self, channel, identity, event: events.Notice):
        """Keep what else a messenger tells of a patient, in its words."""
        return self.create(
            {
                **self._inbound_values(channel, identity, event.at),
                "kind": "system",
                "message_id": clean_text(event.remote_id),
                "partner_id": self._patient_meant(channel, identity, event.at).id,
                "body": clean_text(event.text),
                "content": {"change": clean_text(event.kind) or "unknown"},
            }
        )

    def _adopt(self):
        """What came before the message that it is about belongs to it now."""
        self.ensure_one()
        self.flush_model(["channel_id", "context_message_id", "reply_to_id"])
        # Asked for every text: SQL, as a search takes twice as long.
        self.env.cr.execute(
            "SELECT id FROM whatsapp_clinic_message WHERE channel_id = %s "
            "AND context_message_id = %s AND reply_to_id IS NULL ORDER BY id",
            [self.channel_id.id, self.message_id],
        )
        early = self.browse(row_id for (row_id,) in self.env.cr.fetchall())
        if not early:
            return
        early.write({"reply_to_id": self.id, "context_message_id": False})
        for one in early:
            one._act_on_another()

    @api.model
    def _adopt_answers(self, row_ids: list[int]):
        """What quoted messages of the clinic before their ids were known is tied now.

        WhatsApp's id of a message that went out may be learnt from its first status.
        """
        self.env.cr.execute(
            """
            UPDATE whatsapp_clinic_message AS early
            SET reply_to_id = message.id, context_message_id = NULL
            FROM whatsapp_clinic_message AS message
            WHERE message.id = ANY(%s) AND early.channel_id = message.channel_id
              AND early.context_message_id = message.message_id
            """,
            [row_ids],
        )

    def _act_on_another(self):
        """A correction or deletion changes how its author's message is shown."""
        self.ensure_one()
        target = self._own_target
        if not target or self.kind not in ("edit", "revoke"):
            return
        column = "edited_at" if self.kind == "edit" else "deleted_at"
        target[column] = max(filter(None, (target[column], self.occurred_at)))
        if self.awaits_answer:
            # It came before what it corrects, which asks for it now.
            self.awaits_answer = False
            self._await_answer()
        is_patients = target.direction == "in"
        if (
            target.deleted_at
            and is_patients
            and self.company_id.sudo().clinic_hides_deleted
        ):
            (target | target._edits())._hide()

    @property
    def _own_target(self):
        """The message of the same author that it is about, if any."""
        target = self.reply_to_id
        is_own = target.identity_id == self.identity_id and (
            target.direction == self.direction
        )
        return target if is_own else target.browse()

    @property
    def _corrected(self):
        """The message of the same author that it corrects, if any."""
        return self._own_target if self.kind == "edit" else self.browse()

    def _edits(self):
        """The corrections of these messages, the last one first."""
        return self.sudo().search(
            [("reply_to_id", "in", self.ids), ("kind", "=", "edit")],
            order="occurred_at desc, id desc",
        )

    def _hide(self):
        """Put away what was deleted: only the privacy officer still reads it."""
        self.sudo().media_ids._lock()
        self.invalidate_recordset(["attachment_id"])
        for message in self.sudo().filtered(lambda one: one._has_content()):
            message.deleted_content = {
                **(message.deleted_content or {}),
                **{name: message[name] for name in _HIDEABLE if message[name]},
                "files": message.attachment_id.ids,
            }
            message.attachment_id.res_field = "deleted_content"
            message.write(dict.fromkeys((*_HIDEABLE, "attachment_id"), False))
        self.sudo().media_ids._withdraw()


def _web_address(text) -> str | None:
    """An address that a browser may be sent to."""
    is_address = isinstance(text, str) and text.startswith(("https://", "http://"))
    return text if is_address else None


def _map_url(place: dict) -> str:
    """Degrees may be written as text (Cloud API, location messages)."""
    return _MAP.format(float(place["latitude"]), float(place["longitude"]))


def _without_buttons(text: str) -> tuple[str, list[str]]:
    """The text of a template, and the titles of the buttons that stand below it."""
    lines = text.rstrip().split("\n")
    titles = []
    while lines and lines[-1][:1] == "[" and lines[-1][-1:] == "]":
        titles.insert(0, lines.pop()[1:-1])
    return "\n".join(lines).rstrip(), titles


def _choices(buttons, content: dict) -> Iterator[str]:
    """What the patient can tap under a message of the clinic."""
    yield from (title for _action, title in buttons or [])
    yield from (title for _id, title in content.get("buttons") or [])
    if content.get("label"):
        yield content["label"]
    for section in content.get("sections") or []:
        yield from (row.get("title") or "" for row in section.get("rows") or [])


def _item(item: dict, locale) -> str:
    """A line of an order in words, its numbers as a language writes them."""
    quantity, price = (
        _number(item.get(name), locale) for name in ("quantity", "price")
    )
    price = f"{price} {item.get('currency') or ''}".strip()
    return f"{quantity or '?'} × {item.get('product_id')} {price}".strip()


def _number(value, locale) -> str:
    """A number of JSON with all of its digits; "" if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    exact = Decimal(int(value) if value == int(value) else repr(value))
    return format_decimal(exact, locale=locale, decimal_quantization=False)


def _is_visible(html: str) -> bool:
    """Whether somebody sees anything of it: words or a file, not icons alone."""
    return _SEEN.search(f">{html}") is not None
