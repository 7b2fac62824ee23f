from . import (
    appointment,
    appointment_desk,
    appointment_news,
    appointment_number,
    appointment_report,
    appointment_slot,
    template_variable,
)
