from datetime import datetime, timedelta
from math import ceil

from odoo import fields, models

from ...tools import clock
from ..message.message import BY_HAND

# Seconds that the offer to undo is shown where nothing waits for it.
SHOWN = 8


class ResCompany(models.Model):
    """How long what somebody wrote by hand can be taken back."""

    _inherit = "res.company"

    clinic_undo_seconds = fields.Integer(
        "Seconds to Undo",
        default=5,
        required=True,
        help="Delay before a message that is sent by hand leaves, so that it can be "
        "undone. 0: no delay.",
    )

    _clinic_undo_seconds_range = models.Constraint(
        "CHECK (clinic_undo_seconds BETWEEN 0 AND 60)",
        "The time to undo is from 0 to 60 seconds.",
    )

    def _undo_until(self) -> datetime | None:
        """Until when what is sent now can be undone (naive UTC); None: not at all."""
        is_by_hand = self.env.context.get(BY_HAND)
        seconds = self.sudo().clinic_undo_seconds if is_by_hand else 0
        return clock.precise_now() + timedelta(seconds=seconds) if seconds else None


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    clinic_undo_seconds = fields.Integer(
        related="company_id.clinic_undo_seconds", readonly=False
    )


def tell_sent(
    done,
    told: str,
    leaves_at: datetime | None,
    can_be_undone: bool,
    undo: str = "action_undo",
    **params,
) -> dict:
    """The action that closes a wizard, tells what became of it and offers an Undo.

    `leaves_at` is naive UTC. `undo` is the method of what was `done`, a wizard or the
    records themselves.
    """
    seconds = SHOWN
    if can_be_undone and leaves_at and leaves_at > clock.precise_now():
        seconds = ceil((leaves_at - clock.precise_now()).total_seconds())
        told += " " + done.env._("Sent in %s seconds.", seconds)
    return {
        "type": "ir.actions.client",
        "tag": "whatsapp_clinic_sent",
        "params": {
            "message": told,
            "type": "success",
            "seconds": seconds,
            "undo": can_be_undone
            and {"model": done._name, "ids": done.ids, "method": undo},
            **params,
        },
    }


def tell_stopped(env, left: int, wizard=None) -> dict:
    """The action that tells how much had left before an Undo; opens a wizard again."""
    if left:
        told = env._("Cancelled. Already sent: %s.", left)
    else:
        told = env._("Cancelled; nothing was sent.")
    return {
        "type": "ir.actions.client",
        "tag": "whatsapp_clinic_stopped",
        "params": {
            "message": told,
            "type": "warning" if left else "success",
            "wizard": bool(wizard) and {"model": wizard._name, "id": wizard.id},
        },
    }
