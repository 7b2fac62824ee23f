from . import partner_merge, res_partner
