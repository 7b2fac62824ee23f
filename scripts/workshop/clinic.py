"""A clinic in the project's Odoo: what demonstrations and tests ask of it.

What staff do goes through Odoo's external API, as any user; what only the system does
(set-up, bulk data) through `odoo shell`.
"""

import json
import time
import urllib.request
import xmlrpc.client
from http.cookies import SimpleCookie

from .odoo import Odoo

ANSWER = "whatsapp_clinic answers: "


class User:
    """A logged-in user of a running server, over XML-RPC."""

    def __init__(self, url: str, database: str, login: str, password: str):
        common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common")
        self.url = url
        self.database = database
        self.password = password
        self.id = common.authenticate(database, login, password, {})
        if not self.id:
            raise PermissionError(f"{login} cannot log in")

    def call(self, model: str, method: str, *arguments, **options):
        """Call a public method; `xmlrpc.client.Fault` carries what Odoo refused."""
        server = xmlrpc.client.ServerProxy(
            f"{self.url}/xmlrpc/2/object", allow_none=True
        )
        return server.execute_kw(
            self.database, self.id, self.password, model, method, arguments, options
        )

    def read(self, model: str, domain: list, fields: list[str]) -> list[dict]:
        return self.call(model, "search_read", domain, fields)


class Refused(Exception):
    """Odoo's answer to a web client is an error; the text is what the user sees."""


class WebClient:
    """A logged-in user of a running server, calling as the web client does.

    May be shared by threads.
    """

    def __init__(self, url: str, database: str, login: str, password: str):
        self.url = url
        self.cookie = ""
        credentials = {"db": database, "login": login, "password": password}
        self._post("/web/session/authenticate", credentials)

    def call(self, model: str, method: str, *arguments, **options):
        """Call a public method; Refused carries what Odoo answered instead."""
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": arguments, "kwargs": options},
        )

    def _post(self, path: str, parameters: dict):
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps({"jsonrpc": "2.0", "params": parameters}).encode(),
            headers={"Content-Type": "application/json", "Cookie": self.cookie},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
            cookie = SimpleCookie(response.headers.get("Set-Cookie", ""))
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        if not self.cookie:
            self.cookie = f"session_id={cookie['session_id'].value}"
        return answer.get("result")


def wait_until(condition, timeout: float, what: str) -> None:
    """Ask `condition` until it is true; TimeoutError after so many seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(0.02)


def shell(odoo: Odoo, database: str, script: str, **given):
    """Run Python in `odoo shell`, commit, and return what it assigned to `answer`.

    `given` are the script's variables, of plain Python types.
    """
    beginning = "".join(f"{name} = {value!r}\n" for name, value in given.items())
    ending = (
        "\nenv.cr.commit()\nimport json\n"
        f"print({ANSWER!r} + json.dumps(locals().get('answer')))\n"
    )
    words = ("shell", "-d", database, "--no-http")
    output = odoo.run(*words, script=beginning + script + ending)
    (line,) = [one for one in output.splitlines() if one.startswith(ANSWER)]
    return json.loads(line.removeprefix(ANSWER))


def connect_channel(
    odoo: Odoo, database: str, sandbox_url: str, phone_number_id: str, **values
) -> int:
    """Make (or point) a channel to a sandbox with its demo account; returns its id.

    `values` are fields of the channel, for example `name`, `rate`.
    """
    values = {"base_url": sandbox_url, **values}
    return shell(
        odoo,
        database,
        f"""
values = {values!r}
Channel = env["whatsapp.clinic.channel"].with_context(active_test=False)
channel = Channel.search([("phone_number_id", "=", {phone_number_id!r})])
if channel:
    channel.write(values)
else:
    channel = Channel.create({{
        "name": "Channel",
        "phone_number_id": {phone_number_id!r},
        "business_account_id": "620000000000001",
        **values,
    }})
channel._set_credentials({{
    "access_token": "sandbox-access-token",
    "app_secret": "sandbox-app-secret",
    "verify_token": "sandbox-verify-token",
}})
channel.account_id.app_id = "610000000000001"
answer = channel.id
""",
    )
