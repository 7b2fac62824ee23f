"""Why a patient cannot be written to, and the one button that mends it."""

from dataclasses import dataclass

from odoo import api, models

from ...tools.phone import spellings
from ..vocabulary.reasons import REASONS, next_step
from .gate import Facts, judge_one


@dataclass(frozen=True)
class Objection:
    """Told to a person: a sentence, what to do, and the button's label if there is one.

    `reason` is one of the message's reasons.
    """

    reason: str
    sentence: str
    next_step: str | None
    label: str | None


class GateObjection(models.AbstractModel):
    """The gate, asked about a patient instead of a message."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _why_not(self, partner, purpose=None, channel=None) -> Objection | None:
        """Why a patient could not be written to now; None if nothing stands against it.

        `purpose` defaults to appointment messages, `channel` to that of the patient's
        branch. What only a text or template can tell is not asked, and of patients of
        others nothing is told.
        """
        if not partner._is_of_own_branch():
            return None
        sketch = self._sketch(partner, purpose, channel)
        reason = self._reasons(sketch, with_channel=True).get(partner.id)
        return self._tell(reason) if reason else None

    @api.model
    def _tell(self, reason: str) -> Objection:
        """A reason in the user's language, with a button if the user may press it."""
        field = self.env["whatsapp.clinic.message"]._fields["reason"]
        remedy = REASONS[reason].remedy
        may = remedy and any(
            self.env.user.has_group(f"whatsapp_clinic.{group}")
            for group in remedy.groups
        )
        return Objection(
            reason=reason,
            sentence=dict(field._description_selection(self.env))[reason],
            next_step=next_step(self.env, reason),
            label=self.env._(remedy.label) if may else None,
        )

    @api.model
    def _mend(self, partner, purpose=None, channel=None):
        """Do what mends the present objection, or open where it is mended.

        Nothing is done for a user who was not offered the button; what is done is done
        with the rights of the system. Returns an action for the client, or True.
        """
        objection = self._why_not(partner, purpose, channel)
        if not objection or not objection.label:
            return True
        sketch = self._sketch(partner, purpose, channel)
        return getattr(self, REASONS[objection.reason].remedy.method)(sketch)

    @api.model
    def _standing_reasons(self, partners, purpose=None) -> dict[int, str]:
        """What stands against writing to patients, whichever channel: {partner id: …}.

        Patients with nothing against are not in it, nor those of others. A handful of
        queries.
        """
        seen = partners._of_own_branches()
        return self._reasons(self._sketch(seen, purpose), with_channel=False)

    @api.model
    def _reasons(self, sketches, with_channel: bool) -> dict[int, str]:
        facts = self._facts(sketches, leaves_now=True)
        reasons = {}
        for sketch in sketches:
            verdict = self._judge_sketch(sketch, facts, with_channel)
            if verdict:
                reasons[sketch.partner_id.id] = verdict.reason
        return reasons

    @api.model
    def _judge_sketch(self, sketch, facts: Facts, with_channel: bool):
        is_new = not sketch.identity_id and sketch._addressee._whatsapp_phone()
        asked = ["patient", "consent"]
        if not is_new:
            asked.append("number")
        if sketch.purpose_id.answers_only:
            asked.append("window")
        if with_channel and sketch.channel_id:
            asked.append("channel")
        return judge_one(sketch, facts, self._judges(*asked))

    @api.model
    def _sketch(self, partners, purpose=None, channel=None):
        """Messages to patients that are only thought of; nothing is written."""
        purpose = purpose or self.env.ref("whatsapp_clinic.purpose_appointment")
        messages = self.env["whatsapp.clinic.message"].sudo()
        sketches = messages.concat(
            *(
                messages.new(self._outline(partner.sudo(), purpose, channel))
                for partner in partners
            )
        )
        sketches._choose_guardians()
        phones = {sketch: sketch._addressee._whatsapp_phone() for sketch in sketches}
        identities = self.env["whatsapp.clinic.identity"].sudo()
        wa_ids = {phone: phone.lstrip("+") for phone in phones.values() if phone}
        known = identities._by_wa_ids(
            sorted(set(wa_ids.values())), sketches[:1]._messenger
        )
        without_phone = messages.concat(
            *(sketch for sketch, phone in phones.items() if not phone)
        )
        reached = without_phone._reached_without_phone()
        for sketch, phone in phones.items():
            if phone:
                sketch.identity_id = known[wa_ids[phone]]
            elif sketch._addressee in reached:
                sketch.identity_id = sketch._identity_without_phone()
        return sketches

    @api.model
    def _outline(self, partner, purpose, channel) -> dict:
        branch = partner.clinic_branch_id
        channel = channel or branch.channel_id
        return {
            "partner_id": partner.id,
            "purpose_id": purpose.id,
            "branch_id": branch.id,
            "channel_id": channel.id,
            "company_id": (channel.company_id or self.env.company).id,
            "direction": "out",
        }

    # What the buttons do; each is given the message that could not be written.

    @api.model
    def _enter_phone(self, sketch):
        return self._open(
            sketch._addressee, self.env._("Phone Number"), "patient_view_form_phone"
        )

    @api.model
    def _confirm_number(self, sketch):
        sketch._addressee._confirm_number()
        return True

    @api.model
    def _ask_for_consent(self, sketch):
        return self._open_wizard("consent_ask_action", sketch)

    @api.model
    def _record_consent(self, sketch):
        return self._open_wizard("consent_record_action", sketch)

    @api.model
    def _open_identity(self, sketch):
        return self._open(sketch.identity_id, self.env._("WhatsApp Number"))

    @api.model
    def _open_channel(self, sketch):
        return self._open(sketch.channel_id, self.env._("Channel"))

    @api.model
    def _remove_from_blacklist(self, sketch):
        blacklist = self.env["phone.blacklist"].sudo()
        numbers = spellings(sketch.identity_id.phone)
        blacklist._remove(
            blacklist.search([("number", "in", numbers)]).mapped("number"),
            message=self.env._("Removed by %s.", self.env.user.name),
        )
        return True

    @api.model
    def _restore(self, sketch):
        sketch.partner_id.action_unarchive()
        return True

    @api.model
    def _lift_bar(self, sketch):
        sketch.partner_id.clinic_barred = False
        return True

    @api.model
    def _open_wizard(self, xml_id: str, sketch) -> dict:
        actions = self.env["ir.actions.act_window"]
        action = actions._for_xml_id(f"whatsapp_clinic.{xml_id}")
        return {**action, "context": {"default_partner_id": sketch.partner_id.id}}

    @api.model
    def _open(self, record, name: str, view: str | None = None) -> dict:
        view_id = view and self.env.ref(f"whatsapp_clinic.{view}").id
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(view_id or False, "form")],
            "target": "new" if view else "current",
        }
