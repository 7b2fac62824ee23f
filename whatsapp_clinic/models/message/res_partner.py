from odoo import fields, models

from ..patient.res_partner import CLINIC_STAFF
from ..vocabulary.states import WAITING_STATES


class ResPartner(models.Model):
    """What waits for a patient follows what becomes of them."""

    _inherit = "res.partner"

    whatsapp_message_count = fields.Integer(
        compute="_compute_whatsapp_message_count", groups=CLINIC_STAFF
    )

    def _compute_whatsapp_message_count(self):
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.whatsapp_message_count = counted.get(partner._origin, 0)

    def action_open_whatsapp_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        thread = self.env.ref("whatsapp_clinic.message_view_thread")
        return {
            **action,
            "domain": [("partner_id", "=", self.id)],
            "context": {"hide_patient": True, "thread_of": [self._name, self.id]},
            "views": [
                (thread.id if kind == "kanban" else view, kind)
                for view, kind in sorted(
                    action["views"], key=lambda one: one[1] != "kanban"
                )
            ],
        }

    def _on_ended(self, reason):
        """What is planned for who died, was barred or archived is cancelled."""
        result = super()._on_ended(reason)
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("partner_id", "in", self.ids)], reason
        )
        return result

    def _address_waiting(self):
        result = super()._address_waiting()
        people = self.sudo()
        waiting = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", (people | people.ward_ids.patient_id).ids),
                    ("state", "in", WAITING_STATES),
                ]
            )
        )
        waiting._address()
        return result
