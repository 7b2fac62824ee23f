import re

from odoo import api, fields, models, tools

from ...tools.compat import forget_cached
from ...tools.text import fold, search_key
from ..vocabulary.actions import STOPS, WORDS

COURTESY, REFUSAL = "courtesy", "refusal"
# What changes nothing by itself.
OTHER_EFFECTS = [
    (COURTESY, "None: it is left out around another word"),
    (REFUSAL, "Call reception"),
]
_REFUSING = (*STOPS, REFUSAL)
# A whole message that is longer is a sentence, not a word.
LONGEST_WORD = 60
# With spaces, dots and emoji around it; whatever is longer is not even looked at.
LONGEST_MESSAGE = 4 * LONGEST_WORD
# A word whose letters stand apart: three at least, since “o” and “I” are words.
_APART = re.compile(r"\b\w(?: \w){2,}\b")


class StopWord(models.Model):
    """A word that, alone in a message, says what the patient wants.

    Courtesy around it changes nothing. “Cancel” never withdraws a consent: it is asked
    what is meant.
    """

    _name = "whatsapp.clinic.stop.word"
    _description = "WhatsApp Stop Word"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "effect, word"
    _rec_name = "word"

    word = fields.Char(required=True, size=LONGEST_WORD)
    folded = fields.Char(compute="_compute_folded", store=True, precompute=True)
    effect = fields.Selection([*WORDS, *OTHER_EFFECTS], default="stop", required=True)
    lang_id = fields.Many2one(
        "res.lang",
        "Language",
        ondelete="restrict",
        context={"active_test": False},
        help="Who writes the word is answered in it. Empty: in the patient's language.",
    )
    only_in_language = fields.Boolean(
        "Only in Its Language",
        help="It means something else in other languages: it counts for patients of "
        "this one, and for people whose language nobody knows.",
    )
    is_heard_inside = fields.Boolean(
        "Inside a Sentence: Call Reception",
        compute="_compute_is_heard_inside",
        store=True,
        readonly=False,
        precompute=True,
        help="Who writes it within a short sentence may want no more messages.",
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

    @api.depends("effect")
    def _compute_is_heard_inside(self):
        for stop_word in self:
            stop_word.is_heard_inside = stop_word.effect in _REFUSING

    @api.model_create_multi
    def create(self, vals_list):
        forget_cached(self.env)
        return super().create(vals_list)

    def write(self, vals):
        forget_cached(self.env)
        return super().write(vals)

    def unlink(self):
        forget_cached(self.env)
        return super().unlink()

    @api.model
    def _match(self, text: str, lang: str | None = None):
        """The word that a message is, whatever its case, dots and courtesy; else none.

        `lang` is the language of who wrote it (such as `tr_TR`), None if nobody knows.
        """
        said = _tokens(text)
        words, courtesies = self._counting(lang and lang[:2])
        return self.browse(words.get(said) or words.get(_without(courtesies, said)))

    @api.model
    def _sounds_like_refusal(self, text: str, lang: str | None = None) -> bool:
        """Whether a short message has a word in it that may ask for silence.

        Letters may stand apart (S T O P), and have lost their marks (cikarin). A word
        of another language only does so alone: that language may be theirs.
        """
        said = _plain(_tokens(text))
        return any(
            f" {word} " in f" {said} " if is_theirs else word == said
            for word, is_theirs in self._refusals(lang and lang[:2])
        )

    @api.model
    @tools.ormcache("language")
    def _counting(self, language: str | None) -> tuple[dict, list[list[str]]]:
        """({word: id}, courtesies as lists of words) for somebody's language.

        `language` is its two letters, None if nobody knows.
        """
        words, courtesies = {}, []
        for (
            own_language,
            word,
            word_id,
            effect,
            _is_heard_inside,
        ) in self._known_words():
            if not _is_theirs(own_language, language):
                continue
            if effect == COURTESY:
                courtesies.append(word.split())
            else:
                words.setdefault(word, word_id)
        return words, courtesies

    @api.model
    @tools.ormcache("language")
    def _refusals(self, language: str | None) -> list[tuple[str, bool]]:
        """(plain letters, whether it is of somebody's language) of the words that are
        heard inside of a sentence."""
        return [
            (_plain(word), _is_theirs(own_language, language))
            for own_language, word, _id, _effect, is_heard_inside in self._known_words()
            if is_heard_inside
        ]

    @api.model
    @tools.ormcache()
    def _known_words(self) -> list[tuple]:
        return [
            (
                one.only_in_language and one.lang_id.code,
                _tokens(one.word),
                one.id,
                one.effect,
                one.is_heard_inside,
            )
            for one in self.sudo().search([("active", "=", True)])
        ]


def _is_theirs(own_language, language: str | None) -> bool:
    """Whether a word of one language alone, if any, counts for somebody's."""
    return not own_language or not language or own_language[:2] == language


def _tokens(text: str) -> str:
    """The folded words of a short message, a space between two; else nothing."""
    folded = fold(text) if len(text) <= LONGEST_MESSAGE else ""
    return " ".join(re.findall(r"\w+", folded)) if len(folded) <= LONGEST_WORD else ""


def _plain(said: str) -> str:
    """Words without marks on their letters, and whole where these stood apart."""
    return _APART.sub(lambda apart: apart[0].replace(" ", ""), search_key(said))


def _without(courtesies: list[list[str]], said: str) -> str:
    """What is left when courtesy before and after it is taken away."""
    words = said.split()
    shorter = words
    while shorter is not None:
        words, shorter = shorter, None
        for courtesy in courtesies:
            size = len(courtesy)
            if words[:size] == courtesy:
                shorter = words[size:]
            elif words[-size:] == courtesy:
                shorter = words[:-size]
    return " ".join(words)
