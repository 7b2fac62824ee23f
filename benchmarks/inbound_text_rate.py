"""How many texts of patients become messages a second, and what each costs the process.

From the stored webhook to the stored message, of patients whom the clinic knows.
"""

from statistics import median

from .bench import Bench
from .figures import Figure, Metric, check_seen
from .webhook_bodies import body, signed, text
from .webhooks import process

METRICS = (
    Metric("inbound_text_rate", "texts/s", goal=60),
    Metric("inbound_cpu_ms_per_text", "ms", goal=2.9, more_is_better=False),
)
FIRST_SECOND = 1795300000


def measure(bench: Bench) -> list[Figure]:
    patients, texts = bench.size(400, 4), bench.size(1000, 8)
    with bench.clinic("texts", patients=patients) as clinic:
        writers = [wa_id for _appointment, wa_id in clinic.made["appointments"]]
        runs = []
        for run in bench.runs:
            webhooks = [
                signed(
                    body(
                        [
                            text(
                                writers[number % patients],
                                f"wamid.{run}-{number}",
                                FIRST_SECOND + number,
                                f"Merhaba, {number}",
                            )
                        ]
                    )
                )
                for number in range(texts)
            ]
            runs.append(process(clinic, webhooks))
        stored = clinic.count("whatsapp_clinic_message", "direction = 'in'")
    check_seen(stored, texts * len(bench.runs), "texts became messages")
    return [
        Figure(median(run.rate for run in runs)),
        Figure(median(run.cpu_ms for run in runs)),
    ]
