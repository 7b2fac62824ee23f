"""Drive a sandbox from a program: start it, be its patients, see their phones.

Standard library only, so that tests and demonstrations can use it from anywhere.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


class SandboxError(Exception):
    """The control API refused; the text is its answer."""


class Sandbox:
    """The control API of a running sandbox; `url` is its address."""

    def __init__(self, url: str, process: subprocess.Popen | None = None):
        self.url = url.rstrip("/")
        self.process = process

    @classmethod
    def start(
        cls,
        *,
        account: str | None = None,
        port: int = 0,
        python: str = sys.executable,
        log=None,
        timeout: float = 30,
    ) -> "Sandbox":
        """Start a sandbox process on loopback and wait until it listens.

        `account` is the path of an account file, `python` an interpreter that has the
        sandbox's requirements, `log` an open file for its output.
        """
        with tempfile.TemporaryDirectory() as folder:
            ready = Path(folder) / "ready.json"
            command = [python, "-m", "whatsapp_sandbox"]
            command += ["--port", str(port), "--ready-file", str(ready)]
            if account:
                command += ["--account", str(account)]
            process = subprocess.Popen(
                command,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log or subprocess.DEVNULL,
                stderr=log or subprocess.DEVNULL,
                start_new_session=True,
            )
            deadline = time.monotonic() + timeout
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise SandboxError("the sandbox did not start")
                time.sleep(0.05)
            return cls(json.loads(ready.read_text())["url"], process)

    def stop(self) -> None:
        """End the process this object started."""
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def call(self, method: str, path: str, body: dict | None = None, **query):
        """One call of the control API; `path` is below `/sandbox`."""
        query = {name: value for name, value in query.items() if value is not None}
        url = f"{self.url}/sandbox/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        request = urllib.request.Request(
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise SandboxError(error.read().decode(errors="replace")) from None

    def reset(self) -> None:
        self.call("POST", "reset")

    def set_webhook(self, url: str, verify: bool = False):
        return self.call("PUT", "webhook", {"url": url, "verify": verify})

    def switch(self, **switches):
        return self.call("PATCH", "switches", switches)

    def fault(self, kind: str, **details):
        return self.call("POST", "faults", {"kind": kind, **details})

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def move_clock(self, seconds: float):
        """Set the clock this many seconds ahead of the machine's."""
        return self.call("PUT", "clock", {"offset_seconds": seconds})

    def pass_time(self, seconds: float):
        """Move the clock on; what is due by then happens."""
        return self.call("POST", "clock", {"advance_seconds": seconds})

    def add_patient(self, phone: str, **details):
        return self.call("POST", "patients", {"phone": phone, **details})

    def set_patient(self, wa_id: str, **details):
        return self.call("PATCH", f"patients/{wa_id}", details)

    def set_business_account(self, business_id: str, restriction: int | None):
        """Every send of the account meets this error code from now on; None: none."""
        body = {"restriction": restriction}
        return self.call("PATCH", f"business_accounts/{business_id}", body)

    def change_business_account(self, business_id: str, **changes):
        """subscribed, payment_method, health and what else the account file has."""
        return self.call("PATCH", f"business_accounts/{business_id}", changes)

    def change_phone_number(self, number_id: str, **changes):
        """status, quality_rating, name_status, pin, business_account and so on."""
        return self.call("PATCH", f"phone_numbers/{number_id}", changes)

    def change_app(self, app_id: str, **changes):
        """secret, mode, fields, callback_url and so on."""
        return self.call("PATCH", f"apps/{app_id}", changes)

    def send_event(self, business_id: str, field: str, value: dict):
        """A webhook of an account, whatever its field."""
        body = {"field": field, "value": value}
        return self.call("POST", f"business_accounts/{business_id}/events", body)

    def set_messaging_limit(self, portfolio_id: str, messaging_limit: int | None):
        body = {"messaging_limit": messaging_limit}
        return self.call("PATCH", f"portfolios/{portfolio_id}", body)

    def set_token(self, token: str, valid: bool = True, **details):
        """Let a token die or live again; `token` may be its position in the account.

        `details`: subcode, app, type, expires_at, scopes, business_accounts.
        """
        return self.call("PATCH", f"tokens/{token}", {"valid": valid, **details})

    def limits(self) -> list[dict]:
        """The portfolios with their messaging limits and how much is used."""
        return self.call("GET", "limits")

    def write(self, wa_id: str, phone_number_id: str, text: str):
        body = {"phone_number_id": phone_number_id, "text": text}
        return self.call("POST", f"patients/{wa_id}/messages", body)

    def tap(
        self, wa_id: str, message_id: str, button: int | str, card: int | None = None
    ):
        """``card`` is the index of the carousel's card that has the button."""
        body = {"message_id": message_id, "button": button, "card": card}
        return self.call("POST", f"patients/{wa_id}/taps", body)

    def act(self, wa_id: str, what: str, **body):
        """Anything else a patient does, e.g. `locations`, `reactions`, `forms`."""
        return self.call("POST", f"patients/{wa_id}/{what}", body)

    def read(self, wa_id: str, message_id: str | None = None):
        body = {"message_id": message_id} if message_id else {}
        return self.call("POST", f"patients/{wa_id}/read", body)

    def prefer(self, wa_id: str, phone_number_id: str, value: str):
        body = {"phone_number_id": phone_number_id, "value": value}
        return self.call("POST", f"patients/{wa_id}/preferences", body)

    def change_number(self, wa_id: str, phone_number_id: str, new_phone: str):
        body = {"phone_number_id": phone_number_id, "new_phone": new_phone}
        return self.call("POST", f"patients/{wa_id}/change_number", body)

    def templates(self) -> list[dict]:
        """The templates of all accounts, as WhatsApp has them."""
        return self.call("GET", "templates")

    def treat_template(self, template_id: str, what: str, **body):
        """`review`, `category`, `quality`, `pause`, `status` or `components`."""
        return self.call("POST", f"templates/{template_id}/{what}", body)

    def thread(self, wa_id: str, phone_number_id: str | None = None) -> list[dict]:
        """The bubbles on a patient's phone, oldest first."""
        answer = self.call(
            "GET", f"patients/{wa_id}/thread", phone_number_id=phone_number_id
        )
        return answer["messages"] if isinstance(answer, dict) else answer

    def accepted(self, **query) -> list[dict]:
        """What the sandbox answered 200 to, in order."""
        return self.call("GET", "messages", **query)["messages"]

    def stats(self) -> dict:
        return self.call("GET", "stats")
