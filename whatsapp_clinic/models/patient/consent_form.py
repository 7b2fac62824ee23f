"""The form on which a patient agrees on paper."""


def asking_branch(patient):
    """The branch that asks for consent: the home branch, or that of the user.

    Who has an appointment at a branch may be asked there, by staff who do not see
    the home branch.
    """
    home = patient.clinic_branch_id
    return home if home.has_access("read") else home._usual()


def consent_form(patient) -> dict:
    """What the paper form shows, in the language of the context.

    `text` is that of the notice in force, or none; `guardians` are guardianships
    in force.
    """
    env = patient.env
    branch = asking_branch(patient)
    company = branch.company_id or env.company
    notice = env["whatsapp.clinic.privacy.notice"]._current(company)
    known = patient.guardianship_ids._of_tree(company)
    return {
        "clinic": branch.name or company.name,
        "text": notice and notice._text(env.lang),
        "purposes": env["whatsapp.clinic.consent.purpose"].search(
            [("ask_by_default", "=", True), ("answers_only", "=", False)]
        ),
        "guardians": known.filtered("is_in_force"),
    }
