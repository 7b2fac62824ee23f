import re
from pathlib import Path

from lxml import etree

from odoo.tests import TransactionCase, tagged

ADDON = Path(__file__).parents[2]
VIEWS = ADDON / "views"
MODELS = "odoo.addons.whatsapp_clinic.models."
# From the ground up, as the rooms are registered.
ROOMS = re.findall(r"import (\w+)", (ADDON / "models/__init__.py").read_text())
# What views name of a room above theirs; whoever moves some lowers this.
AT_MOST = 17


@tagged("post_install", "-at_install")
class TestRoomsOfViews(TransactionCase):
    """A view names fields, methods and records of its own room and of those below it.

    What a room above adds to a form stands in an inherited view in the folder of that
    room.
    """

    def _room_of(self, model: str, name: str) -> str | None:
        """The lowest room that declares a field or method; None where it is Odoo's."""
        declaring = [
            one.__module__
            for one in type(self.env[model]).__mro__
            if name in vars(one) and one.__module__.startswith("odoo.addons.")
        ]
        if not all(one.startswith(MODELS) for one in declaring):
            return None
        rooms = {one.removeprefix(MODELS).partition(".")[0] for one in declaring}
        return min(rooms & {*ROOMS}, key=ROOMS.index, default=None)

    def _named(self, node, model: str):
        """(model, name) of the fields and buttons below a node of a view."""
        for child in node.iterchildren(tag=etree.Element):
            name, inner = child.get("name"), model
            is_method = child.tag == "button" and child.get("type") == "object"
            if child.tag == "field" or is_method:
                yield model, name
                field = self.env[model]._fields.get(name)
                inner = (child.tag == "field" and field and field.comodel_name) or model
            yield from self._named(child, inner)

    def _upward(self) -> set[tuple[str, str]]:
        views = self.env["ir.ui.view"].with_context(active_test=False)
        found = set()
        for view in views.search([("arch_fs", "=like", "whatsapp_clinic/views/%/%")]):
            path = view.arch_fs.removeprefix("whatsapp_clinic/views/")
            room = path.partition("/")[0]
            if room not in ROOMS or view.model not in self.env:
                continue
            for model, name in self._named(etree.fromstring(view.arch_db), view.model):
                owner = self._room_of(model, name)
                if owner and ROOMS.index(owner) > ROOMS.index(room):
                    found.add((path, f"{model}.{name}"))
        return found

    def test_a_view_names_nothing_of_a_room_above(self):
        found = self._upward()
        self.assertLessEqual(len(found), AT_MOST, sorted(found))

    def test_a_view_refers_to_no_record_of_a_room_above(self):
        files = [one for room in ROOMS for one in (VIEWS / room).glob("*.xml")]
        texts = {one: one.read_text() for one in files}
        owner = {}
        for path, text in texts.items():
            height = ROOMS.index(path.parent.name)
            for xml_id in re.findall(r'<(?:record|template)[^>]*? id="(\w+)"', text):
                owner[xml_id] = min(height, owner.get(xml_id, height))
        upward = {
            (path.name, xml_id)
            for path, text in texts.items()
            for xml_id in re.findall(r'(?:%\(|ref=")(?:whatsapp_clinic\.)?(\w+)', text)
            if owner.get(xml_id, 0) > ROOMS.index(path.parent.name)
        }
        self.assertFalse(upward)
