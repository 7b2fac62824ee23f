"""A tiny real HTTP server in the place of WhatsApp, which can also misbehave."""

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Graph:
    """The server's script: each request meets the next step, its route or `accept`."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    steps: list = field(default_factory=list)
    routes: dict = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def answers(self, status, body, headers=None):
        """Answer the next request; a dict or list is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.steps.append(lambda handler: handler.reply(status, content, headers or {}))

    def serves(self, path, body, status=200):
        """Answer each later request to a path below the version in this way."""
        content = json.dumps(body).encode()
        self.routes[path] = lambda handler: handler.reply(status, content, {})

    def route(self, handler):
        path = handler.path.partition("?")[0].removeprefix("/v26.0/")
        return self.routes.get(path)

    def fails(self, fault):
        """Treat the next request to one of ``FAULTS``."""
        self.steps.append(FAULTS[fault])


def accept(handler):
    """Answer like WhatsApp; the message id repeats the correlation id."""
    payload = handler.graph_request.json
    answer = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": payload.get("to"), "wa_id": "905321110001"}],
        "messages": [{"id": f"wamid.{payload.get('biz_opaque_callback_data')}"}],
    }
    handler.reply(200, json.dumps(answer).encode(), {})


def reset(handler):
    """Break the connection with a TCP reset after the request was read."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True


def close(handler):
    """Close the connection without an answer, as a server does with an idle one."""
    handler.close_connection = True


def hang(handler):
    """Answer nothing until the test is over."""
    handler.server.graph.released.wait(30)
    handler.close_connection = True


def truncate(handler):
    """Promise more bytes than are sent."""
    handler.wfile.write(
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"messages":[{"id":"wamid.1'
    )
    handler.close_connection = True


def drip(handler):
    """Answer a byte at a time until the test is over, or the client has gone."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not handler.server.graph.released.wait(0.01):
        handler.wfile.write(b" ")
    handler.close_connection = True


FAULTS = {
    "reset": reset,
    "close": close,
    "hang": hang,
    "truncate": truncate,
    "drip": drip,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.graph.connections += 1

    def do_GET(self):
        graph = self.server.graph
        length = int(self.headers.get("Content-Length", 0))
        self.graph_request = Request(
            self.command, self.path, dict(self.headers), self.rfile.read(length)
        )
        with self.server.lock:
            graph.requests.append(self.graph_request)
            step = graph.steps.pop(0) if graph.steps else graph.route(self) or accept
        step(self)

    do_POST = do_DELETE = do_GET

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def graph():
    server = _Server(("127.0.0.1", 0), _Handler)
    server.lock = threading.Lock()
    server.graph = Graph(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.graph
    server.graph.released.set()
    server.shutdown()
    thread.join(5)
    server.server_close()
