"""What somebody new says about appointment messages, noted while they are entered.

Nothing of it is kept on the contact: it is recorded, or asked, by the dialogs for
consent, with all that they check.
"""

from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

SAID = [("said", _lt("Agrees: said to staff"))]
REFUSED = [("refused", _lt("Does not agree: said to staff"))]
LINKS = [("sms", _lt("Ask by a link: SMS")), ("email", _lt("Ask by a link: e-mail"))]


def ways_to_ask(env) -> list[tuple]:
    """How a new patient may agree; by word of mouth only where that is allowed."""
    may_be_said = _appointment_purpose(env).sudo().verbal_allowed
    ways = SAID + REFUSED + LINKS if may_be_said else REFUSED + LINKS
    return [(value, env._(label)) for value, label in ways]


def take(patient, way: str, words: str):
    """Record or ask what somebody new says; `way` is one of SAID, REFUSED and LINKS.

    Raises UserError where somebody agreed and `words` do not say how.
    """
    if way == "said" and not words:
        raise UserError(patient.env._("Write what the patient said."))
    if way in ("said", "refused"):
        _record_what_was_said(patient, way, words)
    elif way:
        _ask_by_link(patient, way)


def _record_what_was_said(patient, way: str, words: str):
    """A decision about appointment messages; a guardian's where one decides."""
    wizard = patient.env["whatsapp.clinic.consent.record"].create(
        {"partner_id": patient.id, "method": "verbal", "wording": words}
    )
    guardians = wizard.possible_guardian_ids
    wizard.guardian_id = guardians if len(guardians) == 1 else False
    purpose = _appointment_purpose(patient.env)
    asked = wizard.line_ids.filtered(lambda line: line.purpose_id == purpose)
    asked.answer = "given" if way == "said" else "refused"
    wizard.action_record()


def _ask_by_link(patient, way: str):
    """Send the personal link on which the patient decides."""
    asking = patient.env["whatsapp.clinic.consent.ask"].create(
        {"partner_id": patient.id}
    )
    send = {"sms": asking.action_sms, "email": asking.action_email}
    send[way]()


def _appointment_purpose(env):
    return env.ref("whatsapp_clinic.purpose_appointment")
