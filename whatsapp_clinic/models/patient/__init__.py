from . import (
    consent,
    guardianship,
    patient_consent,
    res_partner,
)
