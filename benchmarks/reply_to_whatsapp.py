"""From a receptionist's answer to WhatsApp.

Answers come over Odoo's external API, four a second, each to another patient who has
just written, while nothing else goes on. The time counts from when another database
session sees the answer, so that it is committed, until the sandbox has the request.
"""

import contextlib
import threading
import time
from statistics import median

from workshop.clinic import User

from .bench import Bench, Clinic
from .figures import Figure, Metric, check_seen, percentile
from .in_odoo import NUMBERS

INTERVAL = 0.25
TIMEOUT = 30.0
LOGIN, PASSWORD = "bench-reception", "bench-reception-password"
WIZARD = "whatsapp.clinic.message.reply"
METRICS = (Metric("reply_to_whatsapp_p95_ms", "ms", goal=500, more_is_better=False),)


def measure(bench: Bench) -> list[Figure]:
    replies = bench.size(40, 3)
    with bench.clinic("replies", patients=len(bench.runs) * replies) as clinic:
        clinic.phones.switch(latency_ms=0)
        clinic.database.call("make_receptionist", login=LOGIN, password=PASSWORD)
        user = User(clinic.server.url, clinic.database.name, LOGIN, PASSWORD)
        questions = _questions(clinic)
        parts = [questions[run * replies : (run + 1) * replies] for run in bench.runs]
        runs = [_seconds(clinic, user, part) for part in parts]
    everything = [seconds for run in runs for seconds in run]
    notes = (f"median {1000 * median(everything):.0f} ms, {len(everything)} answers",)
    value = median(percentile(run, 0.95) for run in runs)
    return [Figure(1000 * value, notes=notes)]


def _questions(clinic: Clinic) -> list[int]:
    """Every patient writes; ids of the received messages."""
    patients = [wa_id for _appointment, wa_id in clinic.made["appointments"]]
    for wa_id in patients:
        clinic.phones.add_patient(f"+{wa_id}")
        clinic.phones.write(wa_id, NUMBERS[0], "May I ask something?")
    (channel,) = clinic.made["channels"]
    received = f"whatsapp_clinic_message WHERE channel_id = {channel}"
    missing = f"(SELECT count(*) FROM {received}) AS stored"
    clinic.wait_until_none(missing, f"count < {len(patients)}")
    return [one for (one,) in clinic.database.sql(f"SELECT id FROM {received}")]


def _seconds(clinic: Clinic, user: User, questions: list[int]) -> list[float]:
    """For each question, from the committed answer to its arrival at the sandbox."""
    answering = threading.Thread(target=_answer_all, args=(user, questions))
    answering.start()
    committed = _watch(clinic, questions)
    answering.join()
    deadline = time.monotonic() + TIMEOUT
    arrived: dict[str, float] = {}
    while len(arrived) < len(questions) and time.monotonic() < deadline:
        texts = {_text(question) for question in questions}
        arrived = {
            message["rendered_text"]: message["timestamp"]
            for message in clinic.phones.accepted()
            if message["rendered_text"] in texts
        }
        time.sleep(0.1)
    check_seen(len(arrived), len(questions), "answers arrived")
    return [max(0.0, at - committed[text]) for text, at in arrived.items()]


def _text(question: int) -> str:
    return f"Answer to {question}"


def _answer_all(user: User, questions: list[int]) -> None:
    started = time.monotonic()
    for number, question in enumerate(questions):
        time.sleep(max(0.0, started + number * INTERVAL - time.monotonic()))
        values = {"message_id": question, "body": _text(question)}
        wizard = user.call(WIZARD, "create", values)
        user.call(WIZARD, "action_send", [wizard])


def _watch(clinic: Clinic, questions: list[int]) -> dict[str, float]:
    """When each answer was first seen by another session, in seconds since 1970."""
    seen: dict[str, float] = {}
    deadline = time.monotonic() + len(questions) * INTERVAL + TIMEOUT
    with contextlib.closing(clinic.database.connect()) as connection:
        cursor = connection.cursor()
        while len(seen) < len(questions) and time.monotonic() < deadline:
            wanted = [_text(one) for one in questions if _text(one) not in seen]
            cursor.execute(
                "SELECT body FROM whatsapp_clinic_message "
                "WHERE direction = 'out' AND body = ANY(%s)",
                [wanted],
            )
            now = time.time()
            seen.update((text, now) for (text,) in cursor.fetchall())
            time.sleep(0.005)
    check_seen(len(seen), len(questions), "answers were committed")
    return seen
