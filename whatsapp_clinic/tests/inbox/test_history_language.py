"""What nobody of the staff did is in the history in the language of the clinic."""

from odoo import SUPERUSER_ID
from odoo.tests import new_test_user, tagged

from ..common import ClinicCase


@tagged("post_install", "-at_install")
class TestHistoryLanguage(ClinicCase):
    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang("tr_TR")
        self.env["ir.module.module"]._load_module_terms(["whatsapp_clinic"], ["tr_TR"])
        self.company.partner_id.lang = "tr_TR"
        self.patient = self.make_patient()
        self.appointment = self.book(self.patient)
        self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                }
            ]
        )
        self.identity = self.patient.whatsapp_identity_ids
        self.settle()

    def settle(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.invalidate_all()

    def change(self, record, user, name, value) -> str:
        """What the history says that a field became when a user wrote it."""
        before = record.message_ids
        writer = record.with_user(user).sudo()
        writer.with_context(tracking_disable=False, lang=None).write({name: value})
        self.settle()
        tracked = (record.message_ids - before).sudo().tracking_value_ids
        return tracked.filtered(lambda one: one.field_id.name == name).new_value_char

    def tracked_choices(self):
        """(record, field, value) of every tracked choice of the addon's models."""
        kept = (self.appointment, self.channel, self.template, self.identity)
        for record in kept:
            for name in sorted(record._track_get_fields()):
                field = record._fields[name]
                if field.type == "selection" and field.store:
                    values = [value for value in field.get_values(self.env)]
                    yield (
                        record,
                        name,
                        next(one for one in values if one != record[name]),
                    )

    def test_what_a_scheduled_action_changes_is_told_in_the_clinic_s_language(self):
        for record, name, value in list(self.tracked_choices()):
            with self.subTest(f"{record._name}: {name}"):
                field = record._fields[name]
                turkish = self.env(context={"lang": "tr_TR"})
                wanted = dict(field._description_selection(turkish))[value]
                self.assertEqual(self.change(record, SUPERUSER_ID, name, value), wanted)

    def test_every_scheduled_action_runs_as_the_system(self):
        own = [("module", "=", "whatsapp_clinic"), ("model", "=", "ir.cron")]
        ids = self.env["ir.model.data"].search(own).mapped("res_id")
        crons = self.env["ir.cron"].with_context(active_test=False).browse(ids)
        self.assertGreater(len(crons), 10)
        self.assertEqual(crons.user_id.id, SUPERUSER_ID)

    def test_every_model_with_tracked_choices_is_tried(self):
        tracked = {
            name
            for name, model in self.env.registry.models.items()
            if name.startswith("whatsapp.clinic.") and not model._abstract
            for field in model._fields.values()
            if getattr(field, "tracking", None) and field.type == "selection"
        }
        tried = {record._name for record, _name, _value in self.tracked_choices()}
        self.assertEqual(tried, tracked)

    def test_what_a_patient_does_on_a_page_is_told_in_the_clinic_s_language(self):
        public = self.env.ref("base.public_user")
        told = self.change(self.appointment, public.id, "patient_status", "accepted")
        self.assertEqual(told, "Teyit etti")

    def test_what_a_colleague_does_is_told_in_the_colleague_s_language(self):
        user = new_test_user(self.env, "anna", lang="en_US")
        told = self.change(self.appointment, user.id, "state", "fulfilled")
        english = self.env(context={"lang": "en_US"})
        states = dict(self.appointment._fields["state"]._description_selection(english))
        self.assertEqual(told, states["fulfilled"])

    def test_each_company_reads_its_own_language_in_one_transaction(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        other.partner_id.lang = "en_US"
        elsewhere = self.channel.copy(
            {
                "company_id": other.id,
                "phone_number_id": "another",
                "business_account_id": "another",
                "account_id": False,
                "portfolio_id": False,
            }
        )
        self.settle()
        system = self.env(user=SUPERUSER_ID, context={})
        for channel in (elsewhere, self.channel):
            channel.with_env(system).quality = "low"
        self.settle()
        told = [
            channel.message_ids.sudo().tracking_value_ids[:1].new_value_char
            for channel in (elsewhere, self.channel)
        ]
        field = self.channel._fields["quality"]
        wanted = [
            dict(field._description_selection(self.env(context={"lang": lang})))["low"]
            for lang in ("en_US", "tr_TR")
        ]
        self.assertEqual(told, wanted)
        self.assertNotEqual(*told)
