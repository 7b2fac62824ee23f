import os
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...plain import file_types
from ...tools import clock
from ...tools.access import named, require_group
from ...tools.parameter import number
from ...tools.text import clean_text
from ...tools.wake_up import wake_after_commit
from ..provider.door import Loaded, NotLoaded, NotSent
from ..provider.events import File
from ..vocabulary.kinds import MEDIA_KINDS

REASONS = [
    ("wrong_host", "The address is not WhatsApp's."),
    ("too_large", "The file is larger than the clinic allows."),
    ("too_much", "The number has sent much within a day: load it by hand."),
    ("wrong_kind", "A page or a program under another name is not kept."),
    ("wrong_checksum", "The file is not the one that was sent."),
    ("gone", "WhatsApp does not have the file any more."),
    ("unreachable", "WhatsApp could not be reached."),
]
_MEGABYTE = 2**20
# Characters of a file's name, and of what of it is an extension.
_NAME, _EXTENSION = 200, 20
QUOTA_PERIOD = timedelta(hours=24)
# In the context: of a file that is made the words are not looked for.
UNREAD = "whatsapp_clinic_unread"
_RUN_WHEN_OPENED = frozenset(
    f".{ending}"
    for ending in (
        *("html", "htm", "xhtml", "shtml", "mht", "mhtml", "hta", "svg", "js", "mjs"),
        *("exe", "com", "scr", "bat", "cmd", "ps1", "vbs", "wsf", "msi", "lnk", "jar"),
        *("app", "apk", "sh", "url", "reg"),
    )
)
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "application/pdf": ".pdf",
}


class Media(models.Model):
    """A file that a patient sent, from the webhook that tells of it to the attachment.

    What arrives is the one that was sent by its checksum. One that is not what it was
    said to be is kept with a warning, unless a browser or a computer might run it.
    """

    _name = "whatsapp.clinic.media"
    _description = "WhatsApp File"
    _inherit = ["whatsapp.clinic.file.transfer"]
    _order = "id desc"
    _rec_name = "filename"

    message_id = fields.Many2one(
        "whatsapp.clinic.message", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="message_id.partner_id", string="Patient")
    kind = fields.Selection(
        [(kind, kind.capitalize()) for kind in MEDIA_KINDS], required=True
    )
    state = fields.Selection(
        [
            ("wanted", "To be loaded"),
            ("loaded", "Loaded"),
            ("failed", "Not loaded"),
            ("refused", "Refused"),
            ("withdrawn", "Deleted by the patient"),
        ],
        default="wanted",
        required=True,
    )
    reason = fields.Selection(REASONS, readonly=True)
    media_id = fields.Char("WhatsApp Media ID", groups="base.group_system")
    url = fields.Char(groups="base.group_system", help="Good for five minutes.")
    sha256 = fields.Char("Checksum", groups="base.group_system")
    is_misnamed = fields.Boolean(
        "Not What It Was Said to Be", readonly=True, help="Open it with care."
    )
    mime_type = fields.Char("Said to Be", help="The MIME type by the sender's word.")
    filename = fields.Char()
    size = fields.Integer("Bytes")
    loaded_at = fields.Datetime("Loaded")
    attachment_id = fields.Many2one("ir.attachment", "File", ondelete="set null")
    download_url = fields.Char(compute="_compute_download_url")

    is_asked_for = fields.Boolean(
        "Loaded by Hand", readonly=True, help="Staff want it, however much was sent."
    )

    _wanted = models.Index("(due_at, id) WHERE state = 'wanted'")
    _loaded = models.Index("(loaded_at) WHERE loaded_at IS NOT NULL")

    @api.depends("kind", "filename")
    @api.depends_context("lang", "uid")
    def _compute_display_name(self):
        names = dict(self._fields["kind"]._description_selection(self.env))
        for media in named(self):
            media.display_name = media.filename or names.get(media.kind)

    @api.depends("attachment_id")
    def _compute_download_url(self):
        for media in self:
            file_id = media.attachment_id.id
            media.download_url = file_id and f"/web/content/{file_id}?download=true"

    def action_retry(self):
        """Load again what failed or was refused; raises UserError if nothing did."""
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_practitioner")
        failed = self.sudo().filtered(lambda one: one.state in ("failed", "refused"))
        if not failed:
            raise UserError(self.env._("This file is already loaded."))
        failed.write(
            {
                "state": "wanted",
                "reason": False,
                "detail": False,
                "attempts": 0,
                "due_at": clock.now(),
                "url": False,
                "is_asked_for": True,
            }
        )
        failed._wake()

    def _wake(self):
        wake_after_commit(self.env, "download_media")

    def _limit(self) -> int:
        """The largest file of this kind that is loaded, in bytes."""
        kind = "audio" if self.kind == "voice" else self.kind
        megabytes = number(self.env, f"media_megabytes_{kind}")
        return int(megabytes * _MEGABYTE)

    def _left_of_quota(self) -> int:
        """Bytes that the sender's number may still send within these 24 hours.

        Somebody who is no patient may send less (system parameters).
        """
        identity = self.message_id.identity_id
        key = "daily" if identity.partner_ids else "daily_stranger"
        quota = number(self.env, f"media_megabytes_{key}") * _MEGABYTE
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT COALESCE(sum(media.size), 0) FROM whatsapp_clinic_media AS media
            JOIN whatsapp_clinic_message AS message ON message.id = media.message_id
            WHERE media.loaded_at > %s AND message.identity_id = %s
            """,
            [clock.now() - QUOTA_PERIOD, identity.id],
        )
        (used,) = self.env.cr.fetchone()
        return max(int(quota) - used, 0)

    def _refuse(self, reason: str):
        self.write({"state": "refused", "reason": reason})

    def _take_over(self, loaded: Loaded):
        """Keep a downloaded file, as what it is."""
        start = loaded.file.read(file_types.SNIFFED_BYTES)
        loaded.file.seek(0)
        self.is_misnamed = not self._is_as_claimed(start)
        if self.is_misnamed and file_types.is_harmful(start):
            self._refuse("wrong_kind")
        elif loaded.claimed_sha256 and not file_types.same_checksum(
            loaded.claimed_sha256, loaded.sha256
        ):
            self._refuse("wrong_checksum")
        else:
            self._attach(loaded, file_types.real_type(start, self.mime_type or ""))

    def _is_as_claimed(self, start: bytes) -> bool:
        """A document without a MIME type may be anything, the rest is what it says."""
        claimed = file_types.plain(self.mime_type or "")
        if self.kind == "document":
            is_open = claimed in ("", file_types.UNKNOWN)
            return is_open or file_types.is_usual(start, claimed)
        family = "audio" if self.kind == "voice" else self.kind
        is_of_family = claimed.startswith(f"{family}/") or (
            family == "sticker" and claimed == "image/webp"
        )
        return is_of_family and file_types.is_usual(start, claimed)

    def _attach(self, loaded: Loaded, mime_type: str):
        message = self.message_id
        attachment = (
            self.env["ir.attachment"]
            # A page or a drawing is kept as text: a browser must not run it.
            .with_context(
                image_no_postprocess=True,
                attachments_mime_plainxml=True,
                **{UNREAD: True},
            )
            .create(
                {
                    "name": self.filename or f"{self.kind}{_extension(mime_type)}",
                    "raw": loaded.file.read(),
                    "mimetype": mime_type,
                    "res_model": message._name,
                    "res_id": message.id,
                    "company_id": message.company_id.id,
                }
            )
        )
        message.attachment_id = attachment
        self.write(
            {
                "state": "loaded",
                "reason": False,
                "detail": False,
                "size": loaded.size,
                "loaded_at": clock.now(),
                "attachment_id": attachment.id,
                "url": False,
            }
        )

    def _lock(self):
        """Until the transaction ends nobody else stores or withdraws these files."""
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT FROM whatsapp_clinic_media WHERE id = ANY(%s) "
            "ORDER BY id FOR NO KEY UPDATE",
            [self.ids],
        )
        self.invalidate_recordset()

    def _withdraw(self):
        """The patient deleted the message: what of it is not there is not loaded."""
        self.write(
            {
                "state": "withdrawn",
                "reason": False,
                "filename": False,
                "attachment_id": False,
                "url": False,
            }
        )

    def _lock_waiting(self, channel_ids, limit):
        """One file of each number at a time: each counts for the next one's quota."""
        self.env.cr.execute(
            """
            SELECT id FROM whatsapp_clinic_media
            WHERE state = 'wanted' AND id IN (
                SELECT DISTINCT ON (message.identity_id) media.id
                FROM whatsapp_clinic_media AS media
                JOIN whatsapp_clinic_message AS message
                  ON message.id = media.message_id
                WHERE media.state = 'wanted' AND media.due_at <= %s
                  AND media.channel_id = ANY(%s)
                ORDER BY message.identity_id, media.due_at, media.id
            )
            ORDER BY due_at, id LIMIT %s
            FOR UPDATE SKIP LOCKED
            """,
            [clock.now(), channel_ids, limit],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _call(self, provider, connection):
        limit = min(self._limit(), provider.traits.largest_file)
        if not self.is_asked_for:
            limit = min(limit, self._left_of_quota())
        file = File(self.media_id, self.mime_type or "", self.sha256, self.url)
        return provider.download, connection, file, limit

    def _on_success(self, loaded: Loaded):
        with loaded.file:
            if self._is_still_wanted():
                self._take_over(loaded)

    def _on_failure(self, error: NotSent):
        if not self._is_still_wanted():
            return
        reason = error.reason if isinstance(error, NotLoaded) else None
        is_final = isinstance(error, NotLoaded) and error.is_final
        if reason == "too_large" and self._is_too_much():
            self._refuse("too_much")
        elif is_final and reason != "gone":
            self._refuse(reason)
        elif is_final or not self._try_later(error):
            self.write({"state": "failed", "reason": reason or "unreachable"})

    def _is_too_much(self) -> bool:
        """Whether it is the quota that a file exceeds, and not the size of one file."""
        return not self.is_asked_for and self._left_of_quota() < self._limit()

    def _is_still_wanted(self) -> bool:
        """The patient may have deleted it meanwhile, or be deleting it now."""
        self._lock()
        return self.state == "wanted"


class Attachment(models.Model):
    """A patient's file is kept as it came.

    To read words from the largest one, for a search by content, would hold up the whole
    process for half a minute.
    """

    _inherit = "ir.attachment"

    def _index(self, bin_data, file_type, checksum=None):
        if self.env.context.get(UNREAD):
            return None
        return super()._index(bin_data, file_type, checksum=checksum)


class Message(models.Model):
    """The file of a message."""

    _inherit = "whatsapp.clinic.message"

    attachment_id = fields.Many2one(
        "ir.attachment", "File", ondelete="set null", index="btree_not_null"
    )
    media_ids = fields.One2many("whatsapp.clinic.media", "message_id", "Files")
    media_state = fields.Selection(related="media_ids.state", string="File State")
    media_reason = fields.Selection(
        related="media_ids.reason", string="Why the File Is Not There"
    )

    def action_retry_media(self):
        return self.media_ids.action_retry()

    def _keep_media(self, event):
        """Have the file of a patient's message loaded; nothing is asked for here."""
        media = event.file
        is_known = media and clean_text(media.id) in self.sudo().reply_to_id.mapped(
            "media_ids.media_id"
        )
        if not media or (event.kind == "edit" and is_known):
            return
        kind = self.kind
        if kind not in MEDIA_KINDS:
            kind = self._provider.kind_of_file(media.mime_type)
        row = self.env["whatsapp.clinic.media"].create(
            {
                "message_id": self.id,
                "channel_id": self.channel_id.id,
                "kind": kind,
                "media_id": clean_text(media.id),
                "url": media.url and clean_text(media.url),
                "sha256": media.sha256 and clean_text(media.sha256),
                "mime_type": clean_text(media.mime_type),
                "filename": media.filename and safe_name(media.filename),
            }
        )
        row._wake()


def safe_name(name: str) -> str:
    """A file name that is one: no path, nothing that is not printed."""
    last = os.path.basename(clean_text(name).replace("\\", "/"))
    shown = "".join(one for one in last if one.isprintable()).strip(". ")
    stem, extension = os.path.splitext(shown)
    if len(extension) > _EXTENSION:
        return shown[:_NAME]
    return _inert(stem[: _NAME - len(extension)] + extension)


def _inert(name: str) -> str:
    """A name by which no browser or computer runs the file."""
    ending = os.path.splitext(name)[1].lower()
    return f"{name}.txt" if ending in _RUN_WHEN_OPENED else name


def _extension(mime_type: str) -> str:
    return _EXTENSIONS.get(mime_type, "")
