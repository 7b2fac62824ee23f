#!/usr/bin/env bash
# pywa 4.5.0
#
# pywa takes contacts[0].user_id (the business-scoped id) of a message's webhook for
# granted. Meta's reference of the contacts message (as of 17 June 2026) shows the contact
# with profile and wa_id only. Such a webhook, correctly signed, is answered with ("ok",
# 200), but no handler is called: the failure goes to the log "pywa.server" alone. The same
# webhook with a user_id reaches the handler.
#
# After a 200 Meta does not send again: what the patient wrote is lost, and the clinic
# sees nothing. A product keeps the raw body before it is parsed.
#
# Seen:
#   with user_id:    ('ok', 200), messages handled: 1, errors in the log: 0
#   without user_id: ('ok', 200), messages handled: 0, errors in the log: 1
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pywa==4.5.0 anyio==4.16.0 certifi==2026.10.19.post1 h11==0.16.0 \
  httpcore==1.0.9 httpx==0.28.1 idna==3.20 typing_extensions==4.16.0
"$folder/venv/bin/python" - <<'PYTHON'
import hashlib
import hmac
import json
import logging

from pywa import WhatsApp

SECRET = "not-a-real-secret"
errors = []


class Keep(logging.Handler):
    def emit(self, record):
        errors.append(record.getMessage())


log = logging.getLogger("pywa.server")
log.addHandler(Keep(logging.ERROR))
log.propagate = False


def webhook(user_id):
    """The signed webhook of a patient who shares a contact."""
    contact = {"profile": {"name": "Ayşe Yılmaz"}, "wa_id": "905321110002"}
    message = {
        "from": "905321110002",
        "id": "wamid.one",
        "timestamp": "1796050000",
        "type": "contacts",
        "contacts": [{"name": {"formatted_name": "Mehmet Kaya"}}],
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "902120000000", "phone_number_id": "100"},
        "contacts": [contact | user_id],
        "messages": [message],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    update = {"object": "whatsapp_business_account", "entry": [entry]}
    body = json.dumps(update).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, f"sha256={signature}"


def receive(name, user_id):
    """What pywa answers, how many messages it handles and errors it logs."""
    handled = []
    errors.clear()
    client = WhatsApp(
        phone_id="100",
        token="none",
        server=None,
        verify_token="none",
        app_secret=SECRET,
    )
    client.on_message(lambda _client, message: handled.append(message))
    body, signature = webhook(user_id)
    assert client.webhook_update_validator(body, signature) is None
    answer = client.webhook_update_handler(body)
    print(
        f"{name:<16} {answer}, messages handled: {len(handled)},"
        f" errors in the log: {len(errors)}"
    )
    return answer, len(handled), len(errors)


with_id = receive("with user_id:", {"user_id": "TR.0000000000000001"})
without_id = receive("without user_id:", {})

assert with_id == (("ok", 200), 1, 0)
assert without_id == (("ok", 200), 0, 1)
PYTHON
