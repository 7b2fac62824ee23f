from odoo import api, fields, models
from odoo.exceptions import UserError

from ....cloud_api.templates import operations
from ....tools.access import require_group

# Time to live: Cloud API, utility templates.
SHORTEST, LONGEST = 30, 43_200
DEFAULT_DAYS = 30


class Template(models.Model):
    """How long WhatsApp tries to deliver: a reminder is of no use after the visit.

    The time to live belongs to the template, and changing it sends the template to
    review. So it is proposed from the rules, and set when a manager says so.
    """

    _inherit = "whatsapp.clinic.template"

    ttl_seconds = fields.Integer(
        "Time to Live (s)",
        readonly=True,
        help=f"How long WhatsApp tries to deliver; 0 for its own {DEFAULT_DAYS} days.",
    )
    useful_seconds = fields.Integer(
        compute="_compute_useful_seconds",
        help="How long after it leaves a message of this template is of use, by the "
        "rules that send it; 0 for long.",
    )
    ttl_hours = fields.Float("Hours", compute="_compute_useful_seconds")
    ttl_is_long = fields.Boolean(compute="_compute_useful_seconds")

    @api.depends("ttl_seconds", "category")
    def _compute_useful_seconds(self):
        rules = self.env["whatsapp.clinic.message.rule"].sudo()
        for template in self:
            reminders = rules.search(
                [
                    ("template_id.name", "=", template.name),
                    ("company_id", "=", template.company_id.id),
                    ("anchor", "=", "start"),
                    ("offset_side", "=", "before"),
                    ("offset", ">", 0),
                ]
            )
            leads = [-int(rule._delta.total_seconds()) for rule in reminders]
            lead = min(leads, default=0) if template.category == "UTILITY" else 0
            useful = min(max(lead, SHORTEST), LONGEST) if lead else 0
            template.useful_seconds = useful
            template.ttl_hours = useful / 3600
            ttl = template.ttl_seconds
            template.ttl_is_long = bool(useful) and not 0 < ttl <= useful

    def action_limit_ttl(self):
        """Ask WhatsApp for the time that the rules leave; a scheduled action does."""
        self.check_access("write")
        require_group(self.env, "group_manager")
        for template in self:
            if not template.ttl_is_long:
                raise UserError(self.env._("There is no time to live to be limited."))
            template._check_editable()
            template._check_connected()
        for template in self:
            template._ask_for("ttl")

    def _call_template_ttl(self, again=0):
        asked = self.remote_id, self.useful_seconds
        return lambda client, _app: operations.limit_ttl(client, *asked, again)

    def _apply_template_ttl(self, seconds: int):
        self._note_edit()
        self.ttl_seconds = seconds
