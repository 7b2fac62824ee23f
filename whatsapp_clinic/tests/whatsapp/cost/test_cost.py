"""What messages cost, from the price on a status to the month's figures."""

from datetime import date, datetime, timedelta

import psycopg2.errors
from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from ....cloud_api.webhooks import StatusUpdate
from ....models.whatsapp.cost import message_price
from ....models.whatsapp.events import neutral
from ....tools import clock
from ...common import AYSE_WA_ID, ClinicCase, SandboxCase, staff_user

DELIVERED = datetime(2026, 11, 20, 12, 0)
NOW = DELIVERED + timedelta(hours=1)
REGULAR = {"billable": True, "pricing_model": "PMP", "type": "regular"}


def make_rate(case, price=0.02, country="base.tr", **values):
    return case.env["whatsapp.clinic.rate"].create(
        {
            "country_id": country and case.env.ref(country).id,
            "category": "utility",
            "valid_from": "2026-10-01",
            "price": price,
            "currency_id": case.env.ref("base.USD").id,
            **values,
        }
    )


def clear_costs(case):
    """What is in the database must not answer for what a test made."""
    case.env["whatsapp.clinic.rate"].search([]).unlink()
    case.env["whatsapp.clinic.rate.change"].search([]).unlink()
    case.env.cr.execute(
        "UPDATE whatsapp_clinic_message SET charged_at = NULL, pricing = NULL"
    )
    case.env.invalidate_all()


class CostCase(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clear_costs(cls)
        cls.channel.account_tz = "UTC"
        cls.startClassPatcher(freeze_time(NOW))
        cls.patient = cls.make_patient(cls)
        cls.identity = cls.env["whatsapp.clinic.identity"]._for_phones(
            [cls.patient.phone_sanitized]
        )[cls.patient.phone_sanitized]

    rate = make_rate

    def message(self, category="utility", kind="regular", at=DELIVERED, **values):
        """A delivered message that WhatsApp told the price of."""
        return self.env["whatsapp.clinic.message"].create(
            {
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "branch_id": self.branch.id,
                "identity_id": self.identity.id,
                "partner_id": self.patient.id,
                "state": "delivered",
                "body": "x",
                "claimed_at": at,
                "status_at": at,
                "delivered_at": at,
                "pricing": {"category": category, "type": kind},
                "pricing_category": category,
                "pricing_type": kind,
                "billable": kind == "regular",
                **values,
            }
        )

    def price(self):
        """What the scheduled action does, in this transaction."""
        messages = self.env["whatsapp.clinic.message"]
        while messages._price_delivered() or messages._price_again():
            pass
        self.env.invalidate_all()

    def told(self, message):
        return message.cost_state, message.cost, message.currency_id.name or None


@tagged("post_install", "-at_install")
class TestStatus(CostCase):
    """What a status tells of the price is kept, whatever its shape."""

    def apply(self, pricing, status="sent", message=None):
        message = message or self.message(
            state="sent", pricing=False, pricing_category=False, pricing_type=False
        )
        update = StatusUpdate(
            phone_number_id=self.channel.phone_number_id,
            message_id=f"wamid.{message.id}",
            status=status,
            timestamp=clock.now().astimezone(),
            recipient_wa_id=None,
            recipient_user_id=None,
            callback_data=f"{message.key}.1",
            errors=(),
            pricing=pricing,
        )
        status = neutral(update)
        self.env["whatsapp.clinic.message"]._apply_statuses([(self.channel, status)])
        return message

    def columns(self, message):
        return message.pricing_category, message.pricing_type, message.billable

    def test_price_of_a_status_fills_the_columns(self):
        message = self.apply({**REGULAR, "category": "marketing"})
        self.assertEqual(self.columns(message), ("marketing", "regular", True))

    def test_free_kinds_are_not_billable_whatever_billable_says(self):
        for kind in ("free_customer_service", "free_entry_point", "free_something"):
            message = self.apply({"type": kind, "category": "x", "billable": True})
            self.assertEqual(self.columns(message), ("x", kind, False))

    def test_unknown_words_are_kept_as_told(self):
        message = self.apply({"type": "barter", "category": "poetry", "billable": True})
        self.assertEqual(self.columns(message), ("poetry", "barter", True))

    def test_unknown_shapes_are_harmless(self):
        shapes = (
            {},
            {"type": None, "category": 7, "billable": "yes"},
            {"type": ["regular"], "category": {"a": 1}},
            {"type": "\x00", "category": "\ud800"},
            {"category": "c" * 9999, "type": "t" * 9999},
        )
        for pricing in shapes:
            with self.subTest(str(pricing)[:40]):
                message = self.apply(pricing)
                self.assertEqual(message.state, "sent")
                self.assertLessEqual(len(message.pricing_type or ""), 64)

    def test_status_without_a_price_keeps_what_is_known(self):
        message = self.apply({**REGULAR, "category": "utility"})
        self.apply(None, "read", message)
        self.assertEqual(message.state, "read")
        self.assertEqual(self.columns(message), ("utility", "regular", True))


@tagged("post_install", "-at_install")
class TestPrice(CostCase):
    """A delivered message has the price of its day and country, or none."""

    def test_delivered_message_costs_what_the_card_says(self):
        self.rate(0.02)
        message = self.message()
        self.price()
        self.assertEqual(self.told(message), ("priced", 0.02, "USD"))
        self.assertEqual(message.country_id.code, "TR")
        self.assertEqual(message.charged_at, DELIVERED)

    def test_message_that_was_only_sent_costs_nothing(self):
        self.rate()
        message = self.message(state="sent", delivered_at=False)
        self.price()
        self.assertFalse(message.charged_at)
        self.assertFalse(message.cost_state)

    def test_message_that_was_read_without_a_delivered_costs(self):
        self.rate()
        message = self.message(state="read", delivered_at=False, read_at=DELIVERED)
        self.price()
        self.assertEqual(message.cost_state, "priced")

    def test_free_message_costs_nothing(self):
        self.rate(category="service")
        message = self.message("service", "free_customer_service")
        self.price()
        self.assertEqual(self.told(message), ("free", 0, None))

    def test_recipient_without_a_phone_is_of_unknown_price(self):
        self.rate(country=False)
        identity = self.identity.create({"user_id": "TR.1234567890"})
        message = self.message(identity_id=identity.id)
        self.price()
        self.assertEqual(message.cost_state, "no_country")
        self.assertIsNone(self.stored_cost(message))

    def test_category_that_the_card_lacks_is_of_unknown_price(self):
        self.rate()
        messages = self.message("marketing") + self.message("poetry")
        self.price()
        self.assertEqual(messages.mapped("cost_state"), ["no_rate", "no_rate"])
        self.assertIsNone(self.stored_cost(messages[0]))

    def test_new_kind_of_price_is_unknown_and_not_free(self):
        self.rate()
        messages = self.message(kind="barter") + self.message(kind=False)
        self.price()
        self.assertEqual(messages.mapped("cost_state"), ["new_kind", "new_kind"])
        self.assertIsNone(self.stored_cost(messages[0]))

    def test_category_with_a_hyphen_is_the_one_with_an_underscore(self):
        self.rate(category="authentication_international")
        message = self.message("authentication-international")
        self.price()
        self.assertEqual(message.cost_state, "priced")

    def test_country_goes_before_its_group_and_that_before_all_others(self):
        group = self.env["res.country.group"].create(
            {
                "name": "Rest of Test",
                "country_ids": [
                    (6, 0, [self.env.ref("base.de").id, self.turkey.id]),
                ],
            }
        )
        self.rate(0.03)
        self.rate(0.02, country=False, country_group_id=group.id)
        self.rate(0.01, country=False)
        phones = (self.patient.phone_sanitized, "+4915112345678", "+12025550123")
        known = self.env["whatsapp.clinic.identity"]._for_phones(list(phones))
        messages = [self.message(identity_id=known[phone].id) for phone in phones]
        self.price()
        self.assertEqual([one.cost for one in messages], [0.03, 0.02, 0.01])
        self.assertEqual([one.market for one in messages], ["TR", "Rest of Test", "*"])

    def test_price_is_that_of_the_day_in_the_zone_of_the_account(self):
        self.rate(0.02)
        self.rate(0.05, valid_from="2026-11-20")
        late = self.message(at=datetime(2026, 11, 19, 21, 30))
        self.price()
        self.assertEqual(late.cost, 0.02)
        self.channel.account_tz = "Europe/Istanbul"
        self.env["whatsapp.clinic.rate"].search([]).action_price_again()
        self.price()
        self.assertEqual(late.cost, 0.05)

    def test_price_before_the_first_card_is_unknown(self):
        self.rate(valid_from="2026-11-21")
        message = self.message()
        self.price()
        self.assertEqual(message.cost_state, "no_rate")

    def test_own_card_of_a_company_goes_before_that_of_all(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.rate(0.01)
        self.rate(0.04, country=False, company_id=self.company.id)
        self.rate(0.05, company_id=other.id)
        message = self.message()
        self.price()
        self.assertEqual(message.cost, 0.04)

    def test_volume_tier_holds_above_its_number_of_the_month(self):
        self.rate(0.02)
        self.rate(0.01, volume_from=2)
        last_month = self.message(at=datetime(2026, 10, 31, 12))
        messages = [
            self.message(at=DELIVERED + timedelta(minutes=minute))
            for minute in range(4)
        ]
        for batch in (1, 3, 1000):
            self.patch(message_price, "BATCH", batch)
            self.env["whatsapp.clinic.rate"].search([]).action_price_again()
            self.price()
            with self.subTest(batch=batch):
                costs = [one.cost for one in messages]
                self.assertEqual(costs, [0.02, 0.02, 0.01, 0.01])
                self.assertEqual(last_month.cost, 0.02)

    def stored_cost(self, message):
        self.env.cr.execute(
            "SELECT cost FROM whatsapp_clinic_message WHERE id = %s", [message.id]
        )
        return self.env.cr.fetchone()[0]


@tagged("post_install", "-at_install")
class TestCard(CostCase):
    """A changed card prices the past again."""

    def test_changed_price_is_that_of_past_messages(self):
        rate = self.rate(0.02)
        message = self.message()
        self.price()
        rate.price = 0.03
        self.price()
        self.assertEqual(message.cost, 0.03)

    def test_new_line_prices_what_was_unknown(self):
        message = self.message()
        self.price()
        self.assertEqual(message.cost_state, "no_rate")
        self.rate(0.02)
        self.price()
        self.assertEqual(self.told(message), ("priced", 0.02, "USD"))

    def test_removed_line_makes_the_price_unknown_again(self):
        rate = self.rate()
        message = self.message()
        self.price()
        rate.unlink()
        self.price()
        self.assertEqual(message.cost_state, "no_rate")

    def test_line_that_is_moved_to_a_later_day_gives_up_the_days_before(self):
        rate = self.rate()
        message = self.message()
        self.price()
        rate.valid_from = "2026-12-01"
        self.price()
        self.assertEqual(message.cost_state, "no_rate")

    def test_pricing_again_goes_on_over_batches_and_ends(self):
        rate = self.rate(0.02)
        messages = self.env["whatsapp.clinic.message"].union(
            *(self.message(at=DELIVERED + timedelta(hours=i % 3)) for i in range(7))
        )
        self.price()
        rate.price = 0.03
        self.patch(message_price, "BATCH", 2)
        self.price()
        self.assertEqual(messages.mapped("cost"), [0.03] * 7)
        self.assertFalse(self.env["whatsapp.clinic.rate.change"].search([]))

    def test_card_of_the_future_prices_nothing_again(self):
        self.rate(valid_from="2027-01-01")
        self.assertFalse(self.env["whatsapp.clinic.rate.change"].search([]))

    def test_scheduled_action_prices_everything(self):
        self.rate(0.02)
        message = self.message()
        with self.enter_registry_test_mode():
            self.env.ref("whatsapp_clinic.price_messages").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(message.cost, 0.02)
        self.assertFalse(self.env["whatsapp.clinic.rate.change"].search([]))

    def test_same_line_twice_is_refused(self):
        self.rate()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.cr.savepoint(),
        ):
            self.rate(0.03)

    def test_manager_imports_the_card(self):
        manager = staff_user(self, "manager")
        rates = self.env["whatsapp.clinic.rate"].with_user(manager)
        result = rates.load(
            ["country_id", "category", "valid_from", "price", "currency_id"],
            [
                ["Türkiye", "Utility", "2026-10-01", "0.02", "USD"],
                ["", "Marketing", "2026-10-01", "0.03", "USD"],
            ],
        )
        self.assertFalse(result["messages"])
        lines = rates.browse(result["ids"])
        self.assertEqual(lines.mapped("market"), ["TR", "*"])
        self.assertEqual(lines[0].valid_from, date(2026, 10, 1))


@tagged("post_install", "-at_install")
class TestFigures(CostCase):
    """The month, by the account's calendar."""

    def figures(self):
        self.channel.invalidate_recordset()
        return (
            self.channel.month_cost,
            self.channel.free_service_used,
            self.channel.free_service_left,
        )

    def test_cost_of_the_month_has_its_currency_and_tells_what_is_unknown(self):
        self.rate(0.02)
        self.message()
        self.message()
        self.message("marketing")
        self.message(at=datetime(2026, 10, 31, 23, 0))
        self.price()
        self.assertEqual(self.figures()[0], "0.04 USD, 1 of unknown price")

    def test_cost_of_the_month_is_written_as_in_the_user_s_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.rate(0.02)
        self.message()
        self.price()
        channel = self.channel.with_context(lang="tr_TR")
        self.assertEqual(channel.month_cost, "0,02 USD")

    def test_month_begins_at_midnight_of_the_account(self):
        self.rate(0.02)
        self.message(at=datetime(2026, 10, 31, 23, 0))
        self.price()
        self.channel.account_tz = "Europe/Istanbul"
        self.assertEqual(self.figures()[0], "0.02 USD")

    def test_service_messages_use_up_the_free_ones_of_their_number(self):
        self.message("service", "free_customer_service")
        self.message("service", "regular")
        self.message("service", "free_entry_point")
        self.message("utility")
        self.price()
        self.assertEqual(self.figures()[1:], (2, 998))

    def test_number_of_free_messages_is_a_parameter(self):
        self.env["ir.config_parameter"].set_param(
            "whatsapp_clinic.free_service_messages", "1"
        )
        self.message("service", "free_customer_service")
        self.message("service", "regular")
        self.price()
        self.assertEqual(self.figures()[1:], (1, 0))

    def test_counters_have_the_cost_by_currency_and_what_is_unknown(self):
        self.rate(0.02)
        self.message()
        self.message("marketing")
        self.price()
        samples = {
            one.name: (one.value, one.labels.get("currency"))
            for one in self.env["whatsapp.clinic.counters"]._read()
            if one.labels.get("channel_id") == str(self.channel.id)
        }
        self.assertEqual(samples["cost_this_month"], (0.02, "USD"))
        unknown = samples["unknown_price_this_month_messages"]
        self.assertEqual(unknown, (1, None))

    def test_report_adds_up_and_counts_the_unknown_beside(self):
        self.rate(0.02)
        for category in ("utility", "utility", "marketing", "poetry"):
            self.message(category)
        self.price()
        costs = self.env["whatsapp.clinic.message.cost"].with_user(
            staff_user(self, "manager")
        )
        groups = costs._read_group(
            [("channel_id", "=", self.channel.id), ("charged_at", ">=", "today =1d")],
            ["category"],
            ["cost:sum", "unknown_count:sum"],
        )
        self.assertEqual(
            sorted(groups),
            [("marketing", False, 1), ("other", False, 1), ("utility", 0.04, 0)],
        )

    def test_report_adds_up_by_month_branch_category_and_rule(self):
        self.rate(0.02)
        rule = self.rule()
        other = self.branch.copy({"name": "Other branch", "channel_id": False})
        self.message(rule_id=rule.id, is_automatic=True)
        self.message(rule_id=rule.id, is_automatic=True)
        self.message(branch_id=other.id)
        self.message(at=datetime(2026, 10, 15), rule_id=rule.id, is_automatic=True)
        self.price()
        costs = self.env["whatsapp.clinic.message.cost"].with_user(
            staff_user(self, "manager", branch=self.branch | other)
        )
        groups = costs._read_group(
            [("channel_id", "=", self.channel.id)],
            ["charged_at:month", "branch_id", "category", "rule_id"],
            ["cost:sum"],
        )
        found = {
            (month.month, branch, category, of_rule): round(cost, 6)
            for month, branch, category, of_rule, cost in groups
        }
        nobody = rule.browse()
        self.assertEqual(
            found,
            {
                (10, self.branch, "utility", rule): 0.02,
                (11, self.branch, "utility", rule): 0.04,
                (11, other, "utility", nobody): 0.02,
            },
        )

    def test_report_of_last_month_is_its_own(self):
        self.rate(0.02)
        self.message()
        last = self.message(at=datetime(2026, 10, 15))
        self.price()
        view = self.env.ref("whatsapp_clinic.message_cost_view_search")
        self.assertIn("today =1d -1m", view.arch)
        found = self.env["whatsapp.clinic.message.cost"].search(
            [
                ("channel_id", "=", self.channel.id),
                ("charged_at", ">=", "today =1d -1m"),
                ("charged_at", "<", "today =1d"),
            ]
        )
        self.assertEqual(found.message_id, last)

    def test_manager_sees_no_costs_of_another_company(self):
        self.rate(0.02)
        self.message(company_id=self.env["res.company"].create({"name": "O"}).id)
        self.price()
        costs = self.env["whatsapp.clinic.message.cost"]
        mine = [("channel_id", "=", self.channel.id)]
        self.assertEqual(costs.search_count(mine), 1)
        self.assertFalse(
            costs.with_user(staff_user(self, "manager")).search_count(mine)
        )


@tagged("post_install", "-at_install")
class TestCostRoundTrip(SandboxCase):
    """Prices come on the statuses of the sandbox; so do refusals for want of one."""

    def setUp(self):
        super().setUp()
        clear_costs(self)
        self.env["whatsapp.clinic.alarm"].search([]).unlink()
        self.rate(0.02, valid_from="2020-01-01")
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    rate = make_rate

    def price(self):
        with self.enter_registry_test_mode():
            self.env.ref("whatsapp_clinic.price_messages").method_direct_trigger()
        self.env.invalidate_all()

    def pay(self, payment_method):
        self.sandbox.change_business_account(
            self.channel.business_account_id, payment_method=payment_method
        )

    def payment_alarm(self):
        self.env["whatsapp.clinic.alarm"]._cron_watch()
        self.env.invalidate_all()
        return self.env["whatsapp.clinic.alarm"].search(
            [("kind", "=", "payment"), ("closed_at", "=", False)]
        )

    def remind(self):
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        return message

    def test_reminder_has_its_price_when_it_was_delivered(self):
        message = self.remind()
        self.price()
        self.assertEqual(
            (message.state, message.pricing_category, message.cost_state, message.cost),
            ("delivered", "utility", "priced", 0.02),
        )

    def test_answer_in_the_window_is_free(self):
        self.sandbox.write(AYSE_WA_ID, self.channel.phone_number_id, "Hi")
        self.process()
        message = self.send_text(self.patient)
        self.dispatch()
        self.process()
        self.price()
        self.assertEqual((message.state, message.cost_state), ("delivered", "free"))

    def test_refusal_for_want_of_a_payment_method_raises_an_alarm_until_it_is_mended(
        self,
    ):
        for path in ("async", "sync"):
            with self.subTest(path):
                self.sandbox.switch(payment_error_path=path)
                self.pay(False)
                message = self.remind()
                self.assertEqual(message.error_code, 131042)
                alarm = self.payment_alarm()
                self.assertEqual(alarm.channel_id, self.channel)
                self.assertIn("payment method", alarm.advice)
                self.pay(True)
                self.channel.action_release_hold()
                self.assertTrue(self.payment_alarm())
                self.later(minutes=1)
                self.dispatch()
                self.process()
                self.assertEqual(message.state, "delivered")
                self.assertFalse(self.payment_alarm())

    def test_free_answer_does_not_end_the_alarm(self):
        self.pay(False)
        self.remind()
        self.channel.action_release_hold()
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("channel_id", "=", self.channel.id)], "obsolete"
        )
        self.sandbox.write(AYSE_WA_ID, self.channel.phone_number_id, "Hi")
        self.process()
        self.later(minutes=1)
        message = self.send_text(self.patient)
        self.dispatch()
        self.process()
        self.assertEqual(message.state, "delivered")
        self.assertTrue(self.payment_alarm())
