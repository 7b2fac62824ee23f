from . import (
    consent,
    identity,
    identity_act,
    identity_address,
    partner_merge,
    res_partner,
)
