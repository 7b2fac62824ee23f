import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models

from ...tools.quiet_sql import place
from ..vocabulary.priorities import PRIORITY_APPOINTMENT
from .sending import AT_ONCE, has_partner, partner_of

_logger = logging.getLogger(__name__)


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
        domain="[('model', 'in', (model_name, 'res.partner')),"
        " ('stands_for_all', '=', True)]",
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
    # Odoo's own warning keeps an action from running, and what set it off with it.
    whatsapp_warning = fields.Char(
        "WhatsApp Warning", compute="_compute_whatsapp_warning", compute_sudo=True
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

    @api.depends("state", "whatsapp_template_id.is_ready")
    @api.depends_context("lang")
    def _compute_whatsapp_warning(self):
        for action in self:
            is_ours = action.state == "whatsapp" and action.whatsapp_template_id
            action.whatsapp_warning = is_ours and action._tell_template_warning()

    def _tell_template_warning(self) -> str | bool:
        """Why no message of the template would leave; False if it may."""
        template = self.whatsapp_template_id
        if not template.is_ready:
            return self.env._("“%s” is not in use or not approved.", template.title)
        if template.asks_sender:
            return self.env._(
                "“%s” needs something from its sender that an action cannot give.",
                template.title,
            )
        return False

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
            return self.env._("Send “%s” by WhatsApp", template.title)
        return super()._generate_action_name()

    @api.model
    def _warning_depends(self):
        return [*super()._warning_depends(), "model_id", "state"]

    def _get_warning_messages(self):
        warnings = super()._get_warning_messages()
        model = self.env.get(self.model_name)
        is_ours = self.state == "whatsapp" and model is not None
        if is_ours and (model._transient or not has_partner(model)):
            name = self.sudo().model_id.name
            warnings.append(self.env._("A %s has no patient to write to.", name))
        return warnings

    def _run_action_whatsapp_multi(self, eval_context=None):
        """Queue messages about the records; what goes wrong here is logged, and does
        not undo what set the action off."""
        records = eval_context.get("records") or eval_context.get("record")
        if not records or not self.sudo().whatsapp_template_id:
            return False
        # What the user changed is written outside of the savepoint.
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self._write_whatsapp(records)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Action %s sends no message: %s", self.id, place(error))
        return False

    def _write_whatsapp(self, records):
        action = self.sudo()
        # What a user starts by hand passes over whom others look after.
        own = action.env["whatsapp.clinic.sending"]._about_own_patients(records)
        records = action._not_written_about(own)
        if not records:
            return
        content = {
            "template_id": action.whatsapp_template_id.id,
            "purpose_id": action.whatsapp_purpose_id.id,
        }
        sendings = action.env["whatsapp.clinic.sending"]
        if len(records) > AT_ONCE:
            sendings.with_user(SUPERUSER_ID)._begin(records, content)
            return
        sendings._send(
            sendings._distinct(records.sudo(), action.whatsapp_template_id),
            {**content, "priority": PRIORITY_APPOINTMENT},
        )

    def _not_written_about(self, records):
        """The records without those to which this transaction has queued it already.

        Odoo may set a rule off several times for what a user saved once: creating a
        lead also writes on it.
        """
        template = self.whatsapp_template_id
        rows = self.env["whatsapp.clinic.message"].search(
            [
                ("create_date", ">=", self.env.cr.now()),
                ("template_id.name", "=", template.name),
                ("purpose_id", "=", self.whatsapp_purpose_id.id),
                ("partner_id", "in", [partner_of(one).id for one in records.sudo()]),
            ]
        )
        # The search looks at whole seconds.
        rows = rows.filtered(lambda row: row.create_date >= self.env.cr.now())
        if template.model != "res.partner":
            return records - rows._subjects(template.model)
        return records.filtered(
            lambda one: partner_of(one.sudo()) not in rows.partner_id
        )
