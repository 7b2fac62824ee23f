"""The story that `make demo` tells: two patients, a reminder, a tap on Confirm.

Everything goes through Odoo's external API as the receptionist would do it, and
through the patient's phone; Odoo's scheduler sends. Every step is checked in Odoo's
database and on the phone.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .clinic import User
from .shell import SetupError, say

APPOINTMENT = "whatsapp.clinic.appointment"
MESSAGE = "whatsapp.clinic.message"
MESSAGE_FIELDS = ["state", "reason", "next_step", "body", "due_at"]
KADIKOY = "640000000000001"
ISTANBUL = timezone(timedelta(hours=3), "Istanbul")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass
class Story:
    """Told by `tell()`; raises SetupError at the first step that is not seen.

    `receptionist` is logged in to the running Odoo, `phones` drives the sandbox,
    `clock` is the file that moves Odoo's clock.
    """

    receptionist: User
    phones: object
    clock: Path
    took: dict = field(default_factory=dict)

    def tell(self) -> None:
        ayse, baris, deniz = self.patients()
        say("\n1  The receptionist books three appointments.")
        visit = self.book(ayse, 10)
        refused = self.book(deniz, 11)
        other = self.book(baris, 12)
        self.confirmations(ayse, visit, baris)
        self.refusal(deniz, refused)
        self.let_a_day_pass(visit)
        self.reminders(ayse, visit, baris, other)
        self.tap_confirm(ayse, visit)
        self.tap_cancel(baris, other)
        say("\nTimes taken, in seconds")
        for what, seconds in self.took.items():
            say(f"   {seconds:6.1f}  {what}")

    def patients(self) -> list[dict]:
        """Two who agreed to appointment messages, and one who did not."""
        found = []
        for name in ("demo_patient_01", "demo_patient_02", "demo_patient_09"):
            fields = ["name", "phone", "whatsapp_consent_state"]
            (patient,) = self.receptionist.read(
                "res.partner", [("id", "=", self.id_of(name))], fields
            )
            found.append({**patient, "wa_id": patient["phone"].replace(" ", "")[1:]})
        return found

    def id_of(self, name: str) -> int:
        _model, record_id = self.receptionist.call(
            "ir.model.data", "check_object_reference", "whatsapp_clinic", name
        )
        return record_id

    def book(self, patient: dict, hour: int) -> int:
        """Book the first free day from the day after tomorrow on, at a full hour."""
        start = datetime.now(ISTANBUL).replace(
            hour=hour, minute=0, second=0, microsecond=0
        ) + timedelta(days=2)
        values = {
            "partner_id": patient["id"],
            "branch_id": self.id_of("demo_branch_kadikoy"),
            "practitioner_id": self.id_of("demo_practitioner_1"),
            "type_id": self.id_of("demo_type_checkup"),
            "start": self.free_start(start).strftime(TIME_FORMAT),
        }
        (visit,) = self.receptionist.call(APPOINTMENT, "create", [values])
        state = patient["whatsapp_consent_state"]
        may = self.label("res.partner", "whatsapp_consent_state", state)
        say(f"   {patient['name']}: {may}")
        return visit

    def free_start(self, start: datetime) -> datetime:
        """This time, or half an hour later as often as it is taken; in UTC."""
        start = start.astimezone(timezone.utc)
        while self.receptionist.call(
            APPOINTMENT,
            "search_count",
            [
                ("practitioner_id", "=", self.id_of("demo_practitioner_1")),
                ("start", "<", (start + timedelta(minutes=30)).strftime(TIME_FORMAT)),
                ("stop", ">", start.strftime(TIME_FORMAT)),
            ],
        ):
            start += timedelta(minutes=30)
        return start

    def confirmations(self, ayse: dict, visit: int, baris: dict) -> None:
        say("\n2  Who agreed gets a confirmation at once.")
        self.wait(
            "last booking to first confirmation on the phone",
            lambda: self.bubbles(ayse),
        )
        self.show(self.bubbles(ayse)[-1])
        self.wait("second confirmation on the phone", lambda: self.bubbles(baris))
        self.wait(
            "ticks back in Odoo",
            lambda: "delivered" in self.states(visit),
        )

    def refusal(self, patient: dict, visit: int) -> None:
        say("\n3  Who did not agree gets nothing, and reception sees why.")
        (told,) = self.receptionist.read(
            "whatsapp.clinic.appointment",
            [("id", "=", visit)],
            ["whatsapp_objection", "whatsapp_next_step"],
        )
        self.check(told["whatsapp_objection"] == "no_consent", "no refusal in Odoo")
        states = {one["state"] for one in self.messages(visit)}
        self.check(states <= {"refused"}, "a message waits without consent")
        self.check(not self.bubbles(patient), "a refused message is on the phone")
        say(f"   {patient['name']}: {self.label(MESSAGE, 'reason', 'no_consent')}")
        say(f"   What to do: {told['whatsapp_next_step']}")

    def let_a_day_pass(self, visit: int) -> None:
        say("\n4  The clocks of Odoo and of the phones are moved to the day before.")
        due = min(
            one["due_at"] for one in self.messages(visit) if one["state"] == "queued"
        )
        due_at = datetime.strptime(due, TIME_FORMAT).replace(tzinfo=timezone.utc)
        # The other patient's reminder is due up to a few hours later.
        ahead = due_at - datetime.now(timezone.utc) + timedelta(hours=8)
        self.phones.move_clock(ahead.total_seconds())
        self.clock.write_text(str(ahead.total_seconds()))
        hours = ahead.total_seconds() / 3600
        say(f"   {hours:.1f} hours ahead. Odoo's scheduler looks once a minute.")

    def messages(self, visit: int) -> list[dict]:
        about = [("res_model", "=", APPOINTMENT), ("res_id", "=", visit)]
        domain = [*about, ("direction", "=", "out")]
        return self.receptionist.read(MESSAGE, domain, MESSAGE_FIELDS)

    def states(self, visit: int) -> list[str]:
        return [one["state"] for one in self.messages(visit)]

    def reminders(self, ayse: dict, visit: int, baris: dict, other: int) -> None:
        say("\n5  The due reminders go.")
        self.wait(
            "clock moved to reminder on the phone",
            lambda: self.reminder(ayse, visit) and self.reminder(baris, other),
            seconds=150,
        )
        self.show(self.reminder(ayse, visit))

    def tap_confirm(self, patient: dict, visit: int) -> None:
        say(f"\n6  {patient['name']} taps the first button.")
        self.tap(patient, visit, 0)
        self.wait(
            "tap on Confirm to the appointment's new state",
            lambda: self.appointment(visit)["patient_status"] == "accepted",
        )
        self.tell_state(visit)

    def tap_cancel(self, patient: dict, visit: int) -> None:
        say(f"\n7  {patient['name']} taps the last button.")
        self.tap(patient, visit, 2)
        self.wait(
            "tap on Cancel to the appointment's new state",
            lambda: self.appointment(visit)["state"] == "cancelled",
        )
        self.tell_state(visit)
        # The word that it is cancelled may just be on its way.
        self.wait(
            "nothing waits any more",
            lambda: not {"queued", "held", "sending"} & set(self.states(visit)),
        )
        say("   Its other reminders are cancelled and the slot is free again.")

    def tap(self, patient: dict, visit: int, button: int) -> None:
        bubble = self.reminder(patient, visit)
        say(f"   [{bubble['buttons'][button]['title']}]")
        self.phones.tap(patient["wa_id"], bubble["id"], button)

    def appointment(self, visit: int) -> dict:
        fields = ["display_name", "start", "state", "patient_status"]
        (found,) = self.receptionist.read(APPOINTMENT, [("id", "=", visit)], fields)
        return found

    def tell_state(self, visit: int) -> None:
        found = self.appointment(visit)
        state = self.label(APPOINTMENT, "state", found["state"])
        answer = self.label(APPOINTMENT, "patient_status", found["patient_status"])
        say(f"   {found['display_name']}: {state}; patient's answer: {answer}")

    def label(self, model: str, name: str, value: str) -> str:
        """How Odoo shows a value of a selection."""
        described = self.receptionist.call(model, "fields_get", [name], ["selection"])
        return dict(described[name]["selection"])[value]

    def bubbles(self, patient: dict) -> list[dict]:
        thread = self.phones.thread(patient["wa_id"], KADIKOY)
        return [one for one in thread if one["direction"] == "out"]

    def reminder(self, patient: dict, visit: int) -> dict | None:
        """The bubble with buttons that names the visit's time; others may be due."""
        start = datetime.strptime(self.appointment(visit)["start"], TIME_FORMAT)
        time_of_day = f"{start.replace(tzinfo=timezone.utc).astimezone(ISTANBUL):%H:%M}"
        found = [
            one
            for one in self.bubbles(patient)
            if one["buttons"] and time_of_day in one["text"]
        ]
        return found[-1] if found else None

    def show(self, bubble: dict) -> None:
        """A bubble as it stands on the phone."""
        lines = [bubble.get("header"), *bubble["text"].splitlines(), bubble["footer"]]
        lines += [f"[{one['title']}]" for one in bubble["buttons"] or ()]
        for line in filter(None, lines):
            say(f"   │ {line}")

    def wait(self, what: str, condition, seconds: float = 60) -> None:
        """Until a step is seen, and note how long it took."""
        started = time.monotonic()
        while not condition():
            self.check(
                time.monotonic() - started < seconds, f"not seen in {seconds} s: {what}"
            )
            time.sleep(0.2)
        self.took[what] = time.monotonic() - started

    def check(self, holds, problem: str) -> None:
        if not holds:
            raise SetupError(f"The story broke: {problem}.")
