from odoo import SUPERUSER_ID, api, fields, models

from .message import PRIORITY_APPOINTMENT
from .sending import AT_ONCE, has_partner


class ServerAction(models.Model):
    """Lets automation rules and actions send WhatsApp messages.

    It queues them and no more: what the gate refuses is a message with its reason. A
    rule that is rolled back and run again has queued nothing. Many messages are written
    by the scheduled action, as the system.
    """

    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("whatsapp", "Send WhatsApp Message"), ("followers",)],
        ondelete={"whatsapp": "cascade"},
    )
    whatsapp_template_id = fields.Many2one(
        "whatsapp.clinic.template",
        "WhatsApp Template",
        compute="_compute_whatsapp_template_id",
        ondelete="restrict",
        readonly=False,
        store=True,
        domain="[('model', 'in', (model_name, 'res.partner')), ('enabled', '=', True)]",
    )
    whatsapp_purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose",
        "Purpose",
        compute="_compute_whatsapp_purpose_id",
        ondelete="restrict",
        readonly=False,
        store=True,
        help="What the patients must have agreed to.",
    )

    @api.depends("state", "model_id")
    def _compute_whatsapp_template_id(self):
        for action in self:
            fits = action.whatsapp_template_id.model in (
                action.model_name,
                "res.partner",
            )
            if action.state != "whatsapp" or not fits:
                action.whatsapp_template_id = False

    @api.depends("whatsapp_template_id")
    def _compute_whatsapp_purpose_id(self):
        for action in self:
            template = action.whatsapp_template_id
            action.whatsapp_purpose_id = (
                template._default_purpose() if template else False
            )

    @api.depends("state")
    def _compute_available_model_ids(self):
        whatsapp = self.filtered(lambda action: action.state == "whatsapp")
        if whatsapp:
            candidates = self.env["ir.model"].search([("transient", "=", False)])
            whatsapp.available_model_ids = candidates.filtered(
                lambda one: one.model in self.env and has_partner(self.env[one.model])
            )
        return super(ServerAction, self - whatsapp)._compute_available_model_ids()

    def _name_depends(self):
        return [*super()._name_depends(), "whatsapp_template_id"]

    def _generate_action_name(self):
        template = self.sudo().whatsapp_template_id
        if self.state == "whatsapp" and template:
            return self.env._("Send %s by WhatsApp", template.name)
        return super()._generate_action_name()

    @api.model
    def _warning_depends(self):
        return [
            *super()._warning_depends(),
            "model_id",
            "state",
            "whatsapp_template_id",
            "whatsapp_template_id.enabled",
            "whatsapp_template_id.status",
        ]

    def _get_warning_messages(self):
        warnings = super()._get_warning_messages()
        if self.state == "whatsapp":
            warnings += self.sudo()._whatsapp_warnings()
        return warnings

    def _whatsapp_warnings(self) -> list[str]:
        """What would keep the action from sending, one sentence each."""
        template = self.whatsapp_template_id
        model = self.env.get(self.model_name)
        if model is not None and (model._transient or not has_partner(model)):
            return [self.env._("A %s has no patient to write to.", self.model_id.name)]
        if template and not (template.enabled and template.status == "APPROVED"):
            return [
                self.env._("“%s” is not in use or not approved.", template.display_name)
            ]
        return []

    def _run_action_whatsapp_multi(self, eval_context=None):
        records = eval_context.get("records") or eval_context.get("record")
        action = self.sudo()
        if not records or not action.whatsapp_template_id:
            return False
        content = {
            "template_id": action.whatsapp_template_id.id,
            "purpose_id": action.whatsapp_purpose_id.id,
        }
        sendings = action.env["whatsapp.clinic.sending"]
        if len(records) > AT_ONCE:
            sendings.with_user(SUPERUSER_ID)._begin(records, content)
            return False
        sendings._send(
            sendings._distinct(records.sudo(), action.whatsapp_template_id),
            {**content, "priority": PRIORITY_APPOINTMENT},
        )
        return False
