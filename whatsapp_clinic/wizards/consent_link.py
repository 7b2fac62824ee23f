import io

import qrcode

from odoo import api, fields, models

from ..tools.compat import encoded


class ConsentLink(models.TransientModel):
    """Shows a personal link on the screen, once; nothing is kept here."""

    _name = "whatsapp.clinic.consent.link"
    _description = "Personal Link on the Screen"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    partner_name = fields.Char("For", store=False)
    url = fields.Char("Personal Link", store=False)
    qr_code = fields.Binary("QR Code", compute="_compute_qr_code")

    @api.depends("url")
    def _compute_qr_code(self):
        for link in self:
            link.qr_code = encoded(link.url and _qr_png(link.url))


def _qr_png(text: str) -> bytes:
    image = io.BytesIO()
    qrcode.make(text, box_size=6).save(image, format="PNG")
    return image.getvalue()
