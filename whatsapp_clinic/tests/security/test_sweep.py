"""What anybody finds who reads whatever Odoo lets them."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..common import AYSE_PHONE, MARKER, staff_user
from .story import StoryCase

_TEXTS = ("char", "text", "html")
# Contacts are everybody's: that they are patients is not.
_EVERYBODYS = {"res.partner"}
_TOLD = (MARKER, AYSE_PHONE[-10:])


@tagged("post_install", "-at_install")
class TestSweep(StoryCase):
    """No model that somebody may read names patients to who may not see them.

    Odoo computes the names of what a field points to with the rights of the system, so
    that a row of any model may tell what is hidden where it stands.
    """

    def setUp(self):
        super().setUp()
        self.tell_all()
        self.company_b = self.env["res.company"].create({"name": "Other clinic"})
        branches = self.env["whatsapp.clinic.branch"]
        # Who shares a number sees what came there for no branch.
        country = {"country_id": self.turkey.id, "channel_id": False}
        self.branch_b = branches.create({"name": "Branch B", **country})
        self.foreign_branch = branches.create(
            {"name": "Foreign", "company_id": self.company_b.id, **country}
        )

    def tell_all(self):
        """The story, with the history and the mails that Odoo makes of it."""
        told = self.env(context={**self.env.context, "tracking_disable": False})
        for name in ("patient", "identity"):
            setattr(self, name, getattr(self, name).with_env(told))
        self.env = told
        self.tell_whole_story()
        visit = self.patient.appointment_ids[:1]
        told = {"body": f"Call {self.patient.name}", "message_type": "comment"}
        visit.message_post(**told)
        self.env.cr.precommit.run()
        self.env.flush_all()

    def sweep(self, user):
        """(model, field, how it was read) of all that names the patient."""
        self.env.invalidate_all()
        found = set()
        for name in sorted(self.env.registry):
            model = self.env[name].with_user(user)
            if model._abstract or not model._auto or name in _EVERYBODYS:
                continue
            if model.has_access("read"):
                found |= self.tells(model)
        return found

    def tells(self, model):
        fields = {
            name: field
            for name, field in model.fields_get(attributes=["type", "store"]).items()
            if field["type"] in (*_TEXTS, "many2one")
        }
        rows = model.with_context(active_test=False).search([], limit=5000)
        found = set()
        for name, field in fields.items():
            if any(map(self.is_about_patient, self.shown(rows, name))):
                found.add((model._name, name, "read"))
            if field["store"] and any(
                map(self.is_about_patient, self.labels(rows, name))
            ):
                found.add((model._name, name, "group"))
        return found

    def shown(self, rows, name):
        try:
            return [row[name] for row in rows.read([name])]
        except AccessError:
            return []

    def labels(self, rows, name):
        try:
            return rows.formatted_read_group([("id", "in", rows.ids)], [name])
        except AccessError:
            return []

    def is_about_patient(self, value):
        told = str(value)
        return any(part in told for part in _TOLD)

    def test_employee_is_named_no_patient(self):
        employee = new_test_user(self.env, "employee-s", groups="base.group_user")
        self.assertEqual(self.sweep(employee), set())

    def test_portal_user_is_named_no_patient(self):
        portal = new_test_user(self.env, "portal-s", groups="base.group_portal")
        self.assertEqual(self.sweep(portal), set())

    def test_reception_of_another_branch_is_named_no_patient(self):
        other = staff_user(self, "receptionist", self.branch_b)
        self.assertEqual(self.sweep(other), set())

    def test_staff_of_another_company_is_named_no_patient(self):
        for role in ("receptionist", "manager", "privacy_officer"):
            user = staff_user(
                self,
                role,
                self.foreign_branch,
                company_id=self.company_b.id,
                company_ids=self.company_b.ids,
            )
            with self.subTest(role=role):
                self.assertEqual(self.sweep(user), set())

    def test_sweep_finds_what_may_be_seen(self):
        found = {model for model, _name, _way in self.sweep(self.receptionist)}
        self.assertLess(
            {"whatsapp.clinic.appointment", "mail.message", "mail.activity"}, found
        )
