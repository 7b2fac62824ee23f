"""Python loads this first in the peer's Odoo: a local server stands in for Twilio.

The addon `sms_twilio` has Twilio's address in its code.
"""

import os

import requests

_request = requests.Session.request


def request(self, method, url, *arguments, **options):
    url = url.replace("https://api.twilio.com", os.environ["TWILIO_STAND_IN"], 1)
    return _request(self, method, url, *arguments, **options)


requests.Session.request = request
