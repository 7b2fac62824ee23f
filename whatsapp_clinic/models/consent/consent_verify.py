from odoo import api, models

from ...tools import clock
from ...tools.access import require_group

CHAINS = ("whatsapp.clinic.consent", "whatsapp.clinic.consent.proof")


class ConsentProof(models.Model):
    """Whether the whole chain of consents and proofs is as it was written."""

    _inherit = "whatsapp.clinic.consent.proof"

    def action_verify_all(self) -> dict:
        """Verify every consent and proof of the user's companies; tell the result."""
        require_group(self.env, "group_privacy_officer")
        own = [("company_id", "in", self.env.companies.ids)]
        count = self.sudo()._count_broken_evidence(own)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Not intact")
                if count
                else self.env._("Still intact"),
                "message": self.env._(
                    "Consents and proofs that were changed, or miss the row before "
                    "them: %s. Verify the single proofs, and compare with a backup.",
                    count,
                )
                if count
                else self.env._(
                    "Every consent and proof is as it was written, and none is missing "
                    "between them."
                ),
                "type": "danger" if count else "success",
                "sticky": bool(count),
            },
        }

    @api.model
    def _count_broken_evidence(self, domain: list) -> int:
        return sum(self.env[name]._count_broken(domain) for name in CHAINS)

    @api.model
    def _cron_verify_all(self):
        """Open an alarm while a row is not as it was written, and close it after."""
        count = self._count_broken_evidence([])
        causes = {0: (clock.now(), count)} if count else {}
        self.env["whatsapp.clinic.alarm"]._settle("evidence", causes)
