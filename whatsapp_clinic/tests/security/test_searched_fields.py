"""What somebody finds who searches by fields that they may not read."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ...models.patient.consent_glance import CONSENT_STATES
from ..common import MARKER, ClinicCase, staff_user
from .foreign_clinic import ForeignClinic


def is_ours(field) -> bool:
    return any(one.startswith("whatsapp_clinic") for one in field._modules)


def values_of(field) -> list:
    """Values to look for that a field of this kind may have."""
    if field.name == "whatsapp_consent_state":
        return [code for code, _label in CONSENT_STATES]
    if field.type in ("char", "text", "html", "selection"):
        return ["x", False]
    if field.type in ("date", "datetime"):
        return ["2000-01-01", False]
    return [True, False]


@tagged("post_install", "-at_install")
class TestSearchedFields(ClinicCase):
    """A search tells no more than reading does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nobodies = [
            new_test_user(
                cls.env,
                "contacts-n",
                groups="base.group_user,base.group_partner_manager",
            ),
            new_test_user(cls.env, "employee-n", groups="base.group_user"),
            new_test_user(cls.env, "portal-n", groups="base.group_portal"),
        ]

    def stored_or_searched(self, user):
        """(model as the user, field of ours) that a search may name."""
        for name in sorted(self.env.registry):
            model = self.env[name].with_user(user)
            if model._abstract or not model._auto or not model.has_access("read"):
                continue
            for field in model._fields.values():
                if is_ours(field) and (field.store or field.search):
                    yield model, field

    def test_search_is_refused_by_every_field_that_may_not_be_read(self):
        tried = set()
        for user in self.nobodies:
            for model, field in self.stored_or_searched(user):
                if model._has_field_access(field, "read"):
                    continue
                tried.add(str(field))
                for value in values_of(field):
                    with (
                        self.subTest(field=str(field), value=value, user=user.login),
                        self.assertRaises(AccessError),
                    ):
                        model.search([(field.name, "=", value)])
        self.assertLess(
            {"res.partner.whatsapp_consent_state", "res.users.clinic_patient"}, tried
        )

    def test_who_has_no_role_looks_after_nobody(self):
        homeless = self.make_patient(clinic_branch_id=False)
        for user in self.nobodies:
            with self.subTest(user=user.login):
                self.assertFalse(homeless.with_user(user)._of_own_branches())

    def test_lines_that_may_not_be_read_are_not_there_for_a_search(self):
        foreign = ForeignClinic(self).records()
        users = [staff_user(self, role) for role in ("receptionist", "manager")]
        users.append(staff_user(self, "privacy_officer"))
        for user in users:
            for model, field in self.stored_or_searched(user):
                lines = field.comodel_name and foreign.get(field.comodel_name)
                if field.type in ("one2many", "many2many") and lines:
                    self.check_lines(
                        model.with_context(active_test=False), field, lines
                    )

    def check_lines(self, model, field, lines):
        if not model._has_field_access(field, "read"):
            return

        def found(*condition):
            return model.search([condition])

        with self.subTest(field=str(field), user=model.env.user.login):
            seen = found(field.name, "any", [("id", "!=", False)])
            self.assertEqual(found(field.name, "!=", False), seen)
            self.assertEqual(found(field.name, "=", False), model.search([]) - seen)
            if not lines.with_user(model.env.user).has_access("read"):
                self.assertFalse(found(field.name, "in", lines.ids))

    def test_own_lines_are_found(self):
        patient = self.make_patient(name=f"Ayşe {MARKER}")
        self.consent(patient)
        stranger = self.make_patient(phone="+905321110005")
        people = self.env["res.partner"].with_user(staff_user(self, "receptionist"))
        one = patient.consent_ids
        for condition, is_found in (
            (("consent_ids", "!=", False), True),
            (("consent_ids", "in", one.ids), True),
            (("consent_ids", "=", one.id), True),
            (("consent_ids", "in", [False, one.id]), True),
            (("consent_ids", "not in", one.ids), False),
            (("consent_ids", "=", False), False),
        ):
            found = people.search([condition, ("id", "in", (patient | stranger).ids)])
            with self.subTest(condition=condition):
                self.assertEqual(patient in found, is_found)
        self.assertIn(stranger, people.search([("consent_ids", "=", False)]))

    def test_state_that_nobody_can_look_for_is_refused_in_a_sentence(self):
        people = self.env["res.partner"].with_user(staff_user(self, "receptionist"))
        for state in ("ready", "stopped", "no_number"):
            with self.subTest(state=state), self.assertRaises(UserError):
                people.search([("whatsapp_consent_state", "=", state)])
