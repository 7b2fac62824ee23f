from odoo.exceptions import UserError
from odoo.tests import tagged

from ...tools.wake_up import insert_triggers
from ..common import ClinicCase, SandboxCase


@tagged("post_install", "-at_install")
class TestLoadTemplates(SandboxCase):
    """The account's templates, asked for by a button, loaded by a scheduled action."""

    def of_account(self):
        return self.env["whatsapp.clinic.template"].search(
            [("business_account_id", "=", self.channel.business_account_id)]
        )

    def test_templates_of_the_account_come_in_all_languages_and_in_use(self):
        self.load_templates()
        self.assertFalse(self.channel.templates_error)
        self.assertFalse(self.channel.templates_wanted)
        reminders = self.of_account().filtered(
            lambda one: one.name == "appointment_reminder"
        )
        self.assertEqual(set(reminders.mapped("language")), {"tr", "en"})
        self.assertTrue(all(reminders.mapped("enabled")))
        self.assertEqual(
            reminders[0].button_ids.mapped("action"),
            ["confirm", "reschedule", "cancel"],
        )

    def test_loaded_template_is_accepted_by_whatsapp(self):
        self.load_templates()
        self.template = self.of_account().filtered(
            lambda one: one.name == "appointment_reminder" and one.language == "tr"
        )
        patient = self.make_patient(lang="en_US")
        self.consent(patient)
        message = self.send_reminder(self.book(patient))
        self.dispatch()
        self.assertEqual(message.state, "sent", (message.reason, message.detail))

    def test_refusal_is_told_with_a_cure(self):
        self.channel._set_credentials({"access_token": "expired"})
        self.load_templates()
        self.assertIn("token", self.channel.templates_error)

    def test_unreachable_account_is_told(self):
        self.channel.base_url = "http://127.0.0.1:9"
        self.load_templates()
        self.assertIn("cannot be reached", self.channel.templates_error)


@tagged("post_install", "-at_install")
class TestChannel(ClinicCase):
    def test_state_says_what_is_missing(self):
        self.assertEqual(self.channel.state, "ready")
        self.channel.account_id.sudo().access_token = False
        self.assertEqual(self.channel.state, "incomplete")
        self.assertIn("token", self.channel.state_reason)

    def test_token_with_a_blank_is_refused(self):
        with self.assertRaises(UserError):
            self.channel._set_credentials({"access_token": "two words"})

    def test_branch_with_a_new_number_sends_what_waits_from_it(self):
        patient = self.make_patient()
        self.consent(patient)
        rule = self.rule(offset=1)
        self.book(patient)
        waiting = self.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", rule.id)]
        )
        other = self.channel.create(
            {"name": "New", "phone_number_id": "new", "business_account_id": "new"}
        )
        self.branch.channel_id = other
        self.assertEqual(waiting.channel_id, other)

    def test_channel_of_a_number_is_found_anew_after_a_change(self):
        channels = self.env["whatsapp.clinic.channel"]
        number = self.channel.phone_number_id
        self.assertEqual(channels._id_of_number(number), self.channel.id)
        self.channel.phone_number_id = "changed"
        self.assertFalse(channels._id_of_number(number))
        self.assertEqual(channels._id_of_number("changed"), self.channel.id)

    def test_archived_channel_says_how_many_messages_wait_there(self):
        patient = self.make_patient()
        self.consent(patient)
        self.rule(offset=1)
        self.book(patient)
        waiting = self.env["whatsapp.clinic.message"].search_count(
            [("channel_id", "=", self.channel.id), ("state", "in", ("queued", "held"))]
        )
        self.assertTrue(waiting)
        self.assertFalse(self.channel.stranded_count)
        self.channel.active = False
        self.assertEqual(self.channel.stranded_count, waiting)

    def test_channel_of_a_number_is_found_when_it_is_archived(self):
        channels = self.env["whatsapp.clinic.channel"]
        self.channel.active = False
        found = channels._id_of_number(self.channel.phone_number_id)
        self.assertEqual(found, self.channel.id)

    def test_waiting_trigger_is_not_written_again(self):
        cron = self.env.ref("whatsapp_clinic.dispatch_lane_1")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        self.env.flush_all()
        self.assertTrue(insert_triggers(self.env.cr, [cron.id]))
        self.assertFalse(insert_triggers(self.env.cr, [cron.id]))
        found = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(len(found), 1)
