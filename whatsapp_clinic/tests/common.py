"""Builders and the sandbox for the addon's tests."""

import os
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from odoo.tests import HttpCase, TransactionCase, new_test_user
from odoo.tools import SQL

from ..models.intake import processing
from ..models.outbox.dispatcher import lanes
from ..models.whatsapp.number.channel import LOOPBACK_SWITCH
from ..tools import clock

PROJECT = Path(__file__).resolve().parents[2]
if str(PROJECT) not in sys.path:
    sys.path.append(str(PROJECT))

from whatsapp_sandbox.client import Sandbox  # noqa: E402

BUSINESS_ACCOUNT = "620000000000001"
PHONE_NUMBER_ID = "640000000000001"
OTHER_PHONE_NUMBER_ID = "640000000000002"
ACCESS_TOKEN = "sandbox-access-token"
APP_SECRET = "sandbox-app-secret"
VERIFY_TOKEN = "sandbox-verify-token"
AYSE_PHONE, AYSE_WA_ID = "+905321110001", "905321110001"
# Stands in every text that tests send, so that a scan of the logs can find a leak.
MARKER = "KUMQUAT"

REMINDER_COMPONENTS = [
    {
        "type": "BODY",
        "text": "Hello {{patient_name}}, {{clinic_name}} expects you on "
        "{{appointment_date}} at {{appointment_time}}.",
    },
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Confirm"},
            {"type": "QUICK_REPLY", "text": "Reschedule"},
            {"type": "QUICK_REPLY", "text": "Cancel"},
        ],
    },
]


class ClinicCase(TransactionCase):
    """A branch with a channel, a practitioner, a patient; no HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context={**cls.env.context, "tracking_disable": True, "lang": "en_US"}
        )
        set_up_clinic(cls)

    def make_patient(self, phone="+905321110001", name="Ayşe KUMQUAT", **values):
        return make_patient(self, phone, name, **values)

    def consent(self, partner, decision="given", at=None, purpose=None):
        return consent(self, partner, decision, at, purpose)

    def book(self, partner=None, start=None, **values):
        return book(self, partner, start, **values)

    def rule(self, **values):
        return rule(self, **values)


def set_up_clinic(case):
    env = case.env
    # Demo data must not answer for what a test made.
    env["whatsapp.clinic.channel"].search([]).write({"active": False})
    env.cr.execute(
        "UPDATE whatsapp_clinic_channel "
        "SET external_id = 'x' || id, business_account_id = 'x'"
    )
    env.cr.execute(
        "UPDATE whatsapp_clinic_identity SET wa_id = 'x' || id, line = 'x' || id"
    )
    env.cr.execute("UPDATE whatsapp_clinic_identity_address SET value = 'x' || id")
    env.cr.execute(
        "UPDATE whatsapp_clinic_template SET name = 'x' || id, enabled = FALSE"
    )
    env.cr.execute(
        "UPDATE whatsapp_clinic_template_approval SET business_account_id = 'x'"
    )
    env["whatsapp.clinic.message.rule"].search([]).write({"active": False})
    env["whatsapp.clinic.message"]._cancel_open([], "obsolete")
    env.invalidate_all()
    case.turkey = env.ref("base.tr")
    case.company = env.company
    case.channel = env["whatsapp.clinic.channel"].create(
        {
            "name": "Kadıköy",
            "phone_number_id": PHONE_NUMBER_ID,
            "business_account_id": BUSINESS_ACCOUNT,
            "base_url": "http://127.0.0.1:9",
            "rate": 1000,
        }
    )
    case.channel._set_credentials(
        {
            "access_token": ACCESS_TOKEN,
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
        }
    )
    case.branch = env["whatsapp.clinic.branch"].create(
        {
            "name": "Test Branch Kadıköy",
            "country_id": case.turkey.id,
            "tz": "Europe/Istanbul",
            "channel_id": case.channel.id,
            "quiet_from": 0.0,
            "quiet_to": 0.0,
        }
    )
    case.practitioner = env["whatsapp.clinic.practitioner"].create(
        {"name": "Dr. Demir", "branch_ids": [(6, 0, case.branch.ids)]}
    )
    case.type = env["whatsapp.clinic.appointment.type"].create(
        {"name": "Check-up", "duration": 0.5}
    )
    case.purpose = env.ref("whatsapp_clinic.purpose_appointment")
    case.conversation = env.ref("whatsapp_clinic.purpose_conversation")
    case.template = make_template(case)


def make_template(case, name="appointment_reminder", language="en", **values):
    approvals = case.env["whatsapp.clinic.template.approval"]
    account = [("business_account_id", "=", case.channel.business_account_id)]
    approvals._load(
        case.channel,
        [
            *(
                {
                    "id": one.remote_id,
                    "name": one.remote_name,
                    "language": one.template_id.language,
                    "category": one.category,
                    "status": one.status,
                    "parameter_format": one.template_id.parameter_format,
                    "components": one.components,
                }
                for one in approvals.search([*account, ("remote_id", "!=", False)])
            ),
            {
                "id": f"t-{name}-{language}",
                "name": name,
                "language": language,
                "category": "UTILITY",
                "status": "APPROVED",
                "parameter_format": "NAMED",
                "components": REMINDER_COMPONENTS,
                **values,
            },
        ],
    )
    found = approvals.search([*account, ("remote_name", "=", name)]).template_id
    return found.filtered(lambda one: one.language == language and not one.original_id)


def make_patient(case, phone=AYSE_PHONE, name="Ayşe KUMQUAT", **values):
    return case.env["res.partner"].create(
        {
            "name": name,
            "phone": phone,
            "clinic_patient": True,
            "clinic_branch_id": case.branch.id,
            **values,
        }
    )


def consent(case, partner, decision="given", at=None, purpose=None):
    values = {"act_at": at} if at else {}
    return case.env["whatsapp.clinic.consent"].create(
        {
            "partner_id": partner.id,
            "purpose_id": (purpose or case.purpose).id,
            "decision": decision,
            "method": "import",
            "evidence": "Form in the old file",
            **values,
        }
    )


def book(case, partner=None, start=None, **values):
    return case.env["whatsapp.clinic.appointment"].create(
        {
            "partner_id": partner.id,
            "branch_id": case.branch.id,
            "practitioner_id": case.practitioner.id,
            "type_id": case.type.id,
            "start": start or tomorrow(),
            **values,
        }
    )


def rule(case, **values):
    return case.env["whatsapp.clinic.message.rule"].create(
        {
            "name": "Reminder",
            "branch_ids": [(6, 0, case.branch.ids)],
            "anchor": "start",
            "offset": 24,
            "offset_unit": "hours",
            "offset_side": "before",
            "template_id": case.template.id,
            "purpose_id": case.purpose.id,
            **values,
        }
    )


def patient_wrote(case, patient, body=f"Hello {MARKER}", ago=timedelta(minutes=5)):
    """A message of a patient, some time ago."""
    at = clock.now() - ago
    return case.env["whatsapp.clinic.message"].create(
        {
            "direction": "in",
            "state": "received",
            "channel_id": case.channel.id,
            "company_id": case.company.id,
            "branch_id": case.branch.id,
            "partner_id": patient.id,
            "identity_id": patient.whatsapp_identity_ids[:1].id,
            "body": body,
            "occurred_at": at,
            "due_at": at,
        }
    )


def tomorrow(hours: float = 24) -> datetime:
    """So many hours from now, at a full minute, naive UTC."""
    return datetime.utcnow().replace(second=0, microsecond=0) + timedelta(hours=hours)


class WebCase(HttpCase):
    """Requests and tours that may take as long as a busy machine needs.

    Odoo gives a page 12 s and a tour 60 s.
    """

    def url_open(self, *arguments, timeout=90, **options):
        return super().url_open(*arguments, timeout=timeout, **options)

    def start_tour(self, *arguments, timeout=300, **options):
        return super().start_tour(*arguments, timeout=timeout, **options)


class SandboxCase(WebCase):
    """A clinic whose channel is connected to the sandbox, webhooks included."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context={**cls.env.context, "tracking_disable": True, "lang": "en_US"}
        )
        set_up_clinic(cls)
        # Where the sandbox listens, as who starts a server says it.
        switch = patch.dict(os.environ, {LOOPBACK_SWITCH: "1"})
        switch.start()
        cls.addClassCleanup(switch.stop)
        # Odoo ends every child process with the test class.
        cls.sandbox = Sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)

    make_patient = make_patient
    consent = consent
    book = book
    rule = rule

    def setUp(self):
        super().setUp()
        self.sandbox.set_webhook(None)
        self.sandbox.reset()
        self.channel.base_url = self.sandbox.url
        self.addCleanup(self.sandbox.set_webhook, None)
        self.sandbox.set_webhook(f"{self.base_url()}/whatsapp_clinic/webhook")
        self.sandbox.switch(webhook_retry_scale=0.01)

    def dispatch(self, seconds=lanes.LANE_SLICE):
        """Run a lane of the dispatcher as the scheduler would.

        What is to be tried again is waited for if its time comes within `seconds`.
        """
        rest = lanes.Dispatcher._rest

        def rest_briefly(dispatcher, cr, deadline):
            return rest(dispatcher, cr, min(deadline, time.monotonic() + seconds))

        self.env.flush_all()
        with (
            self.enter_registry_test_mode(),
            patch.object(lanes.Dispatcher, "_rest", rest_briefly),
        ):
            self.env["whatsapp.clinic.dispatcher"]._cron_dispatch()
        self.env.invalidate_all()

    def process(self):
        """Wait until the sandbox has delivered its webhooks, then process them."""
        self.deliver()
        # Nothing more comes.
        with (
            self.enter_registry_test_mode(),
            patch.multiple(processing, IDLE=0.0, LINGER=0.0),
        ):
            self.env["whatsapp.clinic.webhook.event"]._cron_process()
        self.env.invalidate_all()

    def work_off_requests(self):
        """What the scheduled action does that asks WhatsApp for other things."""
        self.env.flush_all()
        channels = type(self.env["whatsapp.clinic.channel"])
        with (
            patch.object(channels, "_due_for_a_check", lambda every: every.browse()),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("whatsapp_clinic.set_up_channels").method_direct_trigger()
        self.env.invalidate_all()

    def load_templates(self):
        self.channel.action_load_templates()
        self.work_off_requests()

    def later(self, **delta):
        """The clock, moved on, for everything that asks it."""
        moved = clock.precise_now() + timedelta(**delta)
        for name in ("now", "precise_now"):
            patcher = patch.object(clock, name, lambda: moved)
            patcher.start()
            self.addCleanup(patcher.stop)

    def deliver(self, timeout=90):
        self.env.flush_all()
        deadline = time.monotonic() + timeout
        with self.allow_requests(all_requests=True):
            while self.sandbox.stats()["webhooks_waiting"]:
                self.assertLess(time.monotonic(), deadline, "webhooks were not taken")
                time.sleep(0.02)

    def thread(self, wa_id=AYSE_WA_ID):
        return self.sandbox.thread(wa_id)

    def send_text(self, partner, body=f"Hello {MARKER}", **values):
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": partner.id,
                    "purpose_id": self.conversation.id,
                    "body": body,
                    **values,
                }
            ]
        )

    def send_reminder(self, appointment, **values):
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": appointment.partner_id.id,
                    "branch_id": appointment.branch_id.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **appointment._reference(),
                    **values,
                }
            ]
        )


@contextmanager
def triggers_taken_away(cr, table: str):
    """What the owner of the database can do: no trigger looks meanwhile."""
    name = SQL.identifier(table)
    # PostgreSQL alters no table of which it has something left to check.
    cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", name))
    yield
    cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", name))
    cr.execute("SET CONSTRAINTS ALL DEFERRED")


def staff_notes(patient):
    """Notes on a patient's contact that only staff reads, the latest first."""
    return patient.env["mail.message"].search(
        [
            ("model", "=", patient._name),
            ("res_id", "=", patient.id),
            ("message_type", "=", "clinic_note"),
        ],
        order="id desc",
    )


def staff_user(case, role: str, branch=None, **values):
    """A user with one role of the addon, member of the test's branch or this."""
    user = new_test_user(
        case.env,
        f"{role}-{time.monotonic_ns()}",
        groups=f"base.group_user,whatsapp_clinic.group_{role}",
        # Nobody reads the invitation, and to write it takes half of the time.
        context={"no_reset_password": True},
        **values,
    ).with_env(case.env)
    branch = case.branch if branch is None else branch
    branch.member_ids |= user
    return user
