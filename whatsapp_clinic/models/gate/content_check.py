from collections.abc import Iterator

from odoo import api, models
from odoo.tools import LazyTranslate

from ...tools import sensitive_numbers
from ...tools.text import fold, words_of_html

_lt = LazyTranslate(__name__)

FINDINGS = {
    "national_id": _lt("a national id"),
    "card": _lt("a card number"),
    "diagnosis": _lt("a field marked as diagnosis"),
    "specialty": _lt("the practitioner's specialty"),
}
# Shorter values stand in a text by chance.
SHORTEST_VALUE = 4
# What a payload says of itself, and numbers that are WhatsApp's.
_ENVELOPE = frozenset(
    {
        "biz_opaque_callback_data",
        "context",
        "flow_id",
        "flow_token",
        "language",
        "messaging_product",
        "recipient",
        "recipient_type",
        "sub_type",
        "to",
        "type",
        "wa_id",
    }
)
# Below these names others are left out: files have an id of WhatsApp's, and a form is
# given whatever its author named.
_LEFT_OUT_BELOW = {
    **dict.fromkeys(
        ("audio", "document", "image", "sticker", "video"), _ENVELOPE | {"id"}
    ),
    "data": frozenset(),
}


class NotMinimal(Exception):
    """The text tells more than it should; the exception's text says what."""


class ContentCheck(models.AbstractModel):
    """Looks for what should not leave: WhatsApp is not the place for health data.

    KVKK article 4 and GDPR article 5 ask for no more than the purpose needs; Meta's
    policy asks not to send or ask for card, account and id numbers.
    """

    _name = "whatsapp.clinic.content.check"
    _description = "Minimal Content"

    @api.model
    def _find(self, message, texts) -> list[str]:
        """What of FINDINGS stands in the texts of a message."""
        text = "\n".join(filter(None, texts))
        company = message.company_id.sudo()
        if company.clinic_content_check == "off" or not text:
            return []
        return [
            *self._find_numbers(message, text),
            *self._find_values(message, fold(text)),
        ]

    @api.model
    def _find_numbers(self, message, text: str) -> Iterator[str]:
        if sensitive_numbers.may_hold_one(text):
            branches = message.channel_id.sudo().branch_ids
            countries = message.company_id.sudo().country_id | branches.country_id
            codes = frozenset(countries.mapped("code"))
            yield from sensitive_numbers.find(text, codes)

    @api.model
    def _find_values(self, message, folded: str) -> Iterator[str]:
        company = message.company_id.sudo()
        if any(
            _stands_in(value, folded)
            for record in (message.partner_id, message._subject)
            for value in self._marked_values(company, record)
        ):
            yield "diagnosis"
        specialty = company.clinic_check_specialty and message._subject._specialty()
        if _stands_in(specialty, folded):
            yield "specialty"

    @api.model
    def _marked_values(self, company, record) -> Iterator[str]:
        for marked in company.clinic_diagnosis_field_ids:
            if record and marked.model == record._name:
                yield from _told(record.sudo(), marked.name)

    @api.model
    def _objection(self, message, texts) -> str | None:
        """What of the texts keeps the message back, in words; None where nothing does.

        A company that only wants a warning has none.
        """
        if message.company_id.sudo().clinic_content_check != "block":
            return None
        return self._tell(self._find(message, texts)) or None

    @api.model
    def _inspect(self, message, payload: dict) -> str:
        """What the finished payload tells too much, to note on the message.

        Raises NotMinimal where the company refuses it.
        """
        found = self._tell(self._find(message, texts_of(payload)))
        if found and message.company_id.sudo().clinic_content_check == "block":
            raise NotMinimal(found)
        return found

    @api.model
    def _tell(self, findings: list[str]) -> str:
        return ", ".join(self.env._(FINDINGS[one]) for one in findings)


def texts_of(payload, left_out: frozenset = _ENVELOPE) -> Iterator[str]:
    """Every text and number in a payload that may tell something of the patient.

    What the patient does not see leaves the house as well: addresses, and what a button
    sends back. `left_out` are names of which nothing is told.
    """
    if isinstance(payload, str | int) and not isinstance(payload, bool):
        yield str(payload)
    elif isinstance(payload, dict):
        for name, value in payload.items():
            if name not in left_out:
                below = _LEFT_OUT_BELOW.get(name, left_out) if left_out else left_out
                yield from texts_of(value, below)
    elif isinstance(payload, list | tuple):
        for value in payload:
            yield from texts_of(value, left_out)


def _told(record, name: str) -> list[str]:
    """What a field of a record says, in the words in which it is shown."""
    value, field = record[name], record._fields[name]
    if isinstance(value, models.BaseModel):
        return value.mapped("display_name")
    if field.type == "selection":
        labels = dict(field._description_selection(record.env))
        return [labels.get(value, "")]
    if field.type == "html":
        return [words_of_html(value or "")]
    return [str(value)] if value else []


def _stands_in(value, folded: str) -> bool:
    wanted = fold(value or "")
    return len(wanted) >= SHORTEST_VALUE and wanted in folded
