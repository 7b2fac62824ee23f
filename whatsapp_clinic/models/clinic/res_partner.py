from odoo import models

# The type of notes on contacts that nobody else reads.
CLINIC_NOTE = "clinic_note"


class ResPartner(models.Model):
    """A person of the clinic."""

    _inherit = "res.partner"

    def _plan_messages(self):
        """Have planned what is to come for these, and for whom they decide.

        For when something that stood against writing to them has ended.
        """

    def _ask_for_number(self):
        """Have reception ask these patients for their number when they come."""

    def _note_for_staff(self, body: str):
        """Note on the contact what only roles of the clinic may read: it tells that
        somebody is a patient."""
        self.ensure_one()
        self._message_log(body=body, message_type=CLINIC_NOTE)
