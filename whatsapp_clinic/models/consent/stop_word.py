from odoo import api, fields, models

from ...tools.text import fold

# What a message that is nothing but the word does.
EFFECTS = [
    ("stop", "Stop all messages"),
    ("stop_marketing", "Stop advertising"),
    ("start", "Allow messages again"),
    ("agree", "Agree to what was asked"),
    ("decline", "Decline what was asked"),
    ("cancel", "Ask what to cancel"),
]
# A whole message that is longer is a sentence, not a word.
LONGEST_WORD = 60
# With spaces, dots and emoji around it; whatever is longer is not even looked at.
LONGEST_MESSAGE = 4 * LONGEST_WORD


class StopWord(models.Model):
    """A word that, alone in a message, says what the patient wants.

    “Cancel” never withdraws a consent: it is asked what is meant.
    """

    _name = "whatsapp.clinic.stop.word"
    _description = "WhatsApp Stop Word"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "effect, word"
    _rec_name = "word"

    word = fields.Char(required=True, size=LONGEST_WORD)
    folded = fields.Char(compute="_compute_folded", store=True, precompute=True)
    effect = fields.Selection(EFFECTS, default="stop", required=True)
    lang_id = fields.Many2one(
        "res.lang",
        "Language",
        ondelete="restrict",
        context={"active_test": False},
        help="Who is not known as a patient is answered in it.",
    )
    active = fields.Boolean(default=True)

    _folded_uniq = models.Constraint("UNIQUE (folded)", "This word is already there.")
    _some_letters = models.Constraint(
        "CHECK (folded <> '')", "A word has letters or digits."
    )

    @api.depends("word")
    def _compute_folded(self):
        for stop_word in self:
            stop_word.folded = fold(stop_word.word or "")

    @api.model
    def _match(self, text: str):
        """The word that a whole message is, whatever its case or dots; else none."""
        folded = fold(text) if len(text) <= LONGEST_MESSAGE else ""
        is_short = 0 < len(folded) <= LONGEST_WORD
        return self.search([("folded", "=", folded)]) if is_short else self.browse()
