"""In a dialog, Control+Enter does what the dialog is for and throws nothing away.

Odoo presses the first button that is shown in the dialog's footer.
"""

import ast
from itertools import product

from lxml import etree

from odoo.tests import TransactionCase, tagged
from odoo.tools.safe_eval import safe_eval


def shown_first(buttons, values: dict):
    """The first button of a footer that is shown for a record with such values."""
    for button in buttons:
        if not safe_eval(button.get("invisible") or "False", dict(values)):
            return button
    return None


def names_in(expression: str) -> set[str]:
    nodes = ast.walk(ast.parse(expression.strip(), mode="eval"))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


@tagged("post_install", "-at_install")
class TestDialogs(TransactionCase):
    def test_the_first_button_of_every_dialog_is_its_primary_one_in_every_state(self):
        footers = self._footers()
        self.assertGreater(len(footers), 10)
        for name, (model, footer) in footers.items():
            buttons = footer.findall("button")
            for values in self._states(model, buttons):
                with self.subTest(name, **values):
                    first = shown_first(buttons, values)
                    self.assertIsNotNone(first)
                    self.assertIn("btn-primary", first.get("class"))
                    if self._can_be_typed_in(footer):
                        self.assertNotEqual(first.get("special"), "cancel")

    def test_no_wizard_opens_with_a_save_button_that_saves_nothing(self):
        pages = {
            action.res_model for action in self._windows() if action.target != "new"
        }
        for view in self._forms():
            model = self.env[view.model]
            if model._transient and view.model not in pages:
                with self.subTest(view.name):
                    self.assertIn(view.name, self._footers())

    def test_what_discards_is_never_the_key_of_what_does(self):
        for name, (_model, footer) in self._footers().items():
            keys = {}
            for button in footer.findall("button"):
                is_cancel = button.get("special") == "cancel"
                if button.get("data-hotkey"):
                    keys.setdefault(button.get("data-hotkey"), set()).add(is_cancel)
            with self.subTest(name):
                self.assertIn(keys.get("x"), ({True}, None))
                self.assertTrue(all(len(kinds) == 1 for kinds in keys.values()))
                self.assertNotIn(True, keys.get("q", ()))

    def _footers(self) -> dict:
        """{name of the view: (model, footer)} of everything that opens as a dialog."""
        return {
            view.name: (self.env[view.model], footer)
            for view in self._forms()
            for footer in etree.fromstring(view.get_combined_arch()).findall("footer")
        }

    def _forms(self):
        return self.env["ir.ui.view"].search(
            [
                ("type", "=", "form"),
                ("mode", "=", "primary"),
                ("model", "like", "whatsapp.clinic."),
            ]
        )

    def _windows(self):
        own = [
            ("module", "=", "whatsapp_clinic"),
            ("model", "=", "ir.actions.act_window"),
        ]
        ids = self.env["ir.model.data"].search(own).mapped("res_id")
        return self.env["ir.actions.act_window"].browse(ids)

    def _can_be_typed_in(self, footer) -> bool:
        form = footer.getparent()
        return form.get("edit") not in ("0", "false")

    def _states(self, model, buttons):
        """Every combination of values that decides which buttons are shown."""
        names = set().union(
            *(names_in(button.get("invisible") or "0") for button in buttons)
        )
        choices = [
            list(dict(field._description_selection(self.env)))
            if (field := model._fields[name]).type == "selection"
            else [False, 1]
            for name in sorted(names)
        ]
        for values in product(*choices):
            yield dict(zip(sorted(names), values, strict=True))
