#!/usr/bin/env bash
# requests 2.34.2
#
# A file that is asked for with stream=True and allow_redirects=False is not read before
# somebody reads it, unless the answer is a redirect with an address: then requests reads
# the whole body into memory before it returns the answer, to look where it would lead. A
# body of the same size with status 200, or with 302 and no Location, stays unread.
#
# Who loads patients' photos and sound by addresses from webhooks, follows no redirect so
# that the access token goes to nobody else, and bounds what is read in a loop over the
# stream: the bound does not hold for a redirect. Here the client's session looks at no
# redirect at all.
#
# Seen:
#   200: 0 MiB read
#   302 without Location: 0 MiB read
#   302 with Location: 8 MiB read
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  requests==2.34.2 urllib3==2.8.0 idna==3.20 certifi==2026.10.18 \
  charset-normalizer==3.5.2
"$folder/venv/bin/python" - <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

MEBIBYTE = 1024 * 1024
PHOTO = b" " * (8 * MEBIBYTE)
ANSWERS = {
    "200": (200, {}),
    "302 without Location": (302, {}),
    "302 with Location": (302, {"Location": "/elsewhere"}),
}


class Host(BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers = ANSWERS[self.headers["X-Answer"]]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(PHOTO)))
        self.end_headers()
        try:
            self.wfile.write(PHOTO)
        except OSError:
            pass

    def log_message(self, *_arguments):
        pass


host = ThreadingHTTPServer(("127.0.0.1", 0), Host)
threading.Thread(target=host.serve_forever, daemon=True).start()
read = {}
for name in ANSWERS:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"http://127.0.0.1:{host.server_port}/photo",
            headers={"X-Answer": name},
            stream=True,
            allow_redirects=False,
            timeout=60,
        )
        read[name] = answer.raw.tell()
        print(f"{name}: {read[name] // MEBIBYTE} MiB read")
        answer.close()
host.shutdown()

assert read == {
    "200": 0,
    "302 without Location": 0,
    "302 with Location": len(PHOTO),
}
PYTHON
