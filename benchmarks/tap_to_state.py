"""From the tap on a patient's phone to the appointment's new state in the database.

Open loop: patients tap "Confirm" on their reminders, four a second, while nothing else
goes on. The state is seen by another database session, so it is committed.
"""

import contextlib
import threading
import time
from statistics import median

from .bench import Bench, Clinic
from .figures import Figure, Metric, check_seen, percentile
from .outbox import drain_rate

INTERVAL = 0.25
CONFIRM = 0
METRICS = (Metric("tap_to_state_p95_ms", "ms", goal=1500, more_is_better=False),)


def measure(bench: Bench) -> list[Figure]:
    taps = bench.size(40, 2)
    with bench.clinic("taps", patients=len(bench.runs) * taps, rules=1) as clinic:
        drain_rate(clinic, 0, 60)
        messages = {
            message["to"]: message["id"] for message in clinic.phones.accepted()
        }
        clinic.wait_until_none(
            "whatsapp_clinic_message", "state IN ('sending', 'sent')"
        )
        appointments = clinic.made["appointments"]
        parts = [appointments[run * taps : (run + 1) * taps] for run in bench.runs]
        runs = [_seconds_to_state(clinic, part, messages) for part in parts]
    everything = [seconds for run in runs for seconds in run]
    notes = (f"median {1000 * median(everything):.0f} ms, {len(everything)} taps",)
    value = median(percentile(run, 0.95) for run in runs)
    return [Figure(1000 * value, notes=notes)]


def _seconds_to_state(
    clinic: Clinic, appointments: list, messages: dict[str, str]
) -> list[float]:
    tapped: dict[int, float] = {}

    def tap_all():
        started = time.monotonic()
        for number, (appointment, wa_id) in enumerate(appointments):
            time.sleep(max(0.0, started + number * INTERVAL - time.monotonic()))
            tapped[appointment] = time.monotonic()
            clinic.phones.tap(wa_id, messages[wa_id], CONFIRM)

    tapping = threading.Thread(target=tap_all)
    tapping.start()
    seen = _watch(clinic, [appointment for appointment, _wa_id in appointments])
    tapping.join()
    check_seen(len(seen), len(appointments), "taps changed their appointment")
    return [seen[appointment] - tapped[appointment] for appointment in seen]


def _watch(clinic: Clinic, appointments: list[int]) -> dict[int, float]:
    """When each appointment was first seen confirmed, on the monotonic clock."""
    seen: dict[int, float] = {}
    deadline = time.monotonic() + len(appointments) * INTERVAL + 60
    with contextlib.closing(clinic.database.connect()) as connection:
        cursor = connection.cursor()
        while len(seen) < len(appointments) and time.monotonic() < deadline:
            cursor.execute(
                "SELECT id FROM whatsapp_clinic_appointment "
                "WHERE id = ANY(%s) AND patient_status = 'accepted'",
                [[one for one in appointments if one not in seen]],
            )
            now = time.monotonic()
            seen.update((one, now) for (one,) in cursor.fetchall())
            time.sleep(0.005)
    return seen
