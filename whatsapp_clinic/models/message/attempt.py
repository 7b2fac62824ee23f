from psycopg2.extras import execute_values

from odoo import api, fields, models

from ..vocabulary.states import ATTEMPT_SELECTION


class MessageAttempt(models.Model):
    """One try to hand a message to its messenger.

    Written by SQL alone: the dispatcher inserts the tries of a claim and notes the
    answers, the processor of webhooks notes what was told of a try later. The row of
    the message says where it stands, these rows how it got there.
    """

    _name = "whatsapp.clinic.message.attempt"
    _description = "Attempt to Send a Message"
    _order = "message_id desc, number"
    _rec_name = "number"
    _log_access = False

    message_id = fields.Many2one(
        "whatsapp.clinic.message", required=True, readonly=True, ondelete="cascade"
    )
    number = fields.Integer("Attempt", required=True, readonly=True, aggregator=None)
    state = fields.Selection(ATTEMPT_SELECTION, "Outcome", required=True, readonly=True)
    claimed_at = fields.Datetime("Begun", required=True, readonly=True)
    ended_at = fields.Datetime(
        "Answered", readonly=True, help="When the answer, or word of a failure, came."
    )
    delivered_at = fields.Datetime(
        "Arrived All the Same",
        readonly=True,
        help="A try that was repeated and has arrived: the patient got it twice.",
    )
    error_code = fields.Integer(readonly=True, aggregator=None)
    detail = fields.Char(readonly=True)
    remote_id = fields.Char(
        "WhatsApp Message ID", readonly=True, groups="base.group_system"
    )

    _number_uniq = models.Constraint(
        "UNIQUE (message_id, number)", "Each attempt of a message is noted once."
    )

    @api.model
    def _note_failure(self, message, error_code: int, detail: str | None, at):
        """The present try of a message has failed after its acceptance (`at`: UTC).

        What is told of it later, unless it arrives, is no news any more.
        """
        self.env.cr.execute(
            """
            INSERT INTO whatsapp_clinic_message_attempt AS attempt
                (message_id, number, state, claimed_at, ended_at, error_code, detail)
            VALUES (%(message)s, %(number)s, 'failed', %(claimed_at)s, %(at)s,
                    %(code)s, %(detail)s)
            ON CONFLICT (message_id, number) DO UPDATE SET
                state = 'failed', ended_at = excluded.ended_at,
                error_code = excluded.error_code, detail = excluded.detail
            """,
            {
                "message": message.id,
                "number": message.attempts,
                "claimed_at": message.claimed_at or at,
                "at": at,
                "code": error_code,
                "detail": detail,
            },
        )
        self.invalidate_model()

    @api.model
    def _note_statuses(self, told: list[tuple]):
        """What came of tries that their rows say otherwise of, or no longer speak of.

        `told` has (id of the message, number of the try, state of the message that was
        told, when in naive UTC, WhatsApp's id, code of the error or None).
        """
        if not told:
            return
        execute_values(self.env.cr._obj, _NOTE, told, _TOLD, page_size=1000)
        self.invalidate_model()


_NOTE = """
    UPDATE whatsapp_clinic_message_attempt AS attempt SET
        state = CASE WHEN told.state = 'failed' THEN 'failed'
                     WHEN attempt.state = 'unknown' THEN 'accepted'
                     ELSE attempt.state END,
        ended_at = COALESCE(attempt.ended_at, told.at),
        remote_id = COALESCE(attempt.remote_id, told.remote_id),
        error_code = COALESCE(told.error_code, attempt.error_code),
        delivered_at = CASE WHEN told.state IN ('delivered', 'read')
                             AND attempt.number < message.attempts
                            THEN LEAST(attempt.delivered_at, told.at)
                            ELSE attempt.delivered_at END
    FROM (VALUES %s) AS told (id, number, state, at, remote_id, error_code)
    JOIN whatsapp_clinic_message AS message ON message.id = told.id
    WHERE attempt.message_id = told.id
      AND attempt.number = told.number
"""
_TOLD = "(%s, %s, %s, %s::timestamp, %s, %s::int)"
