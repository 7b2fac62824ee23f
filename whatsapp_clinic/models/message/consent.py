from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..consent.consent_state import GIVEN, OBJECTIONS, REVOKED


class Consent(models.Model):
    """What was said in the chat proves it; what is queued follows it."""

    _inherit = "whatsapp.clinic.consent"

    message_id = fields.Many2one(
        "whatsapp.clinic.message",
        "Proof in the Chat",
        ondelete="restrict",
        index="btree_not_null",
    )

    @api.constrains("method", "decision", "message_id", "partner_id", "guardian_id")
    def _check_said_by_who_decides(self):
        for consent in self:
            deciding = consent.partner_id | consent.guardian_id
            is_theirs = deciding & consent.message_id.identity_id.partner_ids
            needs_words = consent.method == "chat" and consent.decision == "given"
            if (consent.message_id or needs_words) and not is_theirs:
                raise ValidationError(
                    self.env._(
                        "What is said in the chat is proved by a message of the "
                        "patient's own, or of who decides for the patient."
                    )
                )

    def _on_entered(self):
        """A withdrawal cancels what is queued; a consent plans what rules write with
        it."""
        result = super()._on_entered()
        states = self._states(self.partner_id, self.purpose_id, self.company_id)
        given = self.browse()
        for consent in self:
            pair = (consent.partner_id.id, consent.purpose_id.id)
            state = states.of(consent.company_id).get(pair)
            if state == GIVEN:
                given |= consent
            elif state in REVOKED:
                self.env["whatsapp.clinic.message"]._cancel_open(
                    [
                        ("partner_id", "=", pair[0]),
                        ("purpose_id", "=", pair[1]),
                        ("company_id", "child_of", consent.company_id.root_id.id),
                    ],
                    OBJECTIONS[state],
                )
        given.partner_id._plan_messages()
        return result
