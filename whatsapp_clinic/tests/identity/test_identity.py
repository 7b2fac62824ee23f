"""What an identity is called, and what is no phone number of it."""

from odoo.tests import tagged

from ...tools.phone import e164
from ..common import ClinicCase

USER = "TR.7351904826201277"


@tagged("post_install", "-at_install")
class TestIdentity(ClinicCase):
    def identity(self, **values):
        return self.env["whatsapp.clinic.identity"].create(values)

    def test_name_and_phone_are_shown_where_they_are_known(self):
        known = self.identity(wa_id="905321110077", profile_name="Ada")
        self.assertEqual(known.display_name, "Ada · +905321110077")

    def test_somebody_without_a_name_is_called_by_the_phone(self):
        nameless = self.identity(wa_id="905321110077", user_id=USER)
        self.assertEqual(nameless.display_name, "+905321110077")

    def test_somebody_without_name_and_phone_is_told_by_the_end_of_the_user_id(self):
        nameless = self.identity(user_id=USER)
        self.assertEqual(nameless.display_name, "WhatsApp patient · 201277")

    def test_a_user_id_is_no_phone_number(self):
        for user_id in (USER, "US.ENT.905321110001", " TR.905321110001 "):
            self.assertIsNone(e164(user_id, "TR"))
