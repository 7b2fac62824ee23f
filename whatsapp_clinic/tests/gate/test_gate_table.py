import ast
import itertools
import xmlrpc.client
from datetime import timedelta
from functools import partial
from pathlib import Path

import requests

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.vocabulary.states import OPEN_STATES
from ...tools import clock
from ..common import (
    ACCESS_TOKEN,
    BUSINESS_ACCOUNT,
    MARKER,
    SandboxCase,
    make_template,
    staff_user,
    tomorrow,
)

_numbers = itertools.count(905327000000)
# How a patient comes to be somebody who may not be written to: what is true from the
# beginning, what happens then, and the reason that the message gets.
TROUBLES = (
    ("no consent", "nothing", "nothing", "no_consent"),
    ("refused", "withdraw", "nothing", "consent_refused"),
    ("withdrawn", "agree", "withdraw", "consent_withdrawn"),
    ("expired", "agree_long_ago", "limit_validity", "consent_expired"),
    ("superseded notice", "agree_long_ago", "publish_notice", "notice_superseded"),
    ("wrong purpose", "agree_to_another", "nothing", "no_consent"),
    ("guardianship ended", "guardian_agrees", "end_guardianship", "guardianship_ended"),
    ("identity blocked", "agree", "stop", "identity_blocked"),
    ("blacklisted phone", "agree", "blacklist", "phone_blacklisted"),
    ("deceased", "agree", "die", "patient_deceased"),
    ("copied database", "agree", "copy_database", "copied_database"),
)
# Paths on which the trouble was there before the message, and those on which it comes
# while the message waits.
AT_ONCE = (
    "reminder",
    "rule",
    "composer",
    "mass_composer",
    "server_action",
    "chatter",
    "api",
    "resend",
)
WHILE_WAITING = ("cron", "scheduled")


@tagged("post_install", "-at_install")
class TestGateTable(SandboxCase):
    """Every path × every reason: nothing reaches WhatsApp, and the record says why."""

    def setUp(self):
        super().setUp()
        self.receptionist = staff_user(self, "receptionist")
        self.marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.followup = self.env.ref("whatsapp_clinic.purpose_followup")

    def make_greeting(self):
        """A template about the patient, which WhatsApp has approved."""
        components = [
            {
                "type": "BODY",
                "text": "Hello {{patient_name}}, this is KUMQUAT.",
                "example": {
                    "body_text_named_params": [
                        {"param_name": "patient_name", "example": "Ali"}
                    ]
                },
            }
        ]
        self.let_whatsapp_approve("greeting", components)
        greeting = make_template(self, "greeting", components=components)
        greeting.model = "res.partner"
        return greeting

    def let_whatsapp_approve(self, name, components):
        answer = requests.post(
            f"{self.sandbox.url}/v26.0/{BUSINESS_ACCOUNT}/message_templates",
            headers={"Authorization": f"Bearer {ACCESS_TOKEN}"},
            json={
                "name": name,
                "language": "en",
                "category": "UTILITY",
                "parameter_format": "NAMED",
                "components": components,
            },
            timeout=90,
        ).json()
        self.sandbox.treat_template(answer["id"], "review", decision="APPROVED")

    def test_nothing_but_the_dispatcher_speaks_to_whatsapp(self):
        addon = Path(__file__).resolve().parents[2]
        speakers = {
            str(path.relative_to(addon))
            for path in addon.rglob("*.py")
            if "tests" not in path.parts and "cloud_api" not in path.parts
            for node in ast.walk(ast.parse(path.read_text()))
            if _names_the_client(node)
        }
        self.assertTrue(speakers)
        for path in speakers:
            self.assertEqual(path, "models/whatsapp/number/clients.py")
        # A client that is handed out can send: the messenger alone does, and who has
        # it do so is the dispatcher.
        for path in _handed_a_client(addon) - {MESSENGER}:
            calls = _calls(ast.parse((addon / path).read_text()))
            self.assertNotIn("send_message", calls, path)
        for path in (addon / "models").rglob("*.py"):
            if "dispatcher" not in path.parts:
                self.assertNotIn("provider.send", path.read_text(), path)

    def test_what_asks_whatsapp_besides_sending_is_a_task_of_its_channel(self):
        addon = Path(__file__).resolve().parents[2]
        tasks = "models/whatsapp/number/channel_task.py"
        self.assertEqual(_handed_a_client(addon), {MESSENGER, tasks})
        worked_off = {
            "models/channel/channel_task.py",
            "models/media/file_transfer.py",
        }
        self.assertEqual(_that_call(addon, {"connect"}), worked_off)

    def refuse(self, path, before, after, reason):
        patient = self.new_patient()
        getattr(self, before)(patient)
        messages = self.walk(path, patient, lambda: getattr(self, after)(patient))
        self.assertFalse(self.reached(patient))
        self.assertTrue(messages)
        for message in messages:
            # What only an administrator ends waits for it, and leaves then.
            is_held = reason == "copied_database"
            self.assertIn(
                message.state, ("queued",) if is_held else ("refused", "cancelled")
            )
            self.assertEqual(message.objection, reason)
            self.assertTrue(message.next_step, "says what to do")

    def let_through(self, path):
        patient = self.new_patient()
        self.agree(patient)
        messages = self.walk(path, patient, lambda: None)
        self.assertEqual(
            [(one.state, one.reason) for one in messages], [("sent", False)]
        )
        self.assertEqual(len(self.reached(patient)), 1)

    def new_patient(self):
        return self.make_patient(f"+{next(_numbers)}", "Table KUMQUAT")

    def reached(self, patient):
        wa_id = patient.phone_sanitized.lstrip("+")
        return [
            one for one in self.sandbox.accepted() if one["to"].lstrip("+") == wa_id
        ]

    def messages_of(self, patient):
        return self.env["whatsapp.clinic.message"].search(
            [("partner_id", "=", patient.id), ("direction", "=", "out")]
        )

    # What is true from the beginning.

    def nothing(self, patient):
        pass

    def agree(self, patient):
        self.consent(patient)

    def agree_long_ago(self, patient):
        self.consent(patient, at=clock.now() - timedelta(days=200))

    def agree_to_another(self, patient):
        self.consent(patient, purpose=self.followup)

    def guardian_agrees(self, patient):
        guardian = self.new_patient()
        self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": patient.id,
                "guardian_id": guardian.id,
                "start_date": clock.now().date() - timedelta(days=30),
                "receives_messages": False,
            }
        )
        self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": patient.id,
                "guardian_id": guardian.id,
                "purpose_id": self.purpose.id,
                "decision": "given",
                "method": "import",
                "evidence": "Form in the old file",
            }
        )

    # What happens then.

    def withdraw(self, patient):
        self.consent(patient, "withdrawn")

    def limit_validity(self, _patient):
        self.purpose.validity_months = 6

    def publish_notice(self, _patient):
        notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "renewed_purpose_ids": [(6, 0, self.purpose.ids)],
                "text_ids": [
                    (0, 0, {"lang": "en_US", "title": "N", "body": "<p>N</p>"})
                ],
            }
        )
        notice.action_publish()

    def end_guardianship(self, patient):
        yesterday = clock.now().date() - timedelta(days=1)
        patient.guardianship_ids.end_date = yesterday

    def stop(self, patient):
        patient.whatsapp_identity_ids._stop("stop_word")

    def blacklist(self, patient):
        self.env["phone.blacklist"].sudo()._add([patient.phone])

    def die(self, patient):
        patient.clinic_deceased_on = clock.now().date()

    def copy_database(self, _patient):
        self.channel.sudo().fingerprint = "of another database"

    # Paths.

    def walk(self, path, patient, trouble):
        if path in AT_ONCE and path != "resend":
            trouble()
        getattr(self, path)(patient, trouble)
        self.dispatch()
        return self.messages_of(patient)

    def reminder(self, patient, _trouble):
        """A rule's message that is due when the appointment is made."""
        self.rule(offset=48)
        self.book(patient, tomorrow(47.9))

    def rule(self, *arguments, **values):
        if arguments:
            return self.rule_at_booking(*arguments)
        return super().rule(**values)

    def rule_at_booking(self, patient, _trouble):
        self.rule(anchor="booked", offset=0, offset_side="after")
        self.book(patient, tomorrow(72))

    def composer(self, patient, _trouble):
        self.compose(self.book(patient, tomorrow(96)), self.template)

    def mass_composer(self, patient, _trouble):
        other = self.new_patient()
        self.consent(other)
        self.compose(patient | other, self.make_greeting())

    def chatter(self, patient, _trouble):
        """The button of the chatter opens the composer; posting itself is refused."""
        with self.assertRaises(UserError):
            patient.message_post(body=str(MARKER), message_type="whatsapp_message")
        self.compose(patient, self.make_greeting())

    def compose(self, records, template):
        composers = self.env["whatsapp.clinic.composer"].with_user(self.receptionist)
        form = Form(
            composers.with_context(active_model=records._name, active_ids=records.ids)
        )
        form.template_id = template
        form.purpose_id = self.purpose
        form.save().action_send()

    def server_action(self, patient, _trouble):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Greet",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "whatsapp",
                "whatsapp_template_id": self.make_greeting().id,
                "whatsapp_purpose_id": self.purpose.id,
            }
        )
        action.with_context(active_model="res.partner", active_ids=patient.ids).run()

    def api(self, patient, _trouble):
        """Another program may compose, with a user's rights, and nothing else."""
        greeting = self.make_greeting()
        self.env.flush_all()
        user = self.receptionist
        call = partial(
            self.xmlrpc_object.execute_kw, self.env.cr.dbname, user.id, user.login
        )
        with (
            self.assertRaises(xmlrpc.client.Fault),
            mute_logger("odoo.addons.base.models.ir_model", "odoo.http"),
        ):
            call(
                "whatsapp.clinic.message",
                "create",
                [{"partner_id": patient.id, "company_id": 1, "state": "queued"}],
            )
        composer = call(
            "whatsapp.clinic.composer",
            "create",
            [
                {
                    "res_model": "res.partner",
                    "res_ids": patient.ids,
                    "content": "template",
                    "template_id": greeting.id,
                    "purpose_id": self.purpose.id,
                }
            ],
        )
        call("whatsapp.clinic.composer", "action_send", [[composer]])
        self.env.invalidate_all()

    def resend(self, patient, trouble):
        """Staff presses Send Now on what was cancelled."""
        message = self.send_reminder(
            self.book(patient, tomorrow(96)), due_at=clock.now() + timedelta(hours=1)
        )
        message.with_user(self.receptionist).action_cancel()
        trouble()
        message.with_user(self.receptionist).action_send_again()

    def cron(self, patient, trouble):
        """It was fine when it was queued; the dispatcher finds out."""
        self.send_reminder(self.book(patient, tomorrow(96)))
        trouble()

    def scheduled(self, patient, trouble):
        """Planned for later, and wrong by then."""
        message = self.send_reminder(
            self.book(patient, tomorrow(96)), due_at=clock.now() + timedelta(hours=1)
        )
        trouble()
        if message.state in OPEN_STATES:
            message.due_at = clock.now()


MESSENGER = "models/whatsapp/provider.py"


def _handed_a_client(addon: Path) -> set[str]:
    """The files that ask for a client of WhatsApp."""
    return _that_call(addon, {"account_client", "app_client", "channel_client"})


def _that_call(addon: Path, names: set[str]) -> set[str]:
    """The files besides the dispatcher that call one of these."""
    return {
        str(path.relative_to(addon))
        for path in addon.rglob("*.py")
        if not {"tests", "cloud_api", "dispatcher"} & set(path.parts)
        and _calls(ast.parse(path.read_text())) & names
    }


def _calls(tree) -> set[str]:
    """The names of all functions and methods that are called."""
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {getattr(one, "attr", getattr(one, "id", "")) for one in called}


def _names_the_client(node) -> bool:
    """Whether it imports the client, or what else opens a connection."""
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        names = {module, *(f"{module}.{one.name}" for one in node.names)}
    elif isinstance(node, ast.Import):
        names = {one.name for one in node.names}
    else:
        return False
    return any(
        name.endswith("cloud_api.client")
        or "cloud_api.client." in name
        or name.partition(".")[0] in ("requests", "urllib3", "http", "httpx", "aiohttp")
        for name in names
    )


def _cell(path, before, after, reason):
    return lambda case: case.refuse(path, before, after, reason)


def _check(path):
    return lambda case: case.let_through(path)


for _path in (*AT_ONCE, *WHILE_WAITING):
    setattr(TestGateTable, f"test_{_path}_sends_where_nothing_is_wrong", _check(_path))
    for _trouble, *_facts in TROUBLES:
        _name = f"test_{_path}_with_{_trouble.replace(' ', '_')}_is_refused"
        setattr(TestGateTable, _name, _cell(_path, *_facts))
