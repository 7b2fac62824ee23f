from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import LazyTranslate, format_date, format_time

from ..vocabulary.states import UNSAID_STATES

_lt = LazyTranslate(__name__)

CANCELLED_BY = [("patient", "The patient"), ("clinic", "The clinic")]
# Where and when a visit is, and what the patient said to it.
_PLACE = ("start", "stop", "practitioner_id", "branch_id")
_ANSWER = ("moved_at", "patient_status", "confirmed_at", "version")
# Templates of the library that tell of what staff did.
_TEMPLATES = {"moved": "appointment_moved", "cancelled": "appointment_cancelled"}
_CALLS = {
    "moved": _lt("Tell the patient that the appointment was moved."),
    "cancelled": _lt("Tell the patient that the appointment was cancelled."),
}


class Appointment(models.Model):
    """What a patient should hear when staff moves or cancels a visit."""

    _inherit = "whatsapp.clinic.appointment"

    cancelled_by = fields.Selection(
        CANCELLED_BY, readonly=True, copy=False, tracking=True
    )

    @api.readonly
    def place(self) -> dict:
        """Where and when the visit is now, as `action_undo_move` takes it back."""
        self.ensure_one()
        return self.read([*_PLACE, *_ANSWER], load=None)[0]

    @api.readonly
    def news_of_move(self, before: dict) -> dict | None:
        """What to say and ask after a move; None where nothing moved.

        `before` is what `place` answered. `can_ask`: nobody tells the patient yet,
        `can_tell`: it can be done on WhatsApp.
        """
        self.ensure_one()
        if before["version"] == self.version:
            return None
        news = self._tell_of_move()
        news["message"] = " ".join(filter(None, (news["message"], self.other_visit)))
        return news

    def _tell_of_move(self) -> dict:
        told = {"patient": self.partner_id.name, "when": self._when()}
        moved = self.env._("Moved to %s.", told["when"])
        if self._is_told_by_rule("moved"):
            message = self.env._(
                "Moved to %(when)s. A rule tells %(patient)s on WhatsApp.", **told
            )
            return {"message": message, "can_ask": False}
        if not self._is_to_come():
            return {"message": moved, "can_ask": False}
        objection = self._why_not_told("moved")
        if objection:
            message = f"{moved} {objection}"
            return {"message": message, "can_ask": True, "can_tell": False}
        message = self.env._("Moved to %(when)s. Tell %(patient)s on WhatsApp?", **told)
        return {"message": message, "can_ask": True, "can_tell": True}

    def action_tell_move(self, _before: dict) -> dict:
        return self._compose_about("moved")

    def action_call_about_move(self, _before: dict):
        self._remember_to_call("moved")

    def action_undo_move(self, before: dict):
        """Put a visit back where it was.

        The patient's answer, and the buttons of what was written before, hold again
        unless a message has told of the new place.
        """
        self.ensure_one()
        is_last = before["version"] == self.version - 1
        names = _PLACE if self._is_told() or not is_last else (*_PLACE, *_ANSWER)
        self.write({name: before[name] for name in names})

    def _when(self, date_format: str = "EEE d MMM") -> str:
        """Day and time at the branch, in the user's language.

        With the branch's zone where its clock is not the user's.
        """
        start = self._local_start()
        day = format_date(self.env, start.date(), date_format=date_format)
        told = f"{day} {format_time(self.env, start.time(), time_format='short')}"
        zone = self.branch_id._foreign_zone(self.start)
        return f"{told} ({zone})" if zone else told

    def _is_told_by_rule(self, anchor: str) -> bool:
        """Whether a rule has written of this, or is about to."""
        return bool(
            self.sudo().whatsapp_message_ids.filtered(
                lambda message: (
                    message._anchor == anchor
                    and message.subject_version == self.version
                    and message.state not in UNSAID_STATES
                )
            )
        )

    def _compose_about(self, anchor: str, **defaults) -> dict:
        """Open a message that tells the patient what staff does, ready to send.

        Without a template in use it is the library's words as free text. `defaults`
        are further values of the composer.
        """
        self.ensure_one()
        template = self._template_about(anchor)
        words = not template and template._library_text(_TEMPLATES[anchor], self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.composer_of_appointment_action"
        )
        context = {
            "active_model": self._name,
            "active_id": self.id,
            "active_ids": self.ids,
            "default_template_id": template.id,
            "default_body": words,
            "default_tells_of_change": True,
            **{f"default_{name}": value for name, value in defaults.items()},
        }
        return {**action, "context": context}

    def _why_not_told(self, anchor: str) -> str | None:
        """Why staff cannot tell the patient on WhatsApp, in words; None if they can.

        Within 24 hours of what the patient wrote it needs no template.
        """
        gate, channel = self.env["whatsapp.clinic.gate"], self.branch_id.channel_id
        template = self._template_about(anchor)
        answering, telling = template.browse(), template
        objections = [
            gate._why_not(self.partner_id, one._default_purpose(), channel)
            for one in (answering, telling)
        ]
        if not all(objections):
            return None
        objection = objections[-1]
        if objection.reason == "window_closed":
            return self.env._(
                "No template tells it on WhatsApp: a manager can add “%s” from the "
                "library.",
                _TEMPLATES[anchor],
            )
        return " ".join(filter(None, (objection.sentence, objection.next_step)))

    def _template_about(self, anchor: str):
        """The text that a rule tells it with, also an idle one, else the library's."""
        template = self._templates_telling(anchor)[:1]
        if template:
            return template
        channel = self.branch_id.sudo().channel_id
        called = template._called(_TEMPLATES[anchor])
        found = template.search(Domain("enabled", "=", True) & called)
        return found._ready_at(channel)[:1]

    def _remember_to_call(self, anchor: str):
        """An activity for who said that they would call."""
        self.activity_schedule(
            "mail.mail_activity_data_call",
            summary=self.env._(_CALLS[anchor]),
            user_id=self.env.uid,
        )
