"""The personal page on which a patient agrees and withdraws.

Who has the key has the page. A GET changes nothing; a POST needs no token against
forgery beside the key, which nobody else knows, and therefore no cookie. Wrong, expired
and closed keys get the same answer.
"""

from datetime import timedelta

from odoo import fields, http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import format_date

from ..models.consent.consent_request import PAGE
from ..models.consent.evidence import Origin
from ..models.consent.request_page import RequestPage
from ..tools.attempts import Attempts

MODEL = "whatsapp.clinic.consent.request"
# A signature of the largest size, and some text.
MAX_BYTES = 512 * 1024
# Wrong keys from one address, after which it hears so; a clinic's guests share one, and
# right keys always open. Nobody finds a key of 192 random bits by trying.
WRONG_KEYS = Attempts(limit=30, period=timedelta(minutes=10))
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    # Nothing from elsewhere, also not from the text of a notice.
    "Content-Security-Policy": "default-src 'self'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
}
_COMMON = {"type": "http", "auth": "public", "save_session": False, "sitemap": False}
_POST = {
    **_COMMON,
    "methods": ["POST"],
    "csrf": False,
    "max_content_length": MAX_BYTES,
    "readonly": False,
}


class ConsentController(http.Controller):
    @http.route(f"{PAGE}/<string:key>", methods=["GET"], readonly=True, **_COMMON)
    def page(self, key, lang=None, done=None, **_query):
        """The notice, the choices, what was decided; changes nothing.

        `lang` is a language such as `tr_TR`; `done` (`answer`, `withdrawal`) thanks.
        """
        page, status = _open(key, lang)
        return _page(key, page, done=done) if page else _nothing(status)

    @http.route(f"{PAGE}/<string:key>", **_POST)
    def answer(self, key, lang=None, **_query):
        """Record the signed answer, once; nothing of it is taken from the address."""
        page, status = _open(key, lang)
        if not page:
            return _nothing(status)
        texts = request.httprequest.form.to_dict()
        origin = _origin()
        return _act(key, page, "answer", lambda: page.answer(texts, origin), texts)

    @http.route(f"{PAGE}/<string:key>/withdraw", **_POST)
    def withdraw(self, key, lang=None, **_query):
        """Withdraw for one `purpose` of the form (its id) or for `all`."""
        page, status = _open(key, lang)
        if not page:
            return _nothing(status)
        origin, purpose = _origin(), request.httprequest.form.get("purpose")
        return _act(key, page, "withdrawal", lambda: page.withdraw(purpose, origin))


def _open(key: str, lang: str | None) -> tuple:
    """The page that a key opens, in its language, as the system.

    None and the status to answer for a key that opens nothing.
    """
    asked = request.env["whatsapp.clinic.personal.link"]._find(MODEL, key)
    if not RequestPage(asked).is_reachable:
        return None, _count_wrong_key()
    _speak(lang, asked.lang)
    asked = asked.with_env(request.env(su=True)).with_company(asked.company_id)
    return RequestPage(asked), 200


def _count_wrong_key() -> int:
    """The status of a wrong key; right ones of the same address are not concerned."""
    address = request.httprequest.remote_addr or ""
    if WRONG_KEYS.has_failed_too_often(address):
        return 429
    WRONG_KEYS.count_failure(address)
    return 404


def _languages() -> dict:
    return dict(request.env["res.lang"].get_installed())


def _speak(*wanted: str | None):
    """Answer in the first of the languages that is installed."""
    installed = _languages()
    known = [one for one in wanted if one in installed]
    request.update_context(lang=[*known, *installed][0])


def _origin() -> Origin:
    user = request.env.user
    return Origin(
        address=request.httprequest.remote_addr or "",
        browser=request.httprequest.headers.get("User-Agent", ""),
        session_user=None if user._is_public() else user.login,
    )


def _act(key, page, done: str, act, form: dict | None = None):
    """Do it and thank, or show the page again with what is wrong."""
    try:
        with request.env.cr.savepoint():
            act()
    except UserError as error:
        return _page(key, page, status=422, problem=str(error), form=form)
    location = f"{PAGE}/{key}?lang={page.env.lang}&done={done}"
    return _harden(request.redirect(location, code=303))


def _page(key, page, status=200, done=None, problem=None, form=None):
    values = {
        "title": page.env._("Your choices"),
        "asked": page.request,
        "address": f"{PAGE}/{key}",
        "notice": page.notice_text(),
        "purposes": page.asked_purposes(),
        "may_be_answered": page.may_be_answered(),
        "present": page.present_state(),
        "shown_date": lambda at: _shown_date(page.request, at),
        "done": done,
        "problem": problem,
        "form": form or {},
    }
    return _render("whatsapp_clinic.consent_page", values, status)


def _shown_date(asked, at) -> str:
    """A day as the clinic's wall calendar shows it."""
    zone = asked.branch_id.tz or asked.partner_id.tz or "UTC"
    local = fields.Datetime.context_timestamp(asked.with_context(tz=zone), at)
    return format_date(asked.env, local.date())


def _nothing(status: int):
    """The one answer for keys that open nothing."""
    _speak(request.httprequest.args.get("lang"), request.env.lang)
    values = {"title": request.env._("This page is not available")}
    return _render("whatsapp_clinic.consent_page_nothing", values, status)


def _render(template: str, values: dict, status: int):
    info = request.env["ir.http"].get_frontend_session_info()
    info["bundle_params"]["lang"] = request.env.lang
    values = {
        **values,
        "lang": request.env.lang,
        "languages": _languages(),
        "session_info": info,
    }
    return _harden(request.render(template, values, status=status))


def _harden(response):
    response.headers.update(HEADERS)
    return response
