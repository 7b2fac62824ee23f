from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..cloud_api.payloads.checks import parameter_text
from ..models.gate.content_refusal import tell_content
from ..models.provider.door import NotAllowed
from ..models.whatsapp.refusals import told_neutrally


class Composer(models.TransientModel):
    """Asks the sender for the texts that a template leaves to them."""

    _inherit = "whatsapp.clinic.composer"

    asked_ids = fields.One2many(
        "whatsapp.clinic.composer.text",
        "composer_id",
        "Your Words",
        compute="_compute_asked_ids",
        store=True,
        readonly=False,
    )

    @api.depends("template_id")
    def _compute_asked_ids(self):
        for composer in self:
            composer.asked_ids = [
                Command.clear(),
                *(
                    Command.create({"key": one._asked_key, "name": one._asked_name})
                    for one in composer.template_id._asked()
                ),
            ]

    @api.depends("asked_ids.text")
    def _compute_outlook(self):
        return super()._compute_outlook()

    def _variables(self) -> dict:
        return {one.key: one.text for one in self.asked_ids if one.text}

    def _content(self) -> dict:
        return {**super()._content(), "variables": self._variables()}

    def _check_content(self, records):
        for one in self.asked_ids if self._template() else []:
            one._check()
        if self.asked_ids and len(records) > 1 and self._template()._is_code:
            raise UserError(
                self.env._(
                    "A one-time code is for one patient: send it to each alone, or "
                    "have the template read it from a field."
                )
            )
        return super()._check_content(records)


class ComposerText(models.TransientModel):
    """One text that a template asks from the sender."""

    _name = "whatsapp.clinic.composer.text"
    _description = "Text for a WhatsApp Template"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    composer_id = fields.Many2one(
        "whatsapp.clinic.composer", required=True, ondelete="cascade"
    )
    key = fields.Char(required=True)
    name = fields.Char("What", required=True)
    text = fields.Char()

    def _check(self):
        """Raise UserError for what WhatsApp would refuse (Cloud API, 132018)."""
        try:
            with told_neutrally():
                parameter_text(self.name, self.text or "", 1024)
        except NotAllowed as error:
            raise UserError(tell_content(self.env, error)) from None
