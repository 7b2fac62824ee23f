from datetime import timedelta

from odoo.tests import tagged

from ...cloud_api import errors
from ...cloud_api.errors import Action
from ...tools import clock
from ..common import SandboxCase


@tagged("post_install", "-at_install")
class TestErrorPolicy(SandboxCase):
    """Every code of the table, from the answer over HTTP to the message's state."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def meet(self, code):
        """A message that WhatsApp refused once with this code."""
        self.sandbox.clear_faults()
        self.sandbox.fault("error", code=code, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch(0.3)
        return message

    def forget(self, message):
        message.write({"state": "cancelled"})
        self.channel._release()
        self.patient.whatsapp_identity_ids._start("staff", "advertising")
        self.patient.whatsapp_identity_ids.hold_until = False
        # So that the pair limit has nothing to say.
        message.claimed_at = False

    def obeyed(self, message, policy) -> str:
        """Which action the message, its channel and its recipient show."""
        identity = self.patient.whatsapp_identity_ids
        if self.channel.hold_until:
            return Action.HOLD_CHANNEL
        if identity.marketing_blocked_at:
            return Action.OPT_OUT
        if message.state == "failed":
            return Action.GIVE_UP
        return Action.HOLD_RECIPIENT if identity.hold_until else Action.RETRY

    def codes(self):
        """The first and the last code of each entry of the table."""
        entries = {}
        for code in sorted(errors.known_codes()):
            entries.setdefault(errors.policy(code), []).append(code)
        edges = [(codes[0], codes[-1]) for codes in entries.values()]
        return sorted({code for pair in edges for code in pair})

    def test_every_code_is_obeyed(self):
        for code in self.codes():
            policy = errors.policy(code)
            with self.subTest(code=code, action=policy.action.value):
                message = self.meet(code)
                self.assertEqual(message.error_code, code)
                self.assertEqual(message.detail, policy.title)
                self.assertEqual(self.obeyed(message, policy), policy.action)
                if policy.action in (Action.RETRY, Action.HOLD_RECIPIENT):
                    least = timedelta(seconds=policy.first_delay - 1)
                    self.assertGreater(message.due_at, clock.now() + least)
                self.forget(message)

    def test_code_that_is_not_in_the_table_is_judged_by_its_class(self):
        for http_status, state in ((400, "failed"), (503, "queued")):
            with self.subTest(http_status):
                self.sandbox.fault(
                    "error", code=987_654, http_status=http_status, count=1
                )
                message = self.send_reminder(self.appointment)
                self.dispatch(0.3)
                self.assertEqual((message.state, message.error_code), (state, 987_654))
                self.forget(message)

    def test_every_cure_is_there_in_turkish(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        turkish = self.env(context={"lang": "tr_TR"})
        cures = {errors.policy(code).cure for code in errors.known_codes()}
        for cure in cures | {errors.UNREACHABLE.cure}:
            with self.subTest(cure):
                self.assertNotEqual(turkish._(cure), cure)
