# From the ground up: a room is registered before what re-opens its models.
from . import clinic
from . import consent
from . import patient
from . import identity
from . import channel
from . import template
from . import message
from . import gate
from . import media
from . import outbox
from . import intake
from . import appointment
from . import chat
from . import rule
from . import monitoring
from . import inbox
from . import whatsapp
