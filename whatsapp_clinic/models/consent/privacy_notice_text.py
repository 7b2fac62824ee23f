import hashlib

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...tools import write_once
from .write_once_mixin import BOOKKEEPING

# Stands around what the clinic has to fill in; no such text is published.
_GAP = "[["


class PrivacyNoticeText(models.Model):
    """A version of the privacy notice in one language."""

    _name = "whatsapp.clinic.privacy.notice.text"
    _description = "Text of a Privacy Notice"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "whatsapp.clinic.write.once.mixin"]
    _order = "notice_id, id"
    _rec_name = "title"
    _write_once_except = BOOKKEEPING
    _write_once_when = SQL("OLD.sha256 IS NOT NULL")

    notice_id = fields.Many2one(
        "whatsapp.clinic.privacy.notice", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="notice_id.company_id", store=True, precompute=True
    )
    lang = fields.Selection(
        lambda self: self._languages(),
        "Language",
        required=True,
        help="Of the patients: also one that Odoo itself is not shown in.",
    )
    title = fields.Char(required=True)
    body = fields.Html(required=True, sanitize_overridable=False)
    sha256 = fields.Char(
        "SHA-256", readonly=True, copy=False, help="Of title and text, as published."
    )

    _lang_uniq = models.Constraint(
        "UNIQUE (notice_id, lang)", "This language is already there."
    )

    @api.depends("title", "lang")
    def _compute_display_name(self):
        for text in self:
            text.display_name = text.title and f"{text.title} ({text.lang})"

    @api.model
    def _languages(self) -> list[tuple[str, str]]:
        languages = self.env["res.lang"].search([("active", "in", (True, False))])
        return [(language.code, language.name) for language in languages]

    def init(self):
        write_once.protect_children(
            self.env.cr,
            self._table,
            ("notice_id",),
            self.env["whatsapp.clinic.privacy.notice"]._table,
            "published_at",
        )
        return super().init()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_closed_by_hand(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_not_closed_by_hand(vals)
        return super().write(vals)

    @api.model
    def _check_not_closed_by_hand(self, vals: dict):
        if "sha256" in vals and not self.env.su:
            raise AccessError(self.env._("Use the button to publish a version."))

    def _has_gaps(self) -> bool:
        """Whether something is left that the clinic has to fill in."""
        return _GAP in f"{self.title}{self.body}"

    def _close(self):
        """Fix the texts for good, with their hashes."""
        for text in self:
            content = f"{text.title}\n{text.body}"
            text.sha256 = hashlib.sha256(content.encode()).hexdigest()
