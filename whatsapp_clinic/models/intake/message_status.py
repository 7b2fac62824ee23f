import json
from collections import Counter
from operator import itemgetter

from psycopg2.extras import execute_values

from odoo import api, models

from ...tools import clock
from ...tools.text import clean_text
from ..outbox.refusal import Refusal, judge_refusal
from ..provider.door import Action, Policy
from ..provider.events import Failure, Price, Status, Unrecognised
from ..vocabulary.states import RANKS

_RANK_OF_MESSAGE = " ".join(
    f"WHEN '{state}' THEN {rank}" for state, rank in RANKS.items()
)
# An attempt that is known to have failed and is repeated can only be contradicted by a
# delivery; a failure speaks of the attempt that is under way.
_IS_NEWS = f"""(
    (CASE message.state {_RANK_OF_MESSAGE} ELSE 9 END) < row.rank
    AND (row.rank > {RANKS["failed"]} OR NOT EXISTS (
        SELECT FROM whatsapp_clinic_message_attempt AS attempt
        WHERE attempt.message_id = row.id AND attempt.state = 'failed'
          AND attempt.number >= COALESCE(row.attempt, message.attempts)))
    AND (row.state <> 'failed' OR (
        message.state NOT IN ('queued', 'held')
        AND COALESCE(row.attempt, message.attempts) = message.attempts))
)"""
# Once it has arrived nobody sends it again: a one-time code is not kept.
_HOLDS_SECRET = f"""(
    row.rank > {RANKS["failed"]} AND message.template_id IN (
        SELECT id FROM whatsapp_clinic_template
        WHERE expected_category = 'AUTHENTICATION')
)"""
_UPDATE = f"""
    UPDATE whatsapp_clinic_message AS message SET
        state = CASE WHEN {_IS_NEWS} THEN row.state ELSE message.state END,
        reason = CASE WHEN {_IS_NEWS} THEN row.reason ELSE message.reason END,
        detail = CASE WHEN {_IS_NEWS} THEN row.detail ELSE message.detail END,
        error_code =
            CASE WHEN {_IS_NEWS} THEN row.error_code ELSE message.error_code END,
        sent_at = COALESCE(row.sent_at, message.sent_at),
        delivered_at = COALESCE(row.delivered_at, message.delivered_at),
        read_at = COALESCE(row.read_at, message.read_at),
        failed_at = COALESCE(row.failed_at, message.failed_at),
        status_at = GREATEST(message.status_at, row.now),
        message_id = COALESCE(message.message_id, row.message_id),
        pricing = COALESCE(row.pricing, message.pricing),
        pricing_category = COALESCE(row.pricing_category, message.pricing_category),
        pricing_type = COALESCE(row.pricing_type, message.pricing_type),
        billable = COALESCE(row.billable, message.billable),
        variables = CASE WHEN {_HOLDS_SECRET} THEN NULL ELSE message.variables END
    FROM (VALUES %s) AS row (id, attempt, state, rank, reason, detail, error_code,
        sent_at, delivered_at, read_at, failed_at, now, message_id, pricing,
        pricing_category, pricing_type, billable)
    WHERE message.id = row.id
"""
_ROW = """(%(id)s, %(attempt)s::int, %(state)s, %(rank)s, %(reason)s, %(detail)s,
    %(error_code)s::int, %(sent_at)s::timestamp, %(delivered_at)s::timestamp,
    %(read_at)s::timestamp, %(failed_at)s::timestamp, %(now)s::timestamp,
    %(message_id)s, %(pricing)s::jsonb, %(pricing_category)s, %(pricing_type)s,
    %(billable)s::boolean)"""
_FIND = """
    SELECT row.place, COALESCE(by_key.id, by_id.id),
        COALESCE(by_key.attempts, by_id.attempts),
        COALESCE(by_key.state, by_id.state) = 'unknown'
    FROM (VALUES %s) AS row (place, channel, key, message_id)
    LEFT JOIN whatsapp_clinic_message AS by_key
        ON by_key.key = row.key AND by_key.channel_id = row.channel
    LEFT JOIN whatsapp_clinic_message AS by_id
        ON by_id.channel_id = row.channel AND by_id.message_id = row.message_id
        AND by_id.direction = 'out'
"""


class Message(models.Model):
    """What a messenger reports of the clinic's messages."""

    _inherit = "whatsapp.clinic.message"

    @api.model
    def _apply_statuses(self, statuses: list[tuple]):
        """Take over statuses, (channel, `provider.events.Status`) each.

        In any order, twice, or before our own write-back they end in the same state.
        Those of no message of ours are counted and change nothing.
        """
        self.flush_model()
        known, strange = self._find_rows(statuses)
        self._count_strange(strange)
        news: dict[int, dict] = {}
        of_attempts: dict[tuple, Status] = {}
        for row_id, attempt, channel, status in known:
            policy = self._policy(channel, status)
            if self._take_back(row_id, status, policy):
                continue
            _fold(news, row_id, status, policy)
            if attempt:
                _fold_attempt(of_attempts, row_id, attempt, status)
        self.flush_model()
        if news:
            execute_values(
                self.env.cr._obj, _UPDATE, list(news.values()), _ROW, page_size=1000
            )
            self._adopt_answers(list(news))
        self.env["whatsapp.clinic.message.attempt"]._note_statuses(
            [_told(*key, status) for key, status in of_attempts.items()]
        )
        self.invalidate_model()
        self._follow_states(list(news))

    def _find_rows(self, statuses: list[tuple]) -> tuple[list[tuple], list]:
        """Each status with its row: by what we sent along, else by WhatsApp's id.

        Returns ([(id of the row, number of the attempt if its row of attempts is to
        say it, channel, status)], [channel of a status that has none]).
        """
        if not statuses:
            return [], []
        values = [
            (place, channel.id, _correlation(status)[0], clean_text(status.remote_id))
            for place, (channel, status) in enumerate(statuses)
        ]
        found = execute_values(
            self.env.cr._obj, _FIND, values, page_size=len(values), fetch=True
        )
        known, strange = [], []
        for place, row_id, attempts, is_unknown in found:
            channel, status = statuses[place]
            if not row_id:
                strange.append(channel)
                continue
            attempt = _correlation(status)[1] or attempts or 0
            is_repeated = attempt < (attempts or 0)
            is_told = is_unknown or is_repeated or status.state == "failed"
            attempt = attempt if is_told else None
            known.append((place, row_id, attempt, channel, status))
        return [one[1:] for one in sorted(known, key=itemgetter(0))], strange

    @api.model
    def _count_strange(self, channels: list):
        """Somebody else sends from these numbers: that is to be seen, and no alarm."""
        numbers = Counter(channel.external_id for channel in channels)
        for number, times in numbers.items():
            event = Unrecognised(
                field="statuses",
                raw={"phone_number_id": number},
                why="of messages that were not sent from here",
            )
            self.env["whatsapp.clinic.unrecognised"]._keep(event, False, times)

    @api.model
    def _policy(self, channel, status: Status) -> Policy | None:
        """What to do about the failure of which a status tells; None for others."""
        if not status.failure:
            return None
        provider = self.env["whatsapp.clinic.provider"]._of(channel)
        return provider.policy(status.failure.code)

    def _take_back(self, row_id: int, status: Status, policy: Policy | None) -> bool:
        """Queue a message again that failed for a passing reason after its acceptance.

        False if the status is no such failure, or not of the attempt under way.
        """
        refusal = self._refusal_in(row_id, status, policy)
        if refusal is None:
            return False
        message = self.browse(row_id)
        message._obey(refusal, status.at.replace(tzinfo=None))
        if refusal.state == "failed":
            return False
        message.write(
            {
                **refusal.values,
                "state": refusal.state,
                "message_id": False,
                "status_at": clock.now(),
            }
        )
        self.env["whatsapp.clinic.message.attempt"]._note_failure(
            message, message.error_code, message.detail, clock.now()
        )
        return True

    def _refusal_in(
        self, row_id: int, status: Status, policy: Policy | None
    ) -> Refusal | None:
        if status.state != "failed" or not policy or policy.action is Action.GIVE_UP:
            return None
        self.env.cr.execute(
            "SELECT FROM whatsapp_clinic_message WHERE id = %s FOR NO KEY UPDATE",
            [row_id],
        )
        message = self.browse(row_id)
        message.invalidate_recordset()
        attempt = _correlation(status)[1] or message.attempts
        is_under_way = message.state in ("sending", "unknown", "sent")
        if not is_under_way or attempt != message.attempts:
            return None
        failure = status.failure
        now = clock.precise_now()
        return judge_refusal(policy, failure.code, failure.title, message.refusals, now)

    def _obey(self, refusal: Refusal, at=None):
        """Hold the channel or the recipient, note an objection.

        `at` is when WhatsApp refused (naive UTC, default: now).
        """
        self.ensure_one()
        now = clock.now()
        if refusal.opted_out:
            self.env["whatsapp.clinic.chat.answers"]._stop_advertising(
                self.identity_id,
                "error",
                min(at or now, now),
                self.company_id,
                message_id=self.id,
                evidence="WhatsApp error 131050",
            )
        if refusal.recipient_until:
            self.identity_id.hold_until = refusal.recipient_until
        if refusal.marketing_until:
            self.identity_id.marketing_hold_until = refusal.marketing_until
        if refusal.channel_hold:
            hold = refusal.channel_hold
            self.channel_id._hold(hold.policy, hold.code, hold.retry_after)


def _correlation(status: Status) -> tuple[str, int | None]:
    """Key of the row and number of the attempt that a status carries back."""
    key, _dot, attempt = clean_text(status.correlation).rpartition(".")
    is_number = attempt.isascii() and attempt.isdigit() and len(attempt) < 9
    return key, int(attempt) if is_number else None


def _fold(news: dict[int, dict], row_id: int, status: Status, policy: Policy | None):
    """Add a status to what is known of its row, whichever came first."""
    state = status.state
    row = news.setdefault(row_id, {**_NOTHING, "id": row_id})
    at = status.at.replace(tzinfo=None)
    column = f"{state}_at"
    row[column] = min(filter(None, (row[column], at)))
    row["now"] = clock.precise_now()
    row["message_id"] = clean_text(status.remote_id)
    row.update(_pricing(status.price))
    if RANKS[state] > row["rank"]:
        row.update(state=state, rank=RANKS[state], **_reason(status.failure, policy))
        row["attempt"] = _correlation(status)[1]


def _fold_attempt(of_attempts: dict, row_id: int, number: int, status: Status):
    """Keep of each attempt the status that went furthest."""
    known = of_attempts.get((row_id, number))
    if not known or _rank(known) < _rank(status):
        of_attempts[row_id, number] = status


def _rank(status: Status) -> int:
    return RANKS[status.state]


def _told(row_id: int, number: int, status: Status) -> tuple:
    """A status as the rows of attempts take it."""
    at = status.at.replace(tzinfo=None)
    code = status.failure.code if status.failure else None
    wamid = clean_text(status.remote_id)
    return row_id, number, status.state, at, wamid, code


def _reason(failure: Failure | None, policy: Policy | None) -> dict:
    return {
        "reason": failure and "error",
        "detail": failure and clean_text(policy.tell(failure.title)),
        "error_code": failure and failure.code,
    }


def _pricing(price: Price | None) -> dict:
    """Columns of what is told of a price, whatever that is; none if nothing is."""
    if price is None:
        return {}
    return {
        "pricing": _json(price.told),
        "pricing_category": _word(price.category),
        "pricing_type": _word(price.kind),
        "billable": price.is_billable,
    }


def _word(value) -> str | None:
    return clean_text(value)[:64] or None if isinstance(value, str) else None


def _json(value) -> str | None:
    if value is None:
        return None
    # jsonb takes no NUL, escaped or not.
    text = json.dumps(value, ensure_ascii=False).replace(r"\u0000", "\ufffd")
    return clean_text(text)


_NOTHING = dict.fromkeys(
    (
        "attempt",
        "state",
        "reason",
        "detail",
        "error_code",
        "sent_at",
        "delivered_at",
        "read_at",
        "failed_at",
        "message_id",
        "pricing",
        "pricing_category",
        "pricing_type",
        "billable",
    )
) | {"rank": -1}
