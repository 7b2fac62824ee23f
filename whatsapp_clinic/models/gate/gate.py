from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ...tools import clock
from ...tools.phone import line, spellings
from ..consent.consent_state import GIVEN, OBJECTIONS, States
from ..message.message import BY_HAND
from ..provider.door import Traits, WritesFirst, WrongLength
from ..vocabulary.priorities import PRIORITY_CAMPAIGN
from .content_check import texts_of
from .content_refusal import refuse_content
from .gate_limits import Limit, RecipientLimit, grant
from .objection import Objection, Objections
from .verdict import SEND, Verdict, hold, judge_one, refuse

# For so long after what a patient wrote a purpose that only answers may be used, and
# Meta's own agent is taken to have the conversation.
ANSWERED_WITHIN = timedelta(hours=24)
# Meta does not say that these open the window: they are about another message.
_NO_OPENERS = ("reaction", "edit", "revoke", "system")
# A shorter hold is the dispatcher catching its breath; if many follow each other, the
# queue tells.
SHORT_HOLD = timedelta(minutes=1)
# How long a row waits for a channel that somebody has to connect first.
RECHECK = timedelta(minutes=5)


class Check(NamedTuple):
    """A question that the gate asks about each message.

    `judge(message, facts)` answers a Verdict, or None without an objection. Of what
    stands against a message the objection of the lowest `rank` is told.
    """

    rank: int
    name: str
    judge: Callable


class Facts(SimpleNamespace):
    """What the checks look up for a whole batch at once; rooms add their own.

    `now` (naive UTC); `leaves_now`: each is judged as if due now; `consents`: what
    patients agreed to, by company tree; `guarded`: who decides for whom; `blacklist`:
    telephones; `last_inbound`: {(identity id, channel id): naive UTC}, the patient's
    last message; `standby`: likewise until when Meta's own agent is taken to answer the
    patient; `channels`: {channel id: Verdict or None}, what the channel itself objects;
    `traits`: {channel id: what its messenger allows}; `subjects`: {message id: what it
    is about}, as far as that exists.
    """

    def is_open(self, message) -> bool:
        """Whether the patient wrote to this channel within the messenger's window."""
        traits = self.traits.get(message.channel_id.id)
        return bool(traits) and self.wrote_within(message, traits.window)

    def wrote_within(self, message, period: timedelta | None) -> bool:
        """Whether the patient wrote to this channel so recently; None for ever."""
        key = (message.identity_id.id, message.channel_id.id)
        last = self.last_inbound.get(key)
        return bool(last) and (period is None or last + period > self.now)

    def may_begin(self, message) -> bool:
        """Whether it may go to who has not written within the messenger's window."""
        traits = self.traits.get(message.channel_id.id)
        writes_first = traits.writes_first if traits else WritesFirst.TEMPLATES
        is_template = writes_first is WritesFirst.TEMPLATES and message.template_id
        return writes_first is WritesFirst.ANYTHING or bool(is_template)


def _earliest(now: datetime, traits: Iterable[Traits]) -> datetime:
    """Since when what patients wrote counts for something (naive UTC)."""
    windows = [one.window for one in traits]
    if None in windows:
        return datetime.min
    return now - max([ANSWERED_WITHIN, *windows])


def _objection_to_purpose(states: States, company, partner_id, purpose) -> str | None:
    """Why a patient is not written to for a purpose: no consent, or none any more."""
    state = states.of(company).get((partner_id, purpose.id))
    is_free = state is None and purpose and not purpose.requires_consent
    if state == GIVEN or is_free:
        return None
    return OBJECTIONS.get(state, "no_consent")


class Gate(models.AbstractModel):
    """Says whether a message may be sent now.

    It is asked when a row is queued, to tell the user at once, and again right before
    the row is sent. Every check answers a Verdict, or None when it has no objection.
    """

    _name = "whatsapp.clinic.gate"
    _description = "WhatsApp Gate"

    @api.model
    def _judge(self, messages, leaves_now: bool = False) -> dict[int, Verdict]:
        """Verdicts by id of the message; a handful of queries for any number.

        `leaves_now` judges as if each were due at this moment.
        """
        # sudo: what is known of a number is more than its readers are shown
        messages = messages.sudo()
        facts, judges = self._facts(messages, leaves_now), self._judges()
        return {one.id: judge_one(one, facts, judges) or SEND for one in messages}

    @api.model
    def _judge_leaving(self, messages) -> dict[int, Verdict]:
        """Verdicts for what is about to leave: the limits are asked too, and counted.

        In the order of the messages; a `send` takes its place in the limits.
        """
        facts, judges = self._facts(messages, leaves_now=True), self._judges()
        limits = self._limits(messages, facts)
        return {
            one.id: judge_one(one, facts, judges) or grant(one, facts, limits)
            for one in messages
        }

    @api.model
    def _checks(self) -> list[Check]:
        """What is asked about each message; a room adds its own.

        The ranks put them in the order in which a person would want to hear of them.
        """
        return [
            Check(10, "time", self._check_time),
            Check(20, "subject", self._check_subject),
            Check(30, "patient", self._check_patient),
            Check(40, "number", self._check_number),
            Check(50, "consent", self._check_consent),
            Check(60, "template", self._check_template),
            Check(70, "window", self._check_window),
            Check(80, "standby", self._check_standby),
            Check(90, "content", self._check_content),
            Check(100, "channel", self._check_channel),
            Check(110, "recipient", self._check_recipient),
            Check(120, "quiet_hours", self._check_quiet_hours),
        ]

    @api.model
    def _judges(self, *names: str) -> list[Callable]:
        """What the checks of these names answer with, or all, in the order of ranks."""
        return [
            one.judge
            for one in sorted(self._checks())
            if not names or one.name in names
        ]

    @api.model
    def _limits(self, messages, facts: Facts) -> list[Limit]:
        """How much of what may go leaves at once; a room adds its own."""
        return [RecipientLimit(self.env, messages, facts.traits)]

    @api.model
    def _judge_patients(self, messages) -> dict[int, Verdict | None]:
        """What stands against writing to patients, whatever their messages say."""
        messages = messages.sudo()
        facts = self._facts(messages, leaves_now=True)
        judges = self._judges("patient", "number", "consent")
        return {one.id: judge_one(one, facts, judges) for one in messages}

    @api.model
    def _why_not(self, partner, purpose=None, channel=None) -> Objection | None:
        """Why a patient could not be written to now; None if nothing stands against it.

        `purpose` defaults to appointment messages, `channel` to that of the patient's
        branch.
        """
        return Objections(self.env).why_not(partner, purpose, channel)

    @api.model
    def _fix(self, partner, purpose=None, channel=None):
        """Do what ends the present objection, or open where it is ended."""
        return Objections(self.env).fix(partner, purpose, channel)

    @api.model
    def _standing_reasons(self, partners, purpose=None) -> dict[int, str]:
        """What stands against writing to patients, whichever channel: {id: reason}."""
        return Objections(self.env).standing_reasons(partners, purpose)

    @api.model
    def _have_basis(self, rows: list[dict]) -> list[bool]:
        """Of values of rows, whether their patients agreed, or need not, by now."""
        people, companies, purposes = (
            self.env[model].browse({values[name] for values in rows})
            for model, name in (
                ("res.partner", "partner_id"),
                ("res.company", "company_id"),
                ("whatsapp.clinic.consent.purpose", "purpose_id"),
            )
        )
        states = self.env["whatsapp.clinic.consent"]._states(
            people, purposes, companies
        )
        return [
            not _objection_to_purpose(
                states,
                companies.browse(values["company_id"]),
                values["partner_id"],
                purposes.browse(values["purpose_id"]),
            )
            for values in rows
        ]

    @api.model
    def _facts(self, messages, leaves_now: bool) -> Facts:
        now = clock.now()
        loaded = self._load_facts(messages, now)
        return Facts(now=now, leaves_now=leaves_now, **loaded)

    @api.model
    def _load_facts(self, messages, now: datetime) -> dict:
        """What the checks ask of a batch, by the names of `Facts`; once for a batch."""
        channels, identities = messages.channel_id, messages.identity_id
        traits = self._traits(channels)
        since = _earliest(now, traits.values())
        last_inbound, standby = self._last_inbound(identities, channels, since)
        return {
            "consents": self.env["whatsapp.clinic.consent"]._states(
                messages.partner_id, messages.purpose_id, messages.company_id
            ),
            "guarded": self.env["whatsapp.clinic.guardianship"]._in_force(
                messages.filtered("guardian_id").partner_id.ids, now
            ),
            "blacklist": self._blacklist(identities),
            "last_inbound": last_inbound,
            "standby": standby,
            "channels": {
                channel.id: self._judge_channel(channel, now) for channel in channels
            },
            "traits": traits,
            "subjects": self._existing_subjects(messages),
        }

    @api.model
    def _traits(self, channels) -> dict[int, Traits]:
        """What the messengers of channels allow, by the channels' ids."""
        providers = self.env["whatsapp.clinic.provider"]
        return {channel.id: providers._of(channel).traits for channel in channels}

    @api.model
    def _existing_subjects(self, messages) -> dict:
        """What messages are about, by their ids; one look-up for each model."""
        found = {}
        for model, rows in messages.filtered("res_id").grouped("res_model").items():
            subjects = {one.id: one for one in rows._subjects(model)}
            found.update(
                (row.id, subjects[row.res_id]) for row in rows if row.res_id in subjects
            )
        return found

    @api.model
    def _blacklist(self, identities) -> frozenset:
        """Telephones of recipients that stand, in any form, on Odoo's blacklist."""
        phones = [
            spelling
            for identity in identities
            for spelling in spellings(identity.phone or "")
        ]
        self.env["phone.blacklist"].flush_model(["active", "number"])
        rows = self.env.execute_query(
            SQL(
                "SELECT number FROM phone_blacklist WHERE active AND number = ANY(%s)",
                phones,
            )
        )
        return frozenset(line(number) for (number,) in rows)

    @api.model
    def _last_inbound(self, identities, channels, since: datetime) -> tuple[dict, dict]:
        """When patients wrote last, and until when Meta's agent is taken to answer.

        The window counts from the connection of the number, not what was said before
        (Cloud API, coexistence). Who has the conversation is told by the patient's
        latest message, or the latest handover: calls and notices do not say it.
        """
        self.env["whatsapp.clinic.message"].flush_model(
            ["occurred_at", "identity_id", "channel_id", "direction", "is_standby"]
        )
        self.env.cr.execute(
            """
            SELECT identity_id, channel_id,
                   max(occurred_at) FILTER (WHERE kind <> ALL(%s)),
                   max(occurred_at) FILTER (WHERE tells),
                   (array_agg(is_standby ORDER BY occurred_at DESC, id DESC)
                    FILTER (WHERE tells))[1]
            FROM whatsapp_clinic_message, LATERAL (
                SELECT kind NOT IN ('call', 'system')
                    OR content ->> 'change' IN ('to_agent', 'to_clinic') AS tells
            ) AS owner
            WHERE direction = 'in' AND identity_id = ANY(%s) AND channel_id = ANY(%s)
              AND occurred_at > %s AND is_history IS NOT TRUE
            GROUP BY identity_id, channel_id
            """,
            [
                list(_NO_OPENERS),
                identities.ids,
                channels.ids,
                since,
            ],
        )
        last, standby = {}, {}
        for identity, channel, opened, at, is_standby in self.env.cr.fetchall():
            if opened:
                last[identity, channel] = opened
            if is_standby:
                standby[identity, channel] = at + ANSWERED_WITHIN
        return last, standby

    @api.model
    def _check_time(self, message, facts):
        if message.expires_at and message.expires_at <= facts.now:
            return refuse("expired")
        return None

    @api.model
    def _check_subject(self, message, facts):
        """What it is about is still so, and of the patient that it goes to."""
        subject = facts.subjects.get(message.id)
        if not subject:
            is_gone = message.res_id or message.is_automatic
            return refuse("obsolete") if is_gone else None
        if subject._recipient() != message.partner_id:
            return refuse("other_patient")
        objection = subject._objection_to(message)
        return refuse(objection) if objection else None

    @api.model
    def _check_patient(self, message, facts):
        guardian, patient = message.guardian_id, message.partner_id
        # A union of both would read them one by one.
        for partner in filter(None, (patient, guardian)):
            if partner.clinic_deceased_on:
                return refuse("patient_deceased")
            if partner.clinic_barred:
                return refuse("patient_barred")
            if not partner.active:
                return refuse("patient_archived")
        if guardian and not facts.guarded.decides(
            message.company_id, guardian.id, patient.id, message.purpose_id.id
        ):
            return refuse("guardianship_ended")
        return None

    @api.model
    def _check_number(self, message, facts):
        identity, person = message.identity_id, message._addressee
        if not identity:
            return refuse("invalid_number" if person.phone else "no_number")
        denied = identity.denied_company_ids
        is_denied = denied and message.company_id.root_id in denied
        if is_denied or identity.block_source == "wrong_person":
            return refuse("wrong_person")
        if identity.blocked_at and not message.confirms_stop:
            return refuse("identity_blocked")
        if identity.line in facts.blacklist:
            return refuse("phone_blacklisted")
        if person and person not in identity.partner_ids:
            return refuse("number_unlinked")
        if identity.marketing_blocked_at and message._is_advertising:
            return refuse("marketing_blocked")
        return None

    @api.model
    def _check_consent(self, message, facts):
        objection = _objection_to_purpose(
            facts.consents,
            message.company_id,
            message.partner_id.id,
            message.purpose_id,
        )
        return refuse(objection) if objection else None

    @api.model
    def _check_template(self, message, _facts):
        template = message.template_id
        if not template:
            return None
        if not template.enabled:
            return refuse("template_disabled")
        category = template.expected_category
        if not message.purpose_id._allows_category(category):
            return refuse("purpose_category", category)
        return None

    @api.model
    def _check_window(self, message, facts):
        """The messenger asks who may write first, the clinic that purposes which only
        answer do so soon."""
        is_late = message.purpose_id.answers_only and not facts.wrote_within(
            message, ANSWERED_WITHIN
        )
        if is_late or not (facts.may_begin(message) or facts.is_open(message)):
            return refuse("window_closed")
        return None

    @api.model
    def _check_standby(self, message, facts):
        """What we send by itself would take the conversation from Meta's own agent."""
        until = facts.standby.get((message.identity_id.id, message.channel_id.id))
        is_by_hand = message.by_hand or self.env.context.get(BY_HAND)
        at = facts.now if facts.leaves_now else max(facts.now, message.due_at)
        if not until or until <= at or is_by_hand:
            return None
        if not message.template_id:
            return refuse("standby")
        return hold("standby", min(until, facts.now + RECHECK))

    @api.model
    def _check_content(self, message, facts):
        if message.template_id:
            # Looked at when it is rendered.
            return None
        traits = facts.traits.get(message.channel_id.id)
        if traits and message.kind not in traits.kinds:
            told = self.env._("This channel takes no such message: write it as a text.")
            return refuse("not_allowed", told)
        length = len(message.body or "")
        if traits and length > traits.text_length:
            too_long = WrongLength("body", traits.text_length, length)
            return refuse_content(self.env, too_long)
        found = self.env["whatsapp.clinic.content.check"]._objection(
            message,
            [
                message.body,
                *(title for _, title in message.buttons or []),
                *texts_of(message.content),
            ],
        )
        return refuse("not_minimal", found) if found else None

    @api.model
    def _check_channel(self, message, facts):
        if not message.channel_id:
            return hold("channel_incomplete", facts.now + RECHECK)
        verdict = facts.channels[message.channel_id.id]
        return verdict or self._judge_hold(message, facts.now)

    @api.model
    def _check_recipient(self, message, facts):
        identity = message.identity_id
        if identity.hold_until and identity.hold_until > facts.now:
            return hold("pair_limit", identity.hold_until)
        until = identity.marketing_hold_until
        if message._is_advertising and until and until > facts.now:
            return hold("marketing_limit", until)
        return None

    @api.model
    def _check_quiet_hours(self, message, facts):
        branch, is_automatic = message.branch_id, message.is_automatic
        is_campaign = message.priority == PRIORITY_CAMPAIGN
        may_wait = is_campaign or (is_automatic and not message.in_quiet_hours)
        if not branch or not may_wait:
            return None
        at = facts.now if facts.leaves_now else max(facts.now, message.due_at)
        period = branch._quiet_period(at, message._addressee)
        if not period:
            return None
        if message.expires_at and message.expires_at <= period[1]:
            return refuse("quiet_hours")
        return hold("quiet_hours", period[1])

    @api.model
    def _judge_hold(self, message, now):
        """What is due while WhatsApp accepts nothing; a short pause is not told."""
        until = message.channel_id.hold_until
        if until and until > max(now + SHORT_HOLD, message.due_at or now):
            return hold("channel_held", until)
        return None

    @api.model
    def _judge_channel(self, channel, now):
        if not channel.active or channel.state == "incomplete":
            return hold("channel_incomplete", now + RECHECK)
        if channel.state == "copied":
            return hold("copied_database", now + RECHECK)
        if channel._refuses_unrecorded_transfer:
            return refuse("transfer_unrecorded")
        return None
