import hashlib
from datetime import timedelta

from odoo import api, fields, models

from ...plain import file_types
from ...tools import clock
from ...tools.compat import decoded
from ...tools.insert import insert, stamp
from ...tools.wake_up import wake_after_commit
from ..gate.content_refusal import refuse_content
from ..gate.gate import Check
from ..gate.verdict import hold, refuse
from ..provider.door import Action, NotAllowed, NotSent, Refused
from ..vocabulary.kinds import MEDIA_KINDS
from ..vocabulary.states import WAITING_STATES
from .file_transfer import tell

# Cloud API: an uploaded file can be sent for 30 days; a message should not leave in
# its last hours.
KEPT = timedelta(days=29)
# A message whose file is under way asks again after this; the upload wakes it earlier.
RECHECK = timedelta(seconds=15)
# So long before a message is due its file is handed over.
AHEAD = timedelta(minutes=10)
# A file that was just taken is not lost; then the message itself is at fault.
_FRESH = timedelta(hours=1)


class MediaUpload(models.Model):
    """A file that WhatsApp keeps for one number, to be sent any number of times."""

    _name = "whatsapp.clinic.media.upload"
    _description = "WhatsApp File to Send"
    _inherit = ["whatsapp.clinic.file.transfer"]
    _order = "id desc"
    _rec_name = "sha256"

    sha256 = fields.Char("SHA-256", required=True, readonly=True)
    mime_type = fields.Char(required=True, readonly=True)
    state = fields.Selection(
        [("wanted", "To be handed over"), ("loaded", "Loaded"), ("failed", "Refused")],
        default="wanted",
        required=True,
        readonly=True,
    )
    media_id = fields.Char("WhatsApp Media ID", groups="base.group_system")
    uploaded_at = fields.Datetime("Handed Over", readonly=True)

    _file_uniq = models.Constraint(
        "UNIQUE (channel_id, sha256, mime_type)", "WhatsApp keeps a file once."
    )

    def _is_usable(self, now) -> bool:
        return self.state == "loaded" and self.uploaded_at > now - KEPT

    @api.model
    def _for_file(self, channel, attachment, mime_type: str):
        """The upload of a file for a number; a new one is wanted, not made."""
        content = attachment.raw or b""
        values = {
            "channel_id": channel.id,
            "sha256": hashlib.sha256(content).hexdigest(),
            "mime_type": mime_type,
        }
        domain = [(name, "=", value) for name, value in values.items()]
        known = self.search(domain)
        if not known:
            self._ensure(values)
            return self.search(domain)
        if known.state == "failed":
            known.attempts = 0
            known._want()
        return known

    @api.model
    def _ensure(self, values: dict):
        """Insert a wanted upload; losing a race is no error."""
        self.flush_model()
        row = {**values, "state": "wanted", "attempts": 0, "due_at": clock.now()}
        insert(self.env, self._table, row)

    def _want(self):
        self.write({"state": "wanted", "due_at": clock.now()})

    def _wake(self):
        wake_after_commit(self.env, "upload_media")

    @api.model
    def _prepare(self):
        self.env["whatsapp.clinic.message"]._replace_lost_files()
        self._want_cards()

    @api.model
    def _want_cards(self):
        """Have the files of carousels that are sent soon handed over."""
        now = clock.now()
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO whatsapp_clinic_media_upload
                (channel_id, sha256, mime_type, state, attempts, due_at,
                 create_uid, write_uid, create_date, write_date)
            SELECT DISTINCT message.channel_id, card.sha256, card.mime_type, 'wanted',
                0, %(now)s::timestamp, %(create_uid)s, %(write_uid)s,
                %(create_date)s::timestamp, %(write_date)s::timestamp
            FROM whatsapp_clinic_template_card AS card
            JOIN whatsapp_clinic_message AS message
              ON message.template_id = card.template_id
            WHERE message.state IN ('queued', 'held') AND message.due_at <= %(soon)s
              AND message.channel_id IS NOT NULL AND card.sha256 IS NOT NULL
            ON CONFLICT DO NOTHING
            """,
            {"now": now, "soon": now + AHEAD, **stamp(self.env)},
        )

    def _lock_waiting(self, channel_ids, limit):
        now = clock.now()
        self.env.cr.execute(
            """
            SELECT upload.id FROM whatsapp_clinic_media_upload AS upload
            WHERE upload.due_at <= %(now)s AND upload.channel_id = ANY(%(channels)s)
              AND (upload.state = 'wanted'
                   OR upload.state = 'loaded' AND upload.uploaded_at <= %(stale)s)
              AND (EXISTS (
                SELECT FROM whatsapp_clinic_message AS message
                WHERE message.upload_id = upload.id
                  AND message.state IN ('queued', 'held')
                  AND message.due_at <= %(soon)s
              ) OR EXISTS (
                SELECT FROM whatsapp_clinic_template_card AS card
                JOIN whatsapp_clinic_message AS message
                  ON message.template_id = card.template_id
                 AND message.channel_id = upload.channel_id
                WHERE card.sha256 = upload.sha256
                  AND card.mime_type = upload.mime_type
                  AND message.state IN ('queued', 'held')
                  AND message.due_at <= %(soon)s
              ))
            ORDER BY upload.due_at, upload.id LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
            """,
            {
                "now": now,
                "stale": now - KEPT,
                "soon": now + AHEAD,
                "channels": channel_ids,
                "limit": limit,
            },
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _call(self, provider, connection):
        return provider.upload, connection, self._content(), self.mime_type

    def _content(self) -> bytes:
        waiting = self.env["whatsapp.clinic.message"].search(
            [("upload_id", "=", self.id), ("state", "in", WAITING_STATES)], limit=1
        )
        if waiting:
            return waiting.attachment_id.with_context(bin_size=False).raw or b""
        card = self.env["whatsapp.clinic.template.card"].search(
            [("sha256", "=", self.sha256)], limit=1
        )
        return decoded(card.with_context(bin_size=False).file)

    def _on_success(self, media_id: str):
        self.write(
            {
                "state": "loaded",
                "media_id": media_id,
                "uploaded_at": clock.now(),
                "attempts": 0,
                "detail": False,
                # Claimed again when it is stale.
                "due_at": clock.now(),
            }
        )
        self._release()

    def _on_failure(self, error: NotSent):
        refusal = isinstance(error, Refused) and error.policy.action
        if refusal is Action.GIVE_UP or not self._try_later(error):
            self.write({"state": "failed", "detail": tell(error)})
            self._release()

    def _release(self):
        """What waited for the file is looked at again."""
        waiting = self.env["whatsapp.clinic.message"].search(
            [
                ("state", "=", "held"),
                ("reason", "=", "file_uploading"),
                ("channel_id", "=", self.channel_id.id),
                "|",
                ("upload_id", "=", self.id),
                ("template_id.card_ids.sha256", "=", self.sha256),
            ]
        )
        waiting.due_at = clock.now()
        self.env["whatsapp.clinic.dispatcher"]._wake()


class Message(models.Model):
    """The file of a message that the clinic sends."""

    _inherit = "whatsapp.clinic.message"

    upload_id = fields.Many2one(
        "whatsapp.clinic.media.upload", ondelete="restrict", index="btree_not_null"
    )

    @api.model
    def _enqueue(self, vals_list):
        files = {vals["attachment_id"] for vals in vals_list if "attachment_id" in vals}
        self.env["ir.attachment"].browse(filter(None, files)).check_access("read")
        return super()._enqueue(vals_list)

    def _judge_at_entry(self):
        for message in self.filtered(lambda one: one.template_id):
            message._take_sample_file()
            message._prepare_cards()
        with_file = self.filtered(lambda one: one.attachment_id and one.channel_id)
        refused = with_file.filtered(lambda one: not one._prepare_file())
        return super(Message, self - refused)._judge_at_entry()

    def _prepare_cards(self):
        """Have the files of a carousel handed over, also those refused before."""
        if self.template_id.is_carousel and self.channel_id:
            refused = self._uploads.filtered(lambda one: one.state == "failed")
            refused.attempts = 0
            refused._want()
            refused._wake()

    @property
    def _uploads(self):
        """What WhatsApp keeps of the files of this message."""
        if self.template_id.is_carousel:
            return self.template_id.card_ids._uploads(self.channel_id)
        return self.upload_id

    @property
    def _file_count(self) -> int:
        if self.template_id.is_carousel:
            return len({*self.template_id.card_ids.mapped("sha256")})
        return len(self.upload_id)

    def _prepare_file(self) -> bool:
        """Bind the file to the row and have it handed over; False if refused."""
        self._bind_file()
        mime_type = file_types.plain(self.attachment_id.mimetype or "")
        kind, is_voice = self._file_kind(), self.kind == "voice"
        try:
            content = self.attachment_id.raw or b""
            self._provider.check_file(kind, content, mime_type, is_voice)
        except NotAllowed as error:
            self._refuse(refuse_content(self.env, error))
            return False
        uploads = self.env["whatsapp.clinic.media.upload"]
        self.upload_id = uploads._for_file(
            self.channel_id, self.attachment_id, mime_type
        )
        if not self.upload_id._is_usable(clock.now()):
            self.upload_id._wake()
        return True

    def _file_kind(self) -> str:
        """As which kind the messenger takes the file."""
        if self.kind == "voice":
            return "audio"
        if self.kind in MEDIA_KINDS:
            return self.kind
        return self._provider.kind_of_file(self.attachment_id.mimetype or "")

    @property
    def _provider(self):
        return self.env["whatsapp.clinic.provider"]._of(self.channel_id)

    def _bind_file(self):
        """Who may read the message may read its file, and nobody else by it."""
        file = self.attachment_id
        if (file.res_model, file.res_id) == (self._name, self.id):
            return
        sample_name = file.res_field and self.template_id.header_sample_name
        self.attachment_id = file.copy(
            {
                "name": sample_name or file.name,
                "mimetype": file_types.real_type(file.raw or b"", file.mimetype or ""),
                "res_model": self._name,
                "res_id": self.id,
                "res_field": False,
                "public": False,
                "access_token": False,
            }
        )

    def _take_sample_file(self):
        """Fill the header of its template with the sample, where no file was chosen."""
        self.attachment_id = self.attachment_id or self._sample_file()

    def _sample_file(self):
        """The sample of a template whose header is a file, where none was chosen."""
        files = self.env["ir.attachment"]
        if (self.template_id.header_format or "location") == "location":
            return files
        return files.search(
            [
                ("res_model", "=", self.template_id._name),
                ("res_id", "=", self.template_id.id),
                ("res_field", "=", "header_sample"),
            ],
            limit=1,
        )

    @api.model
    def _replace_lost_files(self):
        """Send once more what WhatsApp refused because it had lost the file."""
        now = clock.now()
        providers = self.env["whatsapp.clinic.provider"]._providers().values()
        codes = frozenset().union(*(one.traits.lost_file_codes for one in providers))
        failed = self.search(
            [
                ("state", "=", "failed"),
                ("failed_at", ">", now - _FRESH),
                ("error_code", "in", list(codes)),
                "|",
                ("upload_id", "!=", False),
                ("template_id.card_ids", "!=", False),
            ]
        )
        failed = failed.filtered(
            lambda one: all(
                upload.uploaded_at and upload.uploaded_at < now - _FRESH
                for upload in one._uploads
            )
        )
        failed = failed.filtered(
            lambda one: (
                one._tells_of_lost_file(one) and not one._has_lost_its_file_before()
            )
        )
        for message in failed:
            message._uploads._want()
        failed._requeue()

    def _has_lost_its_file_before(self) -> bool:
        """Whether an attempt before the present one failed for want of the file."""
        return any(
            self._tells_of_lost_file(one) and one.number < self.attempts
            for one in self.attempt_ids
        )

    def _tells_of_lost_file(self, failed) -> bool:
        """Whether a refusal (of a message or a try) may be for want of the file."""
        return failed.error_code in self._provider.traits.lost_file_codes


class Gate(models.AbstractModel):
    """A message leaves when WhatsApp has its file."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _checks(self):
        return [*super()._checks(), Check(130, "file", self._check_file)]

    @api.model
    def _check_file(self, message, facts):
        uploads = message._uploads
        if refused := uploads.filtered(lambda one: one.state == "failed"):
            return refuse("file_refused", refused[0].detail)
        usable = uploads.filtered(lambda one: one._is_usable(facts.now))
        if len(usable) == message._file_count:
            return None
        return hold("file_uploading", facts.now + RECHECK)
