"""Command line: ``python -m whatsapp_sandbox``."""

from __future__ import annotations

import argparse
import json
import os
import socket
from contextlib import suppress
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .account import DEMO_ACCOUNT
from .app import create_app
from .sandbox import Sandbox
from .webhooks import WebhookRefused

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75


class BreakableConnection(HttpToolsProtocol):
    """Lets the application reach the transport, so that a fault can cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["transport"] = self.transport


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="whatsapp_sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--account", type=Path, default=DEMO_ACCOUNT)
    parser.add_argument("--webhook-url", help="overrides the account file's")
    parser.add_argument("--ready-file", type=Path, help="gets the url and the pid")
    parser.add_argument(
        "--allow-any-webhook-host",
        action="store_true",
        help="let webhooks leave this machine",
    )
    return parser.parse_args()


class Server(uvicorn.Server):
    """Says when it listens; a signal ends it without waiting for open connections."""

    def __init__(
        self, config: uvicorn.Config, sandbox: Sandbox, url: str, ready: Path | None
    ) -> None:
        super().__init__(config)
        self.sandbox = sandbox
        self.url = url
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.sandbox.webhooks.start()
        await super().startup(sockets)
        if self.ready is not None:
            write_atomically(self.ready, {"url": self.url, "pid": os.getpid()})
        print(f"whatsapp_sandbox ready on {self.url}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.force_exit = True
        await self.sandbox.webhooks.stop()
        await super().shutdown(sockets)


def write_atomically(path: Path, content: dict[str, object]) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def main() -> None:
    options = arguments()
    try:
        sandbox = Sandbox(
            options.account, options.webhook_url, options.allow_any_webhook_host
        )
    except (OSError, ValueError, WebhookRefused) as error:
        raise SystemExit(f"whatsapp_sandbox: {error}") from error
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.create_server(
        (options.host, options.port), family=family, backlog=BACKLOG
    )
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(sandbox),
        http=BreakableConnection,
        loop="uvloop",
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    with suppress(KeyboardInterrupt):
        Server(config, sandbox, url, options.ready_file).run(sockets=[listener])


if __name__ == "__main__":
    main()
