from odoo import api, fields, models

from ....cloud_api.errors import CloudApiError
from ....cloud_api.templates.operations import REFUSALS, SampleRefused

# Kinds of requests about a template begin so.
KIND = "template_"
TTL = f"{KIND}ttl"
KINDS = [
    ("template_create", "Submit a template"),
    ("template_edit", "Submit a change of a template"),
    ("template_delete", "Delete a template"),
    ("template_unpause", "End the pause of a template"),
    (TTL, "Limit the time to live of a template"),
    ("load_templates", "Load the templates"),
]


class ChannelTask(models.Model):
    """Requests about templates: each is asked by a channel of the approval's account.

    A server that is stopped between call and write-back loses nothing: WhatsApp is
    asked what became of it (`cloud_api.templates.operations`).
    """

    _inherit = "whatsapp.clinic.channel.task"

    kind = fields.Selection(
        selection_add=KINDS, ondelete={kind: "cascade" for kind, _name in KINDS}
    )
    approval_id = fields.Many2one(
        "whatsapp.clinic.template.approval",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )

    @api.model
    def _owner(self, record):
        if record._name != "whatsapp.clinic.template.approval":
            return super()._owner(record)
        channel = record._connected_channel()
        return {"approval_id": record.id, "channel_id": channel.id}

    def _record(self):
        return self.approval_id or super()._record()

    @api.model
    def _repeated(self):
        return super()._repeated() | {kind for kind, _name in KINDS}

    def _tell(self, error):
        """With WhatsApp's own words about the text of a template."""
        if isinstance(error, SampleRefused):
            return {"error": str(error)}
        if not self.approval_id:
            return super()._tell(error)
        if isinstance(error, CloudApiError):
            refusal = REFUSALS.get(error.subcode)
            told = {"error": refusal} if refusal else super()._tell(error)
            return told if refusal else {**told, "words": error.details}
        # Ids of templates are not entered by hand.
        is_ours = isinstance(error, ValueError)
        return self._note_fault(error) if is_ours else super()._tell(error)

    @api.model
    def _last_failed(self):
        """The approvals of which the latest request, other than of the time to live,
        has failed."""
        last = self._read_group(
            [("approval_id", "!=", False), ("kind", "!=", TTL)],
            ["approval_id"],
            ["id:max"],
        )
        tasks = self.browse(task_id for _approval, task_id in last)
        return tasks.filtered(lambda one: one.state == "failed").approval_id

    def _last_failure(self) -> str | bool:
        """What went wrong, if the latest of these requests has failed."""
        last = self.sorted("id")[-1:]
        return last.state == "failed" and last.outcome
