# pylint: disable=invalid-commit
import logging
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...cloud_api.errors import UNREACHABLE, CallFailed, CloudApiError
from ...cloud_api.payloads import PayloadError
from ...cloud_api.wording import _lt
from ...tools import clock
from ...tools.transaction import begin_anew
from ...tools.wake_up import wake_after_commit

_logger = logging.getLogger(__name__)

OPEN = ("waiting", "running")
KEPT = timedelta(days=30)
TOLD = timedelta(days=1)
INTERRUPTED = _lt("The server was stopped meanwhile. Please try again.")
ABANDONED = _lt("The form was closed long ago. Please start again.")
UNUSABLE = _lt(
    "An id has digits only, without plus sign and blanks, and the address of the API "
    "begins with https://."
)


class ChannelTask(models.Model):
    """Something WhatsApp is asked to do for a channel, by a scheduled action.

    Nobody waits for WhatsApp with a transaction open: a button writes a task, the
    action makes the calls (`_call_<kind>` of the record, which writes nothing), commits
    and hands what came back to `_apply_<kind>`. A task is tried once.
    """

    _name = "whatsapp.clinic.channel.task"
    _description = "Request to WhatsApp"
    _order = "id desc"

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", readonly=True, ondelete="cascade", index=True
    )
    connect_id = fields.Integer("Set-up Form", readonly=True, index="btree_not_null")
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    kind = fields.Selection(
        [
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
        ],
        required=True,
        readonly=True,
    )
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
    # May hold a PIN or a code; gone as soon as WhatsApp was asked.
    payload = fields.Json(groups=fields.NO_ACCESS)
    error = fields.Char(readonly=True, help="In English; shown translated.")
    cure = fields.Char(readonly=True, help="In English; shown translated.")
    outcome = fields.Char(compute="_compute_outcome")
    ended_at = fields.Datetime("Ended", readonly=True)

    @api.depends("error", "cure")
    @api.depends_context("lang")
    def _compute_outcome(self):
        for task in self:
            told = [self.env._(text) for text in (task.error, task.cure) if text]
            task.outcome = " ".join(f"{text.rstrip('.')}." for text in told)

    @api.model
    def _ask(self, record, kind: str, payload: dict | None = None):
        """Have the scheduled action do something for a channel or a set-up form.

        What waits already is asked once only, and after what was asked meanwhile.
        """
        is_channel = record._name == "whatsapp.clinic.channel"
        owner = "channel_id" if is_channel else "connect_id"
        tasks = self.sudo()
        tasks.search(
            [(owner, "=", record.id), ("kind", "=", kind), ("state", "=", "waiting")]
        ).unlink()
        tasks.create({owner: record.id, "kind": kind, "payload": payload})
        self._wake()

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
        interrupted = self.search([("state", "=", "running")])
        interrupted._end("failed", INTERRUPTED)
        self._work_off()
        for channel in self.env["whatsapp.clinic.channel"]._due_for_a_check():
            channel.exists()._check_again()
            self._work_off()

    @api.model
    def _work_off(self):
        while task := self.search([("state", "=", "waiting")], order="id", limit=1):
            task._run()
            begin_anew(self.env, 1)

    def _run(self):
        forms = self.env["whatsapp.clinic.channel.connect"]
        record = self.channel_id or forms.browse(self.connect_id).exists()
        payload = self.payload or {}
        self.write({"state": "running", "payload": False})
        begin_anew(self.env)
        if not record:
            self._end("failed", ABANDONED)
            return
        try:
            answer = getattr(record, f"_call_{self.kind}")(**payload)
        except CloudApiError as error:
            policy = error.policy
            self._end("failed", policy.tell(error.title), policy.cure_of_request)
        except CallFailed:
            self._end("failed", UNREACHABLE.title, UNREACHABLE.cure)
        except (PayloadError, UserError) as error:
            self._end("failed", str(error))
        except ValueError:
            self._end("failed", UNUSABLE)
        else:
            # What others wrote meanwhile must not spoil what is written now.
            begin_anew(self.env)
            self._apply(record, answer)

    def _apply(self, record, answer):
        try:
            with self.env.cr.savepoint():
                getattr(record, f"_apply_{self.kind}")(answer)
        except UserError as error:
            self._end("failed", str(error))
        except IntegrityError as error:
            self._end("failed", record._sql_error_to_message(error))
        else:
            self.exists()._end("done")

    def _end(self, state: str, error: str = "", cure: str = ""):
        self.write(
            {
                "state": state,
                "error": error,
                "cure": cure,
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
            tasks = channel.task_ids
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
        if self.access_token_source == "missing":
            raise UserError(
                self.env._("The access token is missing. Enter the credentials.")
            )
        self.env["whatsapp.clinic.channel.task"]._ask(self, kind, payload)
