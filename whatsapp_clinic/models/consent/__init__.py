from . import write_once_mixin  # before what inherits it
from . import (
    consent,
    consent_coverage,
    consent_proof,
    consent_purpose,
    consent_request,
    consent_state,
    personal_link,
    privacy_notice,
    privacy_notice_text,
    res_company,
    res_config_settings,
)
