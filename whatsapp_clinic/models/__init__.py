from . import consent, inbox, messaging, scheduling
