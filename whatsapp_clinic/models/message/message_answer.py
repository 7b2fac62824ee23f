from datetime import timedelta

from odoo import api, fields, models

from ...tools import clock
from ...tools.access import require_group
from ..vocabulary.kinds import ASKING_NOTHING, SAYING
from ..vocabulary.priorities import PRIORITY_ANSWER
from ..vocabulary.reasons import next_step

# States that make an answer, or no longer make one.
_DECIDING = ("queued", "failed", "refused", "cancelled")
# In the context: who handles many messages tells staff of all of them.
TOLD_LATER = "whatsapp_clinic_told_later"
# So long an answer that does not arrive opens the question again.
_RECENT = timedelta(days=1)
# What people say by hand, here or in the WhatsApp Business app, after the question
# was put, or corrected last. What was put to Meta's agent waits only once the agent has
# given the patient back: nothing that the agent said settles it.
_SETTLE = f"""
    UPDATE whatsapp_clinic_message AS message
    SET answered_at = answer.at, awaits_answer = answer.at IS NULL
    FROM whatsapp_clinic_message AS asked
    LEFT JOIN LATERAL (
        SELECT min(due_at) AS at FROM whatsapp_clinic_message
        WHERE identity_id = asked.identity_id AND channel_id = asked.channel_id
          AND direction = 'out'
          AND due_at >= coalesce(asked.edited_at, asked.occurred_at)
          AND (by_hand AND priority = {PRIORITY_ANSWER} OR origin = 'app'
               OR origin = 'agent' AND asked.is_standby IS NOT TRUE)
          AND state NOT IN ('draft', 'failed', 'refused', 'cancelled')
          AND kind = ANY(%(saying)s) AND deleted_at IS NULL
    ) AS answer ON TRUE
    WHERE message.id = asked.id
      AND asked.identity_id = ANY(%(identities)s) AND asked.direction = 'in'
      AND (asked.awaits_answer OR asked.answered_at > %(recent)s)
      AND asked.answered_at IS DISTINCT FROM answer.at
    RETURNING message.id
"""
# Which of these rows were to answer somebody, and failed at some time.
_FAILED_ANSWERS = f"""
    SELECT id FROM whatsapp_clinic_message
    WHERE id = ANY(%s) AND failed_at IS NOT NULL AND direction = 'out'
      AND (by_hand AND priority = {PRIORITY_ANSWER} OR origin IS NOT NULL)
"""


class Message(models.Model):
    """Which messages of patients nobody has answered yet."""

    _inherit = "whatsapp.clinic.message"

    awaits_answer = fields.Boolean(
        "Waits for an Answer", readonly=True, help="Nobody has answered it yet."
    )
    answered_at = fields.Datetime("Answered", readonly=True)
    who = fields.Char(
        compute="_compute_who",
        compute_sudo=True,
        help="The patient; where it is not plain who is meant, the number or name.",
    )
    can_be_linked = fields.Boolean(
        compute="_compute_who",
        compute_sudo=True,
        help="No contact has this number.",
    )

    _unanswered = models.Index("(branch_id, occurred_at) WHERE awaits_answer")

    @api.depends("partner_id", "identity_id.partner_ids", "direction")
    @api.depends_context("lang", "uid")
    def _compute_who(self):
        for message in self:
            identity, patient = message.identity_id, message.partner_id
            message.who = patient.display_name or identity.display_name
            is_stranger = not patient and not identity.partner_ids
            message.can_be_linked = is_stranger and message.direction == "in"

    def action_no_answer_needed(self):
        """Take these off the list of those that wait: they need no answer."""
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_practitioner")
        self.sudo().awaits_answer = False
        self._tell_staff()

    def answer_box(self) -> dict:
        """What somebody needs to answer in a conversation of these messages.

        `message_id` is the patient's latest, False if there is none; `objection` says
        why no text can be sent now and what to do; nothing of patients of others.
        """
        self.check_access("read")
        asked = self.filtered(lambda one: one.direction == "in")
        latest = asked.sorted(lambda one: (one.occurred_at or one.due_at, one.id))[-1:]
        reason = "window_closed"
        if latest:
            is_told = bool(latest._of_own_patients())
            reason = is_told and latest._objection_to_reply()
        field = self._fields["reason"]
        told = (
            dict(field._description_selection(self.env)).get(reason),
            next_step(self.env, reason),
        )
        return {
            "message_id": latest.id,
            "objection": " ".join(filter(None, told)),
        }

    def action_link_patient(self) -> dict:
        """Ask whose number it is."""
        self.ensure_one()
        return self.identity_id.action_link_patient()

    def action_new_patient(self) -> dict:
        """Open the form of a new patient who has this number."""
        self.ensure_one()
        identity = self.identity_id
        form = self.env.ref("whatsapp_clinic.patient_view_form_quick_create")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Patient"),
            "res_model": "res.partner",
            "views": [(form.id, "form")],
            "target": "new",
            "context": {
                "default_clinic_patient": True,
                "default_is_company": False,
                "default_name": identity.profile_name,
                "default_phone": identity.phone,
                "default_clinic_branch_id": self.branch_id.id,
            },
        }

    def _await_answer(self):
        """Somebody should answer this, unless it asks nothing or was obeyed already.

        A correction puts the question of the message that it corrects again.
        """
        self.ensure_one()
        if self.kind not in ASKING_NOTHING and not self.is_standby and not self._obeyed:
            asked = self._corrected or self
            asked.write({"awaits_answer": True, "answered_at": False})
            self._tell_staff(is_new=True)

    @property
    def _obeyed(self) -> bool:
        """Whether what it says now was done: a correction may have come first."""
        said = (self.edited_at and self._edits()[:1]) or self
        return bool(said.taken_as)

    def _need_no_answer(self):
        """What was obeyed waits for nobody, nor does what it corrects."""
        self.ensure_one()
        corrected = self._corrected
        if corrected.awaits_answer:
            corrected.awaits_answer = False
            self._tell_staff()

    @api.model
    def _enqueue(self, vals_list):
        rows = super()._enqueue(vals_list)
        rows._settle_questions()
        return rows

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") in _DECIDING:
            self._settle_questions()
        return result

    @api.model
    def _follow_states(self, ids: list[int]):
        """Bring in step what hangs on the states of these rows.

        Whoever writes states with SQL calls it; `write` needs it not.
        """
        self.env.cr.execute(_FAILED_ANSWERS, [list(ids)])
        failed = [row_id for (row_id,) in self.env.cr.fetchall()]
        self.browse(failed)._settle_questions()

    def _settle_questions(self):
        """Note what these rows answer, or do not answer any more."""
        answers = self.filtered(
            lambda row: (
                row.direction == "out"
                and (row.origin or (row.by_hand and row.priority == PRIORITY_ANSWER))
            )
        )
        if answers.identity_id:
            self._settle(answers.identity_id)

    @api.model
    def _settle(self, identities):
        """Note what of these identities is answered, or not any more."""
        self.env.flush_all()
        recent = clock.now() - _RECENT
        values = {
            "identities": identities.ids,
            "recent": recent,
            "saying": list(SAYING),
        }
        self.env.cr.execute(_SETTLE, values)
        changed = self.browse(row_id for (row_id,) in self.env.cr.fetchall())
        changed.invalidate_recordset(["answered_at", "awaits_answer"])
        if changed:
            self._tell_staff()

    @api.model
    def _tell_staff(self, is_new: bool = False):
        """Let open screens count again who waits; nothing of it says who.

        Once for each transaction or savepoint; where the context says so, who handles
        many messages takes it with `_take_changed` and tells it for all.
        """
        if self.env.context.get(TOLD_LATER):
            self._changed().add(is_new)
            return
        told = self.env.cr.precommit.data.setdefault("whatsapp_clinic.told", set())
        if is_new not in told:
            told.add(is_new)
            staff = self.env.ref("whatsapp_clinic.group_staff").sudo()
            staff._bus_send("whatsapp_clinic/unanswered", {"is_new": is_new})

    @api.model
    def _changed(self) -> set[bool]:
        """What this transaction has left to be told."""
        return self.env.cr.postcommit.data.setdefault("whatsapp_clinic.changed", set())

    @api.model
    def _take_changed(self) -> set[bool]:
        """What this transaction has left to be told, which is the caller's now."""
        return self.env.cr.postcommit.data.pop("whatsapp_clinic.changed", set())
