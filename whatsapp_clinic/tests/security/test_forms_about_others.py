"""What forms say, and record, of patients whom somebody else looks after."""

import base64
import re

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ...tools.table_file import write_csv
from ..common import MARKER, ClinicCase, make_patient, patient_wrote, staff_user

PREFIX = "whatsapp.clinic."
# Of the composer, which takes any record, the others a contact.
BESIDE = {"composer": {"res_model": "res.partner", "content": "text"}}
# What is the same for nobody, or is itself what was given.
GIVEN = {"id", "display_name", "partner_id", "res_ids", "create_date", "write_date"}


@tagged("post_install", "-at_install")
class TestFormsAboutOthers(ClinicCase):
    """A form says of one patient of others what it says of each of them.

    Stored fields of a form are computed with the rights of the system, and a contact
    may be read by everybody: what hangs on it may not.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env["res.company"].create(
            {"name": "Other clinic", "country_id": cls.turkey.id}
        )
        foreign = cls.env["whatsapp.clinic.branch"].create(
            {"name": "Foreign", "company_id": company.id, "country_id": cls.turkey.id}
        )
        there = cls.branch.copy({"name": "Other Branch"})
        there.member_ids = [Command.clear()]
        of_company = {"company_id": company.id, "company_ids": company.ids}
        cls.users = [staff_user(cls, "receptionist", there)] + [
            staff_user(cls, role, foreign, **of_company)
            for role in ("receptionist", "manager", "privacy_officer")
        ]
        values = {"name": f"Can {MARKER}", "email": "can@example.com"}
        cls.blank, cls.patient = (
            make_patient(cls, phone, clinic_birthdate="2018-05-01", **values)
            for phone in ("+905321110021", "+905321110022")
        )
        cls.tell(cls.patient)

    @classmethod
    def tell(cls, patient):
        """All that a form may know of a patient."""
        guardian = cls.env["res.partner"].create(
            {"name": f"Guardian {MARKER}", "lang": "en_US", "phone": "+905321110023"}
        )
        cls.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": patient.id, "guardian_id": guardian.id}
        )
        cls.consent(cls, patient, "withdrawn")
        patient_wrote(cls, patient)
        cls.book(cls, patient)
        cls.env.flush_all()

    def forms(self) -> dict:
        """{model: what is given of a patient} of every wizard about a contact."""
        found = {}
        for name, model in self.env.items():
            takes = name.startswith(PREFIX) and model._transient
            short = name.removeprefix(PREFIX)
            field = model._fields.get(
                "partner_id" if short not in BESIDE else "res_ids"
            )
            if (
                takes
                and field
                and not field.related
                and "wizard_id" not in model._fields
            ):
                found[name] = (field, BESIDE.get(short, {}))
        return found

    def test_wizards_about_a_contact_are_known(self):
        names = {name.removeprefix(PREFIX) for name in self.forms()}
        self.assertLessEqual({"consent.ask", "consent.record", "composer"}, names)

    def values_for(self, field, beside, patient):
        given = patient.ids if field.name == "res_ids" else patient.id
        return {field.name: given, **beside}

    def said(self, act):
        """What comes of it, or the sentence of the refusal."""
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                return act()
        except UserError as refusal:
            return str(refusal)

    def saved(self, form, values) -> dict:
        wizard = form.create(values)
        wizard.flush_recordset()
        wizard.invalidate_recordset()
        names = [name for name in form._fields if name not in GIVEN]
        (row,) = wizard.read(names)
        return {
            name: len(told) if form._fields[name].type == "one2many" else told
            for name, told in row.items()
            if name not in GIVEN
        }

    def shown(self, form, values) -> dict:
        spec = {
            name: {"fields": {"display_name": {}}} if field.comodel_name else {}
            for name, field in form._fields.items()
            if name not in GIVEN
        }
        answer = form.onchange(values, [*values], {**spec, **dict.fromkeys(values, {})})
        told = answer["value"]
        # A new line is called by where it lies in memory.
        return {
            name: re.sub("0x[0-9a-f]+", "", str(told[name]))
            for name in told
            if name not in GIVEN
        }

    def ways(self, form, given) -> list:
        """How the form can be asked: saved only where nothing else must be given."""
        needed = {
            name
            for name, field in form._fields.items()
            if field.required and not field.compute and not field.default
        }
        return [self.shown] if needed - {*given} else [self.shown, self.saved]

    def test_every_form_says_the_same_of_every_patient_of_others(self):
        for name, (field, beside) in self.forms().items():
            for user in self.users:
                form = self.env[name].with_user(user)
                if not form.has_access("create"):
                    continue
                for way in self.ways(form, {field.name, *beside}):
                    told = self.both(way, form, field, beside)
                    with self.subTest(form=name, user=user.login, way=way.__name__):
                        self.assertEqual(*told)

    def both(self, way, form, field, beside) -> list:
        """What a form says of each of the two, asked in one way."""
        return [
            self.said(lambda one=one: way(form, self.values_for(field, beside, one)))
            for one in (self.blank, self.patient)
        ]

    def test_guardian_is_told_where_the_patient_is_looked_after(self):
        ask = self.env["whatsapp.clinic.consent.ask"]
        wizard = ask.with_user(staff_user(self, "receptionist")).create(
            {"partner_id": self.patient.id}
        )
        self.assertEqual(wizard.guardian_id, self.patient.guardianship_ids.guardian_id)

    def test_no_decision_of_a_patient_of_others_is_recorded_at_the_desk(self):
        for user in self.users:
            record = self.env["whatsapp.clinic.consent.record"].with_user(user)
            if not record.has_access("create"):
                continue
            wizard = record.create({"partner_id": self.blank.id, "method": "verbal"})
            wizard.line_ids[:1].answer = "withdrawn"
            with (
                self.subTest(user=user.login),
                self.assertRaisesRegex(AccessError, "looks after this patient"),
            ):
                wizard.action_record()
        self.assertFalse(self.blank.consent_ids)

    def test_import_knows_no_patient_of_others(self):
        self.blank.ref = "F-1"
        heading = ["patient", "purpose", "decision", "act_at", "source"]
        for user in self.users:
            form = self.env["whatsapp.clinic.consent.import"].with_user(user)
            if not form.has_access("create"):
                continue
            for told in (f"id:{self.blank.id}", "F-1", self.blank.phone):
                row = [told, "appointment", "given", "2026-01-31", "Old"]
                file = base64.b64encode(write_csv([heading, row]))
                wizard = form.create({"file": file, "file_name": "old.csv"})
                wizard.action_check()
                with self.subTest(user=user.login, told=told):
                    self.assertEqual(wizard.line_ids.result, "unknown_patient")
