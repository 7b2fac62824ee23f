"""What patients agreed to, at a glance."""

from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools import clock
from ..consent.consent_state import OBJECTIONS
from ..consent.latest_acts import SOON
from ..vocabulary.reasons import REASONS

CONSENT_STATES = [
    ("ready", "May be written to"),
    ("no_consent", "No consent"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("expired", "Consent expired"),
    ("superseded", "New notice: ask again"),
    ("guardianship_ended", "Of age: ask the patient"),
    ("stopped", "Stopped messages"),
    ("no_number", "No WhatsApp number"),
    ("not_written_to", "Do not contact"),
]
_SEARCHABLE = {"no_consent", *OBJECTIONS}


def badge(patient, reasons: dict[int, str]) -> str:
    """Which of CONSENT_STATES a patient has; `reasons` are the gate's by patient id.

    Of who is not saved yet the gate knows nothing.
    """
    unsaved = None if patient._origin else _reason_before_saving(patient)
    reason = reasons.get(patient._origin.id, unsaved)
    return REASONS[reason].badge if reason else "ready"


def _reason_before_saving(patient) -> str:
    return "no_consent" if patient._whatsapp_phone() else "no_number"


def patients_of(env, states: list[str]) -> Domain:
    """Whose appointment messages stand so; UserError but for what consent decides."""
    if not set(states) <= _SEARCHABLE:
        raise UserError(
            env._(
                "Only patients without consent, or whose consent ended, can be "
                "looked for."
            )
        )
    purpose = env.ref("whatsapp_clinic.purpose_appointment")
    coverage = env["whatsapp.clinic.consent.coverage"].sudo()
    found = coverage._search(
        [
            ("purpose_id", "=", purpose.id),
            ("state", "in", list(states)),
            ("company_id", "in", env.companies.ids),
        ]
    )
    return Domain("id", "in", found.subselect("partner_id"))


class PresentConsents:
    """The acts that count of some patients, as far as the user may read them."""

    def __init__(self, patients):
        env = patients.env
        consents = env["whatsapp.clinic.consent"]
        self._decisive = consents._decisive(patients._origin)._filtered_access("read")
        self._askable = env["whatsapp.clinic.consent.purpose"].search(
            [("answers_only", "=", False)]
        )

    def of(self, patient):
        """Those of one patient, in the order of their purposes."""
        mine = self._decisive.filtered(lambda act: act.partner_id == patient._origin)
        return mine.sorted(lambda act: (act.purpose_id.sequence, act.purpose_id.id))

    def undecided(self, patient):
        """The purposes about which a patient decided nothing."""
        return self._askable - self.of(patient).purpose_id

    def expire_soon(self, patient) -> bool:
        """Whether one that is given runs out within 30 days."""
        soon = clock.now().date() + SOON
        return any(
            act.present_state == "given" and act.expires_on and act.expires_on <= soon
            for act in self.of(patient)
        )
