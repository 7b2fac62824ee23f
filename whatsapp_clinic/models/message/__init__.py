from . import (
    consent,
    identity_act,
    message,
    attempt,
    message_answer,
    message_content,
    message_identity,
    message_kind,
    message_patient,
    res_company,
    subject,
    template_asked,
)
