"""``python -m whatsapp_sandbox``, the demo account and the phone's page."""

from __future__ import annotations

import os
import re
import signal

import pytest
import requests

from .conftest import WA_ID, Process, Receiver, WhatsApp, reminder, wait_until


def test_it_says_where_it_listens_and_ends_at_once(tmp_path):
    process = Process(tmp_path)
    stream = requests.get(f"{process.url}/sandbox/events", stream=True, timeout=5)
    printed = process.stop()
    stream.close()
    assert printed == f"whatsapp_sandbox ready on {process.url}\n"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", process.url)
    assert process.process.returncode in (0, -signal.SIGTERM)


def test_nothing_that_happens_is_written_to_the_log(tmp_path):
    process = Process(tmp_path)
    whatsapp = WhatsApp(process.url)
    receiver = Receiver()
    receiver.statuses = [500]
    whatsapp.control("PUT", "webhook", url=receiver.url)
    for kind in ("reset", "truncate_after_accept", "hang"):
        whatsapp.fault(kind, count=1, seconds=0)
        with pytest.raises(requests.RequestException):
            whatsapp.send(reminder())
    whatsapp.send({})
    whatsapp.write()
    receiver.wait_for("messages")
    printed = process.stop()
    receiver.stop()
    assert printed == f"whatsapp_sandbox ready on {process.url}\n"


def test_the_ready_file_names_the_process(process):
    assert f'"pid": {process.process.pid}' in process.ready.read_text()
    assert os.listdir(process.ready.parent).count("ready.json") == 1


def test_the_demo_account_reminds_a_patient(tmp_path):
    process = Process(tmp_path)
    try:
        whatsapp = WhatsApp(process.url)
        whatsapp.reminder()
        assert len(whatsapp.thread()) == 1
        assert len(whatsapp.control("GET", "patients")) == 12
        assert len(whatsapp.control("GET", "numbers")) == 2
    finally:
        process.stop()


def test_webhooks_may_leave_the_machine_only_when_allowed(tmp_path):
    process = Process(tmp_path, "--allow-any-webhook-host")
    try:
        url = "https://example.com/"
        answer = WhatsApp(process.url).control("PUT", "webhook", url=url)
        assert answer == {"url": url}
    finally:
        process.stop()


def test_a_mistake_in_the_account_file_is_told_without_a_traceback(tmp_path):
    account = tmp_path / "account.json"
    account.write_text('{"app": {}}')
    with pytest.raises(
        AssertionError, match=r"(?s)whatsapp_sandbox: .*app.secret"
    ) as e:
        Process(tmp_path, "--account", str(account))
    assert "Traceback" not in str(e.value)


def test_it_is_healthy(whatsapp):
    assert whatsapp.control("GET", "health") == {"status": "ok"}


def test_the_page_allows_nothing_but_its_own_files(whatsapp):
    page = requests.get(f"{whatsapp.url}/", timeout=5)
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"] == "default-src 'self'"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page.text)


@pytest.mark.parametrize("name", ["api", "bubbles", "dom", "phone"])
def test_scripts_never_put_text_in_as_markup(whatsapp, name):
    script = requests.get(f"{whatsapp.url}/phone/{name}.js", timeout=5)
    assert script.status_code == 200
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", script.text)


def test_everything_the_page_asks_for_is_served(whatsapp):
    page = requests.get(f"{whatsapp.url}/", timeout=5).text
    for path in re.findall(r'(?:href|src)="(/[^"]+)"', page):
        assert requests.get(whatsapp.url + path, timeout=5).status_code == 200


def test_the_page_hears_of_messages_as_they_come(whatsapp):
    url = f"{whatsapp.url}/sandbox/events"
    with requests.get(url, stream=True, timeout=5) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == ": connected"
        whatsapp.write()
        assert wait_until(lambda: next(lines)) == "event: message"
        assert WA_ID in next(lines)
