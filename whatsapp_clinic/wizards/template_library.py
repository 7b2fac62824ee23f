from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.access import require_group

STANDS = [
    ("missing", "Missing"),
    ("draft", "Draft"),
    ("review", "In review"),
    ("approved", "Ready"),
    ("trouble", "Needs attention"),
]


class TemplateLibrary(models.TransientModel):
    """Shows what an account has of the library, and submits what is missing."""

    _name = "whatsapp.clinic.template.library"
    _description = "Library of WhatsApp Templates"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        "Account of",
        required=True,
        ondelete="cascade",
        default=lambda self: self._default_channel(),
        help="Templates belong to the WhatsApp account of this number.",
    )
    line_ids = fields.One2many(
        "whatsapp.clinic.template.library.line",
        "library_id",
        compute="_compute_line_ids",
        store=True,
    )
    missing_count = fields.Integer(compute="_compute_line_ids", store=True)

    @api.model
    def _default_channel(self):
        if self.env.context.get("active_model") == "whatsapp.clinic.channel":
            return self.env.context.get("active_id")
        return self.env["whatsapp.clinic.channel"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )

    @api.depends("channel_id")
    def _compute_line_ids(self):
        templates = self.env["whatsapp.clinic.template"]
        for library in self:
            channel = library.channel_id
            status = templates._library_status(channel)
            keys = {
                entry["name"]: (channel.company_id.id, template.name or entry["name"])
                for entry, template, _stands in status
            }
            titles = templates._titles({*keys.values()})
            lines = [
                {
                    "name": entry["name"],
                    "title": titles[keys[entry["name"]]],
                    "language": entry["language"],
                    "body": entry["body"],
                    "template_id": template.id,
                    "stands": stands,
                }
                for entry, template, stands in status
            ]
            library.line_ids = [
                fields.Command.clear(),
                *map(fields.Command.create, lines),
            ]
            library.missing_count = sum(
                line["stands"] in ("missing", "draft") for line in lines
            )

    def action_submit_missing(self) -> dict:
        """Write what is missing and have WhatsApp review it; propose rules for it."""
        self.ensure_one()
        require_group(self.env, "group_manager")
        templates = self.env["whatsapp.clinic.template"]
        drafts = templates._add_missing(self.channel_id)
        if not drafts:
            raise UserError(self.env._("The account has all templates of the library."))
        drafts.action_submit()
        self.env["whatsapp.clinic.message.rule"]._propose(drafts)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Templates"),
            "res_model": templates._name,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", drafts.ids)],
        }


class TemplateLibraryLine(models.TransientModel):
    """A template of the library and how it stands in the account."""

    _name = "whatsapp.clinic.template.library.line"
    _description = "Template of the Library"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    library_id = fields.Many2one(
        "whatsapp.clinic.template.library", required=True, ondelete="cascade"
    )
    name = fields.Char("Name at WhatsApp", readonly=True)
    title = fields.Char("Template Title", readonly=True)
    language = fields.Char(readonly=True)
    body = fields.Char("Text", readonly=True)
    template_id = fields.Many2one(
        "whatsapp.clinic.template", ondelete="cascade", readonly=True
    )
    stands = fields.Selection(STANDS, "In the Account", readonly=True)
