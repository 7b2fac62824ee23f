"""Every model can be looked at, and an empty list says what to do."""

from lxml import etree

from odoo.tests import TransactionCase, tagged

from ...models.vocabulary.states import FAILED_STATES

MODELS = (
    "account",
    "alarm",
    "answer.text",
    "appointment",
    "appointment.type",
    "branch",
    "channel",
    "consent",
    "consent.coverage",
    "consent.proof",
    "consent.purpose",
    "consent.request",
    "guardianship",
    "identity",
    "language",
    "media",
    "message",
    "message.cost",
    "message.rule",
    "personal.link",
    "portfolio",
    "practitioner",
    "rate",
    "privacy.notice",
    "privacy.notice.text",
    "sending",
    "stop.word",
    "template",
    "unrecognised",
    "webhook.event",
)


@tagged("post_install", "-at_install")
class TestViews(TransactionCase):
    def test_every_model_has_a_list_a_form_and_a_search_view(self):
        views = self.env["ir.ui.view"].search([("model", "like", "whatsapp.clinic.")])
        found = {(view.model, view.type) for view in views}
        wanted = {
            (f"whatsapp.clinic.{model}", kind)
            for model in MODELS
            for kind in ("list", "form", "search")
        }
        self.assertFalse(wanted - found)

    def test_no_model_with_a_menu_is_missing_from_this_test(self):
        models = {
            action.res_model.removeprefix("whatsapp.clinic.")
            for action in self._actions().filtered(lambda one: one.target != "new")
        }
        self.assertFalse(models - {*MODELS, "res.partner", "resource.calendar.leaves"})

    def test_every_empty_list_says_what_to_do(self):
        for action in self._actions().filtered(lambda one: one.target != "new"):
            with self.subTest(action.name):
                help_text = etree.HTML(action.help or "<p/>")
                classes = help_text.xpath("//p/@class")
                self.assertIn("o_view_nocontent_smiling_face", " ".join(classes))
                self.assertGreaterEqual(len(help_text.xpath("//p")), 2)

    def test_records_of_proof_show_the_year_and_refusals_as_refusals(self):
        for model in ("consent", "consent.proof"):
            views = self.env["ir.ui.view"].search(
                [
                    ("model", "=", f"whatsapp.clinic.{model}"),
                    ("type", "in", ("list", "kanban", "form")),
                ]
            )
            for view in views:
                arch = etree.fromstring(view.arch)
                with self.subTest(view.name):
                    for name in ("act_at", "create_date"):
                        for field in arch.xpath(f"//field[@name='{name}']"):
                            self.assertIn("numeric", field.get("options", ""))
                    self.assertFalse(arch.xpath("//field[@name='decision']"))

    def test_a_record_that_is_being_entered_is_not_called_false(self):
        for model in MODELS:
            with self.subTest(model):
                record = self.env[f"whatsapp.clinic.{model}"].new()
                self.assertNotIn("False", record.display_name or "")

    def test_installation_leads_to_the_first_steps(self):
        todo = self.env.ref("whatsapp_clinic.first_steps_todo")
        url = self.env["ir.actions.act_url"].browse(todo.action_id.id).url
        settings = self.env.ref("whatsapp_clinic.settings_action")
        self.assertEqual(url, f"/odoo/{settings.path}")
        name = "whatsapp_clinic.res_config_settings_view_form_first_steps"
        steps = etree.fromstring(self.env.ref(name).arch).xpath("//button/@name")
        models = self.env["ir.actions.act_window"].browse(
            int(name) for name in steps if name.isdigit()
        )
        self.assertIn("whatsapp.clinic.channel", models.mapped("res_model"))
        self.assertIn("whatsapp.clinic.message.rule", models.mapped("res_model"))

    def test_messages_that_did_not_leave_are_red(self):
        view = self.env.ref("whatsapp_clinic.message_view_list")
        (state,) = etree.fromstring(view.arch).xpath("//field[@name='state']")
        for name in FAILED_STATES:
            with self.subTest(name):
                self.assertIn(repr(name), state.get("decoration-danger"))

    def test_main_buttons_have_a_hotkey(self):
        views = self.env["ir.ui.view"].search(
            [("model", "like", "whatsapp.clinic."), ("type", "=", "form")]
        )
        for view in views:
            for button in etree.fromstring(view.arch).xpath("//form/header/button"):
                with self.subTest(f"{view.name}: {button.get('name')}"):
                    self.assertTrue(button.get("data-hotkey"))

    def _actions(self):
        ids = (
            self.env["ir.model.data"]
            .search(
                [
                    ("module", "=", "whatsapp_clinic"),
                    ("model", "=", "ir.actions.act_window"),
                ]
            )
            .mapped("res_id")
        )
        actions = self.env["ir.actions.act_window"].browse(ids)
        return actions.filtered(lambda one: not self.env[one.res_model]._transient)
