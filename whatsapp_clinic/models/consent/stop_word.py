from odoo import api, fields, models

from ...tools.text import fold


class StopWord(models.Model):
    """A word that, alone in a message, stops all messages or allows them again."""

    _name = "whatsapp.clinic.stop.word"
    _description = "WhatsApp Stop Word"
    _order = "effect, word"
    _rec_name = "word"

    word = fields.Char(required=True)
    folded = fields.Char(compute="_compute_folded", store=True, precompute=True)
    effect = fields.Selection(
        [("stop", "Stop all messages"), ("start", "Allow messages again")],
        default="stop",
        required=True,
    )
    active = fields.Boolean(default=True)

    _folded_uniq = models.Constraint("UNIQUE (folded)", "This word is already there.")

    @api.depends("word")
    def _compute_folded(self):
        for stop_word in self:
            stop_word.folded = fold(stop_word.word or "")

    @api.model
    def _effect_of(self, text: str) -> str | None:
        """`stop`, `start` or None for a whole message, whatever its case or dots."""
        if len(text) > 60:
            return None
        return self.search([("folded", "=", fold(text))]).effect or None
