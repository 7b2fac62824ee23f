"""What a colleague without a role hears of a contact, and of one who is a patient."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import MARKER, ClinicCase


@tagged("post_install", "-at_install")
class TestTwins(ClinicCase):
    """Who has no role hears the same of a patient as of anybody."""

    def setUp(self):
        super().setUp()
        self.env = self.env(context={**self.env.context, "tracking_disable": False})
        self.colleague = new_test_user(
            self.env, "colleague-t", groups="base.group_user,base.group_partner_manager"
        )
        values = {"name": f"Can {MARKER}", "country_id": self.turkey.id}
        self.plain = self.env["res.partner"].create(
            {**values, "phone": "0532 111 00 41", "email": "can@example.com"}
        )
        self.patient = self.make_patient(
            "+905321110042", **values, email="can@example.com"
        )
        self.guardian = self.plain.copy({"phone": "0532 111 00 43"})
        self.settle()

    def settle(self):
        """What Odoo does at the end of a request, tracking included."""
        self.env.flush_all()
        self.env.cr.precommit.run()

    def history(self, contact):
        return contact.with_user(self.colleague).message_ids

    def refusal(self, act) -> str:
        with self.assertRaises(UserError) as refused, self.env.cr.savepoint():
            act()
        self.env.invalidate_all()
        return str(refused.exception)

    def test_becoming_a_patient_leaves_no_trace_on_the_contact(self):
        before = self.history(self.plain)
        self.book(self.plain)
        self.settle()
        self.assertEqual(self.plain.phone, "+90 532 111 00 41")
        self.assertEqual(self.history(self.plain), before)

    def test_becoming_a_guardian_leaves_no_trace_on_the_contact(self):
        before = self.history(self.guardian)
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": self.guardian.id}
        )
        self.settle()
        self.assertEqual(self.history(self.guardian), before)

    def test_another_number_is_traced_as_before(self):
        before = self.history(self.plain)
        self.plain.with_user(self.colleague).phone = "+90 532 111 00 49"
        self.settle()
        told = self.history(self.plain) - before
        self.assertEqual(
            told.sudo().tracking_value_ids.mapped("new_value_char"),
            ["+90 532 111 00 49"],
        )

    def test_a_number_is_spelled_alike(self):
        typed = {"phone": "0532 111 22 44 ext 12"}
        told = []
        for contact in (self.plain, self.patient):
            theirs = contact.with_user(self.colleague)
            shown = theirs.onchange(typed, ["phone"], {"phone": {}})["value"]
            theirs.write(typed)
            self.env.invalidate_all()
            told.append((shown.get("phone"), theirs.phone))
        self.assertEqual(*told)

    def merge(self, *contacts):
        people = self.env["res.partner"].union(*contacts)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        return wizard.with_user(self.colleague)._merge(people.ids, contacts[0])

    def test_a_merge_is_refused_first_by_what_holds_for_everybody(self):
        other = self.plain.copy({"email": "other@example.com"})
        told = {
            self.refusal(lambda one=one: self.merge(other, one))
            for one in (self.plain, self.patient)
        }
        self.assertEqual(len(told), 1)
        twin = self.plain.copy({"email": "can@example.com"})
        with self.assertRaisesRegex(AccessError, "cannot be merged by you"):
            self.merge(twin, self.patient)

    def test_a_refusal_to_delete_does_not_tell_why(self):
        self.book(self.patient)
        theirs = self.patient.with_user(self.colleague)
        self.assertIn("is in use", self.refusal(theirs.unlink))
        self.plain.with_user(self.colleague).unlink()
        self.assertFalse(self.plain.exists())
