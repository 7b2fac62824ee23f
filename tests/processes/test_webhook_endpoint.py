"""What the webhook's address answers to strangers, to WhatsApp and to broken bodies."""

import hashlib
import hmac
import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from workshop.clinic import wait_until

PATH = "/whatsapp_clinic/webhook"
MEBIBYTE = 1024 * 1024
# A request with a cookie goes the usual way through Odoo, to the controller.
WAYS = {"door": {}, "controller": {"Cookie": "way=controller"}}
_way: dict[str, str] = {}


@pytest.fixture(autouse=True, params=WAYS)
def way(request):
    """Name of the way that this test's requests go; both have to answer the same."""
    _way.clear()
    _way.update(WAYS[request.param])
    return request.param


@pytest.fixture(scope="module")
def clinic(make_clinic):
    return make_clinic("webhook_endpoint")


@pytest.fixture(scope="module")
def server(clinic):
    with clinic.serving() as server:
        yield server


@pytest.fixture
def post(clinic, server):
    """A function that posts a body, signed unless told otherwise; (status, text)."""

    def post(body: bytes, secret: str = clinic.app_secret, **options):
        return _request(server, "POST", PATH, body, _signature(secret, body), **options)

    return post


@pytest.fixture
def outcome(clinic):
    """A function that waits for a stored body's state: `done` or `parked`."""

    def outcome(body: bytes) -> str:
        def state() -> str | None:
            rows = clinic.query(
                "SELECT state FROM whatsapp_clinic_webhook_event"
                f" WHERE sha256 = '{hashlib.sha256(body).hexdigest()}'"
            )
            return rows[0]["state"] if rows else None

        clinic.wake_scheduler()
        wait_until(lambda: state() != "pending", 90, "the webhook is processed")
        return state()

    return outcome


def _signature(secret: str, body: bytes) -> dict[str, str]:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def _request(server, method, path, body=None, headers=None, chunked=False):
    headers = {**_way, **(headers or {})}
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        if chunked:
            pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
            connection.request(method, path, pieces, headers, encode_chunked=True)
        else:
            connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _text_message(number: str, text: str, message_id: str = "1") -> bytes:
    """A webhook with a patient's text, as WhatsApp sends it."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "905550000009", "phone_number_id": number},
        "contacts": [{"profile": {"name": "KUMQUAT"}, "wa_id": "905327770001"}],
        "messages": [
            {
                "from": "905327770001",
                "id": f"wamid.KUMQUAT{message_id}",
                "timestamp": "1795310000",
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    change = {"field": "messages", "value": value}
    envelope = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "620000000000077", "changes": [change]}],
    }
    return json.dumps(envelope).encode()


def _stored(clinic) -> int:
    rows = clinic.query("SELECT count(*) FROM whatsapp_clinic_webhook_event")
    return rows[0]["count"]


def test_unsigned_body_is_refused_and_not_stored(clinic, server):
    before = _stored(clinic)
    assert _request(server, "POST", PATH, b"{}")[0] == 401
    assert _stored(clinic) == before


def test_wrongly_signed_body_is_refused_and_not_stored(clinic, post):
    before = _stored(clinic)
    assert post(_text_message(clinic.numbers[0], "KUMQUAT"), "guessed")[0] == 401
    assert _stored(clinic) == before


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=ü", "sha1=00", "é" * 5000])
def test_strange_signature_is_refused(server, header):
    headers = {"X-Hub-Signature-256": header.encode("latin-1")}
    assert _request(server, "POST", PATH, b"{}", headers)[0] == 401


@pytest.mark.parametrize("text", ["KUMQUAT \x00 end", "KUMQUAT \ud83d end"])
def test_signed_text_that_no_column_can_hold_is_processed(clinic, post, outcome, text):
    body = _text_message(clinic.numbers[0], text, str(ord(text[8])))
    assert post(body)[0] == 200
    assert outcome(body) == "done"
    stored = clinic.query(
        "SELECT body FROM whatsapp_clinic_message"
        f" WHERE direction = 'in' AND message_id = 'wamid.KUMQUAT{ord(text[8])}'"
    )
    assert len(stored) == 1
    assert stored[0]["body"].startswith("KUMQUAT")


@pytest.mark.parametrize(
    "body",
    [
        _text_message("1", "KUMQUAT")[:100],
        b"KUMQUAT is no JSON",
        b"\x00\xff KUMQUAT",
        b"[" * 100_000,
        b"[]",
        b"null",
    ],
    ids=["truncated", "text", "bytes", "deep", "list", "null"],
)
def test_signed_body_that_is_no_webhook_is_parked(post, outcome, body):
    assert post(body)[0] == 200
    assert outcome(body) == "parked"


def test_empty_signed_body_is_no_server_error(post):
    assert post(b"")[0] in (200, 401)


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_signed_body_of_three_mebibytes_is_taken(clinic, post, outcome, chunked):
    text = "KUMQUAT" + "x" * (3 * MEBIBYTE) + str(chunked)
    body = _text_message("999", text)
    assert post(body, chunked=chunked)[0] == 200
    assert outcome(body) == "done"


def test_signed_body_of_five_mebibytes_is_refused(clinic, post):
    before = _stored(clinic)
    assert post(b"x" * (5 * MEBIBYTE))[0] == 413
    assert _stored(clinic) == before


def test_body_of_five_mebibytes_that_hides_its_length_is_refused(clinic, post):
    """Read no further than the limit, where the signature cannot be right any more."""
    before = _stored(clinic)
    assert post(b"x" * (5 * MEBIBYTE), chunked=True)[0] in (401, 413)
    assert _stored(clinic) == before


def test_webhook_for_an_unknown_number_is_taken_and_changes_nothing(
    clinic, post, outcome
):
    body = _text_message("999999999999999", "KUMQUAT", "unknown")
    assert post(body)[0] == 200
    assert outcome(body) == "done"
    assert not clinic.query(
        "SELECT id FROM whatsapp_clinic_message WHERE message_id LIKE '%unknown'"
    )


def test_same_webhook_from_many_connections_is_stored_once(clinic, post, outcome):
    body = _text_message(clinic.numbers[0], "KUMQUAT", "many")
    with ThreadPoolExecutor(12) as connections:
        answers = list(connections.map(lambda _: post(body)[0], range(60)))
    assert set(answers) == {200}
    assert outcome(body) == "done"
    assert (
        len(
            clinic.query(
                "SELECT id FROM whatsapp_clinic_message WHERE message_id LIKE '%many'"
            )
        )
        == 1
    )


def test_only_the_usual_way_passes_through_odoos_handling(server, way):
    address = urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", PATH, b"{}", WAYS[way])
    passed = connection.getresponse().headers.get("X-Content-Type-Options")
    connection.close()
    assert bool(passed) == (way == "controller")


def test_different_webhooks_from_many_connections_are_all_taken(clinic, post, way):
    before = _stored(clinic)
    bodies = [
        _text_message(clinic.numbers[0], "KUMQUAT", f"{way}{n}") for n in range(200)
    ]
    with ThreadPoolExecutor(12) as connections:
        answers = list(connections.map(lambda body: post(body)[0], bodies))
    assert set(answers) == {200}
    assert _stored(clinic) == before + len(bodies)


def _verify(server, token: str) -> tuple[int, str]:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": token,
    }
    return _request(server, "GET", f"{PATH}?{urlencode(query)}")


def test_challenge_with_the_verify_token_comes_back(clinic, server):
    assert _verify(server, clinic.verify_token) == (200, "1158201444")


@pytest.mark.parametrize("token", ["", "guessed", "ü\x00"])
def test_challenge_with_another_token_is_refused(server, token):
    status, text = _verify(server, token)
    assert status == 403
    assert "1158201444" not in text


def test_verification_changes_nothing(clinic, server):
    def counts() -> list[dict]:
        return clinic.query(
            "SELECT (SELECT count(*) FROM whatsapp_clinic_webhook_event) AS events,"
            " (SELECT max(write_date) FROM whatsapp_clinic_channel) AS channels"
        )

    before = counts()
    _verify(server, clinic.verify_token)
    assert counts() == before


def test_request_that_ends_early_is_no_server_error(clinic, server):
    body = _text_message(clinic.numbers[0], "KUMQUAT", "early")
    before = _stored(clinic)
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), 60) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[:50])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert b" 500 " not in answer.splitlines()[0] if answer else True
    assert _stored(clinic) == before


def test_no_answer_was_a_server_error(clinic, server):
    """Runs last in this module: looks at what the server logged of all requests."""
    lines = server.log.read_text(errors="replace").splitlines()
    assert [line for line in lines if PATH in line and '" 5' in line] == []
    assert [line for line in lines if "Traceback" in line] == []
