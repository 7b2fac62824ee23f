from odoo import models


class Message(models.Model):
    """A message is told what the gate says to it, and looked at before it leaves."""

    _inherit = "whatsapp.clinic.message"

    def _verdicts(self, leaves_now=False):
        known = super()._verdicts(leaves_now)
        gate = self.env["whatsapp.clinic.gate"]
        return {**known, **gate._judge(self, leaves_now)}

    def _verdicts_on_patients(self):
        known = super()._verdicts_on_patients()
        return {**known, **self.env["whatsapp.clinic.gate"]._judge_patients(self)}

    def _render(self, attempts):
        """Raises NotMinimal, too, for what tells more than it should."""
        payload, text = super()._render(attempts)
        warning = self.env["whatsapp.clinic.content.check"]._inspect(self, payload)
        if (self.content_warning or "") != warning:
            self.content_warning = warning
        return payload, text
