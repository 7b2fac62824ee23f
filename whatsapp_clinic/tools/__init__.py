from . import access, clock, fingerprint, phone, text, wake_up
