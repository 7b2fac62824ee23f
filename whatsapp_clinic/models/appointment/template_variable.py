from odoo import api, fields, models

from ..template.template_variable import date_text, patients_time, time_text

APPOINTMENT = "whatsapp.clinic.appointment"
_OF_VISITS = [
    ("practitioner_name", "Practitioner's name"),
    ("appointment_date", "Day of the appointment"),
    ("appointment_time", "Time of the appointment"),
    ("patient_date", "Day of the appointment by the patient's clock"),
    ("patient_time", "Time of the appointment by the patient's clock"),
]


class TemplateVariable(models.Model):
    """What of a visit templates can tell."""

    _inherit = "whatsapp.clinic.template.variable"

    builtin = fields.Selection(
        selection_add=[("clinic_phone",), *_OF_VISITS, ("personal_link",)]
    )

    @api.model
    def _builtins_only_of(self) -> dict[str, str]:
        own = {name: APPOINTMENT for name, _label in _OF_VISITS}
        return {**super()._builtins_only_of(), **own}

    def _builtin_practitioner_name(self, record):
        return record.practitioner_id.name

    def _builtin_appointment_date(self, record):
        return date_text(record._local_start(), self.template_id.language)

    def _builtin_appointment_time(self, record):
        return time_text(record._local_start(), self.template_id.language)

    def _builtin_patient_date(self, record):
        start = patients_time(record.start, record)
        return date_text(start, self.template_id.language)

    def _builtin_patient_time(self, record):
        start = patients_time(record.start, record)
        return time_text(start, self.template_id.language)
