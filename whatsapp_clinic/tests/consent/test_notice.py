from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ...tools import clock
from ..common import ClinicCase, staff_user, triggers_taken_away

NOTICE, TEXT = "whatsapp_clinic_privacy_notice", "whatsapp_clinic_privacy_notice_text"
RENEWAL = "whatsapp_clinic_privacy_notice_renewal"
TITLE = {"title": "Notice", "body": "<p>Notice</p>"}


class NoticeCase(ClinicCase):
    """A company of its own, so that no other notice answers; time stands still."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Notice Clinic"})
        cls.env.user.company_ids |= cls.company
        cls.now = clock.now()

    def setUp(self):
        super().setUp()
        self.move_clock(timedelta())

    def move_clock(self, later):
        """The clock shows the time of the test's beginning and so much more."""
        moved = self.now + later
        patcher = patch.object(clock, "now", lambda: moved)
        patcher.start()
        self.addCleanup(patcher.stop)

    def draft(self, company=None, langs=("en_US",), purposes=(), **values):
        """A notice with a text in each of the languages."""
        return self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "company_id": (company or self.company).id,
                "text_ids": [
                    Command.create(
                        {"lang": lang, "title": lang, "body": f"<p>{lang}</p>"}
                    )
                    for lang in langs
                ],
                "renewed_purpose_ids": [purpose.id for purpose in purposes],
                **values,
            }
        )

    def publish(self, **values):
        notice = self.draft(**values)
        notice.action_publish()
        return notice

    def current(self, company=None):
        notices = self.env["whatsapp.clinic.privacy.notice"]
        return notices._current(company or self.company)

    def state(self, patient, purpose=None):
        purpose = purpose or self.purpose
        states = self.env["whatsapp.clinic.consent"]._states(
            patient, purpose, self.company
        )
        return states.get((patient.id, purpose.id))

    def agree(self, patient, **values):
        return self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": patient.id,
                "company_id": self.company.id,
                "purpose_id": self.purpose.id,
                "decision": "given",
                "method": "import",
                "evidence": "Form in the old file",
                "act_at": clock.now(),
                **values,
            }
        )

    def member(self, role):
        """A user of the company with a role."""
        user = staff_user(self, role)
        user.company_ids |= self.company
        return user

    def refuse(self, statement, *parameters):
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(statement, parameters)


@tagged("post_install", "-at_install")
class TestNotice(NoticeCase):
    """Versions of the privacy notice: closed when published, replaced by the next."""

    def test_versions_count_up_in_each_company(self):
        self.assertEqual(self.draft().version, 1)
        self.assertEqual(self.draft().version, 2)
        other = self.env["res.company"].create({"name": "Other"})
        self.assertEqual(self.draft(other).version, 1)

    def test_publishing_notes_who_and_when_and_fixes_the_texts(self):
        officer, notice = self.member("privacy_officer"), self.draft()
        notice.with_user(officer).action_publish()
        self.assertEqual(notice.state, "published")
        self.assertEqual(notice.published_by, officer.name)
        self.assertEqual(notice.published_at, self.now)
        self.assertEqual(notice.valid_from, self.now)
        self.assertEqual(len(notice.text_ids.sha256), 64)

    def test_only_a_privacy_officer_publishes(self):
        for role in ("receptionist", "manager", "administrator"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.draft().with_user(self.member(role)).action_publish()

    def test_nobody_publishes_by_writing_the_state(self):
        notice = self.draft().with_user(self.member("privacy_officer"))
        for values in (
            {"state": "published"},
            {"published_at": self.now},
            {"published_by": "x"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                notice.write(values)
            with self.subTest(values), self.assertRaises(AccessError):
                notice.create(values)
        with self.assertRaises(AccessError):
            notice.text_ids.write({"sha256": "x"})

    def test_notice_without_a_text_is_not_published(self):
        with self.assertRaises(UserError):
            self.draft(langs=()).action_publish()

    def test_text_with_gaps_is_not_published(self):
        notice = self.draft()
        notice.text_ids.body = "<p>[[Name of the clinic]]</p>"
        with self.assertRaises(UserError):
            notice.action_publish()

    def test_what_cannot_be_published_is_not_asked_about(self):
        with self.assertRaisesRegex(UserError, "one language at least"):
            self.draft(langs=()).action_confirm_publication()

    def test_text_to_begin_with_is_a_draft_in_two_languages(self):
        notice = self.env.ref("whatsapp_clinic.privacy_notice_draft")
        self.assertEqual(notice.state, "draft")
        self.assertEqual(set(notice.text_ids.mapped("lang")), {"en_US", "tr_TR"})
        with self.assertRaises(UserError):
            notice.action_publish()

    def test_notice_is_not_valid_before_it_is_published(self):
        with self.assertRaises(UserError):
            self.publish(valid_from=self.now - timedelta(days=1))

    def test_version_is_not_valid_before_the_one_it_replaces(self):
        self.publish(valid_from=self.now + timedelta(days=10))
        with self.assertRaises(UserError):
            self.publish(valid_from=self.now + timedelta(days=9))
        self.publish(valid_from=self.now + timedelta(days=10))

    def test_earlier_draft_is_not_published_after_a_later_version(self):
        draft = self.draft()
        self.publish()
        with self.assertRaises(UserError):
            draft.action_publish()

    def test_version_valid_later_takes_over_when_its_time_comes(self):
        first = self.publish()
        second = self.publish(valid_from=self.now + timedelta(days=1))
        self.assertEqual(self.current(), first)
        self.assertEqual(first.state, "published")
        self.move_clock(timedelta(days=1))
        self.assertEqual(self.current(), second)
        self.env["whatsapp.clinic.privacy.notice"]._cron_supersede()
        self.assertEqual(first.state, "superseded")
        self.assertEqual(second.state, "published")

    def test_version_valid_at_once_replaces_the_earlier_at_once(self):
        first, second = self.publish(), self.publish()
        self.assertEqual((first.state, second.state), ("superseded", "published"))

    def test_scheduled_action_replaces_versions(self):
        first = self.publish()
        self.publish(valid_from=self.now + timedelta(days=1))
        self.move_clock(timedelta(days=2))
        cron = self.env.ref("whatsapp_clinic.supersede_notices")
        self.assertEqual(cron.interval_type, "hours")
        cron.ir_actions_server_id.run()
        self.assertEqual(first.state, "superseded")

    def test_new_version_copies_the_texts_and_nothing_of_the_publication(self):
        first = self.publish(langs=("en_US", "tr_TR"), purposes=self.purpose)
        action = first.action_new_version()
        second = first.browse(action["res_id"])
        self.assertEqual(second.version, first.version + 1)
        self.assertEqual(second.name, first.name)
        self.assertEqual(second.state, "draft")
        self.assertEqual(second.text_ids.mapped("body"), first.text_ids.mapped("body"))
        self.assertFalse(any(second.text_ids.mapped("sha256")))
        self.assertFalse(second.renewed_purpose_ids)
        self.assertFalse(second.valid_from or second.published_by)
        second.action_publish()

    def test_branch_company_shows_the_notice_of_the_nearest_company_above(self):
        parent = self.publish()
        child = self.env["res.company"].create(
            {"name": "Child", "parent_id": self.company.id}
        )
        self.assertEqual(self.current(child), parent)
        own = self.publish(company=child)
        self.assertEqual(self.current(child), own)
        self.assertEqual(self.current(), parent)

    def test_text_falls_back_to_the_nearest_language(self):
        notice = self.draft(langs=("en_US", "tr_TR"))
        for lang, shown in (
            ("tr_TR", "tr_TR"),
            ("en_GB", "en_US"),
            ("fr_FR", "en_US"),
            (None, "en_US"),
        ):
            with self.subTest(lang):
                self.assertEqual(notice._text(lang).lang, shown)

    def test_text_may_be_in_a_language_that_odoo_is_not_shown_in(self):
        self.assertFalse(self.env["res.lang"]._get_data(code="am_ET"))
        self.assertEqual(self.publish(langs=("am_ET",)).text_ids.lang, "am_ET")

    def test_publication_tells_what_it_does_before_it_is_done(self):
        patient = self.make_patient(company_id=self.company.id, clinic_branch_id=False)
        self.agree(patient)
        draft = self.draft(purposes=self.purpose)
        self.assertEqual(draft.asked_again_count, 1)
        action = draft.action_confirm_publication()
        view = self.env["ir.ui.view"].browse(action["views"][0][0])
        self.assertIn("publication_effect", view.arch)
        self.assertIn(self.purpose.name, draft.publication_effect)
        self.assertIn("again: 1;", draft.publication_effect)
        draft.renewed_purpose_ids = False
        self.assertEqual(draft.asked_again_count, 0)
        self.assertNotIn(self.purpose.name, draft.publication_effect)

    def test_smart_button_counts_consents_given_under_the_version(self):
        notice = self.publish()
        self.agree(self.make_patient())
        self.assertEqual(notice.consent_count, 0)
        self.agree(self.make_patient(), notice_id=notice.id)
        notice.invalidate_recordset()
        self.assertEqual(notice.consent_count, 1)
        found = self.env["whatsapp.clinic.consent"].search(
            notice.action_open_consents()["domain"]
        )
        self.assertEqual(found.notice_id, notice)


@tagged("post_install", "-at_install")
class TestPublishedNotice(NoticeCase):
    """Nobody changes what patients were shown, not even with SQL."""

    def setUp(self):
        super().setUp()
        self.notice = self.publish(purposes=self.purpose)
        self.env.flush_all()

    def test_database_owner_can_neither_change_nor_remove_it(self):
        for change in (
            "name = 'x'",
            "version = version + 1",
            "valid_from = valid_from - interval '1 year'",
            "published_at = NULL, state = 'draft'",
            "published_by = 'x'",
        ):
            with self.subTest(change=change):
                self.refuse(
                    f"UPDATE {NOTICE} SET {change} WHERE id = %s", self.notice.id
                )
        self.refuse(f"DELETE FROM {NOTICE} WHERE id = %s", self.notice.id)
        self.refuse(f"TRUNCATE {NOTICE} CASCADE")

    def test_database_owner_can_neither_change_nor_remove_its_texts(self):
        text = self.notice.text_ids
        for change in (
            "body = 'x'",
            "title = 'x'",
            "lang = 'fr_FR'",
            "sha256 = NULL",
            "notice_id = notice_id + 1",
        ):
            with self.subTest(change=change):
                self.refuse(f"UPDATE {TEXT} SET {change} WHERE id = %s", text.id)
        self.refuse(f"DELETE FROM {TEXT} WHERE id = %s", text.id)
        self.refuse(f"TRUNCATE {TEXT}")

    def test_no_text_is_added_to_it(self):
        self.refuse(
            f"INSERT INTO {TEXT} (notice_id, company_id, lang, title, body) "
            "VALUES (%s, %s, 'fr_FR', 'x', 'x')",
            self.notice.id,
            self.company.id,
        )
        draft = self.draft()
        self.refuse(
            f"UPDATE {TEXT} SET notice_id = %s, lang = 'fr_FR' WHERE id = %s",
            self.notice.id,
            draft.text_ids.id,
        )

    def test_purposes_that_it_renewed_stay_as_they_are(self):
        notice, purpose = f"{NOTICE}_id", "whatsapp_clinic_consent_purpose_id"
        self.refuse(
            f"INSERT INTO {RENEWAL} ({notice}, {purpose}) VALUES (%s, %s)",
            self.notice.id,
            self.conversation.id,
        )
        self.refuse(
            f"UPDATE {RENEWAL} SET {purpose} = %s WHERE {notice} = %s",
            self.conversation.id,
            self.notice.id,
        )
        self.refuse(
            f"UPDATE {RENEWAL} SET {notice} = %s WHERE {notice} = %s",
            self.draft().id,
            self.notice.id,
        )
        self.refuse(f"DELETE FROM {RENEWAL} WHERE {notice} = %s", self.notice.id)
        self.refuse(f"TRUNCATE {RENEWAL}")

    def test_odoo_can_neither_change_nor_remove_it(self):
        for change in (
            lambda: self.notice.write({"name": "x"}),
            lambda: self.notice.write({"renewed_purpose_ids": [Command.clear()]}),
            lambda: self.notice.text_ids.write({"body": "<p>x</p>"}),
            lambda: self.notice.text_ids.copy({"lang": "fr_FR"}),
            lambda: self.notice.text_ids.unlink(),
            lambda: self.notice.unlink(),
        ):
            with (
                self.assertRaises(psycopg2.errors.RestrictViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                change()
                self.env.flush_all()
            self.env.invalidate_all()

    def test_published_state_needs_a_publication(self):
        draft = self.draft()
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                f"UPDATE {NOTICE} SET state = 'published' WHERE id = %s", [draft.id]
            )

    def test_draft_can_be_changed_and_removed_with_its_texts(self):
        draft = self.draft(purposes=self.purpose)
        draft.write({"name": "x", "renewed_purpose_ids": self.conversation.ids})
        draft.text_ids.body = "<p>x</p>"
        draft.text_ids.create({"notice_id": draft.id, "lang": "fr_FR", **TITLE})
        draft.text_ids[0].unlink()
        self.env.flush_all()
        draft.unlink()
        self.env.flush_all()
        self.assertFalse(draft.exists())

    def test_user_who_wrote_and_published_it_can_be_removed(self):
        author = self.member("privacy_officer")
        name = author.name
        notice = self.draft().with_user(author).copy({"text_ids": []})
        notice.text_ids.create({"notice_id": notice.id, "lang": "en_US", **TITLE})
        notice.action_publish()
        self.env.flush_all()
        author.unlink()
        self.env.flush_all()
        notice = notice.with_user(self.env.user)
        notice.invalidate_recordset()
        self.assertFalse(notice.create_uid)
        self.assertEqual(notice.published_by, name)

    def test_it_can_move_to_another_company_with_its_texts(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.notice.company_id = other
        self.env.flush_all()
        self.assertEqual(self.notice.text_ids.company_id, other)

    def test_update_of_the_addon_fills_new_columns_and_protects_again(self):
        for record, column in ((self.notice, "name"), (self.notice.text_ids, "title")):
            table = record._table
            self.env.cr.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            self.registry.init_models(
                self.env.cr, [record._name], {"module": "whatsapp_clinic"}, False
            )
            self.env.cr.execute(
                f"SELECT {column} FROM {table} WHERE id = %s", [record.id]
            )
            self.assertEqual(bool(self.env.cr.fetchone()[0]), column == "name")
            self.refuse(f"UPDATE {table} SET {column} = 'x' WHERE id = %s", record.id)
            self.refuse(f"DELETE FROM {table} WHERE id = %s", record.id)
        self.refuse(f"DELETE FROM {RENEWAL}")


@tagged("post_install", "-at_install")
class TestRenewal(NoticeCase):
    """A new version can ask for consent again, purpose by purpose."""

    def setUp(self):
        super().setUp()
        self.first = self.publish()
        self.patient = self.make_patient()
        for purpose in (self.purpose, self.followup):
            self.agree(self.patient, purpose_id=purpose.id, notice_id=self.first.id)

    @property
    def followup(self):
        return self.env.ref("whatsapp_clinic.purpose_followup")

    def test_renewed_purpose_is_superseded_and_the_others_stay(self):
        self.move_clock(timedelta(hours=1))
        self.publish(purposes=self.purpose)
        self.assertEqual(self.state(self.patient), "superseded")
        self.assertEqual(self.state(self.patient, self.followup), "given")

    def test_version_without_renewals_supersedes_no_consent(self):
        self.move_clock(timedelta(hours=1))
        self.publish()
        self.assertEqual(self.state(self.patient), "given")

    def test_renewal_waits_until_the_version_is_valid(self):
        self.publish(purposes=self.purpose, valid_from=self.now + timedelta(days=1))
        self.assertEqual(self.state(self.patient), "given")
        self.move_clock(timedelta(days=1))
        self.assertEqual(self.state(self.patient), "superseded")

    def test_consent_after_the_renewal_counts(self):
        self.move_clock(timedelta(hours=1))
        second = self.publish(purposes=self.purpose)
        self.agree(self.patient, notice_id=second.id)
        self.assertEqual(self.state(self.patient), "given")

    def test_consent_under_the_old_version_does_not_count_however_late(self):
        self.move_clock(timedelta(hours=1))
        self.publish(purposes=self.purpose)
        self.move_clock(timedelta(hours=2))
        self.agree(self.patient, notice_id=self.first.id)
        self.assertEqual(self.state(self.patient), "superseded")

    def test_renewal_stays_when_a_later_version_renews_nothing(self):
        self.move_clock(timedelta(hours=1))
        self.publish(purposes=self.purpose)
        self.move_clock(timedelta(hours=2))
        self.publish()
        self.assertEqual(self.state(self.patient), "superseded")

    def test_another_company_s_notice_renews_nothing_here(self):
        self.move_clock(timedelta(hours=1))
        other = self.env["res.company"].create({"name": "Other"})
        self.publish(company=other, purposes=self.purpose)
        self.assertEqual(self.state(self.patient), "given")

    def test_branch_company_s_notice_renews_nothing_above_or_beside_it(self):
        below, beside = self.env["res.company"].create(
            [
                {"name": name, "parent_id": self.company.id}
                for name in ("Below", "Beside")
            ]
        )
        neighbour, own = (
            self.make_patient(name="Neighbour KUMQUAT"),
            self.make_patient(name="Own KUMQUAT"),
        )
        self.agree(neighbour, company_id=beside.id)
        self.agree(own, company_id=below.id)
        self.move_clock(timedelta(hours=1))
        self.publish(company=below, purposes=self.purpose)
        self.assertEqual(self.state(self.patient), "given")
        self.assertEqual(self.state(neighbour), "given")
        self.assertEqual(self.state(own), "superseded")

    def test_company_s_notice_renews_in_those_below_it_too(self):
        below = self.env["res.company"].create(
            {"name": "Below", "parent_id": self.company.id}
        )
        patient = self.make_patient(name="Below KUMQUAT")
        self.agree(patient, company_id=below.id)
        self.move_clock(timedelta(hours=1))
        self.publish(purposes=self.purpose)
        self.assertEqual(self.state(patient), "superseded")


@tagged("post_install", "-at_install")
class TestRenewalStopsMessages(ClinicCase):
    """What the gate says after a renewal, in the company of the test's branch."""

    def test_reminder_is_refused_with_the_reason_until_the_patient_agrees_anew(self):
        patient = self.make_patient()
        self.consent(patient, at=clock.now() - timedelta(days=1))
        self.consent(
            patient,
            at=clock.now() - timedelta(days=1),
            purpose=self.env.ref("whatsapp_clinic.purpose_followup"),
        )
        self.rule()
        message = self.book(patient).whatsapp_message_ids
        self.assertNotEqual(message.state, "failed")
        notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "text_ids": [Command.create({"lang": "en_US", **TITLE})],
                "renewed_purpose_ids": self.purpose.ids,
            }
        )
        notice.action_publish()
        gate = self.env["whatsapp.clinic.gate"]
        self.assertEqual(gate._judge(message)[message.id].reason, "notice_superseded")
        message.purpose_id = self.env.ref("whatsapp_clinic.purpose_followup")
        verdict = gate._judge(message)[message.id]
        self.assertNotEqual(verdict.reason, "notice_superseded")
        message.purpose_id = self.purpose
        self.consent(patient)
        self.assertNotEqual(
            gate._judge(message)[message.id].reason, "notice_superseded"
        )


@tagged("post_install", "-at_install")
class TestNoticePublishedMeanwhile(TransactionCase):
    """Somebody publishes a draft while somebody else adds to it: one starts again.

    Both begin before either writes, in committed transactions of their own.
    """

    def setUp(self):
        super().setUp()
        self.publisher, self.author = self.begin(), self.begin()
        maker = self.begin()
        maker.execute(
            f"INSERT INTO {NOTICE} (name, company_id, version, state) "
            "VALUES ('Draft', %s, 424242, 'draft') RETURNING id",
            [self.env.company.id],
        )
        self.notice_id = maker.fetchone()[0]
        maker.commit()
        self.addCleanup(self.destroy)
        for one in (self.publisher, self.author):
            one.execute(f"SELECT FROM {NOTICE}")

    def begin(self):
        cr = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cr.close)
        return cr

    def destroy(self):
        destroyer = self.begin()
        for one in (self.publisher, self.author):
            one.rollback()
        with ExitStack() as stack:
            for table in (NOTICE, TEXT, RENEWAL):
                stack.enter_context(triggers_taken_away(destroyer, table))
            destroyer.execute(f"DELETE FROM {NOTICE} WHERE id = %s", [self.notice_id])
        destroyer.commit()

    def publish(self):
        self.publisher.execute(
            f"UPDATE {NOTICE} SET state = 'published', published_at = %(now)s, "
            "valid_from = %(now)s WHERE id = %(id)s",
            {"now": clock.now(), "id": self.notice_id},
        )
        self.publisher.commit()

    def add_text(self):
        self.author.execute(
            f"INSERT INTO {TEXT} (notice_id, company_id, lang, title, body) "
            "VALUES (%s, %s, 'fr_FR', 'x', 'x')",
            [self.notice_id, self.env.company.id],
        )
        self.author.commit()

    def renew(self):
        self.author.execute(
            f"INSERT INTO {RENEWAL} ({NOTICE}_id, whatsapp_clinic_consent_purpose_id) "
            "SELECT %s, min(id) FROM whatsapp_clinic_consent_purpose",
            [self.notice_id],
        )
        self.author.commit()

    def assert_starts_again(self, act):
        with (
            self.assertRaises(psycopg2.errors.SerializationFailure),
            mute_logger("odoo.sql_db"),
        ):
            act()

    def test_who_adds_a_text_after_it_was_published_starts_anew(self):
        self.publish()
        self.assert_starts_again(self.add_text)

    def test_who_publishes_after_a_text_was_added_starts_anew(self):
        self.add_text()
        self.assert_starts_again(self.publish)

    def test_who_publishes_after_a_renewal_was_chosen_starts_anew(self):
        self.renew()
        self.assert_starts_again(self.publish)
