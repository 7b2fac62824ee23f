"""A clinic of another company, with a record of every model that is somebody's."""

from odoo.fields import Command
from odoo.tests import new_test_user

from ...tools import clock
from ..common import MARKER

PREFIX = "whatsapp.clinic."


# What the forms about a channel need.
WIZARDS_OF_CHANNELS = {
    "credentials": lambda clinic: {"account_id": clinic.channel.account_id.id},
    "registration": lambda clinic: {
        "channel_id": clinic.channel.id,
        "step": "deregister",
    },
    "transfer": lambda clinic: {
        "channel_id": clinic.channel.id,
        "transfer_contract": "Contract",
        "transfer_contract_date": "2026-01-01",
    },
}


class ForeignClinic:
    """Nothing of it may be read by the users of the test's own company."""

    def __init__(self, case):
        self.case = case
        self.company = case.env["res.company"].create(
            {"name": "Other clinic", "country_id": case.turkey.id}
        )
        self.env = case.env(
            context={
                **case.env.context,
                "allowed_company_ids": self.company.ids,
                "tracking_disable": True,
            }
        )
        self.purpose, self.turkey = case.purpose, case.turkey
        self.user = new_test_user(
            self.env,
            "foreign-user",
            groups="base.group_user,whatsapp_clinic.group_administrator",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.channel = self.make(
            "channel", name="F", phone_number_id="f", business_account_id="f"
        )
        self.channel._set_credentials(
            {"access_token": "f-token", "app_secret": "f-secret", "verify_token": "f"}
        )
        self.branch = self.make(
            "branch",
            name="Foreign",
            country_id=self.turkey.id,
            channel_id=self.channel.id,
        )
        self.patient = self.env["res.partner"].create(
            {
                "name": f"Foreign {MARKER}",
                "phone": "+905321110066",
                "clinic_patient": True,
                "clinic_branch_id": self.branch.id,
                "company_id": self.company.id,
            }
        )
        self.template = self.make(
            "template",
            name="foreign",
            language="en",
            business_account_id="f",
            body_text="Hello {{patient_name}}, your visit is soon, see you there.",
            button_ids=[Command.create({"kind": "QUICK_REPLY", "text": "Yes"})],
        )
        self.practitioner = self.make(
            "practitioner", name="Dr. F", branch_ids=[Command.set(self.branch.ids)]
        )
        self.type = self.make("appointment.type", name="F", company_id=self.company.id)
        self.hours = self.make(
            "practitioner.hours",
            practitioner_id=self.practitioner.id,
            calendar_id=self.company.resource_calendar_id.id,
        )
        self.appointment = self.make(
            "appointment",
            partner_id=self.patient.id,
            branch_id=self.branch.id,
            practitioner_id=self.practitioner.id,
            type_id=self.type.id,
            start="2099-01-05 10:00:00",
        )
        self.message = self.make(
            "message",
            company_id=self.company.id,
            channel_id=self.channel.id,
            branch_id=self.branch.id,
            partner_id=self.patient.id,
            direction="in",
            state="received",
            body=f"A diagnosis {MARKER}",
        )

    def make(self, model, **values):
        return self.env[PREFIX + model].create(values)

    def records(self) -> dict:
        """{model name: record}"""
        found = [
            self.company,
            self.user,
            self.channel,
            self.channel.account_id,
            self.channel.portfolio_id,
            self.branch,
            self.patient,
            self.template,
            self.practitioner,
            self.practitioner.resource_id,
            self.hours,
            self.type,
            self.appointment,
            self.message,
            self.patient.whatsapp_identity_ids,
            *self._of_patients(),
            *self._of_the_channel(),
            *self._of_the_clinic(),
            *self._wizards(),
        ]
        self.env.flush_all()
        models = self.case.env
        return {one._name: models[one._name].browse(one.id) for one in found}

    def _of_patients(self):
        proof = self.make(
            "consent.proof", partner_id=self.patient.id, document=f'{{"x": "{MARKER}"}}'
        )
        yield proof
        yield self.make(
            "consent",
            partner_id=self.patient.id,
            purpose_id=self.purpose.id,
            decision="given",
            method="paper",
            proof_id=proof.id,
        )
        yield self.make(
            "consent.request", partner_id=self.patient.id, branch_id=self.branch.id
        )
        yield self.make(
            "guardianship",
            patient_id=self.patient.id,
            guardian_id=self.env["res.partner"].create({"name": f"G {MARKER}"}).id,
        )
        yield self.make(
            "identity.act",
            identity_id=self.patient.whatsapp_identity_ids.id,
            scope="advertising",
            decision="start",
            source="agreement",
            act_at="2020-01-01",
            company_id=self.company.id,
        )
        yield self.make(
            "message.attempt",
            message_id=self.message.id,
            number=1,
            state="refused",
            claimed_at=clock.now(),
            detail=MARKER,
        )
        yield self.make(
            "media",
            channel_id=self.channel.id,
            message_id=self.message.id,
            kind="document",
            filename=f"{MARKER}.pdf",
        )
        yield self.make(
            "sending",
            user_id=self.user.id,
            purpose_id=self.purpose.id,
            body=f"Text {MARKER}",
            res_model="res.partner",
            res_ids=self.patient.ids,
            record_count=1,
        )
        yield self.env["ir.attachment"].create(
            {
                "name": f"{MARKER}.txt",
                "raw": b"x",
                "res_model": self.message._name,
                "res_id": self.message.id,
            }
        )
        yield self.appointment._message_log(body=MARKER)
        yield self.appointment.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.user.id, summary=MARKER
        )

    def _of_the_channel(self):
        yield self.make(
            "alarm",
            kind="held",
            channel_id=self.channel.id,
            since="2026-01-01",
            last_seen="2026-01-01",
        )
        yield self.make(
            "channel.check", channel_id=self.channel.id, key="token", state="ok"
        )
        yield self.make(
            "webhook.event",
            account_id=self.channel.account_id.id,
            sha256="f",
            received_at="2026-01-01",
            state="parked",
        )
        yield self.make("channel.task", channel_id=self.channel.id, kind="load_profile")

    def _of_the_clinic(self):
        for part in ("variable", "button", "approval"):
            yield self.template[f"{part}_ids"][:1]
        yield self.make("template.card", template_id=self.template.id, kind="image")
        yield self.make(
            "message.rule",
            name="Reminder",
            active=False,
            template_id=self.template.id,
            purpose_id=self.purpose.id,
        )
        notice = self.make("privacy.notice", name="Foreign")
        yield notice
        yield self.make(
            "privacy.notice.text",
            notice_id=notice.id,
            lang="en_US",
            title="Foreign",
            body="<p>Text</p>",
        )

    def _wizards(self):
        """Forms that somebody else has open."""
        composer = self.make(
            "composer",
            res_model="res.partner",
            res_ids=self.patient.ids,
            content="text",
        )
        yield composer
        self.env.flush_all()
        yield self.make(
            "composer.text", composer_id=composer.id, key="body:x", name="x"
        )
        record = self.make("consent.record", partner_id=self.patient.id)
        yield record
        yield record.line_ids[:1]
        wizard = self.make("consent.import")
        yield wizard
        yield self.make("consent.import.line", wizard_id=wizard.id, result="new")
        connect = self.make(
            "channel.connect", account_id=self.channel.account_id.id, name="F"
        )
        yield connect
        yield self.make("channel.connect.number", connect_id=connect.id)
        holidays = self.make(
            "holiday.import",
            company_id=self.company.id,
            branch_ids=[Command.set(self.branch.ids)],
            year=str(clock.now().year + 1),
        )
        yield holidays
        yield holidays.line_ids[:1]
        library = self.make("template.library", channel_id=self.channel.id)
        yield library
        self.env.flush_all()
        yield self.make("template.library.line", library_id=library.id, name="x")
        yield from self._wizards_of_patients()
        for name in ("credentials", "registration", "transfer"):
            yield self.make(f"channel.{name}", **WIZARDS_OF_CHANNELS[name](self))

    def _wizards_of_patients(self):
        yield self.make("consent.ask", partner_id=self.patient.id)
        yield self.make("appointment.cancel", appointment_id=self.appointment.id)
        yield self.make("message.reply", message_id=self.message.id, body="Answer")
        yield self.make("message.send", message_ids=[Command.set(self.message.ids)])
        yield self.make(
            "identity.link",
            identity_id=self.patient.whatsapp_identity_ids.id,
            partner_id=self.patient.id,
        )
        yield self.env[PREFIX + "consent.coverage"].search(
            [("partner_id", "=", self.patient.id)], limit=1
        )
