"""Why reception is called, and the kind of activity that staff see."""

_TODO = "mail.mail_activity_data_todo"

CAUSES = {
    # What a patient wants of a visit; a tap that changed nothing.
    "patients_answer": "whatsapp_clinic.activity_patients_answer",
    "idle_tap": "whatsapp_clinic.activity_idle_tap",
    "told_by_mistake": _TODO,
    "number_missing": _TODO,
    # What a patient writes that a person has to understand.
    "wants_to_cancel": _TODO,
    "cannot_come": _TODO,
    "still_stopped": _TODO,
    "may_refuse": _TODO,
    # Who may agree for a patient, or what was agreed to, has to be asked again.
    "agreed_in_vain": _TODO,
    "comes_of_age": _TODO,
    "merged": _TODO,
}
