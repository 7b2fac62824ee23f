"""Who sees which menu, and that what a menu opens can be read."""

from lxml import etree

from odoo.tests import new_test_user, tagged

from ..common import ClinicCase, staff_user

EVERYBODY = {
    "menu_root",
    "menu_appointments",
    "menu_patients_root",
    "menu_patients",
    "menu_consents",
    "menu_consent_requests",
    "menu_guardianships",
    "menu_consent_proofs",
    "menu_messages",
    "menu_messages_root",
    "menu_planned_messages",
    "menu_sendings",
    "menu_media",
}
MANAGER = EVERYBODY | {
    "menu_consent_import",
    "menu_reporting",
    "menu_reporting_appointments",
    "menu_reporting_messages",
    "menu_reporting_costs",
    "menu_reporting_consents",
    "menu_configuration",
    "menu_configuration_clinic",
    "menu_configuration_whatsapp",
    "menu_configuration_privacy",
    "menu_configuration_technical",
    "menu_channels",
    "menu_templates",
    "menu_template_library",
    "menu_languages",
    "menu_message_rules",
    "menu_rates",
    "menu_branches",
    "menu_practitioners",
    "menu_closed_days",
    "menu_public_holidays",
    "menu_appointment_types",
    "menu_privacy_notices",
    "menu_consent_purposes",
    "menu_stop_words",
    "menu_answer_texts",
    "menu_identities",
    "menu_alarms",
}
MENUS = {
    "receptionist": EVERYBODY,
    "practitioner": EVERYBODY | {"menu_my_day", "menu_my_patients_messages"},
    "privacy_officer": EVERYBODY
    | {
        "menu_consent_import",
        "menu_reporting",
        "menu_reporting_consents",
        "menu_configuration",
        "menu_configuration_privacy",
        "menu_privacy_notices",
        "menu_consent_purposes",
        "menu_identities",
    },
    "manager": MANAGER,
    "administrator": MANAGER
    | {
        "menu_unrecognised",
        "menu_webhook_events",
        "menu_status",
        "menu_accounts",
        "menu_portfolios",
        "menu_personal_links",
    },
}


@tagged("post_install", "-at_install")
class TestMenus(ClinicCase):
    def test_each_role_sees_its_menus_and_no_others(self):
        for role, wanted in MENUS.items():
            with self.subTest(role):
                self.assertEqual(set(self._menus(staff_user(self, role))), wanted)

    def test_an_employee_without_a_role_sees_no_menu(self):
        self.assertFalse(self._menus(new_test_user(self.env, "cook")))

    def test_each_role_can_read_what_its_menus_open(self):
        patient = self.make_patient()
        self.consent(patient)
        self.rule()
        self.book(patient)
        for role in MENUS:
            user = staff_user(self, role)
            for menu, action_id in self._menus(user).items():
                with self.subTest(f"{role}: {menu}"):
                    action = self.env["ir.actions.act_window"].browse(action_id)
                    self._open(user, action.exists())

    def _menus(self, user) -> dict:
        """The addon's menus that a user sees, each with the id of its action."""
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        return {
            menu["xmlid"].removeprefix("whatsapp_clinic."): menu["action_id"]
            for menu in menus.values()
            if menu.get("xmlid", "").startswith("whatsapp_clinic.")
        }

    def _open(self, user, action):
        """Ask the server what the web client asks for: the views and some records."""
        if not action:
            return
        model = self.env[action.res_model].with_user(user)
        views = model.get_views([*action.views, (False, "search")])["views"]
        for kind in set(views) - {"search"}:
            names = _field_names(views[kind]["arch"])
            model.web_search_read([], {name: {} for name in names}, limit=5)


def _field_names(arch: str) -> set[str]:
    """The fields of a view, without those of lists inside it."""
    root = etree.fromstring(arch)
    inside = root.xpath("//field//field")
    return {node.get("name") for node in root.iter("field") if node not in inside}
