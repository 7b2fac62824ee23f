from . import (
    identity,
    identity_act,
    identity_alias,
    identity_merge,
    partner_merge,
    res_partner,
)
