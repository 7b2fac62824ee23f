"""How it flows: a page for administrators, and Prometheus' text for machines.

Prometheus text format 0.0.4:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import hashlib
import hmac
import secrets

from odoo import SUPERUSER_ID, http
from odoo.exceptions import AccessError
from odoo.http import request

from ..models.monitoring.counters import METRICS, Sample
from ..tools import clock
from ..tools.access import require_group
from ..tools.compat import parameter, set_parameter
from ..tools.letters import knows_capitals

METRICS_PATH = "/whatsapp_clinic/metrics"
# Under which heading the status page tells what did not go.
_ENDED = {
    "failed_last_day_messages": "failures",
    "refused_last_day_messages": "refusals",
}
STATUS_PATH = "/whatsapp_clinic/status"
TOKEN_PATH = "/whatsapp_clinic/status/token"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TOKEN_HASH = "whatsapp_clinic.metrics_token_sha256"
# Seconds between two looks of the page.
REFRESH = 30
# In a label's value these stand behind a backslash.
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class MetricsController(http.Controller):
    @http.route(
        METRICS_PATH,
        type="http",
        auth="none",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def metrics(self, **_query):
        """The counters; 404 while no token is set, 401 without the right one."""
        env = request.env(user=SUPERUSER_ID)
        known = parameter(env, TOKEN_HASH)
        if not known:
            return request.make_response("no token is set", status=404)
        if not hmac.compare_digest(_hash(_given_token()), known):
            headers = [("WWW-Authenticate", "Bearer")]
            return request.make_response("wrong token", headers, status=401)
        text = exposition(env["whatsapp.clinic.counters"]._read())
        return request.make_response(text, [("Content-Type", CONTENT_TYPE)])

    @http.route(STATUS_PATH, type="http", auth="user", methods=["GET"], readonly=True)
    def status(self, **_query):
        """The counters of their companies for a person; 403 for no administrator."""
        return _page(refresh=REFRESH)

    @http.route(TOKEN_PATH, type="http", auth="user", methods=["POST"])
    def new_token(self, **_query):
        """Replace the token of the metrics, and show the new one this once."""
        require_group(request.env, "group_administrator")
        if not request.env.user._is_of_all_companies():
            raise AccessError(
                request.env._(
                    "The figures are those of all companies: ask somebody who belongs "
                    "to each of them for the token."
                )
            )
        token = secrets.token_urlsafe(32)
        set_parameter(request.env(su=True), TOKEN_HASH, _hash(token))
        return _page(token=token)


def exposition(samples: list[Sample]) -> str:
    """Samples in Prometheus' text format."""
    lines = []
    for name, description in METRICS.items():
        group = [sample for sample in samples if sample.name == name]
        if not group:
            continue
        full_name = f"whatsapp_clinic_{name}"
        lines += [f"# HELP {full_name} {description}", f"# TYPE {full_name} gauge"]
        lines += [f"{full_name}{_labels(one)} {one.value}" for one in group]
    return "\n".join(lines) + "\n"


def _labels(sample: Sample) -> str:
    pairs = ",".join(
        f'{name}="{value.translate(_ESCAPES)}"' for name, value in sample.labels.items()
    )
    return f"{{{pairs}}}" if pairs else ""


def _page(refresh: int | None = None, token: str | None = None):
    require_group(request.env, "group_administrator")
    env = request.env
    values = {
        "figures": _figures(
            env["whatsapp.clinic.counters"].sudo()._read(env.user.company_ids)
        ),
        "alarms": env["whatsapp.clinic.alarm"]
        .with_context(allowed_company_ids=env.user.company_ids.ids)
        .search([("closed_at", "=", False)]),
        "reasons": dict(
            env["whatsapp.clinic.message"]._fields["reason"]._description_selection(env)
        ),
        "knows_capitals": knows_capitals(env.cr),
        "now": clock.now(),
        "refresh": refresh,
        "token": token,
        "has_token": bool(parameter(request.env, TOKEN_HASH)),
        "metrics_url": parameter(request.env, "web.base.url") + METRICS_PATH,
        "token_path": TOKEN_PATH,
        "status_path": STATUS_PATH,
    }
    response = request.render("whatsapp_clinic.status_page", values)
    response.headers["Cache-Control"] = "no-store"
    return response


def _figures(samples: list[Sample]) -> dict:
    """The same figures by channel, by failure and refusal, and of the database."""
    figures = {"channels": {}, "failures": [], "refusals": [], "database": {}}
    for sample in samples:
        if "channel_id" in sample.labels:
            channel = figures["channels"].setdefault(
                sample.labels["channel_id"], {"name": sample.labels["channel"]}
            )
            if "currency" in sample.labels:
                costs = channel.setdefault("costs", {})
                costs[sample.labels["currency"]] = sample.value
            else:
                channel[sample.name] = sample.value
        elif sample.name in _ENDED:
            row = {**sample.labels, "number": sample.value}
            figures[_ENDED[sample.name]].append(row)
        elif not sample.labels:
            figures["database"][sample.name] = sample.value
    return figures


def _given_token() -> str:
    scheme, _blank, token = request.httprequest.headers.get(
        "Authorization", ""
    ).partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
