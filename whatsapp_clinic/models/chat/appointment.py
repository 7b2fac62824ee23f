from odoo import models

from ..vocabulary.states import WAITING_STATES


class Appointment(models.Model):
    """What somebody was told by mistake is taken back in the chat."""

    _inherit = "whatsapp.clinic.appointment"

    def _take_back(self, told, start):
        chat = self.env["whatsapp.clinic.chat.answers"].sudo()
        when = chat._when(told, start)
        answer = chat._answer(told, "not_yours", visit=self, **when)
        return super()._take_back(told, start) or answer.state in WAITING_STATES
