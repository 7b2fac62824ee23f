"""Files from patients, files to patients, and the addresses they have for minutes."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from .conftest import (
    NUMBER,
    OTHER_NUMBER,
    TOKEN,
    UNREGISTERED,
    WA_ID,
    Server,
    accepted,
    envelope,
    error,
    wait_until,
)

EVERY_BYTE = bytes(range(256)) + b"\r\n--\r\r\n\n"
FILE_OF = {
    "audio": "audio/ogg",
    "document": "application/pdf",
    "image": "image/jpeg",
    "sticker": "image/webp",
    "video": "video/mp4",
}
WHATSAPP = {"messaging_product": "whatsapp"}


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    """The address of a web server with an image, a page and a link to the image."""
    (tmp_path / "teeth.jpg").write_bytes(EVERY_BYTE)
    (tmp_path / "page.html").write_text("<p>teeth</p>")
    server = Server(("127.0.0.1", 0), partial(Files, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def attachment(kind: str = "image", **more):
    return {
        "phone_number_id": NUMBER,
        "kind": kind,
        "mime_type": FILE_OF[kind],
        "content": base64.b64encode(EVERY_BYTE).decode(),
        **more,
    }


def attach(whatsapp, kind: str = "image", **more) -> str:
    """A patient sends a file; returns its media id."""
    body = attachment(kind, **more)
    return whatsapp.control("POST", f"patients/{WA_ID}/media", **body)["media_id"]


def attach_answer(whatsapp, **body) -> requests.Response:
    url = f"{whatsapp.url}/sandbox/patients/{WA_ID}/media"
    return whatsapp.session.post(url, json=attachment(**body))


def url_of(whatsapp, media_id: str) -> str:
    return whatsapp.graph("GET", f"/v26.0/{media_id}").json()["url"]


def fetch(whatsapp, url: str, token: str | None = TOKEN) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return whatsapp.session.get(url, headers=headers)


def upload(
    whatsapp,
    mime_type: str = "image/jpeg",
    number: str = NUMBER,
    data=WHATSAPP,
    content: bytes = EVERY_BYTE,
) -> requests.Response:
    files = {"file": ("file", content, mime_type)}
    path = f"/v26.0/{number}/media"
    return whatsapp.graph("POST", path, data=data, files=files)


def test_a_token_may_be_a_part_of_the_form(whatsapp):
    def upload_with(token):
        data = {**WHATSAPP, "messaging_product": "WHATSAPP", "access_token": token}
        files = {"file": ("file", EVERY_BYTE, "image/jpeg")}
        path = f"/v26.0/{NUMBER}/media"
        return whatsapp.graph("POST", path, token=None, data=data, files=files)

    assert upload_with(TOKEN).json()["id"]
    assert error(upload_with("nobody's"))["code"] == 190


def failure(receiver) -> int:
    return receiver.wait_for_statuses("failed")["failed"]["errors"][0]["code"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("image", {"caption": "Before"}),
        ("video", {"caption": "After"}),
        ("document", {"caption": "Result", "filename": "blood.pdf"}),
        ("audio", {"voice": True}),
        ("sticker", {}),
    ],
)
def test_a_patients_file_comes_as_a_webhook(whatsapp, receiver, kind, options):
    media_id = attach(whatsapp, kind, **options)
    (message,) = receiver.wait_for("messages")
    url = message[kind].pop("url")
    assert url.startswith(whatsapp.url)
    assert (message["type"], message["from"]) == (kind, WA_ID)
    assert message[kind] == {
        "id": media_id,
        "mime_type": FILE_OF[kind],
        "sha256": base64.b64encode(hashlib.sha256(EVERY_BYTE).digest()).decode(),
        **options,
    }


def test_the_url_in_the_webhook_gives_the_file(whatsapp, receiver):
    attach(whatsapp)
    (message,) = receiver.wait_for("messages")
    assert fetch(whatsapp, message["image"]["url"]).content == EVERY_BYTE


def test_the_phone_shows_a_files_kind_name_and_caption(whatsapp):
    attach(whatsapp, "document", caption="Result", filename="blood.pdf")
    (bubble,) = whatsapp.thread()
    assert bubble["type"] == "document"
    assert bubble["text"] == "[document] blood.pdf Result"


def test_a_file_opens_the_window(whatsapp, receiver):
    attach(whatsapp)
    whatsapp.text()
    receiver.wait_for_statuses("delivered")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "audio", "caption": "Listen"},
        {"kind": "image", "filename": "teeth.jpg"},
        {"content": "abcde"},
        {"content": ""},
        {"content": base64.b64encode(bytes(5_000_001)).decode()},
        {"mime_type": "image/jpeg\r\nX-Header: 1"},
    ],
    ids=["caption", "filename", "not base64", "empty", "too large", "mime type"],
)
def test_a_file_that_whatsapp_does_not_know_is_422(whatsapp, wrong):
    assert attach_answer(whatsapp, **wrong).status_code == 422


def test_a_patient_who_is_offline_sends_no_file(whatsapp):
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=False)
    assert attach_answer(whatsapp).status_code == 409


def test_a_media_id_tells_what_the_file_is(whatsapp):
    media_id = attach(whatsapp)
    answer = whatsapp.graph("GET", f"/v26.0/{media_id}").json()
    assert answer.pop("url").startswith(whatsapp.url)
    assert answer == {
        "messaging_product": "whatsapp",
        "mime_type": "image/jpeg",
        "sha256": hashlib.sha256(EVERY_BYTE).hexdigest(),
        "file_size": str(len(EVERY_BYTE)),
        "id": media_id,
    }


def test_an_unknown_media_id_is_an_unknown_object(whatsapp):
    found = error(whatsapp.graph("GET", "/v26.0/1234567890"))
    assert (found["code"], found["error_subcode"]) == (100, 33)


def told_of(whatsapp, media_id: str, number: str) -> requests.Response:
    path = f"/v26.0/{media_id}?phone_number_id={number}"
    return whatsapp.graph("GET", path)


def test_a_named_number_must_be_the_one_that_uploaded(whatsapp):
    media_id = upload(whatsapp).json()["id"]
    assert told_of(whatsapp, media_id, NUMBER).status_code == 200
    found = error(told_of(whatsapp, media_id, OTHER_NUMBER))
    assert (found["code"], "Param phone_number_id" in found["message"]) == (100, True)


def test_what_a_patient_sent_was_uploaded_by_no_number(whatsapp):
    assert error(told_of(whatsapp, attach(whatsapp), NUMBER))["code"] == 100


def test_a_switch_lets_a_number_name_itself_for_what_a_patient_sent(whatsapp):
    whatsapp.switch(received_media_takes_number=True)
    media_id = attach(whatsapp)
    assert told_of(whatsapp, media_id, NUMBER).status_code == 200
    assert error(told_of(whatsapp, media_id, OTHER_NUMBER))["code"] == 100


def test_a_reset_forgets_files(whatsapp):
    media_id = attach(whatsapp)
    whatsapp.control("POST", "reset")
    assert error(whatsapp.graph("GET", f"/v26.0/{media_id}"))["error_subcode"] == 33


def test_a_url_gives_the_bytes_with_their_mime_type(whatsapp):
    media_id = attach(whatsapp, "audio", mime_type="audio/ogg; codecs=opus")
    answer = fetch(whatsapp, url_of(whatsapp, media_id))
    assert answer.content == EVERY_BYTE
    assert answer.headers["Content-Type"] == "audio/ogg; codecs=opus"


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_url_wants_the_access_token(whatsapp, token):
    url = url_of(whatsapp, attach(whatsapp))
    assert fetch(whatsapp, url, token).status_code == 401


def test_a_url_nobody_gave_is_404(whatsapp):
    assert fetch(whatsapp, f"{whatsapp.url}/attachments/guess").status_code == 404


def test_a_url_lives_five_minutes_on_the_sandboxs_clock(whatsapp):
    url = url_of(whatsapp, attach(whatsapp))
    whatsapp.control("POST", "clock", advance_seconds=240)
    assert fetch(whatsapp, url).status_code == 200
    whatsapp.control("POST", "clock", advance_seconds=60)
    assert fetch(whatsapp, url).status_code == 404


def test_a_switch_says_how_long_urls_live(whatsapp):
    whatsapp.switch(media_url_seconds=0)
    assert fetch(whatsapp, url_of(whatsapp, attach(whatsapp))).status_code == 404


def test_after_a_url_expired_the_media_id_gives_another(whatsapp):
    media_id = attach(whatsapp)
    old = url_of(whatsapp, media_id)
    whatsapp.control("POST", "clock", advance_seconds=300)
    new = url_of(whatsapp, media_id)
    assert new != old
    assert fetch(whatsapp, new).status_code == 200


@pytest.mark.parametrize("kind", FILE_OF)
def test_an_uploaded_file_is_sent_by_its_id(whatsapp, receiver, kind):
    whatsapp.write()
    media_id = upload(whatsapp, FILE_OF[kind]).json()["id"]
    accepted(whatsapp.send(envelope(kind, {"id": media_id})))
    receiver.wait_for_statuses("sent", "delivered")
    assert whatsapp.thread()[-1]["text"] == f"[{kind}]"


def test_an_uploaded_file_keeps_every_byte(whatsapp):
    media_id = upload(whatsapp).json()["id"]
    assert fetch(whatsapp, url_of(whatsapp, media_id)).content == EVERY_BYTE


def test_the_type_of_an_upload_wins_over_its_parts(whatsapp):
    data = {**WHATSAPP, "type": "image/png"}
    media_id = upload(whatsapp, "application/pdf", data=data).json()["id"]
    found = whatsapp.graph("GET", f"/v26.0/{media_id}").json()
    assert found["mime_type"] == "image/png"


@pytest.mark.parametrize("mime_type", ["image/gif", "application/octet-stream"])
def test_an_upload_of_a_type_that_whatsapp_does_not_take_is_100(whatsapp, mime_type):
    found = error(upload(whatsapp, mime_type))
    assert found["code"] == 100
    assert found["message"].endswith(f"Received file of type '{mime_type}'.")


def test_an_upload_without_bytes_is_131053(whatsapp):
    assert error(upload(whatsapp, content=b""))["code"] == 131053


def test_a_file_without_a_name_is_no_file(whatsapp):
    files = {"messaging_product": (None, "whatsapp"), "file": (None, b"PNG")}
    answer = whatsapp.graph("POST", f"/v26.0/{NUMBER}/media", files=files)
    assert error(answer)["message"] == "(#100) The parameter file is required."


def test_an_upload_that_is_too_large_is_131053(whatsapp):
    assert error(upload(whatsapp, content=bytes(5_000_001)))["code"] == 131053


def test_an_upload_without_a_file_is_100(whatsapp):
    files = {"messaging_product": (None, "whatsapp")}
    answer = whatsapp.graph("POST", f"/v26.0/{NUMBER}/media", files=files)
    assert error(answer)["message"] == "(#100) The parameter file is required."


def test_an_upload_names_the_product(whatsapp):
    found = error(upload(whatsapp, data={}))
    assert found["message"] == "(#100) The parameter messaging_product is required."


def test_an_upload_that_is_no_form_is_100(whatsapp):
    answer = whatsapp.graph("POST", f"/v26.0/{NUMBER}/media", json=WHATSAPP)
    assert error(answer)["code"] == 100


def test_an_upload_wants_a_registered_number(whatsapp):
    assert error(upload(whatsapp, number=UNREGISTERED))["code"] == 133010


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("image", {}, 131009),
        ("image", {"id": "1", "link": "https://example.com/a.jpg"}, 131009),
        ("image", {"link": "ftp://example.com/a.jpg"}, 131009),
        ("image", {"id": "1", "caption": "x" * 1025}, 131009),
        ("document", {"id": "1", "filename": 5}, 131009),
        ("audio", {"id": "1", "caption": "Listen"}, 100),
        ("sticker", {"id": "1", "caption": "Look"}, 100),
        ("image", {"id": "1", "filename": "a.jpg"}, 100),
    ],
)
def test_a_media_message_has_limits(whatsapp, kind, content, code):
    assert error(whatsapp.send(envelope(kind, content)))["code"] == code


def test_a_caption_may_have_1024_characters(whatsapp):
    media_id = upload(whatsapp).json()["id"]
    content = {"id": media_id, "caption": "x" * 1024}
    accepted(whatsapp.send(envelope("image", content)))


def test_a_link_is_fetched_and_the_message_delivered(whatsapp, receiver, website):
    whatsapp.write()
    content = {"link": f"{website}/teeth.jpg", "caption": "Before"}
    accepted(whatsapp.send(envelope("image", content)))
    receiver.wait_for_statuses("sent", "delivered")
    assert whatsapp.thread()[-1]["text"] == "[image] Before"


@pytest.mark.parametrize("path", ["/nothing.jpg", "/page.html"])
def test_a_link_that_gives_no_image_fails_with_131053(
    whatsapp, receiver, website, path
):
    whatsapp.write()
    accepted(whatsapp.send(envelope("image", {"link": website + path})))
    assert failure(receiver) == 131053


@pytest.mark.parametrize(
    "link",
    ["https://example.com/teeth.jpg", "http://127.0.0.1:1/teeth.jpg", "http://["],
    ids=["not loopback", "nobody listens", "no address"],
)
def test_a_link_that_cannot_be_fetched_fails_with_131053(whatsapp, receiver, link):
    whatsapp.write()
    accepted(whatsapp.send(envelope("image", {"link": link})))
    assert failure(receiver) == 131053


def test_an_unknown_media_id_is_refused_at_once(whatsapp):
    found = error(whatsapp.send(envelope("image", {"id": "1234567890"})))
    assert (found["code"], found["message"]) == (
        100,
        "(#100) Param image['id'] is not a valid whatsapp business account media"
        " attachment ID",
    )


def test_a_file_of_another_number_is_refused_at_once(whatsapp):
    media_id = upload(whatsapp, number=OTHER_NUMBER).json()["id"]
    assert error(whatsapp.send(envelope("image", {"id": media_id})))["code"] == 100


def test_a_switch_tells_an_unknown_media_id_later(whatsapp, receiver):
    whatsapp.switch(unknown_media_path="async")
    whatsapp.write()
    accepted(whatsapp.send(envelope("image", {"id": "1234567890"})))
    assert failure(receiver) == 131053


def test_a_file_of_another_kind_fails_with_131053(whatsapp, receiver):
    whatsapp.write()
    media_id = upload(whatsapp, "application/pdf").json()["id"]
    accepted(whatsapp.send(envelope("image", {"id": media_id})))
    assert failure(receiver) == 131053


@pytest.mark.parametrize(
    ("flags", "size", "status"),
    [
        (2, 500_000, "delivered"),
        (2, 100_001, "delivered"),
        (0, 100_000, "delivered"),
        (0, 100_001, "failed"),
    ],
)
def test_only_an_animated_sticker_may_have_500_kb(
    whatsapp, receiver, flags, size, status
):
    whatsapp.write()
    head = b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0" + bytes((flags,))
    content = head.ljust(size, b"\0")
    media_id = upload(whatsapp, "image/webp", content=content).json()["id"]
    accepted(whatsapp.send(envelope("sticker", {"id": media_id})))
    receiver.wait_for_statuses(status)


def voice_message(whatsapp, **more) -> str:
    whatsapp.write()
    media_id = upload(whatsapp, "audio/ogg").json()["id"]
    content = {"id": media_id, "voice": True, **more}
    return accepted(whatsapp.send(envelope("audio", content)))


def test_a_voice_message_that_was_listened_to_is_played(whatsapp, receiver):
    message_id = voice_message(whatsapp)
    whatsapp.act("plays", message_id=message_id)
    statuses = receiver.wait_for_statuses("delivered", "read", "played")
    assert "pricing" in statuses["delivered"]
    assert not {"pricing"} & {*statuses["read"], *statuses["played"]}


def test_only_a_voice_message_can_be_played(whatsapp):
    message_id = voice_message(whatsapp, voice=False)
    with pytest.raises(requests.HTTPError, match="409"):
        whatsapp.act("plays", message_id=message_id)


def test_a_media_message_needs_the_window(whatsapp, receiver):
    media_id = upload(whatsapp).json()["id"]
    accepted(whatsapp.send(envelope("image", {"id": media_id})))
    assert failure(receiver) == 131047


def download(whatsapp, url: str, **more) -> requests.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return whatsapp.session.get(url, headers=headers, **more)


@pytest.mark.parametrize(
    ("switch", "right"),
    [
        ("media_wrong_checksum", (False, True, True)),
        ("media_wrong_size", (True, False, True)),
        ("media_wrong_kind", (True, True, False)),
    ],
)
def test_one_thing_about_a_file_can_be_wrong(whatsapp, switch, right):
    whatsapp.switch(**{switch: True})
    found = whatsapp.get(attach(whatsapp))
    content = download(whatsapp, found["url"]).content
    checksum = hashlib.sha256(content).hexdigest() == found["sha256"]
    size = len(content) == int(found["file_size"])
    assert (checksum, size, content == EVERY_BYTE) == right


def test_more_bytes_can_come_than_were_announced(whatsapp):
    whatsapp.switch(media_extra_bytes=1000)
    found = whatsapp.get(attach(whatsapp))
    content = download(whatsapp, found["url"]).content
    assert len(content) == int(found["file_size"]) + 1000


def test_a_wrong_checksum_stands_in_the_webhook_too(whatsapp, receiver):
    whatsapp.switch(media_wrong_checksum=True)
    attach(whatsapp)
    (message,) = receiver.wait_for("messages")
    right = base64.b64encode(hashlib.sha256(EVERY_BYTE).digest()).decode()
    assert message["image"]["sha256"] != right


def test_the_webhook_may_have_no_address(whatsapp, receiver):
    whatsapp.switch(media_url_in_webhook=False)
    attach(whatsapp)
    (message,) = receiver.wait_for("messages")
    assert "url" not in message["image"]


def test_how_checksum_and_size_are_written_are_switches(whatsapp):
    whatsapp.switch(media_checksum="base64", media_size_as_number=True)
    found = whatsapp.get(attach(whatsapp))
    assert base64.b64decode(found["sha256"]) == hashlib.sha256(EVERY_BYTE).digest()
    assert found["file_size"] == len(EVERY_BYTE)


def test_the_address_can_be_under_another_host(whatsapp):
    whatsapp.switch(media_host="https://files.example/")
    assert url_of(whatsapp, attach(whatsapp)).startswith("https://files.example/")


def test_a_download_can_be_sent_elsewhere(whatsapp):
    whatsapp.switch(media_redirect="https://elsewhere.example/")
    url = url_of(whatsapp, attach(whatsapp))
    answer = download(whatsapp, url, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://elsewhere.example/"


def test_a_download_can_fail(whatsapp):
    url = url_of(whatsapp, attach(whatsapp))
    whatsapp.switch(media_status=500)
    assert download(whatsapp, url).status_code == 500


def test_a_patients_file_lives_7_days(whatsapp):
    media_id = attach(whatsapp)
    whatsapp.pass_time(days=7)
    answer = whatsapp.graph("GET", f"/v26.0/{media_id}")
    assert error(answer)["error_subcode"] == 33


def test_the_phone_shows_a_file_without_a_token(whatsapp):
    answer = whatsapp.session.get(f"{whatsapp.url}/sandbox/media/{attach(whatsapp)}")
    assert answer.content == EVERY_BYTE
    assert answer.headers["content-type"] == "image/jpeg"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_what_came_by_link_is_on_the_phone(whatsapp, website):
    whatsapp.write()
    sent = whatsapp.send(envelope("image", {"link": f"{website}/teeth.jpg"}))
    message_id = accepted(sent)
    bubble = wait_until(
        lambda: next((b for b in whatsapp.thread() if b["id"] == message_id), None)
    )
    media_id = bubble["file"]["media_id"]
    answer = whatsapp.session.get(f"{whatsapp.url}/sandbox/media/{media_id}")
    assert answer.content == EVERY_BYTE


def test_a_file_can_be_a_reply(whatsapp, receiver):
    quoted = whatsapp.write()
    attach(whatsapp, context_id=quoted)
    messages = receiver.wait_for("messages", 2)
    (reply,) = [one for one in messages if one["type"] == "image"]
    assert reply["context"]["id"] == quoted
