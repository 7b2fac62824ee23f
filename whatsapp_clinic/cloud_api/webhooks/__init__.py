"""What WhatsApp sends: signature check, and envelope to typed events.

``parse`` follows the documented envelope (Cloud API, webhooks) but trusts nothing in
it: whatever it does not know becomes ``Unrecognised``, and one malformed message does
not lose its neighbours. Personal values are kept out of the events' ``repr``.

Texts are returned as they came; whoever stores one cleans it.
"""

from .account import (
    AccountDetail,
    AccountEvent,
    Alert,
    Capability,
    Decision,
    NumberQuality,
    Restriction,
    SecurityEvent,
    Trouble,
)
from .content import (
    MEDIA_KINDS,
    ContactCard,
    FormReply,
    Location,
    Media,
    Order,
    OrderItem,
    Referral,
)
from .envelope import parse
from .events import (
    AccountUpdate,
    AddressBookEntry,
    Event,
    EventError,
    Handover,
    InboundCall,
    InboundMessage,
    MalformedWebhook,
    MessageEcho,
    NumberChanged,
    PastMessage,
    Sender,
    StatusUpdate,
    Synchronised,
    SystemNotice,
    TemplateUpdate,
    Unrecognised,
    UserPreference,
)
from .signature import phone_number_ids, verify
