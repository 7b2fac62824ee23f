"""The client and the parser against the sandbox, over HTTP, both ways."""

import base64
import hashlib
import io
import time
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from whatsapp_clinic.cloud_api import payloads, templates, webhooks
from whatsapp_clinic.cloud_api.client import AppClient, CloudApiClient
from whatsapp_clinic.cloud_api.connection_check import (
    TITLES,
    WEBHOOK_FIELDS,
    Expected,
    Facts,
    check,
    read_number,
    webhook_fields,
)
from whatsapp_clinic.cloud_api.errors import (
    CloudApiError,
    ForeignAddress,
    MediaExpired,
    MediaTooLarge,
)
from whatsapp_clinic.cloud_api.payloads import Contact, Location, Media, MediaHeader
from whatsapp_clinic.cloud_api.templates import (
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    Header,
    PhoneButton,
    QuickReplyButton,
    TemplateDefinition,
    UrlButton,
    VoiceCallButton,
)
from whatsapp_clinic.plain import file_types

pytest.importorskip("fastapi")
from whatsapp_sandbox.client import Sandbox  # noqa: E402

APP, SECRET = "610000000000001", "sandbox-app-secret"
ACCOUNT, NUMBER = "620000000000001", "640000000000001"
TOKEN = "sandbox-access-token"
PATIENT, WA_ID = "+905321110001", "905321110001"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.7\n%%EOF\n"
OPUS = b"OggS\x00\x02" + b"\0" * 22 + b"OpusHead\x01\x01" + b"\0" * 8
NOW = datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def running():
    sandbox = Sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def hook(graph):
    return f"{graph.url}/hook"


@pytest.fixture
def sandbox(running, hook):
    """A fresh sandbox whose webhooks come to this test."""
    running.set_webhook(hook)
    running.reset()
    yield running
    running.switch(webhooks_enabled=False)


@pytest.fixture
def client(sandbox):
    with CloudApiClient(
        sandbox.url, "v26.0", NUMBER, TOKEN, loopback_only=True
    ) as client:
        yield client


@pytest.fixture
def app(sandbox):
    with AppClient(sandbox.url, "v26.0", APP, SECRET, loopback_only=True) as app:
        yield app


@pytest.fixture
def wait_for(graph):
    """Wait for an event of a type that is wanted; nothing may be unrecognised."""

    def wait_for(kind, wanted=lambda event: True):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            bodies = [request.body for request in list(graph.requests)]
            for event in (one for body in bodies for one in webhooks.parse(body)):
                assert not isinstance(event, webhooks.Unrecognised), event.why
                if isinstance(event, kind) and wanted(event):
                    return event
            time.sleep(0.01)
        raise AssertionError("the event did not come")

    return wait_for


def from_patient(sandbox, what, **body):
    """Have the patient do something; returns the sandbox's answer."""
    if what in ("messages", "media", "locations", "contacts", "orders", "unsupported"):
        body["phone_number_id"] = NUMBER
    return sandbox.call("POST", f"patients/{WA_ID}/{what}", body)


def written(sandbox):
    return from_patient(sandbox, "messages", text="Merhaba")["id"]


# What is sent with the id of an uploaded image, document and voice note.
OUTBOUND = {
    "image": lambda ids: payloads.image(PATIENT, Media(ids["image"]), "Röntgen"),
    "document": lambda ids: payloads.document(
        PATIENT, Media(ids["document"]), "Tahlil.pdf", "Tahlil"
    ),
    "voice note": lambda ids: payloads.voice(PATIENT, Media(ids["audio"])),
    "audio": lambda ids: payloads.audio(PATIENT, Media(ids["audio"])),
    "location": lambda ids: payloads.location(
        PATIENT, Location(40.99, 29.03, "Klinik", "Kadıköy")
    ),
    "contacts": lambda ids: payloads.contacts(PATIENT, [Contact("Klinik")]),
    "buttons below an image": lambda ids: payloads.buttons(
        PATIENT, "x", [("1", "A")], header=MediaHeader("image", Media(ids["image"]))
    ),
    "link": lambda ids: payloads.cta_url(PATIENT, "x", "Aç", "https://k.example/a"),
    "location request": lambda ids: payloads.location_request(PATIENT, "Nerede?"),
    "form": lambda ids: payloads.flow(
        PATIENT, "x", "Aç", flow_id="77", token="t", screen="ASK", data={"a": "b"}
    ),
    "list": lambda ids: payloads.list_(PATIENT, "x", "Seç", [("", [("1", "A")])]),
}


@pytest.mark.parametrize("name", OUTBOUND)
def test_every_kind_is_taken_and_delivered(sandbox, client, wait_for, name):
    quoted = written(sandbox)
    ids = {
        "image": client.upload_media(PNG, "image/png"),
        "document": client.upload_media(PDF, "application/pdf"),
        "audio": client.upload_media(OPUS, "audio/ogg"),
    }
    payload = OUTBOUND[name](ids)
    payload["context"] = {"message_id": quoted}
    message_id = client.send_message(payload).message_id
    status = wait_for(
        webhooks.StatusUpdate,
        lambda one: (
            one.message_id == message_id and one.status in ("delivered", "failed")
        ),
    )
    assert (status.status, status.errors) == ("delivered", ())


def test_a_reaction_is_taken(sandbox, client):
    client.send_message(payloads.reaction(PATIENT, written(sandbox), "👍"))


FILE = base64.b64encode(PNG).decode()
INBOUND = {
    "image": (
        "media",
        {
            "kind": "image",
            "mime_type": "image/png",
            "content": FILE,
            "caption": "Röntgen",
        },
        lambda event: (event.text, event.media.mime_type),
        ("Röntgen", "image/png"),
    ),
    "sticker": (
        "media",
        {
            "kind": "sticker",
            "mime_type": "image/webp",
            "content": FILE,
            "animated": True,
        },
        lambda event: event.media.is_animated,
        True,
    ),
    "audio": (
        "media",
        {"kind": "audio", "mime_type": "audio/ogg", "content": FILE, "voice": True},
        lambda event: event.media.is_voice,
        True,
    ),
    "document": (
        "media",
        {
            "kind": "document",
            "mime_type": "application/pdf",
            "content": FILE,
            "filename": "a.pdf",
        },
        lambda event: event.media.filename,
        "a.pdf",
    ),
    "location": (
        "locations",
        {"latitude": 40.99, "longitude": 29.03, "name": "Ev"},
        lambda event: (event.location.latitude, event.location.name),
        (40.99, "Ev"),
    ),
    "contacts": (
        "contacts",
        {"contacts": [{"name": {"formatted_name": "Ayşe"}}]},
        lambda event: event.contacts[0].name,
        "Ayşe",
    ),
    "order": (
        "orders",
        {
            "catalog_id": "9",
            "product_items": [
                {
                    "product_retailer_id": "SKU",
                    "quantity": 2,
                    "item_price": 9.5,
                    "currency": "TRY",
                }
            ],
        },
        lambda event: event.order.items[0].product_id,
        "SKU",
    ),
    "unsupported": (
        "unsupported",
        {"kind": "poll"},
        lambda event: (event.unsupported_type, event.errors[0].code),
        ("poll", 131051),
    ),
    "text": (
        "messages",
        {"text": "Merhaba", "referral": {"source_type": "ad", "headline": "Diş"}},
        lambda event: (event.text, event.referral.headline),
        ("Merhaba", "Diş"),
    ),
}


@pytest.mark.parametrize("kind", INBOUND)
def test_every_kind_of_the_patient_is_read(sandbox, wait_for, kind):
    what, body, seen, expected = INBOUND[kind]
    message_id = from_patient(sandbox, what, **body)["id"]
    event = wait_for(webhooks.InboundMessage, lambda one: one.message_id == message_id)
    assert event.kind == kind
    assert event.sender.wa_id == WA_ID
    assert seen(event) == expected


def test_the_answer_of_a_form_is_read(sandbox, client, wait_for):
    written(sandbox)
    form = payloads.flow(PATIENT, "Anket", "Başla", flow_id="77", token="t-1")
    message_id = client.send_message(form).message_id
    wait_for(webhooks.StatusUpdate, lambda one: one.status == "delivered")
    from_patient(sandbox, "forms", message_id=message_id, answers={"pain": "3"})
    event = wait_for(webhooks.InboundMessage, lambda one: one.form is not None)
    assert (event.form.token, event.form.answers["pain"]) == ("t-1", "3")
    assert event.context_id == message_id


@pytest.mark.parametrize(
    ("what", "more", "kind", "text"),
    [
        ("edits", {"text": "Yarın"}, "edit", "Yarın"),
        ("deletions", {}, "revoke", None),
    ],
)
def test_an_edit_and_a_deletion_name_their_message(
    sandbox, wait_for, what, more, kind, text
):
    sandbox.call("PATCH", f"phone_numbers/{NUMBER}", {"coexistence": True})
    message_id = written(sandbox)
    from_patient(sandbox, what, message_id=message_id, **more)
    event = wait_for(webhooks.InboundMessage, lambda one: one.kind == kind)
    assert (event.context_id, event.text) == (message_id, text)


def test_a_call_is_heard(sandbox, wait_for):
    sandbox.call("POST", f"patients/{WA_ID}/calls", {"phone_number_id": NUMBER})
    assert wait_for(webhooks.InboundCall).sender.wa_id == WA_ID


@pytest.mark.parametrize("where", ["system", "field"])
def test_a_new_user_id_is_heard_either_way(sandbox, wait_for, where):
    sandbox.switch(user_id_update=where)
    body = {"phone_number_id": NUMBER, "new_user_id": "TR.77"}
    sandbox.call("POST", f"patients/{WA_ID}/change_user_id", body)
    event = wait_for(webhooks.NumberChanged)
    assert event.new_user_id == "TR.77"
    assert event.old_user_id
    assert not event.is_new_number


def test_a_file_of_the_patient_is_fetched(sandbox, client, wait_for):
    from_patient(sandbox, "media", kind="image", mime_type="image/png", content=FILE)
    event = wait_for(webhooks.InboundMessage)
    info = client.media_info(event.media.id)
    target = io.BytesIO()
    loaded = client.download_media(info.url, target)
    assert target.getvalue() == PNG
    assert file_types.same_checksum(event.media.sha256, loaded.sha256)
    assert file_types.same_checksum(info.sha256, loaded.sha256)
    assert info.size == loaded.size
    assert file_types.agrees(target.getvalue(), event.media.mime_type)


BAD_FILES = {
    "checksum": (
        {"media_wrong_checksum": True},
        lambda info, loaded, content: (
            not file_types.same_checksum(info.sha256, loaded.sha256)
        ),
    ),
    "size": (
        {"media_wrong_size": True},
        lambda info, loaded, content: info.size != loaded.size,
    ),
    "kind": (
        {"media_wrong_kind": True},
        lambda info, loaded, content: not file_types.agrees(content, info.mime_type),
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_not_what_was_claimed_is_noticed(sandbox, client, name):
    switches, noticed = BAD_FILES[name]
    sandbox.switch(**switches)
    info = client.media_info(client.upload_media(PNG, "image/png"))
    target = io.BytesIO()
    loaded = client.download_media(info.url, target)
    assert noticed(info, loaded, target.getvalue())


def test_an_address_that_is_over_is_fetched_anew(sandbox, client):
    media_id = client.upload_media(PNG, "image/png")
    info = client.media_info(media_id)
    sandbox.call("POST", "clock", {"advance_seconds": 301})
    with pytest.raises(MediaExpired):
        client.download_media(info.url, io.BytesIO())
    info = client.media_info(media_id)
    digest = client.download_media(info.url, io.BytesIO()).sha256
    assert digest == hashlib.sha256(PNG).digest()


def test_a_file_that_is_too_large_is_not_taken(client):
    info = client.media_info(client.upload_media(PNG, "image/png"))
    with pytest.raises(MediaTooLarge):
        client.download_media(info.url, io.BytesIO(), limit=len(PNG) - 1)


def test_an_address_on_another_host_is_not_asked(sandbox, client):
    sandbox.switch(media_host="http://192.0.2.1/")
    info = client.media_info(client.upload_media(PNG, "image/png"))
    with pytest.raises(ForeignAddress):
        client.download_media(info.url, io.BytesIO())


def test_a_redirect_of_a_file_is_not_followed(sandbox, client, graph):
    sandbox.switch(media_redirect=f"{graph.url}/steal")
    info = client.media_info(client.upload_media(PNG, "image/png"))
    with pytest.raises(CloudApiError):
        client.download_media(info.url, io.BytesIO())
    assert "/steal" not in [request.path for request in graph.requests]


def test_a_file_that_was_deleted_is_gone(client):
    media_id = client.upload_media(PNG, "image/png")
    client.delete_media(media_id)
    with pytest.raises(CloudApiError):
        client.media_info(media_id)


REMINDER = TemplateDefinition(
    name="written_here",
    language="tr",
    category="UTILITY",
    parameter_format=templates.NAMED,
    header=Header("TEXT", "Randevu: {{clinic}}"),
    body="Sayın {{patient}}, randevunuz {{date}} günü için oluşturuldu, bekliyoruz.",
    footer="Klinik",
    buttons=(
        QuickReplyButton("Geliyorum"),
        UrlButton("Yol tarifi", "https://k.example/{{1}}", "https://k.example/k"),
        PhoneButton("Ara", "+902160000001"),
        CopyCodeButton("SAGLIK25"),
        FlowButton("Form", "77", "ASK"),
        VoiceCallButton("Bizi arayın"),
        ContactRequestButton(),
    ),
    examples={
        ("header", "clinic"): "Kadıköy",
        ("body", "patient"): "Ayşe",
        ("body", "date"): "24 Kasım",
    },
    ttl_seconds=3600,
)
WRITTEN = {
    "named, all buttons": REMINDER,
    "positional": replace(
        REMINDER,
        parameter_format=templates.POSITIONAL,
        header=Header("TEXT", "Randevu {{1}}"),
        body="Sayın {{1}}, randevunuz {{2}} günü için oluşturuldu, bekliyoruz.",
        examples={("header", 1): "K", ("body", 1): "Ayşe", ("body", 2): "24 Kasım"},
        buttons=(),
    ),
    "place above": replace(REMINDER, header=Header("LOCATION"), buttons=()),
    "body alone": replace(REMINDER, header=None, footer="", buttons=()),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_keeps_our_rules_is_taken_for_review(sandbox, client, wait_for, name):
    definition = WRITTEN[name]
    assert not [one for one in templates.problems(definition) if not one.is_advice]
    created = client.create_template(ACCOUNT, templates.creation(definition))
    assert (created.status, created.category) == ("PENDING", "UTILITY")
    sandbox.call("POST", f"templates/{created.id}/review", {"decision": "APPROVED"})
    update = wait_for(
        webhooks.TemplateUpdate, lambda one: one.template_id == created.id
    )
    assert (update.kind, update.event) == ("status", "APPROVED")
    listed = {one["id"]: one for one in client.templates(ACCOUNT)}
    assert listed[created.id]["components"] == definition.components()


@pytest.mark.parametrize(
    ("mime_type", "content", "kind"),
    [("image/png", PNG, "IMAGE"), ("application/pdf", PDF, "DOCUMENT")],
)
def test_a_template_with_a_file_is_written_and_sent(
    sandbox, client, wait_for, mime_type, content, kind
):
    handle = client.upload_handle(APP, content, mime_type)
    definition = replace(REMINDER, header=Header(kind, handle=handle), buttons=())
    created = client.create_template(ACCOUNT, templates.creation(definition))
    sandbox.call("POST", f"templates/{created.id}/review", {"decision": "APPROVED"})
    media_id = client.upload_media(content, mime_type)
    payload = payloads.template(
        PATIENT,
        definition.name,
        "tr",
        header=MediaHeader(kind.lower(), Media(media_id)),
        body={"patient": "Ayşe", "date": "24 Kasım"},
    )
    message_id = client.send_message(payload).message_id
    status = wait_for(
        webhooks.StatusUpdate,
        lambda one: (
            one.message_id == message_id and one.status in ("delivered", "failed")
        ),
    )
    assert status.status == "delivered"


def test_a_template_with_a_place_code_and_form_is_sent(sandbox, client):
    definition = replace(REMINDER, header=Header("LOCATION"))
    created = client.create_template(ACCOUNT, templates.creation(definition))
    sandbox.call("POST", f"templates/{created.id}/review", {"decision": "APPROVED"})
    client.send_message(
        payloads.template(
            PATIENT,
            definition.name,
            "tr",
            header=Location(40.99, 29.03, "Klinik", "Kadıköy"),
            body={"patient": "Ayşe", "date": "24 Kasım"},
            buttons=[
                payloads.QuickReply(0, "confirm:k"),
                payloads.UrlSuffix(1, "k"),
                payloads.CouponCode(3, "SAGLIK25"),
                payloads.FlowStart(4, "t"),
            ],
        )
    )


def test_a_template_is_edited_once_a_day_and_deleted(sandbox, client):
    created = client.create_template(ACCOUNT, templates.creation(REMINDER))
    review = f"templates/{created.id}/review"
    sandbox.call("POST", review, {"decision": "APPROVED"})
    changed = replace(REMINDER, footer="Klinik Kadıköy")
    client.edit_template(created.id, templates.edit(changed, "UTILITY"))
    assert client.template(created.id)["status"] == "PENDING"
    sandbox.call("POST", review, {"decision": "APPROVED"})
    with pytest.raises(CloudApiError):
        client.edit_template(created.id, templates.edit(REMINDER, "UTILITY"))
    client.delete_template(ACCOUNT, REMINDER.name, created.id)
    assert created.id not in [one["id"] for one in client.templates(ACCOUNT)]
    with pytest.raises(CloudApiError):
        client.create_template(ACCOUNT, templates.creation(REMINDER))


def test_a_refusal_by_whatsapp_says_what_to_do(client):
    definition = templates.creation(replace(REMINDER, body="{{patient}} {{date}}"))
    with pytest.raises(CloudApiError) as caught:
        client.create_template(ACCOUNT, definition)
    assert "template" in caught.value.policy.cure or "words" in caught.value.policy.cure


def test_the_business_profile_is_written_and_read(client):
    handle = client.upload_handle(APP, PNG, "image/png")
    client.update_business_profile(
        about="Diş kliniği",
        websites=["https://k.example"],
        vertical="HEALTH",
        picture_handle=handle,
    )
    profile = client.business_profile()
    assert profile["about"] == "Diş kliniği"
    assert profile["websites"] == ["https://k.example"]
    assert profile["vertical"] == "HEALTH"


def number_record(sandbox):
    numbers = sandbox.call("GET", "phone_numbers")
    return next(one for one in numbers if one["id"] == NUMBER)


def test_a_number_is_verified_registered_and_gets_a_pin(sandbox, client):
    client.deregister()
    change = {"code_verification_status": "NOT_VERIFIED", "pin": None}
    sandbox.call("PATCH", f"phone_numbers/{NUMBER}", change)
    client.request_code("SMS", "tr")
    client.verify_code(number_record(sandbox)["code"])
    client.register("111111")
    client.set_pin("222222")
    assert client.phone_number(["status"])["status"] == "CONNECTED"
    assert number_record(sandbox)["pin"] == "222222"


def test_a_patient_is_blocked_and_unblocked(sandbox, client):
    written(sandbox)
    assert client.block_users([PATIENT]).done == {PATIENT: WA_ID}
    assert [one["wa_id"] for one in client.blocked_users()] == [WA_ID]
    client.unblock_users([PATIENT])
    assert list(client.blocked_users()) == []


def test_who_did_not_write_cannot_be_blocked(client):
    blocking = None
    try:
        blocking = client.block_users([PATIENT])
    except CloudApiError as error:
        assert 139100 <= error.code <= 139103
    else:
        assert 139100 <= blocking.failed[PATIENT].code <= 139103


def line_up(client, app, hook, **changes):
    expected = Expected(APP, ACCOUNT, NUMBER, hook)
    facts = Facts(now=NOW, last_inbound_at=NOW)
    results = list(check(client, app, replace(expected, **changes), facts))
    assert [result.key for result in results] == list(TITLES)
    return {one.key: one.state.value for one in results if one.state.value != "ok"}


# Each of the ways to break a connection: a call of the control API, the line it shows.
BROKEN = {
    "dead token": (
        ("tokens/0", {"valid": False}),
        {"token": "fail", "business_account": "fail"},
    ),
    "token without permission": (
        ("tokens/0", {"scopes": ["whatsapp_business_messaging"]}),
        {"token": "fail"},
    ),
    "token over soon": (
        ("tokens/0", {"expires_at": int(NOW.timestamp()) + 86_400}),
        {"token": "warn"},
    ),
    "account rejected": (
        (f"business_accounts/{ACCOUNT}", {"account_review_status": "REJECTED"}),
        {"business_account": "fail"},
    ),
    "number banned": (
        (f"phone_numbers/{NUMBER}", {"status": "BANNED"}),
        {"number": "fail"},
    ),
    "no payment method": (
        (f"business_accounts/{ACCOUNT}", {"payment_method": False}),
        {"health": "fail"},
    ),
    "no PIN": ((f"phone_numbers/{NUMBER}", {"pin": None}), {"registration": "warn"}),
    "not verified": (
        (f"phone_numbers/{NUMBER}", {"code_verification_status": "NOT_VERIFIED"}),
        {"registration": "fail"},
    ),
    "not subscribed": (
        (f"business_accounts/{ACCOUNT}", {"subscribed": False}),
        {"subscribed_app": "fail"},
    ),
    "webhook fields": (
        (f"apps/{APP}", {"fields": list(WEBHOOK_FIELDS[1:])}),
        {"webhooks": "fail"},
    ),
}


def test_a_working_connection_is_green(client, app, hook):
    assert line_up(client, app, hook) == {}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_connection_shows_where(sandbox, client, app, hook, name):
    (path, change), expected = BROKEN[name]
    sandbox.call("PATCH", path, change)
    shown = line_up(client, app, hook)
    assert expected.items() <= shown.items()


def test_missing_webhook_fields_are_subscribed(sandbox, client, app, hook, graph):
    sandbox.call("PATCH", f"apps/{APP}", {"fields": ["messages"]})
    assert line_up(client, app, hook) == {"webhooks": "warn"}
    graph.steps.append(shake_hands)
    app.subscribe(hook, "sandbox-verify-token", WEBHOOK_FIELDS)
    assert line_up(client, app, hook) == {}


def shake_hands(handler):
    """Answer Meta's handshake with the challenge."""
    query = parse_qs(urlsplit(handler.path).query)
    handler.reply(200, query["hub.challenge"][0].encode(), {})


def test_webhooks_that_go_elsewhere_are_noticed(client, app):
    assert line_up(client, app, "https://odoo.example/hook") == {"webhooks": "fail"}


def test_swapped_ids_are_noticed(sandbox, app, hook):
    expected = Expected(APP, NUMBER, ACCOUNT, hook)
    facts = Facts(now=NOW, last_inbound_at=NOW)
    with CloudApiClient(sandbox.url, "v26.0", ACCOUNT, TOKEN) as client:
        told = {one.key: one.tell() for one in check(client, app, expected, facts)}
    assert "look swapped" in told["business_account"]
    for key in ("number_listed", "number", "subscribed_app"):
        assert "fix the points above first" in told[key]


def test_a_wrong_app_secret_is_noticed(sandbox, client, hook):
    with AppClient(sandbox.url, "v26.0", APP, "wrong") as app:
        assert line_up(client, app, hook) == {"token": "fail", "webhooks": "warn"}


def test_a_group_of_fields_that_may_not_be_read_fails_by_itself(sandbox, client):
    sandbox.call("PATCH", "tokens/0", {"hidden_fields": ["health_status"]})
    number = read_number(client)
    assert number["status"] == "CONNECTED"
    assert number["is_on_biz_app"] is False
    assert "health_status" not in number


def test_webhook_fields_of_later_versions_are_left_out():
    assert "standby" in webhook_fields("v26.0")
    assert "standby" not in webhook_fields("v25.0")
