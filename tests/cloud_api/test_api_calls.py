"""The client's calls beside messages: files, templates, the number, the app."""

import hashlib
import io
import json
import logging
from datetime import datetime, timezone
from email import policy
from email.parser import BytesParser
from urllib.parse import parse_qs, urlsplit

import pytest

from whatsapp_clinic.cloud_api.client import (
    AppClient,
    CloudApiClient,
    CreatedTemplate,
    DownloadedMedia,
    MediaInfo,
    TokenInfo,
)
from whatsapp_clinic.cloud_api.errors import (
    CallFailed,
    CloudApiError,
    ConnectionFailed,
    ForeignAddress,
    MediaExpired,
    MediaTooLarge,
    OutcomeUnknown,
)
from whatsapp_clinic.cloud_api.payloads import PayloadError

TOKEN = "EAAsecret.token-of-the-clinic"
SECRET = "secret-of-the-app"
NUMBER, ACCOUNT, APP = "100000000000001", "200000000000001", "300000000000001"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 100
SUCCESS = {"success": True}


@pytest.fixture
def make_client(graph):
    clients = []

    def make(base_url=graph.url, **options):
        client = CloudApiClient(base_url, "v26.0", NUMBER, TOKEN, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def app(graph):
    with AppClient(graph.url, "v26.0", APP, SECRET) as app:
        yield app


def path(request):
    return urlsplit(request.path).path.removeprefix("/v26.0/")


def query(request):
    return {
        name: value[0] for name, value in parse_qs(urlsplit(request.path).query).items()
    }


def form(request):
    """The (content, MIME type) of each part of a multipart form, by its name."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts = BytesParser(policy=policy.HTTP).parsebytes(head + request.body)
    return {
        part.get_param("name", header="content-disposition"): (
            part.get_payload(decode=True),
            part.get_content_type(),
        )
        for part in parts.iter_parts()
    }


def test_a_file_is_uploaded_as_a_form(graph, client):
    graph.answers(200, {"id": "500"})
    assert client.upload_media(PDF, "application/pdf") == "500"
    (request,) = graph.requests
    assert (request.method, path(request)) == ("POST", f"{NUMBER}/media")
    parts = form(request)
    assert parts["messaging_product"][0] == b"whatsapp"
    assert parts["type"][0] == b"application/pdf"
    assert parts["file"] == (PDF, "application/pdf")
    assert int(request.headers["Content-Length"]) == len(request.body)


def test_a_large_file_is_uploaded_whole(graph, client):
    graph.answers(200, {"id": "500"})
    content = b"%PDF-1.7\n".ljust(5_000_000, b"x")
    client.upload_media(content, "application/pdf")
    assert form(graph.requests[0])["file"][0] == content


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (b"x" * 5_000_001, "image/png"),
        (b"", "image/png"),
        (b"x", "image/gif"),
        (b"x", ""),
    ],
)
def test_a_file_that_no_message_takes_is_not_uploaded(
    graph, client, content, mime_type
):
    with pytest.raises(PayloadError):
        client.upload_media(content, mime_type)
    assert graph.requests == []


@pytest.mark.parametrize("answer", [SUCCESS, {"id": ""}, {"id": None}])
def test_an_upload_without_an_id_is_unknown(graph, client, answer):
    graph.answers(200, answer)
    with pytest.raises(OutcomeUnknown):
        client.upload_media(PDF, "application/pdf")


@pytest.mark.parametrize("size", [7, "7"])
def test_a_file_is_described_by_its_id(graph, client, size):
    graph.answers(
        200,
        {
            "url": "https://lookaside.fbsbx.com/x",
            "mime_type": "image/png",
            "sha256": "ab",
            "file_size": size,
        },
    )
    assert client.media_info("500") == MediaInfo(
        "500", "https://lookaside.fbsbx.com/x", "image/png", "ab", 7
    )
    assert path(graph.requests[0]) == "500"
    assert query(graph.requests[0]) == {}


def test_a_file_is_deleted(graph, client):
    graph.answers(200, SUCCESS)
    client.delete_media("500")
    assert (graph.requests[0].method, path(graph.requests[0])) == ("DELETE", "500")
    assert query(graph.requests[0]) == {"phone_number_id": NUMBER}


def test_a_file_is_downloaded_with_its_checksum(graph, client):
    graph.answers(200, PDF, {"Content-Type": "application/pdf; x=y"})
    target = io.BytesIO()
    url = f"{graph.url}/attachments/?mid=7&ext=9"
    assert client.download_media(url, target) == DownloadedMedia(
        len(PDF), hashlib.sha256(PDF).digest(), "application/pdf"
    )
    assert target.getvalue() == PDF
    (request,) = graph.requests
    assert request.path == "/attachments/?mid=7&ext=9"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert "X-Query" not in request.headers


def test_an_address_that_is_over_is_told(graph, client):
    graph.answers(404, b"")
    with pytest.raises(MediaExpired):
        client.download_media(f"{graph.url}/x", io.BytesIO())


@pytest.mark.parametrize("status", [302, 401, 403])
def test_a_refused_download_is_a_refusal_and_no_redirect_is_followed(
    graph, client, status
):
    graph.answers(status, b"", {"Location": f"{graph.url}/elsewhere"})
    with pytest.raises(CloudApiError):
        client.download_media(f"{graph.url}/x", io.BytesIO())
    assert len(graph.requests) == 1


def test_a_file_that_promises_too_much_is_not_written(graph, client):
    graph.answers(200, b"x" * 11)
    target = io.BytesIO()
    with pytest.raises(MediaTooLarge):
        client.download_media(f"{graph.url}/x", target, limit=10)
    assert target.getvalue() == b""


def test_a_file_of_unknown_length_ends_at_the_limit(graph, client):
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                handler.wfile.write(b"x" * 1000)
        except OSError:
            handler.close_connection = True

    graph.steps.append(endless)
    target = io.BytesIO()
    with pytest.raises(MediaTooLarge):
        client.download_media(f"{graph.url}/x", target, limit=100_000)
    assert len(target.getvalue()) <= 100_000


@pytest.mark.parametrize("fault", ["reset", "close", "truncate"])
def test_a_download_that_breaks_is_told(graph, client, fault):
    graph.fails(fault)
    with pytest.raises(OutcomeUnknown):
        client.download_media(f"{graph.url}/x", io.BytesIO())


def test_a_download_that_hangs_ends(graph, make_client):
    graph.fails("hang")
    with pytest.raises(OutcomeUnknown):
        make_client(read_timeout=0.2).download_media(f"{graph.url}/x", io.BytesIO())


FOREIGN = [
    "https://evil.example/x",
    "https://fbsbx.com.evil.example/x",
    "https://evilfbsbx.com/x",
    "http://lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com:8443/x",
    "https://user@lookaside.fbsbx.com/x",
    "https://user:pass@lookaside.fbsbx.com/x",
    "https://evil.example\\.fbsbx.com/x",
    "https://evil.example#.fbsbx.com/x",
    "https://evil.example?.fbsbx.com/x",
    "https://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:1/x",
    "https://localhost/x",
    "https://[::1]/x",
    "ftp://lookaside.fbsbx.com/x",
    "file:///etc/passwd",
    "//lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com/x y",
    "https://lookaside.fbsbx.com/x\r\nHost: evil.example",
    "https://lookaside.fbsbx.com/ğ",
    "https://[",
    "https://:443/",
    "",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_the_token_goes_to_no_other_host(make_client, url):
    client = make_client("https://graph.facebook.com")
    with pytest.raises(ForeignAddress) as caught:
        client.download_media(url, io.BytesIO())
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://LOOKASIDE.fbsbx.com:443/x",
        "https://scontent.whatsapp.net/x",
        "https://mmg-fna.fbcdn.net/x",
        "https://graph.facebook.com/x",
    ],
)
def test_hosts_of_whatsapp_are_asked(make_client, monkeypatch, url):
    """Names are not resolved here, so that nothing leaves this machine."""
    asked = []

    def refuse(host, port, *_more, **_options):
        asked.append((host.lower(), port))
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    client = make_client("https://graph.facebook.com")
    with pytest.raises(ConnectionFailed):
        client.download_media(url, io.BytesIO())
    assert asked == [(urlsplit(url).hostname, 443)]


@pytest.mark.parametrize(
    "url", ["https://lookaside.fbsbx.com/x", "http://192.0.2.1/x", "https://a.b/x"]
)
def test_the_client_of_a_sandbox_downloads_from_this_machine_only(client, url):
    with pytest.raises(ForeignAddress):
        client.download_media(url, io.BytesIO())


def test_a_sample_is_uploaded_in_two_steps(graph, client):
    graph.answers(200, {"id": "upload:MTphdHQ=?sig=ARZ_x"})
    graph.answers(200, {"h": "4::aW1h"})
    handle = client.upload_handle(APP, PDF, "application/pdf", "Örnek.pdf")
    assert handle == "4::aW1h"
    begin, send = graph.requests
    assert (begin.method, path(begin)) == ("POST", f"{APP}/uploads")
    assert query(begin) == {
        "file_name": "Örnek.pdf",
        "file_length": str(len(PDF)),
        "file_type": "application/pdf",
    }
    assert (path(send), query(send)) == ("upload:MTphdHQ=", {"sig": "ARZ_x"})
    assert send.headers["Authorization"] == f"OAuth {TOKEN}"
    assert send.headers["file_offset"] == "0"
    assert send.body == PDF


@pytest.mark.parametrize("session", ["../../x", "", 7, "500"])
def test_an_upload_session_that_is_none_is_not_used(graph, client, session):
    graph.answers(200, {"id": session})
    with pytest.raises(OutcomeUnknown):
        client.upload_handle(APP, PDF, "application/pdf")
    assert len(graph.requests) == 1


def test_a_template_is_submitted(graph, client):
    graph.answers(200, {"id": 77, "status": "pending", "category": "MARKETING"})
    definition = {"name": "x", "language": "tr", "category": "UTILITY"}
    created = client.create_template(ACCOUNT, definition)
    assert created == CreatedTemplate("77", "PENDING", "MARKETING")
    (request,) = graph.requests
    assert (request.method, path(request)) == ("POST", f"{ACCOUNT}/message_templates")
    assert request.json == definition


def test_a_refused_template_tells_what_to_do(graph, client):
    error = {
        "message": "Invalid parameter",
        "code": 100,
        "error_subcode": 2388299,
        "error_user_msg": "Variables can't be at the start or end.",
    }
    graph.answers(400, {"error": error})
    with pytest.raises(CloudApiError) as caught:
        client.create_template(ACCOUNT, {})
    assert "words before" in caught.value.policy.cure
    assert caught.value.details == "Variables can't be at the start or end."


def test_a_template_is_edited_unpaused_and_read(graph, client):
    graph.answers(200, SUCCESS)
    graph.answers(200, SUCCESS)
    graph.answers(200, {"id": "77", "status": "APPROVED"})
    client.edit_template("77", {"components": []})
    client.unpause_template("77")
    assert client.template("77", ["status"])["status"] == "APPROVED"
    assert [(one.method, path(one)) for one in graph.requests] == [
        ("POST", "77"),
        ("POST", "77/unpause"),
        ("GET", "77"),
    ]
    assert graph.requests[0].json == {"components": []}


@pytest.mark.parametrize(
    ("template_id", "expected"),
    [(None, {"name": "x"}), ("77", {"name": "x", "hsm_id": "77"})],
)
def test_a_template_is_deleted_in_one_or_all_languages(
    graph, client, template_id, expected
):
    graph.answers(200, SUCCESS)
    client.delete_template(ACCOUNT, "x", template_id)
    (request,) = graph.requests
    assert request.method == "DELETE"
    assert path(request) == f"{ACCOUNT}/message_templates"
    assert query(request) == expected


def test_an_app_leaves_an_account(graph, client):
    graph.answers(200, SUCCESS)
    client.unsubscribe_app(ACCOUNT)
    (request,) = graph.requests
    assert (request.method, path(request)) == (
        "DELETE",
        f"{ACCOUNT}/subscribed_apps",
    )


def test_an_account_is_read(graph, client):
    graph.answers(200, {"id": ACCOUNT, "name": "Klinik"})
    assert client.business_account(ACCOUNT)["name"] == "Klinik"
    assert "health_status" in query(graph.requests[0])["fields"].split(",")


# Each call about the number: its path below the number, and what it posts.
NUMBER_CALLS = {
    "code": (
        lambda client: client.request_code("SMS", "tr"),
        "request_code",
        {"code_method": "SMS", "language": "tr"},
    ),
    "verify": (
        lambda client: client.verify_code("123-456"),
        "verify_code",
        {"code": "123456"},
    ),
    "register": (
        lambda client: client.register("012345"),
        "register",
        {"messaging_product": "whatsapp", "pin": "012345"},
    ),
    "deregister": (lambda client: client.deregister(), "deregister", {}),
    "pin": (lambda client: client.set_pin("012345"), "", {"pin": "012345"}),
    "profile": (
        lambda client: client.update_business_profile(
            about="Diş kliniği",
            email="",
            websites=["https://k.example"],
            vertical="HEALTH",
            picture_handle="4::x",
        ),
        "whatsapp_business_profile",
        {
            "messaging_product": "whatsapp",
            "about": "Diş kliniği",
            "email": "",
            "websites": ["https://k.example"],
            "vertical": "HEALTH",
            "profile_picture_handle": "4::x",
        },
    ),
}


@pytest.mark.parametrize("name", NUMBER_CALLS)
def test_the_number_is_set_up(graph, client, name):
    call, edge, payload = NUMBER_CALLS[name]
    graph.answers(200, SUCCESS)
    call(client)
    (request,) = graph.requests
    assert (request.method, path(request)) == ("POST", f"{NUMBER}/{edge}".rstrip("/"))
    assert request.json == payload


@pytest.mark.parametrize("name", NUMBER_CALLS)
def test_what_is_not_confirmed_is_not_taken_for_done(graph, client, name):
    graph.answers(200, {"success": False})
    with pytest.raises(OutcomeUnknown):
        NUMBER_CALLS[name][0](client)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.request_code("MAIL", "tr"),
        lambda client: client.verify_code("12345"),
        lambda client: client.verify_code("１２３４５６"),
        lambda client: client.register("12345"),
        lambda client: client.register("abcdef"),
        lambda client: client.set_pin("1234567"),
        lambda client: client.update_business_profile(about=""),
        lambda client: client.update_business_profile(about="x" * 140),
        lambda client: client.update_business_profile(address="x" * 257),
        lambda client: client.update_business_profile(description="x" * 257),
        lambda client: client.update_business_profile(email="x" * 129),
        lambda client: client.update_business_profile(websites=["https://a.b"] * 3),
        lambda client: client.update_business_profile(websites=["a.b"]),
        lambda client: client.update_business_profile(vertical="CLINIC"),
        lambda client: client.update_business_profile(colour="red"),
    ],
)
def test_what_whatsapp_would_refuse_is_not_asked(graph, client, call):
    with pytest.raises(PayloadError):
        call(client)
    assert graph.requests == []


def test_the_profile_is_read(graph, client):
    graph.answers(200, {"data": [{"about": "Diş kliniği"}]})
    assert client.business_profile() == {"about": "Diş kliniği"}
    assert path(graph.requests[0]) == f"{NUMBER}/whatsapp_business_profile"


def test_patients_are_blocked_and_who_could_not_be_is_told(graph, client):
    failed = {"code": 139101, "message": "(#139101) Not messaged in 24 hours"}
    graph.answers(
        200,
        {
            "block_users": {
                "added_users": [{"input": "+905321110001", "wa_id": "905321110001"}],
                "failed_users": [{"input": "TR.1A", "errors": [failed]}],
            }
        },
    )
    blocking = client.block_users(["+905321110001", "TR.1A"])
    assert blocking.done == {"+905321110001": "905321110001"}
    assert blocking.failed["TR.1A"].code == 139101
    (request,) = graph.requests
    assert (request.method, path(request)) == ("POST", f"{NUMBER}/block_users")
    assert request.json["block_users"] == [{"user": "+905321110001"}, {"user": "TR.1A"}]
    assert "905321110001" not in repr(blocking)


def test_patients_are_unblocked(graph, client):
    removed = [{"input": "TR.1A", "user_id": "TR.1A"}]
    graph.answers(200, {"block_users": {"removed_users": removed}})
    assert client.unblock_users(["TR.1A"]).done == {"TR.1A": "TR.1A"}
    assert graph.requests[0].method == "DELETE"
    assert graph.requests[0].json["block_users"] == [{"user": "TR.1A"}]


def test_all_who_are_blocked_are_listed(graph, client):
    graph.answers(200, {"data": [{"wa_id": "905321110001"}]})
    assert [one["wa_id"] for one in client.blocked_users()] == ["905321110001"]


def test_a_token_is_inspected_in_the_name_of_the_app(graph, client, app):
    graph.answers(
        200,
        {
            "data": {
                "app_id": APP,
                "is_valid": True,
                "expires_at": 1795000000,
                "scopes": ["whatsapp_business_messaging"],
                "granular_scopes": [
                    {
                        "scope": "whatsapp_business_messaging",
                        "target_ids": [ACCOUNT],
                    },
                    {"scope": "business_management"},
                ],
            }
        },
    )
    assert client.token_info(app) == TokenInfo(
        is_valid=True,
        app_id=APP,
        expires_at=datetime.fromtimestamp(1795000000, timezone.utc),
        scopes=frozenset({"whatsapp_business_messaging"}),
        targets={"whatsapp_business_messaging": frozenset({ACCOUNT})},
    )
    (request,) = graph.requests
    assert path(request) == "debug_token"
    assert query(request) == {"input_token": TOKEN}
    assert request.headers["Authorization"] == f"Bearer {APP}|{SECRET}"


@pytest.mark.parametrize(
    "data",
    [
        {"is_valid": False},
        {"is_valid": "true", "expires_at": 0, "scopes": "all"},
        {"granular_scopes": [7, {"scope": "x", "target_ids": 7}], "scopes": [7]},
    ],
)
def test_a_token_of_which_little_is_told_is_not_valid(graph, app, data):
    graph.answers(200, {"data": data})
    assert app.debug_token("EAAother") == TokenInfo(False, "", None, frozenset())


def test_the_subscriptions_of_the_app_are_listed(graph, app):
    graph.answers(200, {"data": [{"object": "whatsapp_business_account"}]})
    assert app.subscriptions() == [{"object": "whatsapp_business_account"}]
    assert path(graph.requests[0]) == f"{APP}/subscriptions"


def test_the_app_subscribes_an_address(graph, app):
    graph.answers(200, SUCCESS)
    app.subscribe("https://odoo.example/hook", "verify-me", ["messages", "security"])
    (request,) = graph.requests
    assert request.path == f"/v26.0/{APP}/subscriptions"
    assert request.json == {
        "object": "whatsapp_business_account",
        "callback_url": "https://odoo.example/hook",
        "verify_token": "verify-me",
        "fields": "messages,security",
    }


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.media_info("1/../2"),
        lambda client: client.delete_template("1/2", "x"),
        lambda client: client.delete_template(ACCOUNT, "x", "1&name=y"),
        lambda client: client.edit_template("", {}),
        lambda client: client.upload_handle("1/2", PDF, "application/pdf"),
        lambda client: client.business_account("me/accounts"),
    ],
)
def test_an_id_that_is_none_is_not_put_in_an_address(graph, client, call):
    with pytest.raises(ValueError, match="id of WhatsApp"):
        call(client)
    assert graph.requests == []


def test_no_token_or_message_id_is_shown_or_logged(graph, client, app, caplog):
    caplog.set_level(logging.DEBUG)
    graph.answers(200, {"data": {}})
    graph.answers(200, {"data": []})
    graph.answers(200, b"x")
    graph.answers(500, json.dumps({"error": {"message": TOKEN}}).encode())
    client.token_info(app)
    client.message_history("wamid.GIZLI")
    client.download_media(f"{graph.url}/x?mid=GIZLI", io.BytesIO())
    with pytest.raises(CallFailed) as caught:
        client.token_info(app)
    assert caplog.text
    shown = caplog.text + repr([client, app]) + str(caught.value)
    for secret in (TOKEN, SECRET, "GIZLI"):
        assert secret not in shown
