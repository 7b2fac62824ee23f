from odoo import fields, models

from ...cloud_api import payloads
from ...tools.text import fold

# What a tap does; the payload of a quick reply is `<action>:<key of the outbox row>`.
ACTIONS = [
    ("confirm", "Confirm the appointment"),
    ("reschedule", "Ask for another time"),
    ("cancel", "Cancel the appointment"),
    ("stop", "Stop all messages"),
    ("none", "Nothing"),
]
# Words on buttons that say plainly what they do, in the languages of the library.
_GUESSES = {
    "confirm": {"confirm", "onayla", "onaylıyorum", "geliyorum", "evet"},
    "reschedule": {"reschedule", "ertele", "değiştir", "başka zaman"},
    "cancel": {"cancel", "iptal", "iptal et"},
    "stop": {"stop messages", "mesajları durdur"},
}


class TemplateButton(models.Model):
    """A button under a template and what a tap on it does."""

    _name = "whatsapp.clinic.template.button"
    _description = "WhatsApp Template Button"
    _order = "template_id, index"

    template_id = fields.Many2one(
        "whatsapp.clinic.template", required=True, ondelete="cascade", index=True
    )
    index = fields.Integer(readonly=True, help="Place among the buttons, from 0.")
    kind = fields.Char(readonly=True, help="WhatsApp's type, such as QUICK_REPLY.")
    text = fields.Char(readonly=True)
    action = fields.Selection(ACTIONS, default="none", required=True)

    _index_uniq = models.Constraint(
        "UNIQUE (template_id, index)", "One button for each place."
    )

    def _parameters(self, key: str, values: dict):
        """What each button sends back or opens (`payloads.QuickReply`, `UrlSuffix`)."""
        for button in self:
            part = f"button:{button.index}"
            if button.kind == "QUICK_REPLY" and button.action != "none":
                payload = f"{button.action}:{key}"
                yield payloads.QuickReply(button.index, payload)
            elif button.kind == "URL":
                for (component, _name), text in values.items():
                    if component == part:
                        yield payloads.UrlSuffix(button.index, text)

    def _take_over(self, template):
        """Make the rows of a template equal to the buttons in its definition."""
        wanted = dict(enumerate(_definitions(template.components or [])))
        known = {button.index: button for button in self}
        for index, button in known.items():
            if index not in wanted:
                button.unlink()
        for index, definition in wanted.items():
            values = {
                "kind": str(definition.get("type")).upper(),
                "text": definition.get("text"),
            }
            if index in known:
                known[index].write(values)
            else:
                action = _guess(values["text"] or "")
                self.create(
                    {
                        **values,
                        "template_id": template.id,
                        "index": index,
                        "action": action,
                    }
                )


def _definitions(components: list[dict]) -> list[dict]:
    groups = [
        component.get("buttons") or []
        for component in components
        if str(component.get("type")).upper() == "BUTTONS"
    ]
    return [button for group in groups for button in group]


def _guess(text: str) -> str:
    word = fold(text)
    return next(
        (action for action, words in _GUESSES.items() if word in map(fold, words)),
        "none",
    )
