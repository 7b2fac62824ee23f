import tempfile

from odoo import models

from ...cloud_api.errors import (
    CallFailed,
    CloudApiError,
    ForeignAddress,
    MediaExpired,
    MediaTooLarge,
)
from ...tools import clock
from .media import Loaded

# Cloud API: an object that is not there, or is another's.
_NO_SUCH_OBJECT = 100
_FINAL = {ForeignAddress: "wrong_host", MediaTooLarge: "too_large"}


class Media(models.Model):
    """Loading patients' files from WhatsApp, never where a webhook is processed."""

    _inherit = "whatsapp.clinic.media"

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

    def _call(self, client):
        limit = self._limit()
        if not self.is_asked_for:
            limit = min(limit, self._left_of_quota())
        return _fetch, client, self.url, self.media_id, self.sha256, limit

    def _on_success(self, loaded: Loaded):
        with loaded.file:
            if self._is_still_wanted():
                self._take_over(loaded)

    def _on_failure(self, error: CallFailed):
        if not self._is_still_wanted():
            return
        if isinstance(error, MediaTooLarge) and self._is_too_much():
            self._refuse("too_much")
        elif type(error) in _FINAL:
            self._refuse(_FINAL[type(error)])
        elif isinstance(error, CloudApiError) and error.code == _NO_SUCH_OBJECT:
            self.write({"state": "failed", "reason": "gone"})
        elif not self._try_later(error):
            is_gone = isinstance(error, MediaExpired)
            reason = "gone" if is_gone else "unreachable"
            self.write({"state": "failed", "reason": reason})

    def _is_too_much(self) -> bool:
        """Whether it is the quota that a file exceeds, and not the size of one file."""
        return not self.is_asked_for and self._left_of_quota() < self._limit()

    def _is_still_wanted(self) -> bool:
        """The patient may have deleted it meanwhile, or be deleting it now."""
        self._lock()
        return self.state == "wanted"


def _fetch(client, url, media_id: str, sha256, limit: int) -> Loaded:
    """Load a file: from the address in the webhook, else from a new one.

    Raises `CallFailed`.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - given away open
    try:
        if url:
            try:
                return _load(client, url, file, limit, sha256)
            except (MediaExpired, ForeignAddress, CloudApiError):
                file.seek(0)
                file.truncate()
        info = client.media_info(media_id)
        return _load(client, info.url, file, limit, sha256 or info.sha256)
    except BaseException:
        file.close()
        raise


def _load(client, url: str, file, limit: int, sha256) -> Loaded:
    found = client.download_media(url, file, limit)
    file.seek(0)
    return Loaded(file, found.size, found.sha256, sha256 or "")
