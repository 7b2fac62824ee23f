import logging
import time

import psycopg2

from odoo import api, fields, models

from ...tools import clock
from ...tools.quiet_sql import place
from ...tools.transaction import TRY_AGAIN
from ...tools.wake_up import report_progress, wake_after_commit
from ..vocabulary.states import WAITING_STATES
from .message_rule import GRACE

_logger = logging.getLogger(__name__)

# Up to so many subjects are planned while the user waits.
AT_ONCE = 100
# Subjects planned in one transaction of the scheduled action.
BATCH = 100
# Seconds; other scheduled actions wait for this one's worker.
SLICE = 6.0


class MessagePlanning(models.Model):
    """What is left to plan again since a rule, or a branch, was changed.

    Subjects are planned in the order of their ids by a scheduled action; how far it is
    is committed with what was planned. Who changes the rule again writes another row:
    this one is rewritten with each batch, so that they would be turned away again and
    again. What has not been planned yet is held by the gate.
    """

    _name = "whatsapp.clinic.message.planning"
    _description = "Messages to Plan Again"
    _order = "id"

    rule_id = fields.Many2one(
        "whatsapp.clinic.message.rule", ondelete="cascade", index="btree_not_null"
    )
    branch_id = fields.Many2one(
        "whatsapp.clinic.branch", ondelete="cascade", index="btree_not_null"
    )
    model = fields.Char(required=True, help="Of the subjects.")
    last_id = fields.Integer(help="Subjects up to this one are planned.")
    planned_count = fields.Integer()
    total_count = fields.Integer(help="How many there were to plan, about.")

    _of_one = models.Constraint(
        "CHECK (num_nonnulls(rule_id, branch_id) = 1)",
        "It is a rule or a branch whose messages are planned.",
    )

    @api.model
    def _begin(self, vals_list: list[dict]):
        """Plan for rules and branches: at once what is little, else in slices.

        Each dict has `rule_id` or `branch_id`.
        """
        left = []
        for model in self.env["whatsapp.clinic.message.subject"]._models():
            for vals in vals_list:
                planning = self.sudo().new({**vals, "model": model})
                ids = planning._next_ids(AT_ONCE + 1)
                if len(ids) > AT_ONCE:
                    total = planning._count()
                    left.append({**vals, "model": model, "total_count": total})
                else:
                    planning._plan_subjects(ids)
        if left:
            self.sudo().create(left)
            self._wake()

    @api.model
    def _wake(self):
        wake_after_commit(self.env, "plan_messages")

    @api.model
    def _cron_plan(self):
        """Plan what is left, a batch in a transaction, until the slice is over."""
        report_progress(self.env)
        deadline = time.monotonic() + SLICE
        failed = self.browse()
        while planning := self.search([("id", "not in", failed.ids)], limit=1):
            if time.monotonic() >= deadline:
                self._wake()
                return
            try:
                failed |= planning._plan_or_fail()
            except TRY_AGAIN:
                # Somebody plans one of the subjects, or sends what is about it.
                self.env.cr.rollback()
            self.env["ir.cron"]._commit_progress(1)

    def _plan_or_fail(self):
        """One that raises must not stop the others: it is left for the next run."""
        try:
            with self.env.cr.savepoint():
                self._plan_next(BATCH)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Planning %s stops: %s", self.id, place(error))
            return self
        return self.browse()

    def _plan_next(self, limit: int):
        """Plan the next subjects; what is done with goes."""
        self.ensure_one()
        if self._is_overtaken():
            self.unlink()
            return
        ids = self._next_ids(limit)
        self._plan_subjects(ids)
        if len(ids) < limit:
            self.unlink()
            return
        self.write({"last_id": ids[-1], "planned_count": self.planned_count + len(ids)})

    def _plan_subjects(self, ids: list[int]):
        subjects = self.env[self.model].browse(ids).exists()
        if subjects:
            self.env["whatsapp.clinic.message.rule"]._plan(subjects, rules=self.rule_id)

    @api.model
    def _left(self, rules, branches) -> tuple:
        """Those of rules, and of branches, of which something is left to plan."""
        domain = ["|", ("rule_id", "in", rules.ids), ("branch_id", "in", branches.ids)]
        plannings = self.sudo().search(domain)
        return plannings.rule_id, plannings.branch_id

    def _is_overtaken(self) -> bool:
        """Whether the same rule or branch was changed again: all of it is in a row of
        its own, with the rule as it is now."""
        same = [(name, "=", self[name].id) for name in ("rule_id", "branch_id")]
        later = [*same, ("model", "=", self.model), ("id", ">", self.id)]
        return bool(self.search_count(later, limit=1))

    def _next_ids(self, limit: int) -> list[int]:
        """Ids of the next subjects to plan, in their order, up to `limit`."""
        ids = {*self._waiting_ids(limit), *self._coming_ids(limit)}
        return sorted(ids | {*self._due_ids(limit)})[:limit]

    def _waiting_ids(self, limit: int | None) -> list[int]:
        return self._written_ids([("state", "in", WAITING_STATES)], limit)

    def _due_ids(self, limit: int | None) -> list[int]:
        """Of what might be brought back."""
        if not self.rule_id.active:
            return []
        return self._written_ids([("due_at", ">=", clock.now() - GRACE)], limit)

    def _written_ids(self, domain: list, limit: int | None) -> list[int]:
        whose = (
            [("rule_id", "=", self.rule_id.id)]
            if self.rule_id
            else [("branch_id", "=", self.branch_id.id), ("rule_id", "!=", False)]
        )
        which = [("res_model", "=", self.model), ("res_id", ">", self.last_id)]
        grouped = self.env["whatsapp.clinic.message"]._read_group(
            [*whose, *which, *domain], ["res_id"], order="res_id", limit=limit
        )
        return [res_id for (res_id,) in grouped]

    def _coming_ids(self, limit: int | None) -> list[int]:
        """Of what an active rule may not have written about yet."""
        rule = self.rule_id
        if not rule.active or rule.template_id.model != self.model:
            return []
        domain = [*rule._coming_domain(), ("id", ">", self.last_id)]
        return self.env[self.model].search(domain, order="id", limit=limit).ids

    def _count(self) -> int:
        written = len(self._waiting_ids(None))
        if not self.rule_id.active:
            return written
        coming = self.env[self.rule_id.template_id.model]
        return max(written, coming.search_count(self.rule_id._coming_domain()))
