from datetime import timezone

from odoo import api, fields, models
from odoo.tools import LazyTranslate

from .template import CATEGORIES, STATUSES
from .template_submission import body_of

_lt = LazyTranslate(__name__)

QUALITIES = [
    ("GREEN", "High"),
    ("YELLOW", "Medium"),
    ("RED", "Low"),
    ("UNKNOWN", "Not known yet"),
]
# Cloud API, template webhooks: events that are no status of their own.
_STATUS_AFTER = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}
_NO_CHANGE = ("FLAGGED",)
# Cloud API, reasons of a rejection.
REJECTIONS = {
    "ABUSIVE_CONTENT": _lt("It is taken for abusive."),
    "INCORRECT_CATEGORY": _lt("It belongs to another category."),
    "INVALID_FORMAT": _lt("Variables, examples or formatting are not as they must be."),
    "PROMOTIONAL": _lt("It advertises, which this category does not allow."),
    "SCAM": _lt("It is taken for a fraud."),
    "TAG_CONTENT_MISMATCH": _lt("Language or category do not match the text."),
}


class Template(models.Model):
    """What WhatsApp says of a template: when it is loaded, and by webhook."""

    _inherit = "whatsapp.clinic.template"

    quality = fields.Selection(QUALITIES, readonly=True, copy=False)
    status_at = fields.Datetime(
        readonly=True, copy=False, help="When WhatsApp told the status, by its clock."
    )
    reason_code = fields.Char(readonly=True, copy=False)
    reason_words = fields.Char(
        readonly=True, copy=False, help="WhatsApp's own words, in English."
    )
    status_reason = fields.Char("Reason", compute="_compute_status_reason")
    coming_category = fields.Selection(CATEGORIES, readonly=True, copy=False)
    category_changes_at = fields.Datetime(readonly=True, copy=False)

    @api.depends("reason_code", "reason_words")
    @api.depends_context("lang")
    def _compute_status_reason(self):
        for template in self:
            known = REJECTIONS.get(template.reason_code)
            reason = self.env._(known) if known else template.reason_code
            words = [reason, template.reason_words]
            template.status_reason = " ".join(filter(None, words))

    @api.model
    def _load(self, channel, definitions: list[dict]):
        """Take over the account's templates as the Cloud API lists them.

        Templates that the account no longer has are marked deleted. A template that can
        be mapped by the names of its variables is put in use at once. What is written
        here and was not submitted stays as it is.
        """
        account = channel.business_account_id
        ours = self.with_context(active_test=False).search(
            [("business_account_id", "=", account), ("original_id", "=", False)]
        )
        drafts = ours.filtered(lambda one: one.status == "DRAFT")
        by_key = {(one.name, one.language): one for one in ours}
        new = seen = self.browse()
        for definition in definitions:
            key = (definition["name"], definition["language"])
            template = by_key.get(key) or self._begin_loaded(channel, definition)
            if template in drafts:
                template._keep_draft_beside(definition)
            template.write(self._definition_values(definition))
            template._take_over_parts(is_new=template not in ours - drafts)
            new |= template - (ours - drafts)
            seen |= template
        gone = ours - drafts - seen
        gone.write({"status": "DELETED", "enabled": False})
        new._note_trouble()
        (seen - new)._settle_notices()

    @api.model
    def _begin_loaded(self, channel, definition: dict):
        return self.create(
            {
                **self._definition_values(definition),
                "name": definition["name"],
                "language": definition["language"],
                "business_account_id": channel.business_account_id,
                "company_id": channel.company_id.id,
                "expected_category": _known(
                    CATEGORIES, definition.get("category"), "UTILITY"
                ),
            }
        )

    def _keep_draft_beside(self, definition: dict):
        """A template of the draft's name came up at WhatsApp: if it says something
        else, what was written here becomes a change of it."""
        if body_of(definition.get("components") or []) != self.body_text:
            self._revise()
        self.write({"task": False, "task_error": False})

    @api.model
    def _definition_values(self, definition: dict) -> dict:
        score = definition.get("quality_score")
        quality = score.get("score") if isinstance(score, dict) else None
        reason = definition.get("rejected_reason")
        named = str(definition.get("parameter_format")).upper() == "NAMED"
        return {
            "remote_id": definition.get("id"),
            "category": _known(CATEGORIES, definition.get("category"), False),
            "status": _known(STATUSES, definition.get("status"), "UNKNOWN"),
            "parameter_format": "NAMED" if named else "POSITIONAL",
            "components": definition.get("components") or [],
            "ttl_seconds": max(definition.get("message_send_ttl_seconds") or 0, 0),
            "quality": _known(QUALITIES, quality, False),
            "reason_code": reason if reason and reason != "NONE" else False,
        }

    def _take_over_parts(self, is_new: bool):
        """Take over variables and buttons; in use stays what still can be filled."""
        is_wanted = is_new or self.enabled
        self.enabled = False
        self._list_variables()
        self.button_ids._take_over(self)
        self.enabled = is_wanted and not self._problems()

    @api.model
    def _apply_update(self, update):
        """News by webhook (`cloud_api.webhooks.TemplateUpdate`).

        A template that is not known here, or that was changed at WhatsApp, is loaded.
        """
        template = self.search(
            [
                ("remote_id", "=", update.template_id),
                ("business_account_id", "=", update.business_account_id),
            ]
        )
        if update.kind == "components" or not template:
            channels = self.env["whatsapp.clinic.channel"].search(
                [("business_account_id", "=", update.business_account_id)], limit=1
            )
            channels.action_load_templates()
            return
        template.write(template._news(update))
        if template.status == "DELETED":
            template.enabled = False
        template._settle_notices()

    def _news(self, update) -> dict:
        """What an update changes; an older one than is known says no status."""
        values = {}
        at = update.timestamp and update.timestamp.astimezone(timezone.utc)
        at = at and at.replace(tzinfo=None, microsecond=0)
        is_late = at and self.status_at and at < self.status_at
        if update.event and update.event not in _NO_CHANGE and not is_late:
            status = _STATUS_AFTER.get(update.event, update.event)
            reason = update.reason if update.reason != "NONE" else None
            words = (update.title, update.description, update.recommendation)
            is_well = status == "APPROVED"
            values = {
                "status": _known(STATUSES, status, "UNKNOWN"),
                "status_at": at or self.status_at,
                "reason_code": not is_well and reason,
                "reason_words": not is_well and " ".join(filter(None, words)),
            }
        if update.category:
            values["category"] = _known(CATEGORIES, update.category, False)
        if update.kind == "category":
            changes_at = update.category_changes_at
            values["coming_category"] = _known(
                CATEGORIES, update.coming_category, False
            )
            values["category_changes_at"] = changes_at and changes_at.replace(
                tzinfo=None
            )
        if update.quality:
            values["quality"] = _known(QUALITIES, update.quality, "UNKNOWN")
        return values


def _known(selection: list, value, otherwise):
    return value if value in dict(selection) else otherwise
