"""A headless Chromium that opens pages and takes pictures of them.

Runs in the project's virtual environment (websocket-client).
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

from .odoo import free_port
from .shell import SetupError
from .system import chromium

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-allow-origins=*",
    "--hide-scrollbars",
)


class Browser:
    """One page; use as a context manager."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        port = free_port()
        self.process = subprocess.Popen(
            [
                chromium(),
                *FLAGS,
                f"--user-data-dir={self.profile}",
                f"--remote-debugging-port={port}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.calls = 0
        self.socket = websocket.create_connection(self._address(port), timeout=60)
        self.call("Page.enable")
        self.call("Network.enable")

    def _address(self, port: int) -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                    pages = json.loads(answer.read())
                return next(
                    one["webSocketDebuggerUrl"]
                    for one in pages
                    if one["type"] == "page"
                )
            except (OSError, StopIteration):
                time.sleep(0.1)
        raise SetupError("Chromium did not start")

    def call(self, method: str, **parameters) -> dict:
        """One call of the DevTools protocol."""
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": parameters}
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.calls:
                return answer.get("result", {})

    def log_in(self, odoo_url: str, database: str, login: str, password: str) -> None:
        """Give the page a session of Odoo."""
        body = {
            "jsonrpc": "2.0",
            "params": {"db": database, "login": login, "password": password},
        }
        request = urllib.request.Request(
            f"{odoo_url}/web/session/authenticate",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
        name, _equals, value = cookie.partition("=")
        self.call("Network.setCookie", name=name, value=value, url=odoo_url)

    def open(self, url: str, width: int, height: int, wait_for: str) -> None:
        """Open a page at a size in CSS pixels and wait until a selector is there."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call("Page.navigate", url=url)
        self._wait(wait_for)

    def click(self, selector: str, wait_for: str) -> None:
        """Click the first element of a selector and wait until another is there."""
        self.evaluate(f"document.querySelector({selector!r}).click()")
        self._wait(wait_for)

    def _wait(self, selector: str) -> None:
        deadline = time.monotonic() + 60
        while not self.evaluate(f"!!document.querySelector({selector!r})"):
            if time.monotonic() > deadline:
                raise SetupError(f"The page shows no {selector}")
            time.sleep(0.2)
        time.sleep(1.5)

    def evaluate(self, expression: str):
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        return answer.get("result", {}).get("value")

    def picture(self, path: Path) -> None:
        """Save what the page shows as PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_exc) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
