"""How many texts of patients become messages a second.

From the stored webhook to the stored message, of patients whom the clinic knows.
"""

from statistics import median

from .bench import Bench
from .figures import Figure, Metric, check_seen
from .webhook_bodies import body, signed, text
from .webhooks import processing_rate

METRICS = (Metric("inbound_text_rate", "texts/s", goal=60),)
FIRST_SECOND = 1795300000


def measure(bench: Bench) -> list[Figure]:
    patients, texts = bench.size(400, 4), bench.size(1000, 8)
    with bench.clinic("texts", patients=patients) as clinic:
        writers = [wa_id for _appointment, wa_id in clinic.made["appointments"]]
        rates = []
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
            rates.append(processing_rate(clinic, webhooks))
        stored = clinic.count("whatsapp_clinic_message", "direction = 'in'")
    check_seen(stored, texts * len(bench.runs), "texts became messages")
    return [Figure(median(rates))]
