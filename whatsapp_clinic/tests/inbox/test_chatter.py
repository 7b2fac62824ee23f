from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.mail.tools.discuss import Store

from ..common import AYSE_WA_ID, MARKER, SandboxCase, staff_user
from ..outbox.test_composer import ComposerCase


@tagged("post_install", "-at_install")
class TestChatter(ComposerCase):
    def note(self, record):
        return self.env["mail.message"].search(
            [
                ("message_type", "=", "whatsapp_message"),
                ("model", "=", record._name),
                ("res_id", "=", record.id),
            ]
        )

    def seen(self, user, record):
        """The notes that a user finds in a chatter, as the web client gets them."""
        messages = self.env["mail.message"].with_user(user)
        found = messages._message_fetch(None, thread=record.with_user(user))["messages"]
        store = Store().add(
            found.filtered(lambda one: one.message_type == "whatsapp_message")
        )
        return store.get_result().get("mail.message", [])

    def test_message_stands_in_the_chatter_of_its_record(self):
        appointment = self.book(self.patient)
        row = self.send(appointment, template_id=self.template)
        self.assertEqual(self.note(appointment), row.mail_message_id)
        self.assertFalse(self.note(self.patient))

    def test_note_is_by_who_sent_it(self):
        row = self.send(self.patient)
        note = row.mail_message_id
        self.assertEqual(note.author_id, self.receptionist.partner_id)

    def test_note_itself_holds_no_text(self):
        self.send(self.patient)
        self.assertFalse(self.note(self.patient).body)

    def test_sender_reads_the_text_in_the_chatter(self):
        self.send(self.patient)
        (seen,) = self.seen(self.receptionist, self.patient)
        self.assertIn("Dear Ayşe KUMQUAT, how are you?", str(seen["body"]))

    def test_colleague_of_the_branch_reads_the_text(self):
        self.send(self.patient)
        colleague = staff_user(self, "practitioner")
        (seen,) = self.seen(colleague, self.patient)
        self.assertIn("how are you?", str(seen["body"]))

    def test_other_branch_and_employees_see_no_note_at_all(self):
        self.send(self.patient)
        other = self.branch.create({"name": "Branch B", "country_id": self.turkey.id})
        note = self.note(self.patient)
        for user in (
            staff_user(self, "receptionist", other),
            new_test_user(self.env, "cook", groups="base.group_user"),
        ):
            with self.subTest(user.login):
                self.assertFalse(self.seen(user, self.patient))
                self.assertFalse(note.with_user(user).has_access("read"))
                notifications = self.env["mail.notification"].with_user(user)
                domain = [("notification_type", "=", "whatsapp")]
                self.assertFalse(notifications.search(domain))

    def test_employee_cannot_find_patients_by_their_notes(self):
        self.send(self.patient)
        employee = new_test_user(self.env, "cook", groups="base.group_user")
        partners = self.env["res.partner"].with_user(employee)
        domain = [("message_ids.message_type", "=", "whatsapp_message")]
        self.assertFalse(partners.search(domain))

    def test_employee_uses_the_chatter_of_a_patient_as_any_other(self):
        self.patient.message_post(body=MARKER)
        self.send(self.patient)
        employee = new_test_user(self.env, "cook", groups="base.group_user")
        partner = self.patient.with_user(employee)
        partner.invalidate_recordset()
        self.assertEqual(len(partner.message_ids.mapped("body")), 1)
        partner._message_get_suggested_recipients(reply_discussion=True)

    def test_sender_who_left_the_branch_reads_the_text_no_more(self):
        self.send(self.patient)
        self.branch.member_ids -= self.receptionist
        self.env.invalidate_all()
        (seen,) = self.seen(self.receptionist, self.patient)
        self.assertNotIn("how are you", str(seen["body"]))

    def test_ticks_are_seen_with_the_note(self):
        row = self.send(self.patient)
        manager = staff_user(self, "manager")
        note = row.mail_message_id.with_user(manager)
        (notification,) = Store().add(note).get_result()["mail.notification"]
        self.assertEqual(notification["whatsapp"]["state"], "queued")

    def test_nobody_gets_an_e_mail(self):
        self.patient.email = "ayse@example.com"
        self.patient.message_subscribe(self.patient.ids)
        mails = self.env["mail.mail"].search_count([])
        self.send(self.patient)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        notification = self.note(self.patient).notification_ids
        self.assertEqual(notification.notification_type, "whatsapp")
        self.assertEqual(notification.res_partner_id, self.patient)

    def test_notification_follows_the_state_of_the_row(self):
        row = self.send(self.patient)
        notification = row.mail_message_id.notification_ids
        self.assertEqual(notification.notification_status, "ready")
        for state, status in (
            ("sent", "pending"),
            ("delivered", "sent"),
            ("read", "sent"),
            ("failed", "exception"),
            ("cancelled", "canceled"),
            ("queued", "ready"),
        ):
            row.state = state
            with self.subTest(state):
                self.assertEqual(notification.notification_status, status)

    def test_refused_message_is_a_failure_with_its_reason(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        row = self.send(stranger)
        notification = row.mail_message_id.notification_ids
        self.assertEqual(notification.notification_status, "exception")
        self.assertEqual(notification.failure_type, "whatsapp_no_consent")
        told = notification._tell_whatsapp()
        self.assertIn("not agreed", told["reason"])
        self.assertIn("record it", told["reason"])
        self.assertIn("not agreed", notification.format_failure_reason())

    def test_sender_takes_failures_off_the_menu(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        row = self.send(stranger)
        partners = self.env["res.partner"].with_user(self.receptionist)
        partners.notify_cancel_by_type("whatsapp")
        notification = row.mail_message_id.notification_ids
        notification.invalidate_recordset()
        self.assertEqual(notification.notification_status, "canceled")

    def test_chatter_offers_to_write_to_who_may(self):
        employee = new_test_user(self.env, "cook", groups="base.group_user")
        for user, may in ((self.receptionist, True), (employee, False)):
            partner = self.patient.with_user(user)
            store = Store().add(partner, request_list=[], as_thread=True)
            (thread,) = store.get_result()["mail.thread"]
            with self.subTest(user.login):
                self.assertEqual(thread["canSendWhatsApp"], may)

    def test_message_cannot_be_posted_past_the_outbox(self):
        with self.assertRaises(UserError):
            self.patient.message_post(message_type="whatsapp_message")

    def test_rules_write_no_note(self):
        self.rule()
        appointment = self.book(self.patient)
        self.assertTrue(appointment.whatsapp_message_ids)
        self.assertFalse(self.note(appointment))


@tagged("post_install", "-at_install")
class TestChatterRoundTrip(SandboxCase):
    """Ticks as WhatsApp reports them, which SQL writes past the ORM."""

    def setUp(self):
        super().setUp()
        patient = self.make_patient()
        self.consent(patient)
        self.message = self.env["whatsapp.clinic.sending"]._send(
            self.book(patient),
            {"template_id": self.template.id, "purpose_id": self.purpose.id},
        )
        self.notification = self.message.mail_message_id.notification_ids

    def status(self):
        self.notification.invalidate_recordset()
        return self.notification.notification_status

    def test_ticks_follow_what_whatsapp_reports(self):
        self.dispatch(1)
        self.assertEqual(self.status(), "pending")
        self.process()
        self.assertEqual(self.status(), "sent")
        self.sandbox.read(AYSE_WA_ID)
        self.process()
        self.assertEqual(self.notification._tell_whatsapp()["state"], "read")

    def test_chatter_and_tab_tell_the_same_after_every_step(self):
        """The tab *Messages* of the visit reads the row, the chatter its note."""
        visit = self.env["whatsapp.clinic.appointment"].browse(
            self.message.mail_message_id.res_id
        )
        for step, state in (
            (lambda: None, "queued"),
            (lambda: self.dispatch(1), "sent"),
            (self.process, "delivered"),
            (self.read_and_process, "read"),
        ):
            step()
            self.env.invalidate_all()
            with self.subTest(state):
                self.assertEqual(visit.whatsapp_message_ids.state, state)
                self.assertEqual(self.notification._tell_whatsapp()["state"], state)

    def read_and_process(self):
        self.sandbox.read(AYSE_WA_ID)
        self.process()

    def test_chatter_and_tab_are_told_of_a_status_together(self):
        for step in (lambda: self.dispatch(1), self.process, self.read_and_process):
            told = self.told_by(step)
            chatter = [note for note in told if '"mail.notification"' in note]
            tab = [note for note in told if '"whatsapp_clinic/changed"' in note]
            self.assertEqual((len(chatter), len(tab)), (1, 1), told)

    def told_by(self, step):
        """What the bus is told while a step is taken."""
        self.env.cr.precommit.run()
        self.env["bus.bus"].search([]).unlink()
        step()
        self.env.cr.precommit.run()
        return self.env["bus.bus"].search([]).mapped("message")

    def test_failure_that_whatsapp_reports_shows_in_the_chatter(self):
        self.sandbox.fault("error", code=131026)
        self.dispatch(1)
        self.process()
        self.assertEqual(self.message.state, "failed")
        self.assertEqual(self.status(), "exception")

    def test_author_is_told_of_new_ticks(self):
        author = self.message.mail_message_id.author_id
        author.user_ids = [(4, self.env.ref("base.user_admin").id)]
        self.dispatch(1)
        self.env["bus.bus"].search([]).unlink()
        self.process()
        self.env.cr.precommit.run()
        told = self.env["bus.bus"].search([]).mapped("message")
        self.assertTrue(any('"mail.notification"' in one for one in told), told)
