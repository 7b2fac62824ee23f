from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import clock
from ...tools.access import require_group

# How long what staff said holds for the same conversation.
CHOICE = timedelta(days=1)


class Message(models.Model):
    """Which patient a message is about, where several share a number."""

    _inherit = "whatsapp.clinic.message"

    chosen_at = fields.Datetime(
        "Patient Chosen", help="When staff said which patient is meant."
    )
    candidate_ids = fields.Many2many(
        "res.partner",
        string="Who Is Meant?",
        compute="_compute_candidate_ids",
        compute_sudo=True,
        help="Your patients behind this number, where it is not plain who is meant.",
    )

    _choices = models.Index(
        "(identity_id, channel_id, chosen_at) WHERE chosen_at IS NOT NULL"
    )

    @api.depends("direction", "identity_id.partner_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_candidate_ids(self):
        """As the system, but no patient whom the user does not look after."""
        for message in self:
            patients = message.identity_id.partner_ids
            is_open = message.direction == "in" and len(patients) > 1
            seen = patients.sudo(False)._of_own_branches() if is_open else []
            message.candidate_ids = patients.browse(one.id for one in seen)

    def action_choose_patient(self, partner_id: int):
        """Staff say which patient of a shared number this message is about.

        It holds for what follows in this conversation within a day. Raises UserError
        for who does not have this number.
        """
        self.ensure_one()
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_practitioner")
        patient = self.sudo().candidate_ids.filtered(lambda one: one.id == partner_id)
        if not patient:
            raise UserError(self.env._("This number does not belong to that patient."))
        self.sudo()._choose_patient(patient)

    def _choose_patient(self, patient):
        before = self.partner_id
        self.write({"partner_id": patient.id, "chosen_at": clock.now()})
        later = [
            ("identity_id", "=", self.identity_id.id),
            ("channel_id", "=", self.channel_id.id),
            ("direction", "=", "in"),
            ("partner_id", "in", (False, before.id)),
            ("occurred_at", ">=", self.occurred_at),
            ("occurred_at", "<", self.occurred_at + CHOICE),
        ]
        self.search(later).filtered(_follows_choice).write({"partner_id": patient.id})

    @api.model
    def _patient_meant(self, channel, identity, at):
        """The patient that a new message is about; none where it would be a guess.

        `at` is when its messenger says that it was written, None for now.
        """
        patients = identity.partner_ids
        if len(patients) < 2:
            return patients
        at = clock.told(at)
        choice = self.search(
            [
                ("identity_id", "=", identity.id),
                ("channel_id", "=", channel.id),
                ("chosen_at", ">", at - CHOICE),
                ("occurred_at", "<=", at),
            ],
            order="chosen_at desc, id desc",
            limit=1,
        )
        return choice.partner_id & patients


def _follows_choice(message) -> bool:
    """Not where a button was tapped: that tells the patient by itself."""
    return not message.partner_id or message.reply_to_id.direction != "out"
