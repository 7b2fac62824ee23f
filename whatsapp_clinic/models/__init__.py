from . import access, consent, inbox, messaging, scheduling
