from datetime import timedelta

from odoo import api, fields, models

from ...tools import clock
from ..vocabulary.states import WAITING_STATES

# Cloud API, authentication templates: a code says of itself 90 minutes at most.
_CODES_KEPT = timedelta(days=1)
_OPEN_STATES = ("draft", *WAITING_STATES, "sending", "unknown")


class Message(models.Model):
    """Texts that the sender was asked for."""

    _inherit = "whatsapp.clinic.message"

    variables = fields.Json(
        help="Values of the template's variables that are asked from the sender, by "
        "part and name: {'body:instructions': …}."
    )

    @api.autovacuum
    def _gc_codes(self):
        """Forget one-time codes that never arrived."""
        undelivered = self.search(
            [
                ("template_id.expected_category", "=", "AUTHENTICATION"),
                ("variables", "!=", False),
                ("state", "not in", _OPEN_STATES),
                ("create_date", "<", clock.now() - _CODES_KEPT),
            ]
        )
        undelivered.variables = False


class Template(models.Model):
    """What a template may be about, and which texts it asks from the sender."""

    _inherit = "whatsapp.clinic.template"

    asks_sender = fields.Boolean(
        compute="_compute_asks_sender",
        help="Somebody has to give a part of it, so that no rule can send it.",
    )

    @api.model
    def _select_models(self) -> list[tuple[str, str]]:
        models_of_subjects = self.env["whatsapp.clinic.message.subject"]._models()
        # sudo: what a kind of record is called is no secret
        kinds = self.env["ir.model"].sudo()
        named = [(model, kinds._get(model).name) for model in models_of_subjects]
        return [*named, *super()._select_models()]

    def _compute_asks_sender(self):
        for template in self:
            template.asks_sender = bool(template._asked()) or template._lacks_header()

    def _lacks_header(self) -> bool:
        """Whether its header is a place, or a file of which there is no sample."""
        kind = self.header_format
        sample = self.with_context(bin_size=True).header_sample
        return kind == "location" or bool(kind) and not sample

    def _asked(self):
        """The variables that are asked from the sender."""
        return self.variable_ids.filtered(lambda one: one.source == "ask")
