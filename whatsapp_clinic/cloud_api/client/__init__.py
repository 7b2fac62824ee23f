"""HTTP calls to the WhatsApp Cloud API.

Speaks through one session of ``requests``, which many threads may share. Nothing is
repeated and no redirect is followed: only the caller knows whether a message may be
sent again. Proxies of the environment are ignored.
"""

from .account import BUSINESS_ACCOUNT_FIELDS, PHONE_NUMBER_FIELDS, AccountCalls
from .app import AppClient, TokenInfo
from .media import MEDIA_HOSTS, DownloadedMedia, MediaCalls, MediaInfo
from .messages import Accepted, MessageCalls
from .number import PROFILE_FIELDS, PROFILE_LIMITS, VERTICALS, Blocking, NumberCalls
from .templates import TEMPLATE_FIELDS, CreatedTemplate, TemplateCalls


class CloudApiClient(
    MessageCalls, MediaCalls, TemplateCalls, AccountCalls, NumberCalls
):
    """Calls for one business phone number; may be shared by ``pool_size`` threads.

    ``base_url`` is ``https://graph.facebook.com`` or the address of a sandbox; plain
    http is allowed to the loopback interface only, and ``loopback_only`` refuses
    everything else, so that tests and copied databases cannot write to patients.
    Timeouts are in seconds: ``connect_timeout`` for a connection, ``read_timeout`` for
    the silence of the server, ``transfer_timeout`` for a whole file. ``prove`` adds
    ``appsecret_proof``; it needs ``app_secret``.

    Every call may raise ``CloudApiError``, ``ConnectionFailed`` or ``OutcomeUnknown``.
    The constructor raises ``ValueError`` for settings that cannot work, and so do calls
    for ids that are none.
    """
