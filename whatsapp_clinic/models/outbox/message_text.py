from odoo import models

from ...tools import clock
from ..gate.content_check import NotMinimal
from ..gate.content_refusal import refuse_content
from ..gate.verdict import Verdict, refuse
from ..provider.door import NotAllowed
from ..template.template_variable import MissingValue


class Message(models.Model):
    """What only making the text finds out is told when the message is queued."""

    _inherit = "whatsapp.clinic.message"

    def _judge_at_entry(self):
        result = super()._judge_at_entry()
        now = clock.now()
        # What has a file is made when WhatsApp has the file.
        leaving = self.filtered(
            lambda one: (
                one.state == "queued" and one.due_at <= now and not one._file_count
            )
        )
        for message in leaving:
            refusal = message._judge_text()
            if refusal:
                message._refuse(refusal)
        return result

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
