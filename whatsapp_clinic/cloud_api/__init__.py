"""The WhatsApp Cloud API in plain Python.

It knows nothing of Odoo, so that every rule here is tested without a database:

- ``payloads`` builds what is sent and checks every documented limit before the call,
- ``templates`` holds what a template consists of and WhatsApp's rules for writing one,
- ``media`` knows which files WhatsApp takes and what a file really is,
- ``client`` makes the call and says what became of it,
- ``errors`` says what to do when it did not work,
- ``pacing`` keeps within WhatsApp's rates,
- ``webhooks`` verifies what WhatsApp sends and turns it into typed events,
- ``connection_check`` says in ten lines whether a number is connected.
"""
