import hashlib
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...cloud_api import media as file_kinds
from ...cloud_api import payloads
from ...cloud_api.templates import TemplateDefinition
from ...plain import file_types
from ...tools.compat import decoded
from .template_part import matching

# Stands for the id of a file while nothing is sent.
FORESEEN = "foreseen"
_KINDS = [("image", "Image"), ("video", "Video")]
_CARD = re.compile(r"card:(\d{1,2})")


def card_payload(index: int) -> str:
    """What comes back from the answers on a card."""
    return f"card:{index + 1}"


def card_of(payload: str | None) -> int | None:
    """The number of the card on which the patient tapped an answer, from 1."""
    found = _CARD.fullmatch(payload or "")
    return found and int(found[1])


class TemplateCard(models.Model):
    """A card of a template's carousel, and the file that patients see on it.

    WhatsApp keeps a file once for each number, whichever card or message shows it: card
    and upload are matched by the file's checksum.
    """

    _name = "whatsapp.clinic.template.card"
    _description = "WhatsApp Template Card"
    _inherit = ["whatsapp.clinic.template.part"]
    _defined = frozenset({"index", "kind", "text"})
    _order = "template_id, index, id"

    template_id = fields.Many2one(
        "whatsapp.clinic.template", required=True, ondelete="cascade", index=True
    )
    index = fields.Integer(readonly=True, help="Place among the cards, from 0.")
    number = fields.Integer("Card", compute="_compute_number")
    kind = fields.Selection(_KINDS, required=True, readonly=True)
    text = fields.Text(readonly=True, help="Text and buttons, as WhatsApp has them.")
    file = fields.Binary(attachment=True, help="Patients see it on the card.")
    file_name = fields.Char()
    mime_type = fields.Char(compute="_compute_file", store=True)
    sha256 = fields.Char(
        "SHA-256", compute="_compute_file", store=True, index="btree_not_null"
    )

    _place_uniq = models.Constraint(
        "UNIQUE (template_id, index) DEFERRABLE INITIALLY DEFERRED",
        "One card for each place.",
    )

    @api.depends("index")
    def _compute_number(self):
        for card in self:
            card.number = card.index + 1

    @api.depends("file")
    def _compute_file(self):
        for card in self.with_context(bin_size=False):
            content = decoded(card.file)
            card.sha256 = content and hashlib.sha256(content).hexdigest()
            told = file_types.sniff(content) or file_types.UNKNOWN
            card.mime_type = content and told

    @api.depends("number", "text")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for card in self:
            card.display_name = self.env._("Card %s", card.number)

    @api.constrains("file", "kind")
    def _check_file(self):
        for card in self.with_context(bin_size=False).filtered("file"):
            content = decoded(card.file)
            try:
                file_kinds.check(card.kind, content, card.mime_type)
            except payloads.PayloadError as error:
                raise ValidationError(
                    self.env._(
                        "%(card)s: %(problem)s",
                        card=card.display_name,
                        problem=str(error),
                    )
                ) from error
        self.template_id._check_mapped()

    def _follow(self, template) -> dict[int, int | None]:
        """Make the rows of a template equal to the cards in its definition.

        Returns the former places, from 0, of the cards that did not stand where they
        stand now; None for a new one.
        """
        wanted = _row_values(template._listed())
        kept = self._found_again(wanted)
        former = {index: card and card.index for index, card in enumerate(kept)}
        for card, values in zip(kept, wanted, strict=True):
            if card and card.kind != values["kind"]:
                values["file"] = False
        commands = matching(self, kept, wanted, lambda new: new)
        if commands:
            template.card_ids = commands
            # In the order of their new places.
            template.invalidate_recordset(["card_ids"])
        return {index: place for index, place in former.items() if place != index}

    def _found_again(self, wanted: list[dict]) -> list:
        """The card of each place of a definition: the one with its text, wherever it
        stood, else the one that stood there; None where there was none."""
        found, rest = {}, self
        for names in (("index", "kind", "text"), ("kind", "text"), ("index",)):
            for index, values in enumerate(wanted):
                told = {**values, "index": index}
                alike = rest.filtered(
                    lambda one, names=names, told=told: all(
                        one[name] == told[name] for name in names
                    )
                )[:1]
                if index not in found and alike:
                    found[index] = alike
                    rest -= alike
        return [found.get(index) for index in range(len(wanted))]

    def _problems(self) -> list[str]:
        return [
            self.env._("%s: add the file that patients see.", card.display_name)
            for card in self
            if not card.sha256
        ]

    def _uploads(self, channel):
        """What WhatsApp keeps of these files for a number."""
        files = {(card.sha256, card.mime_type) for card in self}
        domain = [
            ("channel_id", "=", channel.id),
            ("sha256", "in", self.mapped("sha256")),
        ]
        uploads = self.env["whatsapp.clinic.media.upload"].search(domain)
        return uploads.filtered(lambda one: (one.sha256, one.mime_type) in files)

    def _headers(self, channel) -> list[payloads.MediaHeader]:
        """The files as a number sends them, in the order of the cards.

        Without a number, as they are foreseen.
        """
        # sudo: the ids of the files are for WhatsApp alone
        uploads = self._uploads(channel).sudo() if channel else ()
        ids = {one.sha256: one.media_id or "" for one in uploads}
        missing = "" if channel else FORESEEN
        return [
            payloads.MediaHeader(
                card.kind, payloads.Media(id=ids.get(card.sha256, missing))
            )
            for card in self
        ]


def _row_values(definition: TemplateDefinition) -> list[dict]:
    """Values of the rows of cards; none where one has neither picture nor video."""
    rows = []
    for index, card in enumerate(definition.cards):
        kind = card.header.kind.lower() if card.header else ""
        if kind not in dict(_KINDS):
            return []
        text = payloads.render(definition.card_components(index), {})
        rows.append({"kind": kind, "text": text or False})
    return rows
