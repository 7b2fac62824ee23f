"""Odoo's developer mode checks what addons register, and refuses to start otherwise."""

from odoo.tests import tagged

from ..common import ClinicCase, WebCase, set_up_clinic, staff_user


@tagged("post_install", "-at_install")
class TestDeveloperMode(WebCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)
        cls.receptionist = staff_user(cls, "receptionist", tz="UTC")

    def open_messages(self, mode):
        self.browser_js(
            f"/odoo/clinic-messages?debug={mode}",
            "console.log('test successful')",
            ready="!!document.querySelector('.o_list_view')",
            login=self.receptionist.login,
            timeout=240,
        )

    def test_pages_open_in_developer_mode(self):
        self.open_messages("1")

    def test_pages_open_with_the_assets_unpacked(self):
        self.open_messages("assets")


@tagged("post_install", "-at_install")
class TestApiAddress(ClinicCase):
    """Where the database is pointed at the sandbox or a proxy."""

    def test_who_has_the_settings_right_is_shown_the_address(self):
        administrator = staff_user(self, "administrator")
        self.assertFalse(self.shown_to(administrator))
        administrator.group_ids |= self.env.ref("base.group_system")
        self.assertTrue(self.shown_to(administrator))

    def shown_to(self, user):
        wizard = self.env["whatsapp.clinic.channel.connect"].with_user(user)
        return 'name="base_url"' in wizard.get_view(view_type="form")["arch"]
