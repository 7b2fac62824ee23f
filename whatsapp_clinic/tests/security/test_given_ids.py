"""Ids that a client hands in: in values, defaults and forms of every model."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import MARKER, ClinicCase, make_patient, staff_user
from .foreign_clinic import ForeignClinic
from .test_access import ROLES

PREFIX = "whatsapp.clinic."
# Whatever is in them may be known to all staff, of every company.
OPEN = {
    "res.country",
    "res.country.group",
    "res.currency",
    "res.lang",
    "res.users",
    "resource.calendar",
    "whatsapp.clinic.consent.purpose",
}
# Models of Odoo that only the Settings right may write.
SETTINGS_ONLY = {"ir.actions.server", "ir.cron", "res.company", "res.config.settings"}
# The sentence, and those of fields that nobody, or another role, may write at all.
REFUSALS = (
    "is not yours to see",
    "What WhatsApp says cannot be entered by hand",
    "Whose WhatsApp number it is follows the phone number",
    "Ask reception to correct whose appointment it is",
)
# Odoo checks itself which of them are shown.
DISPLAYED_BY_ODOO = {"message_ids"}
# The fields of users that are those of their partner.
DELEGATED = {"res.users"}


@tagged("post_install", "-at_install")
class TestGivenIds(ClinicCase):
    """Another company's record is refused as one that does not exist is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: staff_user(cls, role) for role in ROLES}
        cls.foreign = ForeignClinic(cls).records()
        # What is written record by record is tried on one.
        visit = cls.book(cls, make_patient(cls), "2099-02-01 10:00:00")
        cls.own = {visit._name: visit.id}
        cls.env.flush_all()

    def models(self):
        """Every model of ours, and of Odoo those that we give relational fields."""
        for model in self.env.values():
            if not model._abstract and any(self.fields_of(model)):
                yield model

    def fields_of(self, model):
        for field in model._fields.values():
            is_own = any(one.startswith("whatsapp_clinic") for one in field._modules)
            is_relation = field.comodel_name or field.type == "reference"
            if is_own and is_relation and field.name not in DISPLAYED_BY_ODOO:
                yield field

    def written_by(self, model):
        """The users who may create or write records of a model."""
        for user in self.users.values():
            mine = model.with_user(user)
            if mine.has_access("create") or mine.has_access("write"):
                yield mine

    def given(self):
        """(model as a user who may write it, its field, a foreign id's record)."""
        for model in self.models():
            if model._name in SETTINGS_ONLY | DELEGATED:
                continue
            for mine in self.written_by(model):
                for field in self.fields_of(model):
                    comodel = field.comodel_name or "res.partner"
                    if comodel in OPEN:
                        continue
                    self.assertIn(
                        comodel,
                        self.foreign,
                        f"{field}: add a record of another company to "
                        "ForeignClinic, or say in OPEN that all staff may know it",
                    )
                    yield mine, field, self.foreign[comodel]

    def sentence(self, call, *arguments):
        """What the refusal says; a call that is not refused fails the test."""
        with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
            call(*arguments)
        return str(refusal.exception)

    def assert_refused(self, call, *arguments):
        sentence = self.sentence(call, *arguments)
        self.assertRegex(sentence, "|".join(REFUSALS))
        return sentence

    def test_values_are_refused(self):
        for mine, field, record in self.given():
            for value in values_of(field, record.id):
                own = mine.browse(self.own.get(mine._name))
                for operation, target in (("create", mine), ("write", own)):
                    if target.has_access(operation):
                        with self.subTest(field=str(field), role=mine.env.user.login):
                            self.assert_refused(
                                getattr(target, operation), {field.name: value}
                            )

    def test_what_does_not_exist_is_refused_alike(self):
        for mine, field, record in self.given():
            value, missing = (
                values_of(field, number)[0] for number in (record.id, gone(record))
            )
            if mine.has_access("create"):
                with self.subTest(field=str(field), role=mine.env.user.login):
                    self.assertEqual(
                        self.sentence(mine.create, {field.name: missing}),
                        self.sentence(mine.create, {field.name: value}),
                    )

    def test_forms_are_refused(self):
        for mine, field, record in self.given():
            if not mine.has_access("create"):
                continue
            spec = {field.name: {"fields": {"display_name": {}}}}
            for value in values_of(field, record.id):
                with self.subTest(field=str(field), role=mine.env.user.login):
                    self.assert_refused(
                        mine.onchange, {field.name: value}, [field.name], spec
                    )

    def test_defaults_are_refused(self):
        for mine, field, record in self.given():
            if not mine.has_access("create"):
                continue
            # Odoo itself leaves out a default of another shape than these.
            shapes = values_of(field, record.id)
            for value in shapes[:1] + [one for one in shapes if isinstance(one, dict)]:
                with_default = mine.with_context(**{f"default_{field.name}": value})
                with self.subTest(field=str(field), role=mine.env.user.login):
                    self.assert_refused(with_default.default_get, [field.name])

    def test_own_records_are_taken(self):
        receptionist = self.users["receptionist"]
        patient = self.make_patient()
        ask = self.env["whatsapp.clinic.consent.ask"].with_user(receptionist)
        self.assertEqual(ask.create({"partner_id": patient.id}).partner_id, patient)

    def test_own_records_are_taken_by_their_number_only(self):
        patient = self.make_patient()
        ask = self.env["whatsapp.clinic.consent.ask"].with_user(
            self.users["receptionist"]
        )
        for value in (str(patient.id), float(patient.id), True, -1, 2**40, [[1]]):
            with self.subTest(value=value):
                self.assert_refused(ask.create, {"partner_id": value})
        purposes = self.purpose.ids
        for value in (
            {"id": self.purpose.id},
            str(self.purpose.id),
            [["4", self.purpose.id]],
            [[]],
            [[Command.SET, 0, {"id": self.purpose.id}]],
            [[Command.SET, 0, [purposes]]],
            [[Command.UPDATE, self.purpose.id, purposes]],
        ):
            with self.subTest(value=value):
                self.assert_refused(
                    ask.create, {"partner_id": patient.id, "purpose_ids": value}
                )
        composer = self.env["whatsapp.clinic.composer"].with_user(
            self.users["receptionist"]
        )
        for value in (patient.ids[0], str(patient.id), [str(patient.id)], [[1]]):
            with self.subTest(value=value):
                self.assert_refused(
                    composer.create, {"res_model": "res.partner", "res_ids": value}
                )

    def test_lines_of_a_form_name_it_by_its_values(self):
        wizard = (
            self.env["whatsapp.clinic.consent.record"]
            .with_user(self.users["receptionist"])
            .create({"partner_id": self.make_patient().id})
        )
        parent = {"id": wizard.id, "partner_id": wizard.partner_id.id}
        values = {"wizard_id": parent, "purpose_id": self.purpose.id}
        wizard.line_ids[:1].onchange(values, ["purpose_id"], {"present_state": {}})

    def test_records_of_another_company_are_unreadable_to_every_role(self):
        for name, record in self.foreign.items():
            for role, user in self.users.items():
                if name in OPEN:
                    continue
                with self.subTest(model=name, role=role):
                    self.assertFalse(record.with_user(user).has_access("read"))

    def test_records_that_may_be_known_are_readable(self):
        for name in OPEN:
            record = self.env[name].sudo().search([], limit=1)
            for role, user in self.users.items():
                with self.subTest(model=name, role=role):
                    self.assertTrue(record.with_user(user).has_access("read"))

    def test_settings_only_models_are_written_by_no_role(self):
        for name in SETTINGS_ONLY - {"res.config.settings"}:
            with self.subTest(model=name):
                self.assertFalse([*self.written_by(self.env[name])])

    def test_names_of_foreign_records_tell_nothing_of_patients(self):
        for name, record in self.foreign.items():
            for role, user in self.users.items():
                if not name.startswith(PREFIX):
                    continue
                with self.subTest(model=name, role=role):
                    asked_as_odoo_does = record.with_user(user).sudo()
                    self.assertNotIn(MARKER, asked_as_odoo_does.display_name or "")

    def test_names_of_own_records_are_told(self):
        patient = self.make_patient(name=f"Ayşe {MARKER}")
        appointment = self.book(patient).with_user(self.users["receptionist"])
        self.assertIn(MARKER, appointment.sudo().display_name)
        self.assertIn(MARKER, appointment.display_name)


@tagged("post_install", "-at_install")
class TestGivenIdsOfAnotherBranch(ClinicCase):
    """What wizards and forms told a receptionist about patients of another branch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")
        cls.other_branch = cls.branch.copy({"name": "Other Branch"})
        cls.other_branch.member_ids = [Command.clear()]
        cls.practitioner.branch_ids |= cls.other_branch
        cls.patient = make_foreign_patient(cls)
        cls.appointment = cls.book(
            cls, cls.patient, branch_id=cls.other_branch.id, start="2099-03-01 10:00:00"
        )
        cls.request = cls.env["whatsapp.clinic.consent.request"].create(
            {"partner_id": cls.patient.id, "branch_id": cls.other_branch.id}
        )

    def as_receptionist(self, name):
        return self.env[PREFIX + name].with_user(self.receptionist)

    def test_a_foreign_request_gives_no_link(self):
        own = self.make_patient(phone="+905321110009")
        for values in (
            {"partner_id": own.id, "request_id": self.request.id},
            {"partner_id": self.patient.id, "appointment_id": self.appointment.id},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                self.as_receptionist("consent.ask").create(values)

    def test_a_request_is_used_only_for_whom_it_asks(self):
        own = self.make_patient(phone="+905321110009")
        other = self.make_patient(phone="+905321110008", name=f"Can {MARKER}")
        request = self.env["whatsapp.clinic.consent.request"].create(
            {"partner_id": other.id, "branch_id": self.branch.id}
        )
        wizard = self.as_receptionist("consent.ask").create(
            {"partner_id": own.id, "request_id": request.id}
        )
        wizard._request()
        self.assertNotEqual(wizard.request_id, request)
        self.assertEqual(wizard.request_id.partner_id, own)

    def test_a_foreign_message_is_not_shown_before_it_is_answered(self):
        message = self.env["whatsapp.clinic.message"].create(
            {
                "company_id": self.company.id,
                "branch_id": self.other_branch.id,
                "partner_id": self.patient.id,
                "channel_id": self.channel.id,
                "direction": "in",
                "state": "received",
                "body": f"A diagnosis {MARKER}",
            }
        )
        reply = self.as_receptionist("message.reply")
        with self.assertRaises(AccessError):
            reply.onchange(
                {"message_id": message.id}, ["message_id"], {"latest_ids": {}}
            )
        with self.assertRaises(AccessError):
            self.as_receptionist("message.send").create(
                {"message_ids": [Command.link(message.id)]}
            )

    def test_a_composer_takes_no_records_that_may_not_be_read(self):
        values = {
            "res_model": "whatsapp.clinic.appointment",
            "res_ids": self.appointment.ids,
        }
        composer = self.as_receptionist("composer")
        with self.assertRaises(AccessError):
            composer.create(values)
        with self.assertRaises(AccessError):
            composer.with_context(
                active_model=values["res_model"], active_ids=self.appointment.ids
            ).default_get(["res_model", "res_ids"])

    def test_a_refusal_names_nobody_in_developer_mode(self):
        self.env.ref("base.group_no_one").user_ids |= self.receptionist
        with self.assertRaises(AccessError) as refusal:
            self.appointment.with_user(self.receptionist).read(["start"])
        self.assertNotIn(MARKER, str(refusal.exception))


def values_of(field, record_id: int) -> list:
    """An id as each kind of value that a client may send for a field.

    Odoo takes text, fractions and values of a record for an id as well.
    """
    others = [str(record_id), float(record_id)]
    if field.type == "many2one":
        return [record_id, *others, {"id": record_id}]
    if field.type == "reference":
        return [f"res.partner,{record_id}"]
    return [
        [Command.link(record_id)],
        [Command.set([record_id])],
        [Command.update(record_id, {})],
        *([Command.link(one)] for one in others),
        [Command.set(others)],
    ]


def gone(record) -> int:
    """An id that no record has."""
    return record.sudo().search([], order="id desc", limit=1).id + 1_000


def make_foreign_patient(case):
    return case.env["res.partner"].create(
        {
            "name": f"Foreign {MARKER}",
            "phone": "+905321110077",
            "clinic_patient": True,
            "clinic_branch_id": case.other_branch.id,
        }
    )
