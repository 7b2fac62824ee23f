from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

_NO_DELAY = {"offset": 0, "offset_side": "after"}
# Which templates of the library rules send: the rule's name and when it writes.
PROPOSALS = [
    (
        "appointment_confirmation",
        _lt("Confirmation of the booking"),
        {"anchor": "booked", **_NO_DELAY},
    ),
    (
        "appointment_reminder",
        _lt("Reminder the day before"),
        {"anchor": "start", "offset": 24, "offset_side": "before"},
    ),
    (
        "appointment_moved",
        _lt("The appointment was moved"),
        {"anchor": "moved", **_NO_DELAY},
    ),
    (
        "appointment_cancelled",
        _lt("The appointment was cancelled"),
        {"anchor": "cancelled", **_NO_DELAY},
    ),
    (
        "missed_visit",
        _lt("The visit was missed"),
        {"anchor": "noshow", "offset": 2, "offset_side": "after"},
    ),
]


class MessageRule(models.Model):
    """Rules that most clinics want, idle until somebody switches them on."""

    _inherit = "whatsapp.clinic.message.rule"

    @api.model
    def _propose(self, templates):
        """Write idle rules for templates of the library that no rule sends yet.

        `templates` are of one company; each is taken in the company's language where it
        has one, as every patient gets it in their own.
        """
        company = templates.company_id
        purpose = self.env.ref("whatsapp_clinic.purpose_appointment")
        new = []
        for name, title, when in PROPOSALS:
            variants = templates.filtered(lambda one, its=name: one.name == its)
            if not variants or self._all_sending(variants[0]):
                continue
            new.append(
                {
                    **when,
                    "name": self.env._(title),
                    "active": False,
                    "company_id": company.id,
                    "template_id": variants._preferred().id,
                    "purpose_id": purpose.id,
                }
            )
        return self.create(new)
