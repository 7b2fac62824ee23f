from . import (
    first_consent,
    guardianship,
    patient_consent,
    patient_search,
    res_partner,
)
