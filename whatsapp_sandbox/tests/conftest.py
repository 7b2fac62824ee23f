"""A real sandbox process, a real webhook receiver, and short words to use them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from ..account import DEMO_ACCOUNT

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 10
TOKEN = "sandbox-access-token"
SECRET = "sandbox-app-secret"
APP = "610000000000001"
APP_TOKEN = f"{APP}|{SECRET}"
SECOND_APP, SECOND_SECRET = "610000000000002", "second-app-secret"
BUSINESS, NUMBER, OTHER_NUMBER = "620000000000001", "640000000000001", "640000000000002"
UNREGISTERED, TEST_NUMBER, SLOW_NUMBER = "640000000000011", "640000000000012", "640013"
COEXISTENCE_NUMBER = "640000000000014"
PORTFOLIO, SISTER_BUSINESS = "650000000000001", "620000000000003"
SISTER_NUMBER = "640000000000031"
LOCKED_BUSINESS, LOCKED_NUMBER = "620000000000002", "640000000000021"
PATIENT, WA_ID, USER_ID = "+905321110001", "905321110001", "TR.7351904826201277"
JSON = {"Content-Type": "application/json"}
REMINDER_VALUES = {
    "patient_name": "Ayşe Yılmaz",
    "clinic_name": "Kadıköy",
    "appointment_date": "24 Kasım",
    "appointment_time": "14:30",
}


def wait_until(condition: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Poll until ``condition`` gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError("what was waited for did not happen in time")


def template(name: str, components: list[dict[str, Any]], **more: Any) -> dict:
    return {
        "id": f"74{abs(hash(name)) % 10**9}",
        "name": name,
        "language": "en",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": components,
        **more,
    }


def card(text: str, address: str = "https://example.com/{{1}}") -> dict[str, Any]:
    """A card with a picture, a quick reply and a link, as a template defines it."""
    replies = [
        {"type": "QUICK_REPLY", "text": "Book"},
        {"type": "URL", "text": "More", "url": address, "example": ["page"]},
    ]
    return {
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": text, "example": {"body_text": [["Ada"]]}},
            {"type": "BUTTONS", "buttons": replies},
        ]
    }


def account_for_tests() -> dict[str, Any]:
    """The demo account and one of everything that refuses messages."""
    account = json.loads(DEMO_ACCOUNT.read_text(encoding="utf-8"))
    body = {"type": "BODY", "text": "Hello {{1}}, see you at {{2}} then."}
    plain = {"type": "BODY", "text": "Hello."}
    page = {"type": "URL", "text": "Open", "url": "https://example.com/{{1}}"}
    fixed = {"type": "URL", "text": "Open", "url": "https://example.com/page"}
    call = {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+905550000001"}
    image = {"type": "HEADER", "format": "IMAGE"}
    cards = [card("Dr. {{1}} cleans."), card("Dr. {{1}} whitens.")]
    code = {"type": "BODY", "text": "{{1}} is your code."}
    account["more_apps"] = [
        {"id": SECOND_APP, "secret": SECOND_SECRET, "verify_token": "second"}
    ]
    business = account["business_accounts"][0]
    business["portfolio"] = PORTFOLIO
    business["templates"] += [
        template("positional", [body]),
        template("with_link", [plain, {"type": "BUTTONS", "buttons": [page]}]),
        template("with_page", [plain, {"type": "BUTTONS", "buttons": [fixed]}]),
        template("with_phone", [plain, {"type": "BUTTONS", "buttons": [call]}]),
        template("with_image", [image, plain]),
        template("paused", [plain], status="PAUSED"),
        template("disabled", [plain], status="DISABLED"),
        template("rejected", [plain], status="REJECTED"),
        template("offer", [plain], category="MARKETING"),
        template("treatments", [body, {"type": "CAROUSEL", "cards": cards}]),
    ]

    def number(id_: str, phone: str, **more: Any) -> dict[str, Any]:
        return {
            "id": id_,
            "display_phone_number": phone,
            "verified_name": id_,
            **more,
        }

    business["phone_numbers"] += [
        number(UNREGISTERED, "+905550000011", status="DISCONNECTED"),
        number(TEST_NUMBER, "+905550000012", allowed_recipients=["+905321110002"]),
        number(SLOW_NUMBER, "+905550000013", throughput=1),
        number(COEXISTENCE_NUMBER, "+905550000014", coexistence=True),
    ]
    account["business_accounts"] += [
        {
            "id": LOCKED_BUSINESS,
            "name": "Locked",
            "restriction": 131031,
            "phone_numbers": [number(LOCKED_NUMBER, "+905550000021")],
        },
        {
            "id": SISTER_BUSINESS,
            "name": "Sister",
            "portfolio": PORTFOLIO,
            "phone_numbers": [number(SISTER_NUMBER, "+905550000031")],
            "templates": [
                template("hello", [plain]),
                template("code", [code], category="AUTHENTICATION"),
            ],
        },
    ]
    return account


class Process:
    """``python -m whatsapp_sandbox`` on a free port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.ready = folder / "ready.json"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "whatsapp_sandbox",
                "--ready-file",
                str(self.ready),
                *arguments,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_until(self.is_ready)
        self.url = json.loads(self.ready.read_text())["url"]

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        return self.ready.exists()

    def stop(self) -> str:
        """End it by SIGTERM; returns what it printed."""
        self.process.terminate()
        return self.process.communicate(timeout=DEADLINE_SECONDS)[0]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Receiver:
    """A webhook receiver that keeps what came and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, dict[str, str]]] = []
        self.statuses: list[int] = []
        self.challenge_suffix = ""
        self.queries: list[str] = []
        self.server = Server(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((body, dict(self.headers)))
                self.answer(receiver.statuses.pop(0) if receiver.statuses else 200)

            def do_GET(self) -> None:
                receiver.queries.append(self.path)
                challenge = self.path.split("hub.challenge=")[1].split("&")[0]
                self.answer(200, (challenge + receiver.challenge_suffix).encode())

            def answer(self, status: int, body: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler

    def values(self) -> list[dict[str, Any]]:
        """The ``value`` of every change that came, in order."""
        return [
            change["value"]
            for body, _headers in list(self.requests)
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        ]

    def items(self, kind: str) -> list[dict[str, Any]]:
        return [item for value in self.values() for item in value.get(kind, ())]

    def wait_for(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """The first ``count`` messages, statuses or user_preferences."""
        return wait_until(lambda: len(self.items(kind)) >= count and self.items(kind))

    def wait_for_requests(self, count: int) -> None:
        wait_until(lambda: len(self.requests) >= count)

    def wait_for_statuses(self, *names: str) -> dict[str, dict[str, Any]]:
        def found() -> dict[str, dict[str, Any]] | None:
            by_name = {one["status"]: one for one in self.items("statuses")}
            return by_name if set(names) <= by_name.keys() else None

        return wait_until(found)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class WhatsApp:
    """The sandbox, called as a business and as a test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def graph(
        self, method: str, path: str, token: str | None = TOKEN, **more: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        return self.session.request(
            method, self.url + path, headers=headers, timeout=DEADLINE_SECONDS, **more
        )

    def send(self, payload: Any, number: str = NUMBER, **more: Any):
        return self.graph("POST", f"/v26.0/{number}/messages", json=payload, **more)

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self.session.request(
            method, f"{self.url}/sandbox/{path}", json=body, timeout=DEADLINE_SECONDS
        )
        answer.raise_for_status()
        return answer.json()

    def act(self, what: str, **body: Any) -> dict[str, Any]:
        """The patient does something on the phone."""
        return self.control("POST", f"patients/{WA_ID}/{what}", **body)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """What the Graph API answers; must be good."""
        answer = self.graph("GET", f"/v26.0/{path}", params=query)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    def post(self, path: str, **body: Any) -> requests.Response:
        return self.graph("POST", f"/v26.0/{path}", json=body)

    def upload(self, content: bytes, mime_type: str, number: str = NUMBER) -> str:
        """Upload a file of the business; returns its media id."""
        answer = self.graph(
            "POST",
            f"/v26.0/{number}/media",
            data={"messaging_product": "whatsapp"},
            files={"file": ("file", content, mime_type)},
        )
        return answer.json()["id"]

    def handle(self, mime_type: str = "image/png", content: bytes = b"sample") -> str:
        """Upload a sample, as templates and profiles want it; returns its handle."""
        query = {
            "file_name": "sample",
            "file_length": str(len(content)),
            "file_type": mime_type,
        }
        begun = self.graph("POST", f"/v26.0/{APP}/uploads", params=query).json()
        answer = self.graph(
            "POST", f"/v26.0/{begun['id']}", data=content, headers={"file_offset": "0"}
        )
        return answer.json()["h"]

    def pass_time(self, **length: float) -> None:
        """Move the sandbox's clock on, by days, hours or seconds."""
        seconds = timedelta(**length).total_seconds()
        self.control("POST", "clock", advance_seconds=seconds)

    def text(self, body: str = "Merhaba", to: str = PATIENT, **more: Any) -> str:
        """Send a text that must be accepted; returns its id."""
        return accepted(self.send(text(body, to, **more)))

    def reminder(self, to: str = PATIENT, **more: Any) -> str:
        return accepted(self.send(reminder(to, **more)))

    def write(self, text: str = "Merhaba", wa_id: str = WA_ID, **more: Any) -> str:
        body = {"phone_number_id": NUMBER, "text": text, **more}
        return self.control("POST", f"patients/{wa_id}/messages", **body)["id"]

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", kind=kind, **more)

    def switch(self, **changes: Any) -> None:
        self.control("PATCH", "switches", **changes)

    def messages(self, **filters: str) -> list[dict[str, Any]]:
        answer = self.session.get(self.url + "/sandbox/messages", params=filters)
        return answer.json()["messages"]

    def thread(self, wa_id: str = WA_ID) -> list[dict[str, Any]]:
        return self.control("GET", f"patients/{wa_id}/thread")


def envelope(kind: str, content: Any, to: str = PATIENT, **more: Any) -> dict:
    return {
        "messaging_product": "whatsapp",
        "to": to,
        "type": kind,
        kind: content,
        **more,
    }


def text(body: str = "Merhaba", to: str = PATIENT, **more: Any) -> dict[str, Any]:
    return envelope("text", {"body": body}, to, **more)


def template_message(
    name: str,
    components: Any = (),
    language: str = "en",
    to: str = PATIENT,
    **more: Any,
) -> dict[str, Any]:
    content = {
        "name": name,
        "language": {"code": language},
        "components": list(components),
    }
    return envelope("template", content, to, **more)


def body_of(*texts: str, **named: str) -> dict[str, Any]:
    """A body component with positional or named parameters."""
    parameters = [{"type": "text", "text": one} for one in texts]
    parameters += [
        {"type": "text", "parameter_name": name, "text": one}
        for name, one in named.items()
    ]
    return {"type": "body", "parameters": parameters}


def quick_reply(index: int, payload: str) -> dict[str, Any]:
    return {
        "type": "button",
        "sub_type": "quick_reply",
        "index": str(index),
        "parameters": [{"type": "payload", "payload": payload}],
    }


def reminder(to: str = PATIENT, **more: Any) -> dict[str, Any]:
    components = [body_of(**REMINDER_VALUES), quick_reply(0, "confirm:key")]
    return template_message("appointment_reminder", components, "tr", to, **more)


def buttons(*replies: tuple[str, str], **more: Any) -> dict[str, Any]:
    definitions = [
        {"type": "reply", "reply": {"id": id_, "title": title}}
        for id_, title in replies
    ]
    content = {
        "type": "button",
        "body": {"text": "Which day?"},
        "action": {"buttons": definitions},
        **more,
    }
    return envelope("interactive", content)


def accepted(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.json()
    return answer.json()["messages"][0]["id"]


def error(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code >= 400, answer.json()
    return answer.json()["error"]


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("sandbox")
    account = folder / "account.json"
    account.write_text(json.dumps(account_for_tests()), encoding="utf-8")
    process = Process(folder, "--account", str(account))
    yield process
    process.stop()


@pytest.fixture
def whatsapp(process: Process) -> Iterator[WhatsApp]:
    whatsapp = WhatsApp(process.url)
    whatsapp.control("PUT", "webhook", url=None)
    whatsapp.control("POST", "reset")
    yield whatsapp
    whatsapp.session.close()


@pytest.fixture
def receiver(whatsapp: WhatsApp) -> Iterator[Receiver]:
    receiver = Receiver()
    whatsapp.control("PUT", "webhook", url=receiver.url)
    yield receiver
    whatsapp.control("PUT", "webhook", url=None)
    receiver.stop()
