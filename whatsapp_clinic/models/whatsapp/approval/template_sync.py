from datetime import timezone

from odoo import api, fields, models
from odoo.tools import LazyTranslate

from ....tools import clock
from ...template.template import CATEGORIES, STATUSES

_lt = LazyTranslate(__name__)

QUALITIES = [
    ("GREEN", "High"),
    ("YELLOW", "Medium"),
    ("RED", "Low"),
    ("UNKNOWN", "Not known yet"),
]
# Cloud API, template webhooks: events that are no status of their own.
_STATUS_AFTER = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}
_WARNING = "FLAGGED"
_GOING = ("PENDING_DELETION", "DELETED", "ARCHIVED")
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
    category_at = fields.Datetime(
        readonly=True, copy=False, help="When WhatsApp told the category."
    )
    flagged_at = fields.Datetime(
        readonly=True, copy=False, help="When WhatsApp warned of its quality."
    )
    disable_at = fields.Datetime(
        "Will Be Disabled",
        readonly=True,
        copy=False,
        help="When WhatsApp disables it if patients go on to block or report it.",
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
        known = ours - drafts
        by_key = {(one.name, one.language): one for one in ours}
        changed_ids, seen_ids = [], []
        for key, definition in _by_key(definitions).items():
            template = by_key.get(key) or self._begin_loaded(channel, definition)
            seen_ids.append(template.id)
            if template in drafts:
                template._keep_draft_beside(definition)
            if template._take_over(definition, is_new=template not in known):
                changed_ids.append(template.id)
        seen, changed = self.browse(seen_ids), self.browse(changed_ids)
        gone = (known - seen).filtered(lambda one: one.status != "DELETED")
        gone.write({"status": "DELETED", "enabled": False})
        (seen - known)._note_trouble()
        (changed & known | gone)._settle_notices()

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
        if not self._says(definition):
            self._revise()
        self.task_ids.unlink()

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
            "components": _components(definition.get("components")),
            "ttl_seconds": max(definition.get("message_send_ttl_seconds") or 0, 0),
            "quality": _known(QUALITIES, quality, False),
            **self._reason_values(definition.get("status"), reason),
        }

    @api.model
    def _reason_values(self, status: str, code: str | None, words: str = "") -> dict:
        """Why WhatsApp thinks ill of a template; nothing of it outlasts that it does.

        Loading brings no `words`: those that a webhook brought stay as long.
        """
        if status == "APPROVED":
            return {"reason_code": False, "reason_words": False}
        known = code if code and code != "NONE" else False
        return {"reason_code": known, **({"reason_words": words} if words else {})}

    def _take_over(self, definition: dict, is_new: bool) -> bool:
        """Make the template equal to a definition; whether anything was to change.

        In use stays what still can be filled, and what comes back is in use again.
        """
        values = self._definition_values(definition)
        if not is_new and all(self[name] == value for name, value in values.items()):
            return False
        is_wanted = is_new or self.enabled or self.status == "DELETED"
        self.write({**values, "enabled": False})
        former = self.variable_ids._sources()
        places = self.card_ids._follow(self)
        self._list_variables()
        self.variable_ids._follow_cards(places, former)
        self.button_ids._follow(self)
        self.enabled = is_wanted and not self._problems()
        return True

    @api.model
    def _apply_update(self, update):
        """News by webhook (`cloud_api.webhooks.TemplateUpdate`).

        A template that is not known here, or that was changed at WhatsApp, is loaded.
        """
        template = self.with_context(active_test=False).search(
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
            if not channels:
                inbound = self.env["whatsapp.clinic.inbound"]
                inbound._note_account("template", update.business_account_id)
            return
        template.write(template._news(update))
        if template.status == "DELETED":
            template.enabled = False
        template._settle_notices()

    def _news(self, update) -> dict:
        """What an update changes; an older one than is known says nothing of what is
        known from a later one."""
        values = {}
        at = update.timestamp and update.timestamp.astimezone(timezone.utc)
        at = at and at.replace(tzinfo=None, microsecond=0)
        is_late = at and self.status_at and at < self.status_at
        if update.event == _WARNING and not is_late:
            disabled_at = update.disabled_at
            values = {
                "status_at": at or self.status_at,
                "flagged_at": at or clock.now(),
                "disable_at": disabled_at and disabled_at.replace(tzinfo=None),
            }
        elif update.event and not is_late:
            status = _STATUS_AFTER.get(update.event, update.event)
            words = (update.title, update.description, update.recommendation)
            values = {
                "status": _known(STATUSES, status, "UNKNOWN"),
                "status_at": at or self.status_at,
                "flagged_at": False,
                "disable_at": False,
                "reason_words": False,
                **self._reason_values(
                    status, update.reason, " ".join(filter(None, words))
                ),
            }
        is_old = at and self.category_at and at < self.category_at
        if update.category and not is_old:
            values["category"] = _known(CATEGORIES, update.category, False)
            values["category_at"] = at or self.category_at
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


def _components(value) -> list[dict]:
    parts = value if isinstance(value, list) else []
    return [part for part in parts if isinstance(part, dict)]


def _by_key(definitions: list[dict]) -> dict[tuple[str, str], dict]:
    """One definition for each name and language: one that goes yields to one that
    came."""
    leaving_first = sorted(definitions, key=lambda one: one.get("status") not in _GOING)
    return {
        (one["name"], one["language"]): one
        for one in leaving_first
        if one.get("name") and one.get("language")
    }


def _known(selection: list, value, otherwise):
    return value if value in dict(selection) else otherwise
