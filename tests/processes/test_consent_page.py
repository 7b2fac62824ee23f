"""The personal page on a real server: a finger, two devices, the server's log."""

import base64
import io
import json
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from PIL import Image, ImageDraw
from workshop.browser import Browser
from workshop.clinic import wait_until

PAGE = "/whatsapp_clinic/consent"
WIDTH, HEIGHT = 390, 844
SIGN = ".o_portal_sign_submit"
NAME = ".o_web_sign_name_input"
CANVAS = "canvas.o_web_sign_signature"
WHERE_TO_DRAW = f"""
(() => {{
    const canvas = document.querySelector("{CANVAS}");
    canvas.scrollIntoView({{behavior: "instant", block: "center"}});
    const box = canvas.getBoundingClientRect();
    return JSON.stringify([box.left, box.top, box.width, box.height]);
}})()
"""
PREPARE = """
env["res.lang"]._activate_lang("tr_TR")
env["ir.module.module"].search([("name", "=", "whatsapp_clinic")])._update_translations(
    ["tr_TR"]
)
notice = env["whatsapp.clinic.privacy.notice"].create({
    "version": 1000,
    "text_ids": [
        (0, 0, {"lang": lang, "title": title, "body": "<p>KUMQUAT</p>"})
        for lang, title in [("en_US", "Your data"), ("tr_TR", "Verileriniz")]
    ],
})
notice.action_publish()
answer = {text.lang: text.id for text in notice.text_ids}
answer["path"] = f"/whatsapp_clinic/notice/{notice.company_id.id}"
"""
ASK = """
asked = env["whatsapp.clinic.consent.request"].create(
    {"partner_id": patient, "lang": "en_US"}
)
answer = {
    "id": asked.id,
    "key": asked._mint_key(),
    "purpose": asked.purpose_ids.sorted()[0].id,
}
"""


@pytest.fixture(scope="module")
def clinic(make_clinic):
    clinic = make_clinic("consent_page")
    clinic.notice = clinic.shell(PREPARE)
    clinic.next_patient = iter(clinic.ids["patients"])
    return clinic


@pytest.fixture(scope="module")
def server(clinic):
    with clinic.serving() as server:
        yield server


@pytest.fixture
def asked(clinic):
    """A patient who is asked: `id` of the request, `key`, `purpose`, `patient`."""
    patient = next(clinic.next_patient)
    return {**clinic.shell(ASK, patient=patient), "patient": patient}


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


def _consents(clinic, asked) -> list[dict]:
    return clinic.query(
        "SELECT decision, proof_id FROM whatsapp_clinic_consent "
        f"WHERE partner_id = {asked['patient']} AND method = 'web' ORDER BY id"
    )


def _draw_with_a_finger(browser) -> None:
    left, top, width, height = json.loads(browser.evaluate(WHERE_TO_DRAW))
    points = [
        {"x": left + width * step / 10, "y": top + height * (0.3 + step % 3 * 0.2)}
        for step in range(1, 10)
    ]
    touches = [("touchStart", points[0]), *(("touchMove", one) for one in points[1:])]
    for kind, point in touches:
        browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=[point])
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


@pytest.mark.parametrize("lang", ["en_US", "tr_TR"])
def test_patient_signs_with_a_finger_on_a_phone(clinic, server, browser, asked, lang):
    browser.call("Emulation.setTouchEmulationEnabled", enabled=True)
    url = f"{server.url}{PAGE}/{asked['key']}?lang={lang}"
    browser.open(url, WIDTH, HEIGHT, NAME)
    assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert browser.evaluate("document.querySelectorAll(':checked').length") == 0
    browser.evaluate(
        f"document.querySelector('#purpose_{asked['purpose']}_yes').click()"
    )
    browser.evaluate(f"document.querySelector({NAME!r}).focus()")
    browser.call("Input.insertText", text="KUMQUAT")
    browser.click(NAME, CANVAS)
    _draw_with_a_finger(browser)
    is_enabled = f"!document.querySelector({SIGN!r}).disabled"
    wait_until(lambda: browser.evaluate(is_enabled), 90, "it can be sent")
    browser.click(SIGN, ".alert-success")
    assert [one["decision"] for one in _consents(clinic, asked)] == ["given"]
    shown = browser.evaluate("document.documentElement.lang")
    assert shown == lang.replace("_", "-")


@pytest.mark.parametrize(
    ("lang", "title"), [("en_US", "Your data"), ("tr_TR", "Verileriniz")]
)
def test_notice_is_read_on_a_phone(clinic, server, browser, lang, title):
    url = f"{server.url}{clinic.notice['path']}?lang={lang}"
    browser.open(url, WIDTH, HEIGHT, "h1")
    assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert browser.evaluate("innerWidth") == WIDTH
    assert browser.evaluate("document.documentElement.lang") == lang.replace("_", "-")
    assert browser.evaluate("document.querySelector('h1').textContent").strip() == title
    # The other language is one tap away.
    browser.click("a[href^='?lang=']", f"html:not([lang='{lang.replace('_', '-')}'])")


def test_page_opens_at_the_notice(server, browser, asked):
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)
    browser.open(f"{server.url}{PAGE}/{asked['key']}", WIDTH, HEIGHT, NAME)
    assert browser.evaluate("scrollY") == 0
    assert browser.evaluate("document.querySelectorAll('[inert]').length") == 0


def test_what_is_missing_is_said_before_the_drawing_is_lost(
    clinic, server, browser, asked
):
    browser.open(f"{server.url}{PAGE}/{asked['key']}", WIDTH, HEIGHT, NAME)
    browser.click(SIGN, ".o_portal_sign_error_msg")
    assert _consents(clinic, asked) == []


def test_page_asks_nobody_else_for_anything(server, browser, asked):
    browser.open(f"{server.url}{PAGE}/{asked['key']}", WIDTH, HEIGHT, NAME)
    asked_for = browser.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name).join(' ')"
    )
    assert asked_for
    assert all(one.startswith(server.url) for one in asked_for.split())
    assert asked["key"] not in asked_for
    assert browser.evaluate("document.referrer") == ""


def test_patient_withdraws_without_javascript(clinic, server, browser, asked):
    _post(server, asked, clinic.notice)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(f"{server.url}{PAGE}/{asked['key']}", WIDTH, HEIGHT, "form button")
        browser.click("form[action$=withdraw] button", ".alert-success")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert [one["decision"] for one in _consents(clinic, asked)][-1] == "withdrawn"


def _signature() -> str:
    image = Image.new("RGBA", (300, 100), (255, 255, 255, 0))
    ImageDraw.Draw(image).line((10, 80, 290, 20), fill="black", width=2)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def _post(server, asked, notice, path="") -> str:
    form = {
        "lang": "en_US",
        "notice": notice["en_US"],
        "name": "KUMQUAT",
        "signature": _signature(),
        f"purpose_{asked['purpose']}": "yes",
        "purpose": "all",
    }
    url = f"{server.url}{PAGE}/{asked['key']}{path}"
    with urllib.request.urlopen(url, urlencode(form).encode(), timeout=120) as answer:
        return answer.read().decode()


def test_two_devices_at_once_record_one_answer(clinic, server, asked):
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: _post(server, asked, clinic.notice), range(4)))
    assert len(_consents(clinic, asked)) == 1
    assert all("What holds now" in page for page in pages)


def test_two_devices_at_once_withdraw_once(clinic, server, asked):
    _post(server, asked, clinic.notice)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda _: _post(server, asked, clinic.notice, "/withdraw"), range(4)
            )
        )
    decisions = [one["decision"] for one in _consents(clinic, asked)]
    assert decisions == ["given", "withdrawn"]


def test_server_log_has_the_request_without_its_key(clinic, server, asked):
    _post(server, asked, clinic.notice)
    wrong = "wrong-key-of-somebody"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{server.url}{PAGE}/{wrong}?lang=en_US")
    wait_until(lambda: f"GET {PAGE}/***?lang=en_US" in clinic.odoo_log(), 90, "the log")
    assert re.search(rf"POST {PAGE}/\*\*\* HTTP", clinic.odoo_log())
    assert asked["key"] not in clinic.odoo_log()
    assert wrong not in clinic.odoo_log()


def test_traceback_in_the_server_log_has_no_key(clinic, server, asked):
    """An error in the middle of the page: the template is broken on purpose."""
    clinic.odoo.sql(
        clinic.database,
        "UPDATE ir_ui_view SET arch_db = jsonb_build_object('en_US',"
        ' \'<t t-name="x"><t t-out="1/0 or address"/></t>\')'
        " WHERE key = 'whatsapp_clinic.consent_page_nothing'",
    )
    with clinic.serving() as broken, pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{broken.url}{PAGE}/wrong-key-in-a-traceback")
    assert error.value.code == 500
    assert "Traceback" in clinic.odoo_log()
    assert "wrong-key-in-a-traceback" not in clinic.odoo_log()
