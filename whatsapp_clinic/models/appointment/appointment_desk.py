from odoo import api, models
from odoo.exceptions import UserError

from ...tools import clock
from ..outbox.undo import tell_sent
from ..vocabulary.visit_states import (
    COMING_STATES,
    DONE_STATES,
    OFF_STATES,
    UNBOOKED_STATES,
    VISIT_STATES,
)


class Appointment(models.Model):
    """What reception does with many visits at once, and takes back."""

    _inherit = "whatsapp.clinic.appointment"

    def action_mark_arrived(self) -> dict:
        """Note that those of these patients who were expected are here."""
        expected = self._expected()
        expected.action_arrive()
        return expected._tell_marked()

    def action_mark_noshow(self) -> dict:
        """Note that those of these patients who were expected did not come."""
        expected = self._expected()
        expected.action_noshow()
        return expected._tell_marked()

    def _tell_marked(self) -> dict:
        """The action that says how many were marked, and offers to take it back."""
        told = self.env._("%s marked.", len(self))
        return tell_sent(self, told, None, True, undo="action_step_back")

    def action_step_back(self):
        """Undo the last step of each visit; the patient's answer stays as it was."""
        for one in self.filtered(lambda one: VISIT_STATES[one.state].before):
            one.write(
                {
                    "state": VISIT_STATES[one.state].before,
                    "booked_at": one.booked_at,
                    "confirmed_at": one.confirmed_at,
                    "moved_at": one.moved_at,
                    "cancelled_at": False,
                    "cancelled_by": False,
                    "missed_at": False,
                    "patient_status": one.patient_status,
                    **one._untold_version(),
                }
            )

    def action_ask_to_cancel(self) -> dict:
        """Ask who cancels, and whether the patient should hear of it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel the Appointment?"),
            "res_model": "whatsapp.clinic.appointment.cancel",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_appointment_id": self.id},
        }

    def _expected(self):
        expected = self.filtered(lambda one: one.state == "booked")
        if not expected:
            raise UserError(self.env._("Choose visits that are booked."))
        return expected

    def _first_of_each_day(self):
        """One visit for each patient and day: the first that is still to come."""
        first = {}
        for one in self.sorted(lambda one: (not one._is_to_come(), one.start)):
            first.setdefault(one._merge_key(), one)
        return self & self.browse().union(*first.values())

    def _is_over(self) -> bool:
        """Whether nobody is expected any more."""
        return self.state not in COMING_STATES or self.start <= clock.now()

    def _is_to_come(self) -> bool:
        """Whether the patient has the appointment, and it is still to come."""
        return self.state == "booked" and not self._is_over()

    def _objection_to_announcing(self, message) -> str | None:
        """Why what staff wrote of a coming visit should not be sent any more."""
        is_told_place = message.subject_version == self.version
        if self.state in OFF_STATES or not is_told_place:
            return "obsolete"
        if self._is_over():
            return "expired"
        return "not_booked" if self.state in UNBOOKED_STATES else None

    def _untold_version(self) -> dict:
        """The version that an undo gives back, unless the patient heard of the newer.

        With it the buttons of earlier messages work again.
        """
        is_off = self.state in OFF_STATES
        return {"version": self.version - 1} if is_off and not self._is_told() else {}

    def _is_told(self) -> bool:
        """Whether a message about the present version has left."""
        return bool(
            self.whatsapp_message_ids.filtered(
                lambda message: (
                    message.sent_at and message.subject_version == self.version
                )
            )
        )

    @api.model
    def _web_read_group_format(self, groupby, aggregates, groups):
        """Fold the columns that are empty or done with."""
        result = super()._web_read_group_format(groupby, aggregates, groups)
        if list(groupby) == ["state"] and self._web_read_group_field_expand(groupby):
            for group in result:
                is_done = group["state"] in DONE_STATES
                group["__fold"] = is_done or not group["__count"]
        return result
