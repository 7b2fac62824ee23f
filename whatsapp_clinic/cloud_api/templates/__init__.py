"""Templates as a clinic writes them: what they consist of, and WhatsApp's rules.

``problems`` lists everything that WhatsApp would refuse, ``creation`` and ``edit`` give
what is posted; ``read`` is the other way of ``TemplateDefinition.components``.
"""

from .definition import (
    AUTHENTICATION,
    CATEGORIES,
    HEADER_KINDS,
    NAMED,
    POSITIONAL,
    Button,
    Card,
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    Header,
    OneTimeCodeButton,
    OtherButton,
    PhoneButton,
    QuickReplyButton,
    TemplateDefinition,
    UrlButton,
    VoiceCallButton,
    creation,
    edit,
)
from .edits import EDITABLE, NAME_BLOCK, edit_problems
from .losses import lost_parts
from .one_time_code import listed_components
from .problem import Problem
from .reading import read
from .rules import problems
from .sameness import wording
