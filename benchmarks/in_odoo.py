"""What is made inside Odoo, before its servers start: `odoo shell` runs it.

Each function takes an environment and returns what JSON can carry. What the trees that
are measured call differently is asked of the tree's adapter.
"""

import importlib
import math
import time
from datetime import datetime, timedelta
from statistics import median

ADDON = "whatsapp_clinic"
APP_SECRET = "sandbox-app-secret"
ACCESS_TOKEN = "sandbox-access-token"
# Two numbers each of two accounts, which are a portfolio each.
NUMBERS = tuple(f"64000000000000{place}" for place in (1, 2, 3, 4))
ACCOUNTS = ("620000000000001", "620000000000001", "620000000000002", "620000000000002")
PHONE_NUMBER_ID, BUSINESS_ACCOUNT = NUMBERS[0], ACCOUNTS[0]
FIRST_PHONE = 905_320_000_000
TEMPLATE = "appointment_reminder"
LEAD_TIME = timedelta(days=40)
VISIT = timedelta(minutes=30)
WARM_UPS, LOOK_UPS = 5, 25
tree = None


def use(adapter: str):
    """Ask the adapter of this name from now on; before any other function."""
    global tree
    tree = importlib.import_module(f"{__package__}.adapters.{adapter}")


def make_clinic(
    env,
    url: str,
    rate: int,
    patients: int = 0,
    rules: int = 0,
    channels: int = 1,
    parameters: dict[str, str] | None = None,
) -> dict[str, list | int]:
    """A clinic connected to the sandbox at `url`, with patients who agreed.

    Each channel has a branch, the patients are spread over them. Each patient has an
    appointment, for which each rule has planned one reminder, due in some weeks.
    `parameters` are system parameters of the addon. Returns the ids of the channels,
    for each rule the ids of its records (one for each account), and the appointments as
    [id, WhatsApp id of the patient].
    """
    env = env(context={**env.context, "tracking_disable": True, "lang": "en_US"})
    for key, value in (parameters or {}).items():
        env["ir.config_parameter"].set_param(f"{ADDON}.{key}", value)
    _silence_demo_data(env)
    made = env["whatsapp.clinic.channel"].browse(
        [_make_channel(env, url, rate, place).id for place in range(channels)]
    )
    branches = env["whatsapp.clinic.branch"].create(
        [
            {
                "name": channel.name,
                "country_id": env.ref("base.tr").id,
                "tz": "Europe/Istanbul",
                "channel_id": channel.id,
                # A benchmark may run at night.
                "quiet_from": 0.0,
                "quiet_to": 0.0,
            }
            for channel in made
        ]
    )
    made_rules = [_make_rule(env, branches, number).ids for number in range(rules)]
    appointments = _make_appointments(env, branches, patients)
    return {
        "channels": made.ids,
        "rules": made_rules,
        "appointments": [
            [one.id, one.partner_id.phone_sanitized.lstrip("+")] for one in appointments
        ],
    }


def make_receptionist(env, login: str, password: str) -> int:
    """A user who may answer patients of every branch; returns the id."""
    group = env.ref("whatsapp_clinic.group_receptionist")
    user = env["res.users"].create(
        {
            "name": "Reception",
            "login": login,
            "password": password,
            "group_ids": [(4, group.id)],
        }
    )
    env["whatsapp.clinic.branch"].search([]).member_ids = [(4, user.id)]
    return user.id


def make_channel(env, url: str, rate: int) -> int:
    """A channel with the credentials of the sandbox's demo account; returns its id."""
    _silence_demo_data(env)
    return _make_channel(env, url, rate, 0).id


def _make_channel(env, url: str, rate: int, place: int):
    """All numbers are of one app, whatever account they belong to."""
    first = env["whatsapp.clinic.channel"].search(
        [("phone_number_id", "=", NUMBERS[0])]
    )
    channel = env["whatsapp.clinic.channel"].create(
        {
            "account_id": first.account_id.id,
            "name": f"Benchmark {place + 1}",
            "phone_number_id": NUMBERS[place],
            "business_account_id": ACCOUNTS[place],
            "base_url": url,
            "rate": rate,
        }
    )
    channel._set_credentials(
        {
            "access_token": ACCESS_TOKEN,
            "app_secret": APP_SECRET,
            "verify_token": "sandbox-verify-token",
        }
    )
    return channel


def _silence_demo_data(env):
    """If there is any, it sends nothing and has no claim to our number."""
    env["whatsapp.clinic.message.rule"].search([]).active = False
    env["whatsapp.clinic.message"]._cancel_open([], "obsolete")
    known = env["whatsapp.clinic.channel"].with_context(active_test=False).search([])
    for channel in known:
        channel.write({"phone_number_id": f"former-{channel.id}", "active": False})
    env.flush_all()


def _make_rule(env, branches, number: int):
    """A reminder in each account's own template."""
    rules = env["whatsapp.clinic.message.rule"]
    for account in dict.fromkeys(branches.channel_id.mapped("business_account_id")):
        channels = branches.channel_id.filtered(
            lambda one, account=account: one.business_account_id == account
        )
        rules |= rules.create(
            {
                "name": f"Reminder {number + 1}",
                "anchor": "start",
                "offset": 24 + number,
                "template_id": _template(env, channels[0]).id,
                "purpose_id": env.ref("whatsapp_clinic.purpose_appointment").id,
                "branch_ids": [(6, 0, channels.branch_ids.ids)],
            }
        )
    return rules


def _template(env, channel):
    """The channel's reminder in English, loaded from the sandbox if it is not here."""
    templates = env["whatsapp.clinic.template"]
    domain = [
        ("business_account_id", "=", channel.business_account_id),
        ("name", "=", TEMPLATE),
        ("language", "=", "en"),
    ]
    if not templates.search_count(domain):
        tree.load_templates(env, channel)
    return templates.search(domain)


def _make_appointments(env, branches, count: int):
    places = [branches[number % len(branches)] for number in range(count)]
    partners = env["res.partner"].create(
        [
            {
                "name": f"Patient {number}",
                "phone": f"+{FIRST_PHONE + number}",
                "clinic_patient": True,
                "clinic_branch_id": branch.id,
                "lang": "en_US",
            }
            for number, branch in enumerate(places)
        ]
    )
    purpose = env.ref("whatsapp_clinic.purpose_appointment")
    tree.give_consent(env, partners, purpose)
    practitioner = env["whatsapp.clinic.practitioner"].create(
        {"name": "Practitioner", "branch_ids": [(6, 0, branches.ids)]}
    )
    visit = env["whatsapp.clinic.appointment.type"].create({"name": "Visit"})
    first = datetime.utcnow().replace(second=0, microsecond=0) + LEAD_TIME
    return env["whatsapp.clinic.appointment"].create(
        [
            {
                "partner_id": partner.id,
                "branch_id": branch.id,
                "practitioner_id": practitioner.id,
                "type_id": visit.id,
                "start": first + number * VISIT,
            }
            for number, (partner, branch) in enumerate(
                zip(partners, places, strict=True)
            )
        ]
    )


def make_sms_queue(env, count: int):
    """A company with a Twilio account and so many SMS in Odoo's own queue."""
    env.company.write(
        {
            "sms_provider": "twilio",
            "sms_twilio_account_sid": "AC" + "0" * 32,
            "sms_twilio_auth_token": "benchmark",
            "sms_twilio_number_ids": [
                (0, 0, {"number": "+15005550006", "country_id": env.ref("base.us").id})
            ],
        }
    )
    env["sms.sms"].create(
        [
            {"number": f"+{FIRST_PHONE + number}", "body": "Your appointment is near."}
            for number in range(count)
        ]
    )


def time_due_lookup(env, channel: int, due: int) -> dict[str, float | int]:
    """How long the dispatcher takes to find a channel with work and lock its due rows.

    Returns the median in seconds, and how often the whole outbox was read for it.
    Raises ValueError when it does not find the channel and `due` rows.
    """
    times, scans = [], 0
    for _ in range(WARM_UPS + LOOK_UPS):
        started = time.perf_counter()
        found = _look_up(env, channel, due)
        times.append(time.perf_counter() - started)
        if found != (True, due):
            raise ValueError(f"found {found}")
        scans += _sequential_scans(env)
        env.cr.rollback()
    return {"seconds": median(times[WARM_UPS:]), "sequential_scans": scans}


def _look_up(env, channel: int, limit: int) -> tuple[bool, int]:
    has_work = channel in env["whatsapp.clinic.dispatcher"]._channels_with_work(env.cr)
    rows = tree.ChannelRun(env.cr, channel, math.inf)._lock_due(limit)
    return has_work, len(rows)


def _sequential_scans(env) -> int:
    """Of the outbox, in this transaction."""
    env.cr.execute(
        "SELECT seq_scan FROM pg_stat_xact_user_tables "
        "WHERE relname = 'whatsapp_clinic_message'"
    )
    return env.cr.fetchone()[0]


def time_gate(env, batch: int) -> dict[str, float | int]:
    """How long the gate takes for a batch of messages, with nothing in the cache.

    Returns the median in seconds, the share that may go, the share that is refused, and
    the queries of one batch.
    """
    messages, gate = env["whatsapp.clinic.message"], env["whatsapp.clinic.gate"]
    _prepare_gate(env)
    env.cr.execute("SELECT id FROM whatsapp_clinic_message ORDER BY md5(id::text)")
    ids = [row[0] for row in env.cr.fetchall()]
    times, verdicts, queries = [], [], 0
    for turn in range(WARM_UPS + LOOK_UPS):
        start = turn * batch % max(len(ids) - batch, 1)
        env.invalidate_all()
        before = env.cr.sql_log_count
        started = time.perf_counter()
        found = gate._judge(messages.browse(ids[start : start + batch]))
        times.append(time.perf_counter() - started)
        queries = env.cr.sql_log_count - before
        verdicts += found.values()
    sent = sum(one.action == "send" for one in verdicts)
    refused = sum(one.is_refusal for one in verdicts)
    return {
        "seconds": median(times[WARM_UPS:]),
        "sent": sent / len(verdicts),
        "refused": refused / len(verdicts),
        "queries": queries,
    }


def _prepare_gate(env):
    """An old notice, a consent that ends, and guardians for some; once."""
    notices = env["whatsapp.clinic.privacy.notice"]
    purpose = env.ref("whatsapp_clinic.purpose_appointment")
    if purpose.validity_months:
        _send_gate_template(env)
        return
    purpose.validity_months = 21
    published = datetime.utcnow().replace(microsecond=0) - timedelta(days=300)
    notice = notices.create({"renewed_purpose_ids": [(6, 0, purpose.ids)]})
    env.flush_all()
    notice.write(
        {"state": "published", "published_at": published, "valid_from": published}
    )
    tree.take_templates(
        env,
        env["whatsapp.clinic.channel"].search([("base_url", "like", "127.0.0.1")]),
        [
            {
                "id": "gate",
                "name": TEMPLATE,
                "language": "en",
                "category": "UTILITY",
                "status": "APPROVED",
                "components": [{"type": "BODY", "text": "We expect you tomorrow."}],
            }
        ],
    )
    _send_gate_template(env)


def _send_gate_template(env):
    template = env["whatsapp.clinic.template"].search([("remote_id", "=", "gate")])
    env.cr.execute("UPDATE whatsapp_clinic_message SET template_id = %s", [template.id])


def time_sms_composer(env, batch: int) -> dict[str, float]:
    """How long Odoo's SMS composer takes to sort out recipients of a mass sending."""
    env.cr.execute(
        "SELECT id FROM res_partner WHERE clinic_patient ORDER BY md5(id::text) "
        "LIMIT %s",
        [batch * (WARM_UPS + LOOK_UPS)],
    )
    ids = [row[0] for row in env.cr.fetchall()]
    times = []
    for start in range(0, len(ids) - batch + 1, batch):
        env.invalidate_all()
        partners = env["res.partner"].browse(ids[start : start + batch])
        composer = env["sms.composer"].new(
            {
                "composition_mode": "mass",
                "res_model": "res.partner",
                "res_ids": repr(partners.ids),
                "body": "Your appointment is near.",
                "use_exclusion_list": True,
            }
        )
        started = time.perf_counter()
        composer._prepare_mass_sms_values(partners)
        times.append(time.perf_counter() - started)
    return {"seconds": median(times)}


def time_long_texts(env, length: int) -> dict[str, float]:
    """Seconds (CPU, the least of three) of each function for its worst text."""
    from odoo.addons.whatsapp_clinic.tests import long_texts

    def seconds(function, text) -> float:
        times = []
        for _ in range(3):
            started = time.thread_time()
            function(text)
            times.append(time.thread_time() - started)
        return min(times)

    texts = [long_texts.long_text(unit, length) for unit in long_texts.UNITS.values()]
    return {
        name: max(seconds(function, text) for text in texts)
        for name, function in long_texts.functions(env).items()
    }


def make_consent_page(env) -> str:
    """The address of a patient's personal page, below the server's."""
    patient = env["res.partner"].search([("clinic_patient", "=", True)], limit=1)
    purpose = env.ref("whatsapp_clinic.purpose_survey")
    notice = env["whatsapp.clinic.privacy.notice"].create(
        {
            "company_id": env.company.id,
            "text_ids": [(0, 0, {"lang": "en_US", "title": "x", "body": "<p>x</p>"})],
        }
    )
    notice.action_publish()
    asked = env["whatsapp.clinic.consent.request"].create(
        {"partner_id": patient.id, "purpose_ids": [(6, 0, purpose.ids)]}
    )
    return f"/whatsapp_clinic/consent/{asked._mint_key()}"
