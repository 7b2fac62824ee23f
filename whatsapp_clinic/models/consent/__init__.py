from . import consent, consent_purpose, stop_word
