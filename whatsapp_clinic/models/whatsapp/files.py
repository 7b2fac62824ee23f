"""Files of patients, as WhatsApp keeps them."""

import tempfile

from ...cloud_api.errors import (
    CloudApiError,
    ForeignAddress,
    MediaExpired,
)
from ..provider.door import Loaded, NotLoaded
from ..provider.events import File

# Cloud API: an object that is not there, or is another's.
_NO_SUCH_OBJECT = 100


def fetch(client, file: File, limit: int) -> Loaded:
    """Load a file: from the address in the webhook, else from a new one.

    Raises CallFailed, or NotLoaded for one that WhatsApp does not have any more.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115 - given away open
    try:
        if file.url:
            try:
                return _load(client, file.url, target, limit, file.sha256)
            except (MediaExpired, ForeignAddress, CloudApiError):
                target.seek(0)
                target.truncate()
        info = client.media_info(file.id)
        return _load(client, info.url, target, limit, file.sha256 or info.sha256)
    except BaseException as error:
        target.close()
        if isinstance(error, CloudApiError) and error.code == _NO_SUCH_OBJECT:
            words = error.policy.tell(error.title)
            raise NotLoaded("gone", True, words) from error
        raise


def _load(client, url: str, target, limit: int, sha256) -> Loaded:
    found = client.download_media(url, target, limit)
    target.seek(0)
    return Loaded(target, found.size, found.sha256, sha256 or "")
