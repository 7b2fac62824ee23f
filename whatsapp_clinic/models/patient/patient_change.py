"""What follows when something of a patient is changed."""

# Fields that end all messages to a patient, the values that do, and the reason.
ENDINGS = (
    ("clinic_deceased_on", bool, "patient_deceased"),
    ("clinic_barred", bool, "patient_barred"),
    ("active", lambda value: value is False, "patient_archived"),
)
# Fields that plan again what is to come: an obstacle may have ended.
_PLANNING = {"phone", "tz", *(name for name, _ends, _reason in ENDINGS)}
# What says whose number it is, and how it is read.
_NUMBER = {"phone", "clinic_patient", "clinic_branch_id"}
# What decides, of a guardian or a minor, who of them is written to.
_ADDRESSING = {"clinic_birthdate", *(name for name, _ends, _reason in ENDINGS)}


class PatientChange:
    """Values that are written on people; made before, it remembers what was."""

    def __init__(self, people, vals: dict):
        self.env = people.env
        self.people = people
        self.vals = vals
        is_move = "clinic_branch_id" in vals
        self.homes = {one: one.clinic_branch_id for one in people.sudo() if is_move}
        is_spelling = self.env.context.get("clinic_spells_phone")
        self.touches_number = bool(not is_spelling and _NUMBER & vals.keys())
        numbered = people if self.touches_number else people.browse()
        self.phones = {one.id: one._whatsapp_phone() for one in numbered}
        self.newcomers = self._newcomers()

    def _newcomers(self):
        """Contacts who become patients by these values, which tell no time zone."""
        are_welcome = self.vals.get("clinic_patient") and "tz" not in self.vals
        people = self.people.sudo() if are_welcome else self.people.browse()
        return people.filtered(lambda one: not one.clinic_patient)

    def follow(self):
        """Do what the change asks for, once it is written."""
        self.newcomers._forget_assumed_zone()
        self._note_moves()
        if self.touches_number:
            self._follow_number()
        ended = [why for name, ends, why in ENDINGS if ends(self.vals.get(name))]
        if ended:
            self.people._on_ended(ended[0])
        if _ADDRESSING & self.vals.keys():
            self.people._address_waiting()
        if _PLANNING & self.vals.keys():
            self.people._plan_messages()

    def _note_moves(self):
        """Note another home branch, where there was one.

        Tracked it would leave a trace that tells anybody who is a patient.
        """
        for partner, before in self.homes.items():
            after = partner.clinic_branch_id
            if before and before != after:
                lang = before.company_id.partner_id.lang
                noted = partner.with_context(lang=lang)
                noted._note_for_staff(
                    noted.env._(
                        "Home branch: %(before)s → %(after)s",
                        before=before.name,
                        after=after.name or noted.env._("none"),
                    )
                )
        for partner, left in self.homes.items():
            partner.guardianship_ids._house_guardians(left)

    def _follow_number(self):
        """A number that somebody left stays left, unless it is entered again.

        How others than staff write a number tells them nothing of whose it is.
        """
        is_entered = "phone" in self.vals
        if not is_entered or self.people._is_written_by_staff():
            self.people._spell_phone()
        for partner in self.people.sudo():
            phone, before = partner._whatsapp_phone(), self.phones[partner.id]
            if phone != before:
                partner._leave_number(before)
            elif not is_entered and partner._has_left(phone):
                continue
            partner._claim_number(is_entered)
