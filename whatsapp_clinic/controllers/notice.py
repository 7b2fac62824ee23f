"""The privacy notice as everybody may read it: no cookie, no script, no person."""

from odoo import fields, http
from odoo.http import request
from odoo.tools import format_date

from ..models.consent.privacy_notice import PAGE

# Largest id of a row; PostgreSQL refuses to compare with a larger one.
_ID = "int(max=2147483647)"
# Seconds for which a browser need not ask again: a new version shows soon.
_CACHED = 300
# Who reads it is told to nobody, whatever was pasted into the text.
_CONTENT_POLICY = (
    "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)


class NoticeController(http.Controller):
    @http.route(
        [f"{PAGE}/<{_ID}:company_id>", f"{PAGE}/<{_ID}:company_id>/<{_ID}:version>"],
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def notice(self, company_id, version=None, lang=None, **_query):
        """The version in force for a company, or one that was ever published.

        In the language asked for (such as `tr_TR`), else the browser's, else the
        company's. 404 if there is none.
        """
        notices = request.env["whatsapp.clinic.privacy.notice"].sudo()
        company = request.env["res.company"].sudo().browse(company_id).exists()
        current = notices._current(company)
        notice = current
        if version is not None:
            notice = notices._published(company, version)
        if not notice:
            return request.not_found()
        response = request.make_response(
            _page(notice, current, _text(notice, lang)),
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Cache-Control", f"public, max-age={_CACHED}"),
                ("Vary", "Accept-Language"),
                ("Referrer-Policy", "no-referrer"),
                ("Content-Security-Policy", _CONTENT_POLICY),
            ],
        )
        response.add_etag()
        return response.make_conditional(request.httprequest)


def _text(notice, lang: str | None):
    wanted = [lang] if lang else _languages_of_browser()
    known = {text.lang[:2] for text in notice.text_ids}
    for language in wanted:
        if language[:2] in known:
            return notice._text(language)
    return notice._text(notice.company_id.partner_id.lang)


def _languages_of_browser() -> list[str]:
    accepted = request.httprequest.accept_languages.values()
    return [language.replace("-", "_") for language in accepted]


def _page(notice, current, text) -> str:
    """The HTML page; its own words are in the notice's language if Odoo has it."""
    installed = dict(request.env["res.lang"].get_installed())
    lang = text.lang if text.lang in installed else "en_US"
    valid_from = fields.Datetime.context_timestamp(
        notice.with_context(tz=notice.company_id._clinic_tz()), notice.valid_from
    )
    return (
        request.env["ir.qweb"]
        .sudo()
        .with_context(lang=lang)
        ._render(
            "whatsapp_clinic.notice_page",
            {
                "notice": notice,
                "text": text,
                "language": text.lang.replace("_", "-"),
                "languages": _language_names(notice),
                "current_path": f"{PAGE}/{notice.company_id.id}",
                "is_current": notice == current,
                "is_replaced": current.version > notice.version,
                "valid_from": format_date(
                    request.env(su=True), valid_from.date(), lang_code=lang
                ),
            },
        )
    )


def _language_names(notice) -> list[tuple[str, str]]:
    """Codes of the notice's languages, each with what its speakers call it."""
    codes = notice.text_ids.mapped("lang")
    found = (
        request.env["res.lang"]
        .sudo()
        .search([("code", "in", codes), ("active", "in", (True, False))])
    )
    return [(one.code, one.name.rpartition("/")[2].strip()) for one in found]
