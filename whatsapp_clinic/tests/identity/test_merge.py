from datetime import timedelta

from odoo.tests import tagged

from ...tools import clock
from ..common import ClinicCase, staff_notes, staff_user, tomorrow


@tagged("post_install", "-at_install")
class TestMerge(ClinicCase):
    """Odoo's contact merge loses nothing of ours."""

    def setUp(self):
        super().setUp()
        self.kept = self.make_patient("+905321110001", "Ayşe KUMQUAT")
        self.twin = self.make_patient("+905321110002", "Ayse KUMQUAT")

    def merge(self):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.kept | self.twin).ids, self.kept, extra_checks=False)
        self.env.invalidate_all()

    def consents(self):
        states = self.env["whatsapp.clinic.consent"]._states(self.kept, self.purpose)
        return states.get((self.kept.id, self.purpose.id))

    def test_messages_appointments_and_numbers_come_along(self):
        self.consent(self.twin)
        self.consent(self.kept)
        appointment = self.book(self.twin)
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.twin.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **appointment._reference(),
                }
            ]
        )
        identities = (self.kept | self.twin).whatsapp_identity_ids
        self.assertEqual(len(identities), 2)
        self.merge()
        self.assertFalse(self.twin.exists())
        self.assertEqual(message.partner_id, self.kept)
        self.assertEqual(appointment.partner_id, self.kept)
        self.assertEqual(self.kept.whatsapp_identity_ids, identities)
        self.assertEqual(self.kept.consent_ids.mapped("decision"), ["given"] * 2)

    def test_shared_number_stays_one_number(self):
        self.twin.phone = self.kept.phone
        identity = self.kept.whatsapp_identity_ids
        self.merge()
        self.assertEqual(identity.partner_ids, self.kept)

    def test_disagreement_becomes_a_withdrawal(self):
        now = clock.now()
        self.consent(self.kept, "withdrawn", at=now - timedelta(days=9))
        self.consent(self.twin, "given", at=now - timedelta(days=1))
        self.merge()
        self.assertEqual(self.consents(), "withdrawn")
        self.assertEqual(len(self.kept.consent_ids), 3)
        self.assertIn("merge", self.kept.consent_ids.mapped("method"))

    def test_what_a_merge_withdraws_is_told_to_staff(self):
        receptionist = staff_user(self, "receptionist")
        self.kept.clinic_branch_id = self.branch
        self.consent(self.kept)
        self.consent(self.twin, "withdrawn")
        visit = self.book(self.kept, tomorrow(72))
        self.merge()
        activity = visit.activity_ids
        self.assertEqual(activity.user_id, receptionist)
        self.assertIn(self.purpose.name, activity.summary)
        self.assertIn(self.purpose.name, str(staff_notes(self.kept).mapped("body")))

    def test_duplicate_that_said_nothing_takes_no_consent_away(self):
        self.consent(self.kept)
        self.rule()
        waiting = self.book(self.kept, tomorrow(72)).whatsapp_message_ids
        self.merge()
        self.assertEqual(self.consents(), "given")
        self.assertEqual(waiting.state, "queued")
        self.assertEqual(len(self.kept.consent_ids), 1)
        activities = self.kept.whatsapp_identity_ids.activity_ids
        self.assertFalse(activities | waiting._subject.activity_ids)

    def test_consent_of_the_duplicate_counts_where_the_patient_said_nothing(self):
        self.consent(self.twin)
        self.merge()
        self.assertEqual(self.consents(), "given")

    def test_stop_of_the_duplicate_is_a_refusal(self):
        self.consent(self.kept)
        self.twin.whatsapp_identity_ids._stop("stop_word")
        self.merge()
        self.assertEqual(self.consents(), "withdrawn")

    def test_stop_of_advertising_refuses_advertising(self):
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.consent(self.kept)
        self.consent(self.kept, purpose=marketing)
        self.twin.whatsapp_identity_ids._stop("stop_word", "advertising")
        self.merge()
        self.assertEqual(self.consents(), "given")
        states = self.env["whatsapp.clinic.consent"]._states(self.kept, marketing)
        self.assertEqual(states[self.kept.id, marketing.id], "withdrawn")

    def test_number_that_is_somebody_else_s_is_no_refusal(self):
        self.consent(self.kept)
        self.twin.whatsapp_identity_ids._unlink_patients("wrong_person")
        self.merge()
        self.assertEqual(self.consents(), "given")

    def test_agreement_needs_no_new_record(self):
        self.consent(self.kept)
        self.consent(self.twin)
        self.merge()
        self.assertEqual(self.consents(), "given")
        self.assertEqual(len(self.kept.consent_ids), 2)

    def test_number_that_one_of_them_left_stays_left(self):
        identity = self.twin.whatsapp_identity_ids
        identity._unlink_patients("number_changed")
        self.merge()
        self.assertNotIn(self.kept, identity.partner_ids)
        self.assertIn(self.kept, identity.former_partner_ids)

    def test_overlapping_appointments_of_both_survive(self):
        other = self.practitioner.create(
            {"name": "Dr. Ak", "branch_ids": [(6, 0, self.branch.ids)]}
        )
        first = self.book(self.kept)
        second = self.book(self.twin, first.start, practitioner_id=other.id)
        self.merge()
        self.assertEqual((first | second).partner_id, self.kept)


@tagged("post_install", "-at_install")
class TestMergeOfOthers(ClinicCase):
    """What collides for one contact costs the duplicate nothing else."""

    def setUp(self):
        super().setUp()
        self.kept = self.make_patient("+905321110001", "Ayşe KUMQUAT")
        self.twin = self.make_patient("+905321110002", "Ayse KUMQUAT")
        self.colleague = self.env["res.partner"].create({"name": "Colleague"})

    def merge(self):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.kept | self.twin).ids, self.kept, extra_checks=False)
        self.env.invalidate_all()

    def members(self, channel):
        return channel.sudo().channel_member_ids.partner_id

    def test_memberships_of_other_conversations_stay(self):
        channels = self.env["discuss.channel"].create(
            [{"name": "Shared"}, {"name": "Of the twin"}]
        )
        shared, own = channels
        shared.add_members((self.kept | self.twin).ids)
        own.add_members(self.twin.ids)
        self.merge()
        self.assertIn(self.kept, self.members(shared))
        self.assertIn(self.kept, self.members(own))

    def test_followings_of_other_records_stay_with_all_their_subtypes(self):
        shared, own = self.env["res.partner"].create([{"name": "A"}, {"name": "B"}])
        note, comment = self.env.ref("mail.mt_note"), self.env.ref("mail.mt_comment")
        shared.message_subscribe(self.kept.ids, subtype_ids=comment.ids)
        shared.message_subscribe(self.twin.ids, subtype_ids=note.ids)
        own.message_subscribe(self.twin.ids)
        self.merge()
        following = shared.message_follower_ids.filtered(
            lambda one: one.partner_id == self.kept
        )
        self.assertEqual(following.subtype_ids, note | comment)
        self.assertIn(self.kept, own.message_partner_ids)

    def test_who_followed_either_follows(self):
        other = self.env["res.partner"].create({"name": "Other"})
        self.kept.message_subscribe(self.colleague.ids)
        self.twin.message_subscribe((self.colleague | other).ids)
        for patient in (self.kept, self.twin):
            patient.message_subscribe(patient.ids)
        self.merge()
        followers = self.kept.message_follower_ids.partner_id
        self.assertLessEqual(self.colleague | other | self.kept, followers)

    def test_notifications_of_other_messages_stay(self):
        record = self.env["res.partner"].create({"name": "Record"})
        posts = [record.message_post(body=text) for text in ("Both", "Twin")]
        self.env["mail.notification"].create(
            [
                {
                    "mail_message_id": post.id,
                    "res_partner_id": person.id,
                    "notification_type": "inbox",
                }
                for post, person in (
                    (posts[0], self.kept),
                    (posts[0], self.twin),
                    (posts[1], self.twin),
                )
            ]
        )
        self.merge()
        for post in posts:
            self.assertEqual(post.notification_ids.res_partner_id, self.kept)

    def test_scheduled_messages_are_posted_on_who_stays(self):
        scheduled = self.env["mail.scheduled.message"].create(
            {
                "model": "res.partner",
                "res_id": self.twin.id,
                "author_id": self.env.user.partner_id.id,
                "body": "Later",
                "scheduled_date": clock.now() + timedelta(days=1),
            }
        )
        self.merge()
        self.assertEqual(scheduled.exists().res_id, self.kept.id)

    def test_an_event_that_both_attended_has_one_attendee_with_the_answer(self):
        start = clock.now() + timedelta(days=1)
        event = self.env["calendar.event"].create(
            {
                "name": "Talk",
                "start": start,
                "stop": start + timedelta(hours=1),
                "partner_ids": [(6, 0, (self.kept | self.twin).ids)],
            }
        )
        answered = event.attendee_ids.filtered(lambda one: one.partner_id == self.twin)
        answered.state = "accepted"
        self.merge()
        self.assertEqual(event.attendee_ids.partner_id, self.kept)
        self.assertEqual(event.attendee_ids.mapped("state"), ["accepted"])
        self.assertEqual(event.partner_ids, self.kept)

    def test_reactions_to_other_messages_stay(self):
        posts = [self.colleague.message_post(body=text) for text in ("Both", "Twin")]
        for post, person in (
            (posts[0], self.kept),
            (posts[0], self.twin),
            (posts[1], self.twin),
        ):
            self.env["mail.message.reaction"].create(
                {"message_id": post.id, "partner_id": person.id, "content": "👍"}
            )
        self.merge()
        for post in posts:
            self.assertEqual(post.reaction_ids.partner_id, self.kept)
            self.assertEqual(len(post.reaction_ids), 1)
