from datetime import datetime

from odoo import api, fields, models

from ...tools import clock
from ..gate.content_check import NotMinimal
from ..gate.content_refusal import refuse_content
from ..gate.verdict import Verdict, refuse
from ..provider.door import NotAllowed
from ..template.template_variable import MissingValue
from ..vocabulary.states import WAITING_STATES
from .rendering import file_of, outgoing_of


class Message(models.Model):
    """A row on its way out: by which sending, when, and as what."""

    _inherit = "whatsapp.clinic.message"

    sending_id = fields.Many2one(
        "whatsapp.clinic.sending", ondelete="set null", index="btree_not_null"
    )
    only_coming = fields.Boolean(
        help="A message leaves only while its visit is still to come and was not moved."
    )

    def _outgoing(self, traits, attempts):
        if self.template_id or self.kind == "text":
            return super()._outgoing(traits, attempts)
        return outgoing_of(self, attempts), self.body

    def _template_header(self):
        """What fills the header of a template that is no text: a file, or a place as in
        `content`; None for a text. Raises MissingValue.
        """
        kind = self.template_id.header_format
        if not kind:
            return super()._template_header()
        place = (self.content or {}).get("location")
        if kind == "location" and place:
            return place
        if kind == "location" or not self.attachment_id:
            raise MissingValue(self.env._("header"))
        return file_of(self)

    def _card_headers(self) -> list:
        """The files of a carousel's cards; none for other templates."""
        template = self.template_id
        if not template.is_carousel:
            return super()._card_headers()
        return template.card_ids._headers(self.channel_id if self._origin else None)

    def _refused_now(self):
        """Also those whose text cannot be made, unless it waits for a file."""
        known, now = super()._refused_now(), clock.now()
        # What has a file is made when WhatsApp has the file.
        made = self.filtered(
            lambda one: (
                one not in known
                and one.state != "held"
                and one.due_at <= now
                and not one._file_count
            )
        )
        refusals = {one: one._judge_text() for one in made}
        return known | {one: refusal for one, refusal in refusals.items() if refusal}

    def _judge_text(self) -> Verdict | None:
        """Why the text cannot be made for its messenger, as a refusal; None if it can.

        A personal link is made when the message leaves, and its text judged then.
        """
        self.ensure_one()
        if self.consent_request_id or not self.channel_id:
            return None
        try:
            payload, _text = self._render_unchecked(attempts=1)
            self.env["whatsapp.clinic.content.check"]._inspect(self, payload)
        except MissingValue as missing:
            return refuse("value_missing", str(missing))
        except NotMinimal as found:
            return refuse("not_minimal", str(found))
        except NotAllowed as error:
            return refuse_content(self.env, error)
        return None

    @api.model
    def _on_due(self):
        result = super()._on_due()
        self.env["whatsapp.clinic.dispatcher"]._wake()
        return result

    def _notify_in_chatter(self):
        """Show in the notes about these rows what becomes of them."""

    def _leave_not_before(self, at: datetime | None):
        """Let what is queued wait until a time (naive UTC), and leave then."""
        waiting = self.filtered(lambda one: one.state in WAITING_STATES)
        if at and at > clock.precise_now() and waiting:
            waiting.due_at = at
            self.env["whatsapp.clinic.dispatcher"]._wake(at)
