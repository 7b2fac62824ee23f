"""Why a message waits or was not sent, and everything that hangs on it."""

from dataclasses import dataclass

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

_DESK = ("group_receptionist", "group_privacy_officer")
_HEADS = ("group_manager", "group_privacy_officer")
_ADMINISTRATORS = ("group_administrator",)


@dataclass(frozen=True)
class Remedy:
    """The button that fixes it: its label, a method of the gate, who may press it."""

    label: object
    method: str
    groups: tuple = _DESK


@dataclass(frozen=True)
class Reason:
    """A reason as staff read it, and what to do about it.

    `sentence` is the label of a selection; `next_step` says what to do, None where
    there is nothing to do. `badge` is how it shows on a patient who cannot be written
    to for it.
    """

    sentence: str
    next_step: object = None
    remedy: Remedy | None = None
    badge: str = "not_written_to"
    # Nobody can fix it for this message.
    is_hopeless: bool = False
    # The plan's own doing; whatever else stopped a message was an obstacle.
    is_planned_away: bool = False
    # Somebody decided; nothing brings the message back.
    is_final: bool = False


_ENTER_PHONE = Remedy(_lt("Enter Phone Number"), "_enter_phone")
_CHECK_PHONE = Remedy(_lt("Correct or Confirm Number"), "_enter_phone")
_ASK = Remedy(_lt("Ask for Consent"), "_ask_for_consent")
_RECORD = Remedy(_lt("Record Consent"), "_record_consent")
_OPEN_CHANNEL = Remedy(_lt("Open Channel"), "_open_channel", _ADMINISTRATORS)
REASONS = {
    "no_number": Reason(
        "The patient has no WhatsApp number.",
        next_step=_lt("Enter a phone number for the patient."),
        remedy=_ENTER_PHONE,
        badge="no_number",
    ),
    "invalid_number": Reason(
        "The phone number is not valid.",
        next_step=_lt("Correct the patient's phone number."),
        remedy=_ENTER_PHONE,
        badge="no_number",
    ),
    "no_consent": Reason(
        "The patient has not agreed to these messages.",
        next_step=_lt("Ask the patient for consent and record it."),
        remedy=_ASK,
        badge="no_consent",
    ),
    "consent_refused": Reason(
        "The patient refused these messages.",
        next_step=_lt("Call the patient, or ask for consent again."),
        remedy=_RECORD,
        badge="refused",
    ),
    "consent_withdrawn": Reason(
        "The patient has withdrawn the agreement.",
        next_step=_lt("Call the patient, or ask for consent again."),
        remedy=_RECORD,
        badge="withdrawn",
    ),
    "consent_expired": Reason(
        "The patient's agreement has run out.",
        next_step=_lt("Ask the patient for consent again."),
        remedy=_ASK,
        badge="expired",
    ),
    "notice_superseded": Reason(
        "A new privacy notice asks for a new agreement.",
        next_step=_lt(
            "Show the patient the new privacy notice and ask for consent again."
        ),
        remedy=_ASK,
        badge="superseded",
    ),
    "guardianship_ended": Reason(
        "A guardian agreed who no longer decides for the patient.",
        next_step=_lt("Ask the patient, or who decides for them now."),
        remedy=_ASK,
        badge="guardianship_ended",
    ),
    "purpose_category": Reason(
        "The purpose does not allow this kind of template.",
        next_step=_lt(
            "Choose another template, or a purpose that allows its category."
        ),
    ),
    "identity_blocked": Reason(
        "The patient stopped all messages to this number.",
        next_step=_lt("Call the patient. Writing START in the chat lifts the stop."),
        remedy=Remedy(_lt("See the Stop"), "_open_identity", _HEADS),
        badge="stopped",
    ),
    "marketing_blocked": Reason(
        "The patient stopped advertising to this number.",
        next_step=_lt("No action needed: the patient wants no advertising."),
    ),
    "phone_blacklisted": Reason(
        "The number is on the blacklist.",
        next_step=_lt(
            "If it was added by mistake, remove it from the phone blacklist."
        ),
        remedy=Remedy(_lt("Remove from Blacklist"), "_remove_from_blacklist", _HEADS),
        badge="stopped",
    ),
    "wrong_person": Reason(
        "The number belongs to somebody else.",
        next_step=_lt(
            "Ask the patient: enter the right number, or confirm that this one is "
            "theirs."
        ),
        remedy=_CHECK_PHONE,
        badge="no_number",
    ),
    "number_changed": Reason(
        "The patient's number has changed.",
        next_step=_lt("Ask the patient for the new number."),
        remedy=_CHECK_PHONE,
        badge="no_number",
    ),
    "number_unlinked": Reason(
        "The number does not belong to this patient any more.",
        next_step=_lt("Check the patient's phone number."),
        remedy=Remedy(_lt("Use This Number Again"), "_confirm_number"),
        badge="no_number",
    ),
    "looked_after_elsewhere": Reason(
        "Another branch looks after this patient.",
        next_step=_lt("Ask there, or a manager of its company."),
        is_hopeless=True,
    ),
    "patient_archived": Reason(
        "The patient is archived.",
        next_step=_lt("Restore the patient if the clinic still treats them."),
        remedy=Remedy(_lt("Restore Patient"), "_restore"),
    ),
    "patient_deceased": Reason(
        "The patient has died.",
        next_step=_lt("No action needed: no message is sent."),
        is_hopeless=True,
    ),
    "patient_barred": Reason(
        "The clinic does not write to this patient.",
        next_step=_lt("Talk to the patient in person, or lift the bar."),
        remedy=Remedy(_lt("Lift the Bar"), "_lift_bar", _HEADS),
    ),
    "window_closed": Reason(
        "More than 24 hours since the patient wrote.",
        next_step=_lt("Send an approved template that the patient has agreed to."),
    ),
    "template_disabled": Reason(
        "The template is not in use.",
        next_step=_lt("Ask a manager to map its variables and put it in use."),
    ),
    "template_account": Reason(
        "The number's WhatsApp account does not have the template.",
        next_step=_lt(
            "Choose another template, or have a manager submit it to this account."
        ),
    ),
    "template_not_approved": Reason(
        "WhatsApp has not approved the template.",
        next_step=_lt("Wait for WhatsApp's review or choose another template."),
    ),
    "template_category": Reason(
        "WhatsApp changed the category of the template.",
        next_step=_lt("Ask a manager to accept the new category on the template."),
    ),
    "value_missing": Reason(
        "A variable of the template is empty for this record.",
        next_step=_lt("Fill in the field on the record, then send again."),
    ),
    "not_allowed": Reason(
        "WhatsApp would refuse the content.",
        next_step=_lt("Change the content, then send again."),
    ),
    "not_minimal": Reason(
        "The text tells more than it should.",
        next_step=_lt("Take out what the detail names, then send again."),
    ),
    "not_rendered": Reason(
        "The text could not be made; see the log.",
        next_step=_lt("Ask the administrator: the server's log says where."),
    ),
    "obsolete": Reason(
        "The appointment was cancelled or moved.",
        is_hopeless=True,
        is_planned_away=True,
    ),
    "not_booked": Reason(
        "The visit is not booked yet.",
        next_step=_lt("Book the visit, then write to the patient."),
    ),
    "already_confirmed": Reason(
        "The patient has confirmed already.",
        is_hopeless=True,
        is_planned_away=True,
    ),
    "other_patient": Reason(
        "It is about another patient's appointment.",
        next_step=_lt(
            "No action needed: the patient whose appointment it is gets a message "
            "instead."
        ),
        is_hopeless=True,
    ),
    "expired": Reason(
        "Its time has passed.",
        is_hopeless=True,
    ),
    "replanning": Reason(
        "Its rule or branch was changed: it is being planned again.",
        next_step=_lt("No action needed: it will be sent when that is done."),
    ),
    "quiet_hours": Reason(
        "It is night for the patient.",
        next_step=_lt(
            "No action needed: it will be sent in the morning, unless that is too late."
        ),
    ),
    "pair_limit": Reason(
        "WhatsApp limits how much one patient gets at once.",
        next_step=_lt("No action needed: it will be sent in a moment."),
    ),
    "marketing_limit": Reason(
        "WhatsApp limits how much advertising one patient gets.",
        next_step=_lt("No action needed: it will be sent after a day."),
    ),
    "automatic_limit": Reason(
        "The patient got enough automatic messages for this hour.",
        next_step=_lt("No action needed: it will be sent within the hour."),
    ),
    "messaging_limit": Reason(
        "The day's limit of patients to write to first is reached.",
        next_step=_lt(
            "Call the patients whose messages cannot wait; verify the business at "
            "Meta to raise the limit."
        ),
    ),
    "channel_incomplete": Reason(
        "The channel is not connected.",
        next_step=_lt("Ask the administrator to enter the credentials."),
        remedy=_OPEN_CHANNEL,
    ),
    "channel_held": Reason(
        "WhatsApp accepts nothing from this number at the moment.",
        next_step=_lt(
            "Call the patient if it is urgent; it is sent automatically when WhatsApp "
            "accepts messages again."
        ),
        remedy=Remedy(_lt("Open Channel"), "_open_channel", _HEADS),
    ),
    "transfer_unrecorded": Reason(
        "The transfer of data abroad is not on record.",
        next_step=_lt(
            "Ask the privacy officer to enter the standard contract on the channel."
        ),
        remedy=Remedy(_lt("Open Channel"), "_open_channel", _HEADS),
    ),
    "copied_database": Reason(
        "This database is a copy; nothing is sent from it.",
        next_step=_lt("If this is the real database now, arm the channel."),
        remedy=_OPEN_CHANNEL,
    ),
    "standby": Reason(
        "Meta's AI agent is answering this patient.",
        next_step=_lt(
            "Write to the patient yourself to take the conversation over, or switch "
            "the agent off in WhatsApp Manager."
        ),
    ),
    "cancelled_by_user": Reason(
        "Cancelled by staff.",
        is_final=True,
    ),
    "not_sendable": Reason(
        "It has left already, or came from the patient.",
        is_hopeless=True,
    ),
    "error": Reason(
        "WhatsApp reported an error.",
        next_step=_lt("Read the detail, then send again or call the patient."),
    ),
    "no_answer": Reason(
        "WhatsApp did not answer: it may or may not have arrived.",
        next_step=_lt("Ask the patient, or send again."),
    ),
    "file_uploading": Reason(
        "Its file is being handed to WhatsApp.",
        next_step=_lt("No action needed: it will be sent in a moment."),
    ),
    "file_refused": Reason(
        "WhatsApp did not take its file.",
        next_step=_lt("Choose a file of another type or size, then send again."),
    ),
}
REASON_SELECTION = [(name, reason.sentence) for name, reason in REASONS.items()]


def next_step(env, name):
    """What to do about a reason, in the user's language; None where nothing is."""
    reason = REASONS.get(name)
    return reason.next_step and env._(reason.next_step) if reason else None
