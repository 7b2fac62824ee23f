"""The door to the messengers: what each of them has to bring."""

from datetime import timedelta
from types import SimpleNamespace

from odoo.tests import tagged

from ...cloud_api import errors
from ...models.provider import door
from ...models.vocabulary.kinds import KINDS
from ...models.vocabulary.states import RANKS
from ..common import ClinicCase


@tagged("post_install", "-at_install")
class TestDoor(ClinicCase):
    def setUp(self):
        super().setUp()
        self.providers = self.env["whatsapp.clinic.provider"]._providers()
        self.whatsapp = self.providers["whatsapp"]

    def test_what_a_channel_may_be_of_is_installed(self):
        selection = self.env["whatsapp.clinic.channel"]._fields["provider"].selection
        self.assertEqual({name for name, _label in selection}, set(self.providers))

    def test_a_channel_leads_to_its_messenger(self):
        found = self.env["whatsapp.clinic.provider"]._of(self.channel)
        self.assertIs(found, self.whatsapp)

    def test_what_is_not_installed_is_not_found(self):
        with self.assertRaises(door.Unknown):
            door.find(self.providers, "pigeon")

    def test_traits_are_in_words_of_the_house(self):
        for name, provider in self.providers.items():
            with self.subTest(name):
                self.assertLessEqual(provider.traits.kinds, set(KINDS))
                self.assertLessEqual(provider.traits.receipts, set(RANKS))
                self.assertGreater(provider.traits.text_length, 0)

    def test_whatsapp_takes_templates_alone_outside_of_a_day(self):
        self.assertEqual(self.whatsapp.traits.window, timedelta(hours=24))
        self.assertIs(self.whatsapp.traits.writes_first, door.WritesFirst.TEMPLATES)

    def test_each_policy_of_whatsapp_keeps_its_course(self):
        for code in errors.known_codes():
            with self.subTest(code):
                theirs, ours = errors.policy(code), self.whatsapp.policy(code)
                self.assertEqual(ours.action.value, theirs.action.value)
                self.assertEqual(
                    [ours.allows_another(tried) for tried in range(8)],
                    [theirs.allows_another(tried) for tried in range(8)],
                )
                self.assertEqual(ours.tell("so"), theirs.tell("so"))

    def test_only_the_cap_on_advertising_pauses_it(self):
        pausing = {
            code
            for code in errors.known_codes()
            if self.whatsapp.policy(code).advertising_pause
        }
        self.assertEqual(pausing, {errors.MARKETING_CAP})

    def test_only_a_rate_that_is_hit_asks_to_send_slower(self):
        hit = [c for c in errors.known_codes() if self.whatsapp.policy(c).is_too_fast]
        self.assertEqual(hit, [130429])

    def test_a_refusal_says_what_to_do(self):
        refused = self.failing(
            errors.CloudApiError(131056, http_status=400, retry_after=7.0)
        )
        with self.assertRaises(door.Refused) as caught:
            self.whatsapp.send(refused, {})
        self.assertIs(caught.exception.policy.action, door.Action.HOLD_RECIPIENT)
        self.assertEqual(caught.exception.retry_after, 7.0)

    def test_what_never_arrived_may_be_repeated(self):
        with self.assertRaises(door.Unreachable):
            self.whatsapp.send(self.failing(errors.ConnectionFailed("gaierror")), {})

    def test_what_nobody_answered_is_unknown(self):
        with self.assertRaises(door.NoAnswer):
            self.whatsapp.send(self.failing(errors.OutcomeUnknown("timeout")), {})

    def test_an_address_in_another_spelling_is_told(self):
        accepted = SimpleNamespace(message_id="wamid.1", wa_id="5215512345678")
        client = SimpleNamespace(send_message=lambda _call: accepted)
        told = self.whatsapp.send(client, {"to": "+525512345678"})
        self.assertEqual(told.other_address, "5215512345678")
        same = self.whatsapp.send(client, {"to": "+5215512345678"})
        self.assertIsNone(same.other_address)

    @staticmethod
    def failing(error):
        def send_message(_call):
            raise error

        return SimpleNamespace(send_message=send_message)
