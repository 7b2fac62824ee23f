"""Numbers of our advisory locks in PostgreSQL, each of them once.

A lock is a pair: one of these, and the id of what is locked.
"""

# One dispatcher serves a channel at a time.
CHANNEL = 0x57A0
# Who books a practitioner's time.
PRACTITIONER = 0x57A1
# A scheduled action runs.
ACTION = 0x57A2
# Who takes one of the last places of a messaging limit.
PORTFOLIO = 0x57A3
# Consents are being imported; there is one import at a time.
CONSENT_IMPORT = 0x57A4
