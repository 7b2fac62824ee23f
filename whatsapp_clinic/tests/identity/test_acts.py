"""What somebody said about being written to: written once, the latest counts."""

import importlib.util
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2.errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.identity.standing import Act, standing
from ...models.vocabulary.stops import SOURCES
from ...tools import clock
from ..common import ClinicCase, staff_user
from ..security.foreign_clinic import ForeignClinic
from .test_identity_merge import IdentityCase

SCRIPT = Path(__file__).parents[2].joinpath("migrations", "19.0.2.2.0", "pre-acts.py")
BEGAN = datetime(2026, 11, 1)
STARTING = [name for name, source in SOURCES.items() if source.lifts]
# No stop comes from these.
ONLY_STARTING = ("start_word", "agreement", "entered", "new_holder", "merge")


def replayed(acts) -> set:
    """(source, root) of the stops that stand when all is told in order of its time."""
    stand = {}
    # At one moment starts come before stops, so that the stop counts.
    for act in sorted(acts, key=lambda one: (one.at, one.decision == "stop")):
        if act.decision == "stop":
            stand[act.source, act.root_id] = act.at
            continue
        for source, root in list(stand):
            is_meant = act.root_id is None or act.root_id == root
            # A moment cannot be undone within itself.
            is_older = stand[source, root] < act.at
            if is_meant and is_older and source in SOURCES[act.source].lifts:
                del stand[source, root]
    return set(stand)


@st.composite
def acts(draw):
    decision = draw(st.sampled_from(["stop", "start"]))
    sources = (
        [name for name in SOURCES if name not in ONLY_STARTING]
        if decision == "stop"
        else STARTING
    )
    root = draw(st.sampled_from([None, 1, 2]))
    return Act(
        decision=decision,
        source=draw(st.sampled_from(sources)),
        at=BEGAN + timedelta(seconds=draw(st.integers(0, 6))),
        company_id=root,
        root_id=root,
    )


class ActCase(ClinicCase):
    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.identity = self.patient.whatsapp_identity_ids

    def at(self, seconds):
        return BEGAN + timedelta(seconds=seconds)


@tagged("post_install", "-at_install")
class TestStanding(ActCase):
    def setUp(self):
        super().setUp()
        self.other = self.company.create({"name": "Standing KUMQUAT"})

    @settings(max_examples=300, deadline=None)
    @given(st.lists(acts(), max_size=12))
    def test_what_stands_is_what_a_replay_in_order_of_time_leaves(self, history):
        found = {(one.source, one.root_id) for one in standing(history)}
        self.assertEqual(found, replayed(history))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(acts(), min_size=1, max_size=8), st.randoms())
    def test_columns_say_what_a_replay_leaves_in_whatever_order_acts_come(
        self, history, dice
    ):
        companies = [self.company, self.other]
        with self.env.cr.savepoint() as savepoint:
            for act in dice.sample(history, len(history)):
                self.identity._note_act(
                    decision=act.decision,
                    source=act.source,
                    scope="all",
                    act_at=act.at,
                    company_id=act.root_id and companies[act.root_id - 1].id,
                )
            stand = replayed(history)
            self.assertEqual(bool(self.identity.blocked_at), bool(stand))
            sources = {source for source, _root in stand} or {False}
            self.assertIn(self.identity.block_source, sources)
            told = {root for _source, root in stand}
            expected = (
                companies[min(told) - 1]
                if len(told) == 1 and told != {None}
                else self.company.browse()
            )
            self.assertEqual(self.identity.block_company_id, expected)
            savepoint.rollback()
        self.env.invalidate_all()

    def test_on_a_tie_the_stop_counts(self):
        for decisions in (("_stop", "_start"), ("_start", "_stop")):
            with self.subTest(decisions), self.env.cr.savepoint() as savepoint:
                for decision in decisions:
                    source = "staff" if decision == "_stop" else "start_word"
                    getattr(self.identity, decision)(source, at=self.at(0))
                self.assertTrue(self.identity.blocked_at)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_who_lifts_what_was_said_just_now_lifts_it(self):
        self.identity._stop("staff")
        self.identity._start("staff")
        self.assertFalse(self.identity.blocked_at)


@tagged("post_install", "-at_install")
class TestActs(ActCase):
    def test_each_stop_and_start_is_told_with_its_time_source_and_user(self):
        reception = staff_user(self, "receptionist")
        manager = staff_user(self, "manager")
        self.identity.with_user(reception).action_block()
        self.identity.with_user(manager).action_unblock()
        start, stop = self.identity.act_ids
        self.assertEqual((stop.decision, stop.user_id), ("stop", reception))
        self.assertEqual((start.decision, start.user_id), ("start", manager))
        self.assertEqual(stop.source, "staff")

    def test_what_is_told_twice_is_one_act(self):
        for _time in range(2):
            self.identity._stop("preference", "advertising", at=self.at(0))
        self.assertEqual(len(self.identity.act_ids), 1)

    def test_an_act_is_never_changed_nor_removed(self):
        self.identity._stop("stop_word")
        self.env.flush_all()
        other = self.make_patient("+905321110009").whatsapp_identity_ids
        for change in (
            "UPDATE whatsapp_clinic_identity_act SET act_at = act_at + interval '1 s'",
            "UPDATE whatsapp_clinic_identity_act SET company_id = NULL",
            f"UPDATE whatsapp_clinic_identity_act SET identity_id = {other.id}",
            "DELETE FROM whatsapp_clinic_identity_act",
        ):
            with (
                self.subTest(change),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(change)
                self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")

    def test_nobody_enters_an_act_by_hand(self):
        for role in ("receptionist", "manager", "administrator"):
            acts = self.env["whatsapp.clinic.identity.act"]
            with self.subTest(role), self.assertRaises(AccessError):
                acts.with_user(staff_user(self, role)).create(
                    {
                        "identity_id": self.identity.id,
                        "decision": "start",
                        "scope": "all",
                        "source": "staff",
                        "act_at": clock.now(),
                    }
                )

    def test_staff_reads_on_the_patient_what_was_said(self):
        self.identity._stop("stop_word")
        reception = staff_user(self, "receptionist")
        self.assertEqual(
            self.patient.with_user(reception).clinic_act_ids.mapped("source"),
            ["stop_word"],
        )

    def test_what_reception_of_elsewhere_may_not_see_is_not_shown(self):
        self.identity._stop("stop_word")
        stranger = ForeignClinic(self).user
        self.book(self.patient)
        self.assertFalse(self.patient.with_user(stranger).clinic_act_ids)

    def test_stop_that_staff_set_outlasts_a_number_confirmed_with_the_patient(self):
        self.identity._stop("staff")
        self.identity._unlink_patients("wrong_person")
        self.patient.action_confirm_number()
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertEqual(self.identity.block_source, "staff")

    def test_stop_that_was_lifted_does_not_come_back_with_a_confirmed_number(self):
        self.identity._stop("stop_word", at=self.at(0))
        self.identity._start("staff", at=self.at(1))
        self.identity._unlink_patients("wrong_person")
        self.patient.action_confirm_number()
        self.assertFalse(self.identity.blocked_at)

    def test_word_against_advertising_from_before_a_resume_counts_when_it_is_late(self):
        company = self.company
        start = {"at": self.at(1), "company": company}
        self.identity._start("preference", "advertising", **start)
        self.identity._stop("stop_word", "advertising", at=self.at(0), company=company)
        self.assertEqual(self.identity.marketing_block_source, "stop_word")

    def test_agreement_lifts_the_word_and_not_whatsapps_own_control(self):
        for source in ("preference", "stop_word"):
            self.identity._stop(source, "advertising", at=self.at(0))
        self.identity._start("agreement", "advertising", company=self.company)
        self.assertEqual(self.identity.marketing_block_source, "preference")

    def test_who_alone_has_patients_there_lifts_what_nobody_knows_whom_it_was_told(
        self,
    ):
        values = {"scope": "all", "decision": "stop", "source": "unknown"}
        self.identity._note_act(act_at=self.at(0), **values)
        self.assertTrue(self.identity.blocked_at)
        self.identity._start("start_word", company=self.company)
        self.assertFalse(self.identity.blocked_at)


@tagged("post_install", "-at_install")
class TestMergedActs(IdentityCase):
    def test_what_one_was_allowed_later_does_not_lift_the_stop_of_the_other(self):
        _patient, by_number, by_user = self.two_of_one()
        by_user._stop("staff", at=BEGAN)
        by_number._start("staff", at=BEGAN + timedelta(days=1))
        by_number._merge(by_user)
        self.assertEqual(by_number.block_source, "staff")
        self.assertEqual(len(by_number.act_ids), 3)

    def test_acts_of_both_are_kept(self):
        _patient, by_number, by_user = self.two_of_one()
        by_user._stop("staff", at=BEGAN)
        by_number._stop("staff", at=BEGAN + timedelta(days=1))
        known = by_user.act_ids | by_number.act_ids
        by_number._merge(by_user)
        self.assertEqual(by_number.act_ids, known)
        self.assertEqual(by_number.blocked_at, BEGAN + timedelta(days=1))


@tagged("post_install", "-at_install")
class TestUpgrade(ActCase):
    """A database of the release before, whose stops were columns."""

    def upgrade(self, **columns):
        """The acts of a number that had these columns, and none of the acts."""
        cr = self.env.cr
        self.env.flush_all()
        cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cr.execute("DROP TABLE whatsapp_clinic_identity_act CASCADE")
        for name in ("unblocked_at", "marketing_unblocked_at"):
            cr.execute(f"ALTER TABLE whatsapp_clinic_identity ADD {name} timestamp")
        for name in ("unblock_company_id", "marketing_unblock_company_id"):
            cr.execute(f"ALTER TABLE whatsapp_clinic_identity ADD {name} integer")
        for name, value in columns.items():
            cr.execute(
                f"UPDATE whatsapp_clinic_identity SET {name} = %s WHERE id = %s",
                [value, self.identity.id],
            )
        spec = importlib.util.spec_from_file_location("pre_acts", SCRIPT)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        for _time in range(2):
            script.migrate(cr, "19.0.2.1.0")
        self.env.invalidate_all()
        self.identity._note_stops()
        acts = self.env["whatsapp.clinic.identity.act"]
        return acts.search([("identity_id", "=", self.identity.id)])

    def test_one_act_for_each_stop_and_start_of_the_columns(self):
        acts = self.upgrade(
            blocked_at=self.at(5),
            block_source="staff",
            block_company_id=self.company.id,
            unblocked_at=self.at(2),
            marketing_unblocked_at=self.at(3),
            marketing_unblock_company_id=self.company.id,
        )
        self.assertEqual(
            {(one.scope, one.decision, one.source, one.act_at) for one in acts},
            {
                ("all", "stop", "staff", self.at(5)),
                ("all", "start", "unknown", self.at(2)),
                ("advertising", "start", "unknown", self.at(3)),
            },
        )
        self.assertEqual(self.identity.blocked_at, self.at(5))
        self.assertEqual(self.identity.block_company_id, self.company)
        self.assertFalse(self.identity.marketing_blocked_at)

    def test_stop_of_an_unknown_time_is_as_late_as_can_be(self):
        (act,) = self.upgrade(marketing_block_source="error")
        self.assertLess(clock.now() - act.act_at, timedelta(minutes=1))
        self.assertEqual(self.identity.marketing_block_source, "error")

    def test_no_stop_is_lost_to_a_start_beside_it(self):
        self.upgrade(
            blocked_at=self.at(1), block_source="stop_word", unblocked_at=self.at(2)
        )
        self.assertEqual(self.identity.blocked_at, self.at(1))

    def test_word_of_the_patient_outlasts_that_the_number_was_wrong_for_a_while(self):
        self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.identity.id,
                "body": "STOP",
                "taken_as": "stop",
                "occurred_at": self.at(1),
            }
        )
        self.identity._unlink_patients("wrong_person")
        self.upgrade(
            blocked_at=self.at(2),
            block_source="wrong_person",
            block_company_id=self.company.id,
        )
        self.assertEqual(self.identity.block_source, "wrong_person")
