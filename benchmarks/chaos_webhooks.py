"""Webhooks as they come on a bad day, beside the same on a good one.

Texts, stop words, taps and statuses of messages that were really planned. On the good
day each comes once, in order. On the bad one a fifth comes twice, alike or packed with
others, all in a random order (seeded), among signed garbage and forgeries. In the end
both databases have to say the same.
"""

import random
from collections import Counter
from collections.abc import Sequence

from .bench import WEBHOOK, Bench, Clinic
from .figures import Damage, Void
from .sent import Sent, call_sent
from .webhook_bodies import Signed, body, post, signed, tap, text
from .webhooks import EVENTS, work_off

SEED = 20261122
DUPLICATES, MALFORMED, FORGED = 0.2, 0.05, 0.05
PACK = 5
FIRST_SECOND = 1795300000
STRANGER = 905_360_000_000
# Every text holds the word that a scan of the logs looks for.
MARKER = "KUMQUAT"
STOP = "STOP"
ACTIONS = ("confirm", "reschedule", "cancel")
# Of ten messages, what WhatsApp reports of each.
COURSES = (
    *[("sent", "delivered", "read")] * 5,
    *[("sent", "delivered")] * 3,
    ("sent",),
    ("failed",),
)
UNDELIVERABLE = 131026
GARBAGE = (
    b"",
    b"KUMQUAT is no JSON",
    b"[]",
    b"null",
    b'{"object": "whatsapp_business_account", "entry": [',
    b"\xff\xfe\x00",
    b"[" * 2000,
)
# What may not depend on the order, on repetition or on noise.
STATES = {
    "message": """
        SELECT message.direction, message.message_id, message.kind,
               CASE WHEN message.direction = 'out' THEN message.key END,
               message.state, message.body, message.reason, message.error_code,
               message.sent_at, message.delivered_at, message.read_at,
               message.failed_at, message.occurred_at, message.tapped,
               message.pricing::text, message.partner_id,
               COALESCE(
                   to_jsonb(message) -> 'res_id',
                   -- as it was at 17c9740
                   to_jsonb(message) -> 'appointment_id'
               ),
               identity.wa_id, quoted.message_id
        FROM whatsapp_clinic_message AS message
        LEFT JOIN whatsapp_clinic_identity AS identity
            ON identity.id = message.identity_id
        LEFT JOIN whatsapp_clinic_message AS quoted ON quoted.id = message.reply_to_id
        WHERE message.direction = 'in' OR starts_with(message.key, 'sent-')
    """,
    # Answers to taps and stops; whether they have left is the dispatcher's affair.
    "answer": """
        SELECT message.body, message.partner_id, quoted.message_id
        FROM whatsapp_clinic_message AS message
        JOIN whatsapp_clinic_message AS quoted ON quoted.id = message.reply_to_id
        WHERE message.direction = 'out' AND NOT starts_with(message.key, 'sent-')
    """,
    "identity": """
        SELECT identity.wa_id, identity.user_id, identity.profile_name,
               identity.block_source, identity.blocked_at IS NULL, (
                   SELECT array_agg(partner_id ORDER BY partner_id)
                   FROM whatsapp_clinic_identity_partner
                   WHERE identity_id = identity.id
               )
        FROM whatsapp_clinic_identity AS identity
    """,
    "appointment": """
        SELECT id, state, patient_status, version, confirmed_at IS NULL
        FROM whatsapp_clinic_appointment
    """,
    "consent": """
        SELECT partner_id, purpose_id, decision, method FROM whatsapp_clinic_consent
    """,
    "activity": "SELECT res_model, res_id, summary FROM mail_activity",
}


def run(bench: Bench, events: int) -> Damage:
    """Both days with so many events; `lost` is what the bad one lacks or has else."""
    dice = random.Random(SEED)
    with bench.closed_clinic(
        "chaos_webhooks", patients=max(events // 5, 10), rules=1
    ) as clinic:
        messages = call_sent(clinic, clinic.made["rules"][0])
        values = _values(messages, events, dice)
        good_day = [signed(body([value])) for value in values]
        bad_day = _bad_day(values, dice)
        with bench.copy(clinic, "chaos_webhooks_good") as other:
            expected = _outcome(other, good_day, 1)
        found = _outcome(clinic, bad_day, 8)
    met = Counter(table for table, *_row in expected)
    return Damage(
        lost=(expected - found).total(),
        duplicated=(found - expected).total(),
        met={"events": len(values), "webhooks": len(bad_day), **met},
    )


def _values(messages: list[Sent], events: int, dice: random.Random) -> list[dict]:
    """So many things that patients do and WhatsApp reports, in the order of time.

    Each patient taps at most once, and stops without starting again, so that the order
    does not matter.
    """
    values: list[dict] = []
    for number, message in enumerate(messages):
        at = FIRST_SECOND + 10 * number
        course = COURSES[number % len(COURSES)]
        values += [
            message.status(
                at + second,
                name,
                UNDELIVERABLE if name == "failed" else None,
            )
            for second, name in enumerate(course)
        ]
        if "read" in course:
            values.append(_tap(message, at + 4, number))
        if number % 7 == 0:
            values.append(text(message.wa_id, f"wamid.stop-{number}", at + 5, STOP))
    for number in range(events - len(values)):
        wa_id = str(STRANGER + dice.randrange(events))
        at = FIRST_SECOND + number
        values.append(
            text(wa_id, f"wamid.in-{number}", at, f"{MARKER} {number} ş \U0001f600")
        )
    return values


def _tap(message: Sent, at: int, number: int) -> dict:
    action = ACTIONS[number % len(ACTIONS)]
    return tap(
        message.wa_id,
        f"wamid.tap-{number}",
        at,
        f"{action}:{message.key}",
        action.title(),
        message.message_id,
    )


def _bad_day(values: list[dict], dice: random.Random) -> list[Signed]:
    """Everything once and a fifth twice, shuffled, among garbage and forgeries."""
    count = len(values)
    again = dice.sample(values, int(DUPLICATES * count))
    alike, packed = again[::2], again[1::2]
    packs = [packed[first : first + PACK] for first in range(0, len(packed), PACK)]
    webhooks = [signed(body([value])) for value in [*values, *alike]]
    webhooks += [signed(body(pack)) for pack in packs]
    webhooks += [
        signed(dice.choice(GARBAGE) + b" " * number)
        for number in range(int(MALFORMED * count))
    ]
    webhooks += [_forgery(value) for value in dice.sample(values, int(FORGED * count))]
    dice.shuffle(webhooks)
    return webhooks


def _forgery(value: dict) -> Signed:
    """Somebody without the secret says that the same patient wrote a stop word."""
    wa_id = value.get("contacts", [{"wa_id": str(STRANGER)}])[0]["wa_id"]
    return signed(body([text(wa_id, "wamid.forged", FIRST_SECOND, STOP)]), "guessed")


def _outcome(
    clinic: Clinic, webhooks: Sequence[Signed], connections: int
) -> Counter[tuple]:
    """Every row of the end state, with the name of its table in front."""
    with clinic.serving() as server:
        clinic.settle()
        answers = post(server.url + WEBHOOK, webhooks, connections)
        clinic.wake("process_webhooks")
        work_off(clinic)
    forged = sum(b"wamid.forged" in webhook.body for webhook in webhooks)
    if answers != Counter({200: len(webhooks) - forged, 401: forged}):
        raise Void(f"{forged} forgeries among {len(webhooks)}, answers {answers}")
    _check_parked(clinic, webhooks)
    return Counter(
        (name, *map(str, row))
        for name, select in STATES.items()
        for row in clinic.database.sql(select)
    )


def _check_parked(clinic: Clinic, webhooks: Sequence[Signed]) -> None:
    """Raises Void unless what is parked is what was garbage."""
    garbage = {one.body for one in webhooks if b'"changes"' not in one.body}
    parked = clinic.count(EVENTS, "state = 'parked'")
    if parked != len(garbage):
        raise Void(f"{parked} webhooks are parked, {len(garbage)} were garbage")
