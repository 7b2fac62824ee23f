import logging
from datetime import timedelta

from psycopg2 import IntegrityError, OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import clock
from ...tools.quiet_sql import place
from ...tools.transaction import begin_again, rest
from ...tools.wake_up import wake_after_commit
from ...tools.wording import _lt

_logger = logging.getLogger(__name__)

OPEN = ("waiting", "running")
# What a number is asked for, and its form shows.
KINDS = [
    ("find_numbers", "Find the numbers"),
    ("check", "Check the connection"),
    ("subscribe", "Subscribe the app"),
    ("set_webhook", "Enter the webhook address at Meta"),
    ("request_code", "Request a code"),
    ("verify_code", "Verify the code"),
    ("register", "Register the number"),
    ("deregister", "Take the number out of the Cloud API"),
    ("set_pin", "Set the PIN"),
    ("load_profile", "Load the business profile"),
    ("save_profile", "Change the business profile"),
    ("sync_app", "Load what the WhatsApp Business app knows"),
]
# So often the server may be stopped over the same request before it is given up.
REPEATS = 3
KEPT = timedelta(days=30)
TOLD = timedelta(days=1)
INTERRUPTED = _lt("The server was stopped meanwhile. Please try again.")
ABANDONED = _lt("The form was closed long ago. Please start again.")
BROKEN = _lt("This could not be done: see the log of the server.")


class ChannelTask(models.Model):
    """What a messenger is asked for besides sending, by a scheduled action.

    Nobody waits for WhatsApp with a transaction open. A button writes a task. The
    action lets the task's record prepare the call (`_call_<kind>` returns a function
    of `_connections` that touches no record), commits, makes the call while no
    transaction is open, and hands what came back to `_apply_<kind>`.

    A task is tried once. If the server is stopped over it, it has failed, unless it is
    one of those that ask WhatsApp first what became of it (`_repeated`).
    """

    _name = "whatsapp.clinic.channel.task"
    _description = "Request to WhatsApp"
    _order = "id desc"

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", readonly=True, ondelete="cascade", index=True
    )
    connect_id = fields.Integer("Set-up Form", readonly=True, index="btree_not_null")
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        index=True,
    )
    # May hold a PIN or a code, and is then gone before WhatsApp is asked.
    payload = fields.Json(groups=fields.NO_ACCESS)
    error = fields.Char(readonly=True, help="In English; shown translated.")
    cure = fields.Char(readonly=True, help="In English; shown translated.")
    words = fields.Char(readonly=True, help="WhatsApp's own words.")
    outcome = fields.Char(compute="_compute_outcome")
    ended_at = fields.Datetime("Ended", readonly=True)

    @api.depends("error", "cure", "words")
    @api.depends_context("lang")
    def _compute_outcome(self):
        for task in self:
            texts = [self.env._(text) for text in (task.error, task.cure) if text]
            told = " ".join(f"{text.rstrip('.')}." for text in texts)
            if task.words:
                told = self.env._(
                    "%(told)s WhatsApp says: “%(words)s”", told=told, words=task.words
                )
            task.outcome = told

    @api.model
    def _ask(self, record, kind: str, payload: dict | None = None):
        """Have the scheduled action do something for a record.

        What waits already is asked once only, and after what was asked meanwhile.
        """
        owner = self._owner(record)
        same = [(name, "=", value) for name, value in owner.items()]
        tasks = self.sudo()
        tasks.search([*same, ("kind", "=", kind), ("state", "=", "waiting")]).unlink()
        tasks.create({**owner, "kind": kind, "payload": payload})
        self._wake()

    @api.model
    def _owner(self, record) -> dict:
        """What says whose task it is: a channel's, or a set-up form's."""
        is_channel = record._name == "whatsapp.clinic.channel"
        return {"channel_id" if is_channel else "connect_id": record.id}

    def _record(self):
        """What `_owner` was told of; it knows what is to be asked."""
        forms = self.env["whatsapp.clinic.channel.connect"]
        return self.channel_id or forms.browse(self.connect_id).exists()

    @api.model
    def _repeated(self) -> frozenset[str]:
        """Kinds that are asked again after the server was stopped over them.

        Their `_call_<kind>` is given `again`, and either changes nothing at WhatsApp or
        first looks there what became of it. Their payload holds no secret.
        """
        return frozenset()

    def _tell_failure(self) -> str | bool:
        """What failed of late, and was neither done nor checked again since."""
        checks = self.filtered(lambda task: task.kind == "check").sorted("id")
        asked = (self - checks).sorted("id")[-1:]
        done = checks.filtered(lambda task: task.state == "done" and task.id > asked.id)
        # The first check after it was asked with it, the next by somebody who read.
        last = (asked if len(done) < 2 else done[:0], checks[-1:])
        since = clock.now() - TOLD
        labels = dict(self._fields["kind"]._description_selection(self.env))
        told = (
            f"{labels[task.kind]}: {task.outcome}"
            for task in last
            if task.state == "failed" and task.ended_at >= since
        )
        return next(told, False)

    @api.model
    def _wake(self):
        wake_after_commit(self.env, "set_up_channels")

    @api.model
    def _cron_work_off(self):
        """Do what was asked, one transaction for each request.

        The daily checks come one by one, so that nobody waits for all of them.
        """
        for task in self.search([("state", "=", "running")]):
            task._resume()
        self._work_off()
        for channel in self.env["whatsapp.clinic.channel"]._due_for_a_check():
            channel.exists()._check_again()
            self._work_off()

    def _resume(self):
        """The server was stopped over it: ask again what can be, give up the rest."""
        payload = self.payload or {}
        times = payload.get("again", 0) + 1
        if self.kind in self._repeated() and times <= REPEATS:
            self.write({"state": "waiting", "payload": {**payload, "again": times}})
        else:
            self._end("failed", INTERRUPTED)

    @api.model
    def _work_off(self):
        while task := self.search([("state", "=", "waiting")], order="id", limit=1):
            task._run()
            begin_again(self.env, 1)

    def _run(self):
        record, payload = self._record(), self.payload or {}
        kept = payload if self.kind in self._repeated() else False
        self.write({"state": "running", "payload": kept})
        begin_again(self.env)
        if not record:
            self._end("failed", ABANDONED)
            return
        if self.channel_id.state == "copied":
            self._end("failed", self.channel_id.state_reason)
            return
        try:
            answer = self._call(record, payload)
        except OperationalError:
            raise
        except Exception as error:
            begin_again(self.env)
            self._end("failed", **self._tell(error))
        else:
            # What others wrote meanwhile must not spoil what is written now.
            begin_again(self.env)
            self._apply(record, answer)

    def _call(self, record, payload: dict):
        """What the messenger answers; no transaction is open while it is asked."""
        call = getattr(record, f"_call_{self.kind}")(**payload)
        connections = self._connections(record)
        rest(self.env)
        return call(*connections)

    def _connections(self, record) -> tuple:
        """Hook: what a call is given to ask with; the channel's connection first."""
        provider = self.env["whatsapp.clinic.provider"]._of(self.channel_id)
        return (provider.connect(self.channel_id),)

    def _apply(self, record, answer):
        try:
            with self.env.cr.savepoint():
                getattr(record, f"_apply_{self.kind}")(answer)
        except OperationalError:
            raise
        except IntegrityError as error:
            self._end("failed", record._sql_error_to_message(error))
        except UserError as error:
            self._end("failed", str(error))
        except Exception as error:
            self._end("failed", **self._note_fault(error))
        else:
            self.exists()._end("done")

    def _tell(self, error: Exception) -> dict:
        """What went wrong and what to do: `error`, `cure` and `words`, in English.

        Hook: the messenger's room tells of its refusals.
        """
        if isinstance(error, UserError):
            return {"error": str(error)}
        return self._note_fault(error)

    def _note_fault(self, error: Exception) -> dict:
        """A mistake of ours must not stop the other requests."""
        _logger.error("Request %s (%s): %s", self.id, self.kind, place(error))
        return {"error": BROKEN}

    def _end(self, state: str, error: str = "", cure: str = "", words: str = ""):
        self.write(
            {
                "state": state,
                "error": error,
                "cure": cure,
                "words": words,
                "payload": False,
                "ended_at": clock.now(),
            }
        )

    @api.autovacuum
    def _gc_ended(self):
        limit = clock.now() - KEPT
        self.search([("ended_at", "<", limit)], limit=1000).unlink()


class Channel(models.Model):
    _inherit = "whatsapp.clinic.channel"

    task_ids = fields.One2many(
        "whatsapp.clinic.channel.task",
        "channel_id",
        readonly=True,
        groups="whatsapp_clinic.group_manager",
    )
    is_busy = fields.Boolean(
        compute="_compute_is_busy", compute_sudo=True, help="WhatsApp is being asked."
    )
    task_error = fields.Char(
        compute="_compute_is_busy",
        compute_sudo=True,
        groups="whatsapp_clinic.group_manager",
    )

    @api.depends("task_ids.state")
    @api.depends_context("lang")
    def _compute_is_busy(self):
        for channel in self:
            tasks = channel.task_ids.filtered(lambda task: task.kind in dict(KINDS))
            channel.is_busy = any(task.state in OPEN for task in tasks)
            channel.task_error = tasks._tell_failure()

    def _ask(self, kind: str, payload: dict | None = None):
        """Have WhatsApp asked for something; see `whatsapp.clinic.channel.task`.

        Raises UserError where nothing may be asked.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state == "copied":
            raise UserError(self.state_reason)
        if missing := self._missing_credentials():
            raise UserError(missing)
        self.env["whatsapp.clinic.channel.task"]._ask(self, kind, payload)

    @api.model
    def _due_for_a_check(self):
        """Hook: the channels whose connection is looked at by itself now."""
        return self.browse()

    def _check_again(self):
        """Hook: have the connection looked at."""
