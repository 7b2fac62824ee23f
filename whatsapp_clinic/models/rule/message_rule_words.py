from odoo import api, fields, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

_WORDS = {
    ("minute", "before"): _lt("%s minute before"),
    ("minute", "after"): _lt("%s minute after"),
    ("hour", "before"): _lt("%s hour before"),
    ("hour", "after"): _lt("%s hour after"),
    ("day", "before"): _lt("%s day before"),
    ("day", "after"): _lt("%s day after"),
    ("minutes", "before"): _lt("%s minutes before"),
    ("minutes", "after"): _lt("%s minutes after"),
    ("hours", "before"): _lt("%s hours before"),
    ("hours", "after"): _lt("%s hours after"),
    ("days", "before"): _lt("%s days before"),
    ("days", "after"): _lt("%s days after"),
}


class MessageRule(models.Model):
    """When a rule writes, in one sentence."""

    _inherit = "whatsapp.clinic.message.rule"

    when = fields.Char(compute="_compute_when")

    @api.depends("anchor", "offset", "offset_unit", "offset_side")
    @api.depends_context("lang")
    def _compute_when(self):
        moments = dict(self._fields["anchor"]._description_selection(self.env))
        for rule in self:
            unit = rule.offset_unit or ""
            unit = unit.removesuffix("s") if rule.offset == 1 else unit
            words = _WORDS.get((unit, rule.offset_side))
            sentence = [moments.get(rule.anchor)]
            if rule.offset and words:
                before_or_after = self.env._(words)
                sentence.insert(0, before_or_after % rule.offset)
            rule.when = " · ".join(filter(None, sentence))
