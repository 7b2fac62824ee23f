"""A messenger knows somebody by addresses, each of which is one person's."""

import psycopg2.errors

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.provider.events import Person
from ...tools import clock
from ..common import AYSE_WA_ID
from ..migrations.test_migrations import MigrationCase
from .test_identity_merge import MEXICAN, MEXICAN_WA_ID, USER, IdentityCase, written


@tagged("post_install", "-at_install")
class TestAddresses(IdentityCase):
    def setUp(self):
        super().setUp()
        self.identities = self.env["whatsapp.clinic.identity"]
        self.portfolio = self.channel.portfolio_id

    def known(self, **ids):
        return self.identities._find(
            {"wa_id": None, "user_id": None, **ids}, "whatsapp"
        )

    def addresses(self, identity):
        return {(one.kind, one.value, one.is_main) for one in identity.address_ids}

    def test_telephone_and_user_id_are_addresses(self):
        self.take_in(written(AYSE_WA_ID, USER))
        identity = self.known(wa_id=AYSE_WA_ID)
        self.assertEqual(
            self.addresses(identity),
            {("phone", AYSE_WA_ID, True), ("user", USER, True)},
        )
        user = identity.address_ids.filtered(lambda one: one.kind == "user")
        self.assertEqual(user.scope, str(self.portfolio.id))

    def test_each_form_of_a_telephone_is_an_address(self):
        identity = self.make_patient(MEXICAN).whatsapp_identity_ids
        self.assertEqual(
            self.addresses(identity),
            {("phone", MEXICAN[1:], True), ("phone", MEXICAN_WA_ID, False)},
        )

    def test_whoever_is_asked_for_is_found_by_one_query(self):
        self.take_in(written(AYSE_WA_ID, USER))
        identity = self.known(wa_id=AYSE_WA_ID)
        identity._add_address("905321119999")
        self.env.flush_all()
        for ids in (
            {"wa_id": AYSE_WA_ID},
            {"wa_id": "905321119999"},
            {"user_id": USER},
            {"user_id": "TR.NEW", "wa_id": AYSE_WA_ID},
        ):
            with self.subTest(ids):
                before = self.env.cr.sql_log_count
                self.assertEqual(self.known(**ids), identity)
                self.assertEqual(self.env.cr.sql_log_count - before, 1)

    def test_an_address_is_one_persons(self):
        self.take_in(written(AYSE_WA_ID, USER))
        address = self.known(user_id=USER).address_ids[-1:]
        other = self.make_patient("+905321110009").whatsapp_identity_ids
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            address.copy({"identity_id": other.id, "is_main": False})

    def test_who_is_known_already_is_not_made_again(self):
        self.take_in(written(AYSE_WA_ID, USER))
        before = self.identities.search_count([])
        self.identities._ensure(
            [
                {"user_id": USER},
                {"wa_id": AYSE_WA_ID},
                {"wa_id": "90", "user_id": USER},
            ],
            "whatsapp",
            self.portfolio,
        )
        # What was tried with a known user id leaves nothing behind.
        self.assertEqual(self.identities.search_count([]), before)
        self.assertFalse(self.known(wa_id="90"))

    def test_former_user_id_stays_an_address_until_the_number_changes_hands(self):
        self.make_patient()
        self.take_in(written(AYSE_WA_ID, USER))
        identity = self.known(wa_id=AYSE_WA_ID)
        identity._rotate_user_id("TR.NEW")
        self.assertEqual(identity.user_id, "TR.NEW")
        self.assertEqual(identity.user_portfolio_id, self.portfolio)
        self.assertEqual(self.known(user_id=USER), identity)
        identity._unlink_patients("number_changed")
        self.assertFalse(self.known(user_id=USER))

    def test_merging_moves_addresses_and_the_own_stay_what_is_shown(self):
        _patient, by_number, by_user = self.two_of_one()
        by_user._add_address("905321119999")
        by_number.write({"user_id": "TR.OWN"})
        by_number._merge(by_user)
        self.assertEqual(
            self.addresses(by_number),
            {
                ("phone", AYSE_WA_ID, True),
                ("user", "TR.OWN", True),
                ("user", USER, False),
                ("phone", "905321119999", False),
            },
        )
        self.assertEqual((by_number.wa_id, by_number.user_id), (AYSE_WA_ID, "TR.OWN"))

    def test_number_that_got_another_user_keeps_nothing_of_the_former(self):
        self.make_patient()
        self.take_in(written(AYSE_WA_ID, USER))
        at = clock.now()
        sender = Person(wa_id=AYSE_WA_ID, user_id="TR.NEXT")
        found = self.identities._for_sender(sender, self.portfolio, at)
        self.assertEqual(found.user_id, "TR.NEXT")
        self.assertFalse(self.known(user_id=USER))


@tagged("post_install", "-at_install")
class TestUpgrade(MigrationCase):
    """A database of the release before, whose ids were columns and other ids rows."""

    def setUp(self):
        super().setUp()
        self.identity = self.env["whatsapp.clinic.identity"].create(
            {
                "wa_id": MEXICAN[1:],
                "user_id": USER,
                "user_portfolio_id": self.channel.portfolio_id.id,
            }
        )
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cr.execute("DROP TABLE whatsapp_clinic_identity_address CASCADE")
        cr.execute(
            """
            CREATE TABLE whatsapp_clinic_identity_alias (
                id serial, identity_id integer, provider varchar, value varchar,
                create_uid integer, write_uid integer,
                create_date timestamp, write_date timestamp
            )
            """
        )
        for value in ("TR.FORMER", "5299", USER):
            cr.execute(
                "INSERT INTO whatsapp_clinic_identity_alias "
                "(identity_id, provider, value) VALUES (%s, 'whatsapp', %s)",
                [self.identity.id, value],
            )

    def test_every_id_is_kept_as_an_address(self):
        for _time in range(2):
            self.migrate("19.0.2.2.0/pre-addresses.py")
        scope = str(self.channel.portfolio_id.id)
        self.assertEqual(
            {
                (one.kind, one.value, one.scope or "", one.is_main)
                for one in self.identity.address_ids
            },
            {
                ("phone", MEXICAN[1:], "", True),
                ("phone", MEXICAN_WA_ID, "", False),
                ("phone", "5299", "", False),
                ("user", USER, scope, True),
                ("user", "TR.FORMER", "", False),
            },
        )
        self.identity._note_addresses()
        self.assertEqual(self.identity.user_portfolio_id, self.channel.portfolio_id)
