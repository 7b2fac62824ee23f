from collections import Counter, defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..cloud_api.payloads import TEXT_BODY
from ..models.gate.content_refusal import tell_content
from ..models.outbox.sending import has_partner, partner_of
from ..models.outbox.undo import tell_sent, tell_stopped
from ..models.provider.door import WrongLength
from ..models.template.template_variable import MissingValue
from ..models.vocabulary.reasons import next_step
from ..tools.access import require_group, require_readable
from ..tools.given import ids_of_list

# So many recipients are judged before sending; the others when their rows are written.
CHECKED = 1000
# So many names are listed for each reason.
LISTED = 50
# Refusals that may end with the next word typed.
TYPED = ("value_missing", "not_allowed", "not_minimal", "not_rendered")


class Composer(models.TransientModel):
    """Takes a message to the patients of one or many records, and says who gets it."""

    _name = "whatsapp.clinic.composer"
    _description = "Write a WhatsApp Message"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    res_model = fields.Char("Model", required=True)
    res_ids = fields.Json("Records", required=True)
    record_count = fields.Integer("Recipients", compute="_compute_recipients")
    recipient_name = fields.Char("To", compute="_compute_recipients")
    needs_channel = fields.Boolean(compute="_compute_recipients")
    can_write_text = fields.Boolean(
        compute="_compute_can_write_text",
        help="Every patient wrote within the last 24 hours and may be answered.",
    )
    content = fields.Selection(
        [("template", "Template"), ("text", "Free Text")],
        compute="_compute_content",
        store=True,
        readonly=False,
        required=True,
    )
    template_id = fields.Many2one(
        "whatsapp.clinic.template",
        domain="[('model', 'in', (res_model, 'res.partner')),"
        " ('stands_for_all', '=', True), ('status', '=', 'APPROVED')]",
    )
    is_about_visits = fields.Boolean(compute="_compute_is_about_visits")
    tells_of_change = fields.Boolean(
        help="The message tells that a visit was moved or cancelled."
    )
    cancelling_id = fields.Many2one(
        "whatsapp.clinic.appointment.cancel",
        help="What cancels the visit when the message about it is sent.",
    )
    also_over = fields.Boolean(
        "Also Visits That Are Over or Cancelled",
        compute="_compute_also_over",
        store=True,
        readonly=False,
        help="Ticked for templates that rules send only after visits.",
    )
    each_visit = fields.Boolean(
        "A Message for Each Visit",
        help="Else a patient with several visits on one day gets one message.",
    )
    body = fields.Text("Text", help=f"Up to {TEXT_BODY:,} characters.")
    purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose",
        compute="_compute_purpose_id",
        store=True,
        readonly=False,
        help="What the patients must have agreed to.",
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        "Send From",
        help="For patients whose branch has no number of its own.",
    )
    sending_id = fields.Many2one(
        "whatsapp.clinic.sending", "Sent", readonly=True, help="What was sent with it."
    )
    preview_html = fields.Html(
        "As the First Recipient Gets It", compute="_compute_outlook", sanitize=False
    )
    ready_count = fields.Integer("Will Be Sent", compute="_compute_outlook")
    waiting_count = fields.Integer("Will Wait", compute="_compute_outlook")
    refused_count = fields.Integer("Will Not Be Sent", compute="_compute_outlook")
    merged_count = fields.Integer(
        "On the Same Day as Another",
        compute="_compute_outlook",
        help="Visits of patients who get one message for the day.",
    )
    unchecked_count = fields.Integer(
        "Checked When Sent",
        compute="_compute_outlook",
        help=f"Only the first {CHECKED:,} are looked at beforehand, and nobody whom "
        "other branches look after.",
    )
    outlook_html = fields.Html(
        "Who Gets It", compute="_compute_outlook", sanitize=False
    )
    hindrance = fields.Char(
        "Why Not Yet",
        compute="_compute_outlook",
        help="What stands against pressing Send; what is still typed does not.",
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        model = self.env.context.get("active_model")
        ids = self.env.context.get("active_ids") or [self.env.context.get("active_id")]
        if "res_model" in fields and not values.get("res_model"):
            values.update(res_model=model, res_ids=[one for one in ids if one])
            self._check_given([values])
        return values

    @api.depends("res_model", "res_ids", "channel_id")
    def _compute_recipients(self):
        for composer in self:
            records = composer._records()
            composer.record_count = len(composer.res_ids or [])
            names = composer._patients(records[:3]).mapped("display_name")
            more = ["…"] if composer.record_count > len(names) else []
            composer.recipient_name = ", ".join([*names, *more])
            sendings = self.env["whatsapp.clinic.sending"]
            composer.needs_channel = not all(
                recipient.channel for recipient in sendings._recipients(records)
            )

    @api.depends("res_model", "res_ids", "channel_id")
    def _compute_can_write_text(self):
        """Asks about the first patient before it asks about all."""
        purpose = self.env["whatsapp.clinic.template"]._default_purpose()
        for composer in self:
            content = {"body": "…", "purpose_id": purpose.id}
            records = composer._told_records()
            is_all = len(records) == len(composer.res_ids or [])
            composer.can_write_text = is_all and all(
                not any(
                    verdict.is_refusal
                    for _recipient, verdict, _row in composer._foresee(some, content)
                )
                for some in (records[:1], records[1:])
            )

    @api.depends("can_write_text")
    def _compute_content(self):
        """Free text where it may be written, unless a template was proposed."""
        for composer in self:
            is_text = composer.can_write_text and not composer.template_id
            composer.content = "text" if is_text else "template"

    @api.depends("res_model", "content", "template_id")
    def _compute_is_about_visits(self):
        for composer in self:
            models = {composer.res_model, composer._template().model}
            composer.is_about_visits = models == {"whatsapp.clinic.appointment"}

    @api.depends("template_id", "tells_of_change")
    def _compute_also_over(self):
        rules = self.env["whatsapp.clinic.message.rule"]
        for composer in self:
            is_for_afterwards = rules._tell_afterwards(composer.template_id)
            composer.also_over = composer.tells_of_change or is_for_afterwards

    @api.depends("content", "template_id")
    def _compute_purpose_id(self):
        for composer in self:
            template = composer._template()
            is_chosen = template or composer.content == "text"
            composer.purpose_id = is_chosen and template._default_purpose()

    @api.depends(
        "res_model",
        "res_ids",
        "content",
        "template_id",
        "purpose_id",
        "body",
        "channel_id",
        "also_over",
        "each_visit",
    )
    @api.depends_context("lang")
    def _compute_outlook(self):
        for composer in self:
            records = composer._told_records()
            is_complete = composer.purpose_id and (
                composer._template() or (composer.body and composer.content == "text")
            )
            chosen = composer._chosen(records) if is_complete else records
            foreseen = composer._foresee(chosen) if is_complete else []
            actions = Counter(verdict.action for _who, verdict, _row in foreseen)
            composer.ready_count = actions["send"]
            composer.waiting_count = actions["hold"]
            composer.refused_count = actions["refuse"]
            composer.unchecked_count = len(composer.res_ids or []) - len(records)
            composer.merged_count = len(records) - len(chosen)
            composer.outlook_html = composer._outlook(foreseen)
            composer.preview_html = composer._preview(foreseen)
            composer.hindrance = composer._not_chosen(composer.res_ids) or (
                not composer.unchecked_count and composer._nobody(foreseen)
            )

    def action_send(self) -> dict:
        """Queue the message for every record, once, and say what became of it.

        Raises UserError for a message that is not complete or that WhatsApp refuses.
        """
        self.ensure_one()
        require_group(self.env, "group_receptionist", "group_practitioner")
        self.sending_id = self.sending_id or self._begin_sending()
        return self._tell(self.sending_id)

    def action_undo(self) -> dict:
        """Stop what has not left yet; if nothing had, show again what was written."""
        self.ensure_one()
        sending = self.sending_id
        sending.action_undo()
        if sending.sent_count:
            return tell_stopped(self.env, sending.sent_count)
        self.sending_id = False
        if self.cancelling_id:
            self.cancelling_id.action_undo()
        return tell_stopped(self.env, 0, self)

    def _begin_sending(self):
        records = self._records(limit=None)
        self._check_content(records)
        if self.cancelling_id:
            self.cancelling_id.action_cancel()
        records = self._chosen(records)
        template = self._template()
        return self.env["whatsapp.clinic.sending"]._begin(
            records,
            {
                "channel_id": self.channel_id.id,
                "template_id": template.id,
                "body": False if template else self.body,
                "purpose_id": self.purpose_id.id,
                "variables": self._content()["variables"],
                "only_coming": self._content()["only_coming"],
                "leaves_at": self.env.company._undo_until(),
            },
        )

    def _tell(self, sending) -> dict:
        """A message with an Undo, or the progress of what takes longer."""
        if sending.state == "writing":
            return {
                "type": "ir.actions.act_window",
                "res_model": sending._name,
                "res_id": sending.id,
                "views": [(False, "form")],
            }
        refused = sending.failed_count + sending.refused_count
        queued = sending.waiting_count + sending.sent_count
        sentences = [
            self.env._("Queued: %s.", queued) if queued else None,
            self.env._("Not sent: %s; each message says why.", refused)
            if refused
            else None,
        ]
        return tell_sent(
            self,
            " ".join(filter(None, sentences)),
            sending.leaves_at,
            sending.can_be_undone,
            type="warning" if refused else "success",
        )

    def _not_chosen(self, records) -> str | None:
        """What has to be chosen before anything can be sent, as a sentence."""
        if not records:
            return self.env._("Choose whom to write to first.")
        if self.content == "template" and not self.template_id:
            return self.env._("Choose a template.")
        if not self.purpose_id:
            return self.env._("Choose what the message is for.")
        return None

    def _nobody(self, foreseen: list[tuple]) -> str | None:
        """That nobody gets it, whatever is typed; None where somebody might."""
        if not foreseen or self._first_row(foreseen):
            return None
        return self.env._("Nobody gets it; the reason stands above.")

    def _first_row(self, foreseen: list[tuple]):
        """The row of the first who gets it now, else later, else once more is typed.

        None where nobody does.
        """
        rows = {"send": None, "hold": None, "typed": None}
        for _who, verdict, row in reversed(foreseen):
            is_typed = verdict.is_refusal and verdict.reason in TYPED
            if is_typed or not verdict.is_refusal:
                rows["typed" if is_typed else verdict.action] = row
        return rows["send"] or rows["hold"] or rows["typed"]

    def _check_content(self, records):
        missing = self._not_chosen(records)
        if missing:
            raise UserError(missing)
        if self.content == "template":
            if self.template_id.model not in (self.res_model, "res.partner"):
                raise UserError(self.env._("The template is about something else."))
            return
        if not (self.body or "").strip():
            raise UserError(self.env._("Please write something first."))
        if len(self.body) > TEXT_BODY:
            too_long = WrongLength("body", TEXT_BODY, len(self.body))
            raise UserError(tell_content(self.env, too_long))
        if not self.can_write_text:
            raise UserError(self._why_no_text())

    def _why_no_text(self) -> str:
        """Why free text cannot go to all of them, of whom the user looks after."""
        content = {
            "body": "…",
            "purpose_id": self.env["whatsapp.clinic.template"]._default_purpose().id,
        }
        foreseen = self._foresee(self._told_records(), content)
        refused = {one.reason for _who, one, _row in foreseen if one.is_refusal}
        if refused <= {"window_closed"}:
            return self.env._(
                "Free text can only be sent to patients who wrote in the last 24 "
                "hours. Choose a template."
            )
        labels = dict(
            self.env["whatsapp.clinic.message"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        steps = [
            " ".join(filter(None, (labels[one], next_step(self.env, one))))
            for one in sorted(refused)
        ]
        return "\n".join([self.env._("Free text cannot go to all of them."), *steps])

    def _records(self, limit: int | None = CHECKED):
        """The records, the first of them unless told; raises AccessError."""
        self.ensure_one()
        model = self.env.get(self.res_model)
        if model is None or not has_partner(model):
            raise UserError(self.env._("These records have no patient to write to."))
        ids = (self.res_ids or [])[:limit]
        records = model.with_context(active_test=False).browse(ids)
        require_readable(records)
        return records

    def _told_records(self):
        """Those whose patients the user sees: of others no preview tells anything."""
        sendings = self.env["whatsapp.clinic.sending"]
        return sendings._about_own_patients(self._records())

    def _given_ids(self, values):
        yield from super()._given_ids(values)
        ids = values.get("res_ids") or []
        yield from ids_of_list(values.get("res_model") or self.res_model, ids)

    @api.model
    def _patients(self, records):
        partners = self.env["res.partner"]
        return partners.union(*(partner_of(record) for record in records))

    def _template(self):
        return self.template_id if self.content == "template" else self.template_id[:0]

    def _content(self) -> dict:
        template = self._template()
        sendings = self.env["whatsapp.clinic.sending"]
        distinct = sendings._distinct(self._chosen(self._records()), template)
        return {
            "template_id": template.id,
            "body": False if template else self.body,
            "purpose_id": self.purpose_id.id,
            "priority": sendings._priority(len(distinct)),
            "only_coming": self.is_about_visits and not self.also_over,
        }

    def _chosen(self, records):
        """The records to write about: one visit a day for each patient, unless told."""
        if self.each_visit or not self.is_about_visits:
            return records
        return records._first_of_each_day()

    def _foresee(self, records, content: dict | None = None) -> list[tuple]:
        sendings = self.env["whatsapp.clinic.sending"]
        content = content or self._content()
        template = self.template_id.browse(content.get("template_id") or [])
        distinct = sendings._distinct(records, template)
        return sendings._foresee(distinct, content, self.channel_id)

    def _preview(self, foreseen: list[tuple]):
        """The message as the phone of the first who gets it draws it.

        Of many of whom nobody gets it, without anybody's values.
        """
        template = self._template()
        only = foreseen[0][-1] if len(foreseen) == 1 else None
        row = self._first_row(foreseen) or only
        if template:
            if not row:
                return template._bubble({})
            variant = row.template_id
            try:
                values = row._values(variant)
            except MissingValue:
                values = {}
            return variant._bubble(values)
        if self.content == "template" or not self.body:
            return False
        part = {"kind": "body", "text": self.body}
        return self.env["whatsapp.clinic.bubble"]._draw([part])

    def _outlook(self, foreseen: list[tuple]):
        """Who waits and who is refused, by reason, each with a list to open (HTML)."""
        groups = defaultdict(list)
        for recipient, verdict, _row in foreseen:
            if verdict.action != "send":
                who = recipient.partner or recipient.record
                groups[verdict.action, verdict.reason, verdict.detail].append(who)
        reasons = self.env["whatsapp.clinic.message"]._fields["reason"]
        texts = dict(reasons._description_selection(self.env))
        if not groups:
            return False
        return self.env["ir.qweb"]._render(
            "whatsapp_clinic.composer_outlook",
            {
                "groups": [
                    {
                        "is_refused": action == "refuse",
                        "reason": texts[reason],
                        "detail": detail,
                        "step": next_step(self.env, reason),
                        "count": len(who),
                        "names": [one.display_name for one in who[:LISTED]],
                        "more": len(who) - LISTED,
                    }
                    for (action, reason, detail), who in sorted(
                        groups.items(), key=lambda group: -len(group[1])
                    )
                ]
            },
        )
