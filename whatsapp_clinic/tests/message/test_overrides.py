"""A model in several files: what one of them adds, none of the others hides."""

import inspect

from odoo.tests import TransactionCase, tagged

ADDON = "odoo.addons.whatsapp_clinic."


@tagged("post_install", "-at_install")
class TestOverrides(TransactionCase):
    """The later a file is imported, the earlier its methods are found."""

    def test_method_that_another_file_has_as_well_calls_it(self):
        hidden = [
            f"{above.__module__}.{name} hides that of {below.__module__}"
            for model in self.env
            for name, above, below in _defined_twice(self.env[model])
            if "super(" not in inspect.getsource(getattr(above, name))
        ]
        self.assertEqual(hidden, [])


def _defined_twice(model):
    """(name, class, class below it) of methods that several files of ours define."""
    classes = [
        one
        for one in type(model).__mro__
        if one.__module__.startswith(ADDON) and one._name == model._name
    ]
    for place, above in enumerate(classes):
        for name, method in vars(above).items():
            below = next((one for one in classes[place + 1 :] if name in vars(one)), 0)
            if below and inspect.isfunction(getattr(method, "__func__", method)):
                yield name, above, below
