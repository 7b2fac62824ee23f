"""The client against a real HTTP server."""

import hashlib
import hmac
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from whatsapp_clinic.cloud_api import payloads
from whatsapp_clinic.cloud_api.client import Accepted, CloudApiClient
from whatsapp_clinic.cloud_api.errors import (
    NO_CODE,
    CallFailed,
    CloudApiError,
    ConnectionFailed,
    OutcomeUnknown,
)

TOKEN = "EAAsecret.token-of-the-clinic"
PATIENT = "+905321110001"
PHONE_NUMBER_ID = "100000000000001"
TEXT = "Yarın saat 10:00'da randevunuz var"
MESSAGE = payloads.text(PATIENT, TEXT, callback_data="row-1")


@pytest.fixture
def make_client(graph):
    """Make clients of the server; they are closed after the test."""
    clients = []

    def make(**options) -> CloudApiClient:
        settings = {
            "base_url": graph.url,
            "version": "v26.0",
            "phone_number_id": PHONE_NUMBER_ID,
            "access_token": TOKEN,
            "read_timeout": 60,
            **options,
        }
        clients.append(CloudApiClient(**settings))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()


def refusal(code, message="(#1) Words", **more):
    return {"error": {"message": message, "code": code, "fbtrace_id": "Atrace", **more}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_message_is_posted_as_json_with_the_bearer_token(graph, client):
    client.send_message(MESSAGE)
    request = graph.requests[0]
    assert (request.method, request.path) == (
        "POST",
        f"/v26.0/{PHONE_NUMBER_ID}/messages",
    )
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.json == MESSAGE


def test_an_accepted_message_brings_its_ids(graph, client):
    graph.answers(
        200,
        {
            "contacts": [{"input": "TR.1", "user_id": "TR.1"}],
            "messages": [{"id": "wamid.X", "message_status": "accepted"}],
        },
    )
    assert client.send_message(MESSAGE) == Accepted(
        "wamid.X", wa_id=None, user_id="TR.1", message_status="accepted"
    )


def test_a_refusal_brings_what_whatsapp_said(graph, client):
    graph.answers(
        400,
        refusal(
            131009,
            "(#131009) Parameter value is not valid",
            error_subcode=2494055,
            error_data={"details": "too long"},
        ),
    )
    with pytest.raises(CloudApiError) as caught:
        client.send_message(MESSAGE)
    error = caught.value
    assert (error.code, error.subcode, error.http_status) == (131009, 2494055, 400)
    assert (error.title, error.details) == ("Parameter value is not valid", "too long")
    assert error.fbtrace_id == "Atrace"
    assert error.retry_after is None


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_answer_with_an_error_code_is_a_refusal_whatever_its_status(
    graph, client, status
):
    graph.answers(status, refusal(131000))
    with pytest.raises(CloudApiError) as caught:
        client.send_message(MESSAGE)
    assert (caught.value.code, caught.value.http_status) == (131000, status)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429])
def test_a_refusal_without_a_code_is_still_a_refusal(graph, client, status):
    graph.answers(status, b"<html>no</html>", {"Location": "/elsewhere"})
    with pytest.raises(CloudApiError) as caught:
        client.send_message(MESSAGE)
    assert (caught.value.code, caught.value.http_status) == (NO_CODE, status)


def test_a_redirect_is_not_followed(graph, client):
    graph.answers(302, b"", {"Location": f"{graph.url}/elsewhere"})
    with pytest.raises(CloudApiError):
        client.send_message(MESSAGE)
    assert len(graph.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"X-App-Usage": '{"estimated_time_to_regain_access": 2}'}, 120),
        (
            {
                "X-Business-Use-Case-Usage": '{"1":[{"call_count":99},'
                '{"estimated_time_to_regain_access":3}]}'
            },
            180,
        ),
        ({"X-App-Usage": '{"estimated_time_to_regain_access": 0}'}, None),
        ({"X-App-Usage": '["estimated_time_to_regain_access"]'}, None),
        (
            {
                "Retry-After": "5",
                "X-App-Usage": '{"estimated_time_to_regain_access":1}',
            },
            60,
        ),
    ],
)
def test_a_refusal_tells_how_long_whatsapp_asks_to_wait(
    graph, client, headers, seconds
):
    graph.answers(429, refusal(4), headers)
    with pytest.raises(CloudApiError) as caught:
        client.send_message(MESSAGE)
    assert caught.value.retry_after == seconds


def test_nobody_listening_means_not_processed(make_client):
    client = make_client(base_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ConnectionFailed, match="ConnectionRefusedError"):
        client.send_message(MESSAGE)


def test_a_failed_tls_handshake_means_not_processed(graph, make_client):
    client = make_client(base_url=graph.url.replace("http:", "https:"))
    with pytest.raises(ConnectionFailed):
        client.send_message(MESSAGE)
    assert graph.requests == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_an_untrusted_certificate_is_refused_before_the_token_goes_out(
    tmp_path, make_client
):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    command += f" -days 1 -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True, timeout=90)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    received = []

    def serve(listener):
        connection, _ = listener.accept()
        connection.settimeout(60)
        try:
            received.append(context.wrap_socket(connection, server_side=True).recv(999))
        except OSError:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        client = make_client(base_url=f"https://localhost:{listener.getsockname()[1]}")
        with pytest.raises(ConnectionFailed, match="SSLCertVerificationError"):
            client.send_message(MESSAGE)
        thread.join(60)
    assert not any(received)


def test_a_request_that_could_not_be_written_whole_means_not_processed(make_client):
    def serve(listener):
        connection, _ = listener.accept()
        connection.recv(1)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        client = make_client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(ConnectionFailed):
            client.send_message({"text": "x" * 30_000_000})
        thread.join(60)


@pytest.mark.parametrize("fault", ["reset", "close", "truncate"])
def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown(
    graph, client, fault
):
    graph.fails(fault)
    with pytest.raises(OutcomeUnknown):
        client.send_message(MESSAGE)
    assert len(graph.requests) == 1


def test_no_answer_in_time_leaves_the_outcome_unknown(graph, make_client):
    graph.fails("hang")
    with pytest.raises(OutcomeUnknown, match="imeout"):
        make_client(read_timeout=0.2).send_message(MESSAGE)


def test_an_answer_that_drips_ends_before_the_lease(graph, make_client):
    graph.fails("drip")
    with pytest.raises(OutcomeUnknown, match="too long"):
        make_client(answer_timeout=0.2).send_message(MESSAGE)


def test_an_answer_without_end_is_not_kept_in_memory(graph, client):
    graph.answers(200, b" " * (16 * 1024 * 1024 + 1))
    with pytest.raises(OutcomeUnknown, match="too large"):
        client.send_message(MESSAGE)
    assert client.send_message(MESSAGE)


def test_the_body_of_a_redirect_is_not_kept_in_memory(graph, client):
    headers = {"Location": "https://example.com/"}
    graph.answers(302, b" " * (16 * 1024 * 1024 + 1), headers)
    with pytest.raises(OutcomeUnknown, match="too large"):
        client.phone_number()
    assert len(graph.requests) == 1


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_a_kept_connection_that_breaks_is_never_retried(graph, client, fault):
    client.send_message(MESSAGE)
    graph.fails(fault)
    with pytest.raises(OutcomeUnknown):
        client.send_message(MESSAGE)
    assert (len(graph.requests), graph.connections) == (2, 1)


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_reading_is_not_repeated_behind_the_callers_back(graph, client, fault):
    graph.fails(fault)
    with pytest.raises(OutcomeUnknown):
        client.phone_number()
    assert len(graph.requests) == 1


@pytest.mark.parametrize("status", [201, 500, 503])
def test_a_json_answer_of_another_status_is_not_taken_for_a_result(
    graph, client, status
):
    graph.answers(status, {"id": PHONE_NUMBER_ID})
    with pytest.raises(OutcomeUnknown):
        client.phone_number()


def test_the_client_works_on_after_a_broken_connection(graph, client):
    graph.fails("reset")
    with pytest.raises(OutcomeUnknown):
        client.send_message(MESSAGE)
    assert client.send_message(MESSAGE).message_id == "wamid.row-1"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"messages":[]}'),
        (200, b'{"messages":[{"id":""}]}'),
        (200, b'{"messages":{"id":"wamid.1"}}'),
        (200, b"[" * 100_000),
        (204, b""),
        (500, b""),
        (502, b"<html>Bad Gateway</html>"),
        (503, b'{"error":"busy"}'),
        (500, b'{"error":{"message":"no code"}}'),
    ],
)
def test_an_answer_that_is_not_whatsapps_leaves_the_outcome_unknown(
    graph, client, status, body
):
    graph.answers(status, body)
    with pytest.raises(OutcomeUnknown):
        client.send_message(MESSAGE)


def test_a_client_that_is_closed_during_a_call_has_not_sent_it(
    graph, client, monkeypatch
):
    """The pool is closed by another thread while this one is about to ask it."""
    pools = client._transport._session.get_adapter(graph.url).poolmanager
    pool_from = pools.connection_from_pool_key

    def close_it(*arguments, **options):
        pool = pool_from(*arguments, **options)
        pool.close()
        return pool

    monkeypatch.setattr(pools, "connection_from_pool_key", close_it)
    with pytest.raises(ConnectionFailed):
        client.send_message(MESSAGE)
    assert graph.requests == []


def test_calls_that_break_off_leave_no_connection_in_use(graph, make_client):
    client = make_client(pool_size=1, answer_timeout=0.2)
    for _ in range(3):
        graph.fails("drip")
        with pytest.raises(OutcomeUnknown, match="too long"):
            client.send_message(MESSAGE)
    sent = []
    thread = threading.Thread(
        target=lambda: sent.append(client.send_message(MESSAGE)), daemon=True
    )
    thread.start()
    thread.join(30)
    assert sent


def test_no_cookie_is_kept(graph, client):
    accepted = {"messages": [{"id": "wamid.1"}]}
    graph.answers(200, accepted, {"Set-Cookie": "session=1; Path=/"})
    client.send_message(MESSAGE)
    client.send_message(MESSAGE)
    assert [request.headers.get("Cookie") for request in graph.requests] == [None] * 2
    assert not client._transport._session.cookies


@pytest.fixture
def without_read1(monkeypatch):
    """As urllib3 1.26 is, which Debian 12 has."""
    for kind in urllib3.HTTPResponse.__mro__:
        if kind.__module__.startswith("urllib3") and "read1" in vars(kind):
            monkeypatch.delattr(kind, "read1")


@pytest.mark.usefixtures("without_read1")
def test_an_older_urllib3_does_as_well(graph, client):
    for _ in range(3):
        assert client.send_message(MESSAGE).message_id == "wamid.row-1"
    assert graph.connections == 1
    graph.fails("truncate")
    with pytest.raises(OutcomeUnknown):
        client.send_message(MESSAGE)


@pytest.mark.usefixtures("without_read1")
def test_an_answer_that_drips_ends_with_an_older_urllib3(graph, make_client):
    graph.fails("drip")
    with pytest.raises(OutcomeUnknown, match="too long"):
        make_client(answer_timeout=0.2).send_message(MESSAGE)


def test_a_closed_client_sends_nothing(graph, client):
    client.close()
    with pytest.raises(ConnectionFailed):
        client.send_message(MESSAGE)
    assert graph.requests == []


def test_connections_are_kept(graph, client):
    for _ in range(10):
        client.send_message(MESSAGE)
    assert graph.connections == 1


def test_64_threads_share_a_client_without_mixing_up_answers(graph, client):
    def send(number):
        message = payloads.text(PATIENT, "x", callback_data=str(number))
        return client.send_message(message).message_id

    with ThreadPoolExecutor(64) as executor:
        ids = list(executor.map(send, range(640)))
    assert ids == [f"wamid.{number}" for number in range(640)]
    assert graph.connections <= 64


def test_more_threads_than_connections_wait_for_one(graph, make_client):
    client = make_client(pool_size=2)
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda _: client.send_message(MESSAGE), range(40)))
    assert graph.connections <= 2


def test_proxies_of_the_environment_are_ignored(graph, make_client, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert make_client().send_message(MESSAGE).message_id


def test_a_message_is_marked_as_read_with_typing(graph, client):
    graph.answers(200, {"success": True})
    client.mark_as_read("wamid.IN", typing=True)
    assert graph.requests[0].json == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN",
        "typing_indicator": {"type": "text"},
    }


def page(names, after=None, next_url="https://evil.example/steal"):
    paging = {"cursors": {"before": "b", "after": after}}
    if after:
        paging["next"] = next_url
    return {"data": [{"name": name} for name in names], "paging": paging}


def test_templates_of_all_pages_come_by_cursor_and_from_the_same_host(graph, client):
    graph.answers(200, page(["a", "b"], after="cursor 1"))
    graph.answers(200, page(["c"]))
    assert [template["name"] for template in client.templates("200")] == ["a", "b", "c"]
    queries = [parse_qs(urlsplit(request.path).query) for request in graph.requests]
    assert "after" not in queries[0]
    assert queries[1]["after"] == ["cursor 1"]
    assert "components" in queries[0]["fields"][0].split(",")


def test_paging_that_turns_in_a_circle_ends(graph, client):
    for cursor in ("1", "2", "1"):
        graph.answers(200, page(["a"], after=cursor))
    with pytest.raises(OutcomeUnknown, match="paging"):
        list(client.templates("200"))
    assert len(graph.requests) == 3


def test_an_answer_without_a_list_is_not_taken_for_an_empty_one(graph, client):
    graph.answers(200, {"success": True})
    with pytest.raises(OutcomeUnknown):
        list(client.phone_numbers("200"))


def test_phone_numbers_of_an_account_are_listed(graph, client):
    graph.answers(200, {"data": [{"id": "1"}, {"id": "2"}]})
    assert [number["id"] for number in client.phone_numbers("200")] == ["1", "2"]
    assert urlsplit(graph.requests[0].path).path == "/v26.0/200/phone_numbers"


def test_the_phone_number_is_read_with_the_named_fields(graph, client):
    graph.answers(200, {"id": PHONE_NUMBER_ID, "status": "CONNECTED"})
    assert client.phone_number(["status"])["status"] == "CONNECTED"
    assert graph.requests[0].path == f"/v26.0/{PHONE_NUMBER_ID}?fields=status"


def test_apps_are_subscribed_and_listed(graph, client):
    graph.answers(200, {"success": True})
    graph.answers(200, {"data": [{"whatsapp_business_api_data": {"id": "7"}}]})
    client.subscribe_app("200")
    assert list(client.subscribed_apps("200"))
    assert [request.method for request in graph.requests] == ["POST", "GET"]
    assert {urlsplit(request.path).path for request in graph.requests} == {
        "/v26.0/200/subscribed_apps"
    }


def test_a_subscription_that_is_not_confirmed_is_not_taken_for_one(graph, client):
    graph.answers(200, {"success": False})
    with pytest.raises(OutcomeUnknown):
        client.subscribe_app("200")


def test_the_proof_is_sent_only_when_asked(graph, make_client):
    proof = hmac.new(b"shh", TOKEN.encode(), hashlib.sha256).hexdigest()
    make_client(app_secret="shh").send_message(MESSAGE)
    make_client(app_secret="shh", prove=True).send_message(MESSAGE)
    queries = [urlsplit(request.path).query for request in graph.requests]
    assert queries == ["", f"appsecret_proof={proof}"]


def test_a_path_in_the_address_is_kept(graph, make_client):
    make_client(base_url=f"{graph.url}/graph/").send_message(MESSAGE)
    assert graph.requests[0].path == f"/graph/v26.0/{PHONE_NUMBER_ID}/messages"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://graph.facebook.com",
        "https://192.0.2.1",
        "https://localhost.example",
        "https://127.0.0.1.example",
        "https://[2001:db8::1]",
    ],
)
def test_only_this_machine_is_reached_when_told_so(make_client, base_url):
    with pytest.raises(ValueError, match="this machine"):
        make_client(base_url=base_url, loopback_only=True)


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:1", "http://localhost", "https://[::1]:1"]
)
def test_this_machine_is_reached_when_told_so(make_client, base_url):
    assert make_client(base_url=base_url, loopback_only=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://graph.facebook.com"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "graph.facebook.com"},
        {"base_url": "https://user:pass@graph.facebook.com"},
        {"base_url": "https://graph.facebook.com?x=1"},
        {"version": "25"},
        {"version": "v26.0/../v1.0"},
        {"phone_number_id": ""},
        {"phone_number_id": "1/../2"},
        {"access_token": ""},
        {"access_token": "with space"},
        {"access_token": "line\r\nbreak"},
        {"prove": True},
    ],
)
def test_settings_that_cannot_work_are_refused(make_client, settings):
    with pytest.raises(ValueError, match=r"address|version|id of|token|secret"):
        make_client(**settings)


def test_a_refused_token_is_not_quoted(make_client):
    with pytest.raises(ValueError, match="access token") as caught:
        make_client(access_token="abc\r\ndef")
    assert "abc" not in str(caught.value)


def test_nothing_personal_or_secret_is_shown_or_logged(graph, make_client, caplog):
    caplog.set_level(logging.DEBUG)
    client = make_client(read_timeout=0.2)
    echo = refusal(131009, f"bad {TEXT} {PATIENT}", error_data={"details": TEXT})
    echo["error"]["fbtrace_id"] = f"{PATIENT} {TEXT}"
    graph.answers(400, echo)
    graph.answers(200, f"{TEXT} {PATIENT} {TOKEN}".encode())
    for fault in ("hang", "reset", "truncate"):
        graph.fails(fault)
    shown = [repr(client), str(client)]
    for _ in range(5):
        with pytest.raises(CallFailed) as caught:
            client.send_message(MESSAGE)
        shown += [str(caught.value), repr(caught.value)]
        shown += traceback.format_exception(caught.value)
    accepted = make_client().send_message(MESSAGE)
    shown += [repr(accepted), caplog.text]
    for secret in (TOKEN, PATIENT[1:], "randevunuz", accepted.message_id):
        assert not [text for text in shown if secret in text]


def test_a_client_is_closed_by_its_context(graph):
    with CloudApiClient(graph.url, "v26.0", PHONE_NUMBER_ID, TOKEN) as client:
        client.send_message(MESSAGE)
    with pytest.raises(ConnectionFailed):
        client.send_message(MESSAGE)
