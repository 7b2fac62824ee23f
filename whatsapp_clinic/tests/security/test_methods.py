"""Every public method, called as the web client can call it: by anybody, on any id."""

import inspect

from odoo.exceptions import UserError
from odoo.service.model import get_public_method
from odoo.tests import new_test_user, tagged

from ..common import MARKER, ClinicCase, staff_user
from .foreign_clinic import ForeignClinic
from .test_access import ROLES

PREFIX = "whatsapp.clinic."
# Odoo's own, whose rights the tests of access and of given ids look at.
OF_ODOO = {
    "copy",
    "copy_data",
    "create",
    "default_get",
    "init",
    "message_post",
    "onchange",
    "unlink",
    "write",
}
# What methods are called with that need something; others are called with nothing.
ARGUMENTS = {
    "action_call_about_move": lambda clinic: [place_before(clinic)],
    "action_tell_move": lambda clinic: [place_before(clinic)],
    "action_undo_move": lambda clinic: [place_before(clinic)],
    "news_of_move": lambda clinic: [place_before(clinic)],
    "action_choose_patient": lambda clinic: [clinic.patient.id],
    "notify_cancel_by_type": lambda _clinic: ["whatsapp"],
    "outlook_of_switch": lambda _clinic: [True],
    "read_state": lambda clinic: [clinic.patient.id],
    "record_decision": lambda clinic: [
        "appointment",
        "given",
        "2026-01-01T10:00:00Z",
        "A form",
        "form-1",
        clinic.patient.id,
    ],
}


@tagged("post_install", "-at_install")
class TestMethods(ClinicCase):
    """A button that a view hides is still a method."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clinic = ForeignClinic(cls)
        cls.foreign = cls.clinic.records()
        cls.env.flush_all()

    def methods(self):
        """(a foreign record, or none where there is no table; name of a method)"""
        for name, model in self.env.items():
            if not name.startswith(PREFIX) and name != "res.partner":
                continue
            record = self.foreign.get(name, model)
            for method in public_methods(model):
                yield record, method

    def assert_nothing_happens(self, user, record, name):
        """The call is refused, or writes nothing and tells nothing."""
        arguments = ARGUMENTS.get(name, lambda _clinic: [])(self.clinic)
        before = self.rows_written()
        # What is in memory is shown to everybody: a request begins with nothing.
        self.env.flush_all()
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                told = getattr(record.with_user(user), name)(*arguments)
                self.env.flush_all()
        except UserError:
            self.env.invalidate_all()
            return
        self.assertEqual(self.rows_written(), before, "it wrote something")
        self.assertNotIn(MARKER, str(told))

    def rows_written(self) -> int:
        """How many rows this transaction has written."""
        self.env.cr.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_all_tables"
        )
        return self.env.cr.fetchone()[0]

    def test_a_colleague_without_a_role_presses_nothing(self):
        employee = new_test_user(self.env, "employee-m", groups="base.group_user")
        for record, name in self.methods():
            with self.subTest(model=record._name, method=name):
                self.assert_nothing_happens(employee, record, name)

    def test_a_portal_user_presses_nothing(self):
        visitor = new_test_user(self.env, "portal-m", groups="base.group_portal")
        for record, name in self.methods():
            with self.subTest(model=record._name, method=name):
                self.assert_nothing_happens(visitor, record, name)

    def test_no_role_presses_anything_of_another_company(self):
        for role in ROLES:
            user = staff_user(self, role)
            for record, name in self.methods():
                if record:
                    with self.subTest(model=record._name, method=name, role=role):
                        self.assert_nothing_happens(user, record, name)

    def test_scheduled_actions_are_run_by_nobody_else(self):
        jobs = self.env["ir.model.data"].search(
            [("module", "=", "whatsapp_clinic"), ("model", "=", "ir.cron")]
        )
        self.assertTrue(jobs)
        for job in self.env["ir.cron"].browse(jobs.mapped("res_id")):
            for role in ROLES:
                action = job.ir_actions_server_id.with_user(staff_user(self, role))
                with self.subTest(job=job.name, role=role):
                    self.assertTrue(job.group_ids)
                    with self.assertRaises(UserError):
                        action.run()

    def test_a_note_cannot_be_made_to_look_like_one_of_the_system(self):
        patient = self.make_patient().with_user(staff_user(self, "receptionist"))
        notes = patient.env["mail.message"]
        values = {"model": "res.partner", "res_id": patient.id, "body": "Sent"}
        for kind in ("whatsapp_message", "clinic_note"):
            with self.subTest(kind=kind):
                with self.assertRaises(UserError):
                    notes.create({**values, "message_type": kind})
                with self.assertRaises(UserError):
                    notes.create(values).write({"message_type": kind})
                with self.assertRaises(UserError):
                    notes.with_context(default_message_type=kind).create(values)
                with self.assertRaises(UserError):
                    patient.message_post(body="Sent", message_type=kind)  # pylint: disable=translation-required


def place_before(clinic) -> dict:
    """Where a visit was, as the calendar sends it back."""
    (place,) = clinic.appointment.read(load=None)
    return {**place, "start": "2099-01-06 10:00:00", "version": 0}


def public_methods(model):
    """Names of the methods that this addon defines and a client may call."""
    for name, function in inspect.getmembers(type(model), inspect.isfunction):
        if name.startswith("_") or name in OF_ODOO:
            continue
        if function.__module__.startswith("odoo.addons.whatsapp_clinic"):
            get_public_method(model, name)
            yield name
