"""Why a patient cannot be written to, and the one button that fixes it."""

from dataclasses import dataclass

from ..vocabulary.reasons import REASONS, next_step
from .remedy import Remedies
from .verdict import judge_one


@dataclass(frozen=True)
class Objection:
    """Told to a person: a sentence, what to do, and the button's label if there is one.

    `reason` is one of the message's reasons.
    """

    reason: str
    sentence: str
    next_step: str | None
    label: str | None


class Objections:
    """The gate, asked about a patient instead of a message."""

    def __init__(self, env):
        self.env = env
        self.gate = env["whatsapp.clinic.gate"]

    def why_not(self, partner, purpose=None, channel=None) -> Objection | None:
        """Why a patient could not be written to now; None if nothing stands against it.

        `purpose` defaults to appointment messages, `channel` to that of the patient's
        branch. What only a text or template can tell is not asked, and of patients of
        others nothing is told.
        """
        if not partner._is_of_own_branch():
            return None
        sketch = self.sketch(partner, purpose, channel)
        reason = self._reasons(sketch, with_channel=True).get(partner.id)
        return self.tell(reason) if reason else None

    def tell(self, reason: str) -> Objection:
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

    def fix(self, partner, purpose=None, channel=None):
        """Do what fixes the present objection, or open where it is fixed.

        Nothing is done for a user who was not offered the button; what is done is done
        with the rights of the system. Returns an action for the client, or True.
        """
        objection = self.why_not(partner, purpose, channel)
        if not objection or not objection.label:
            return True
        remedy = getattr(Remedies(self.env), REASONS[objection.reason].remedy.method)
        return remedy(self.sketch(partner, purpose, channel))

    def standing_reasons(self, partners, purpose=None) -> dict[int, str]:
        """What stands against writing to patients, whichever channel: {partner id: …}.

        Patients with nothing against are not in it, nor those of others. A handful of
        queries.
        """
        seen = partners._of_own_branches()
        return self._reasons(self.sketch(seen, purpose), with_channel=False)

    def _reasons(self, sketches, with_channel: bool) -> dict[int, str]:
        facts = self.gate._facts(sketches, leaves_now=True)
        reasons = {}
        for sketch in sketches:
            verdict = self._judge_sketch(sketch, facts, with_channel)
            if verdict:
                reasons[sketch.partner_id.id] = verdict.reason
        return reasons

    def _judge_sketch(self, sketch, facts, with_channel: bool):
        is_new = not sketch.identity_id and sketch._addressee._whatsapp_phone()
        asked = ["patient", "consent"]
        if not is_new:
            asked.append("number")
        if sketch.purpose_id.answers_only:
            asked.append("window")
        if with_channel and sketch.channel_id:
            asked.append("channel")
        return judge_one(sketch, facts, self.gate._judges(*asked))

    def sketch(self, partners, purpose=None, channel=None):
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
