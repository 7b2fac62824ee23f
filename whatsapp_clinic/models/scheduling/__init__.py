from . import appointment, appointment_type, branch, message_rule, practitioner
