from . import (
    consent,
    first_consent,
    guardianship,
    patient_consent,
    patient_search,
    res_partner,
)
