from odoo import api, fields, models
from odoo.tools import SQL

from ..vocabulary.visit_states import TOOK_PLACE_STATES

# Shares: what is counted, among which visits; a column and its values.
_RATES = {
    "noshow_rate:avg": (("state", "noshow"), ("state", "noshow", *TOOK_PLACE_STATES)),
    "confirmed_rate:avg": (
        ("patient_status", "accepted"),
        ("state", "booked", "noshow", *TOOK_PLACE_STATES),
    ),
}


class Appointment(models.Model):
    """Shares of visits that were missed and confirmed, at every level of a report."""

    _inherit = "whatsapp.clinic.appointment"

    noshow_rate = fields.Float(
        "No-show %",
        compute="_compute_rates",
        aggregator="avg",
        help="Share of missed visits among those that were missed or took place.",
    )
    confirmed_rate = fields.Float(
        "Confirmed %",
        compute="_compute_rates",
        aggregator="avg",
        help="Share of visits that the patient confirmed, cancelled ones aside.",
    )

    @api.depends("state", "patient_status")
    def _compute_rates(self):
        for one in self:
            one.noshow_rate = one.state == "noshow"
            one.confirmed_rate = one.patient_status == "accepted"

    def _read_group_select(self, aggregate_spec, query):
        """A share of a group; NULL where nothing of it is counted."""
        if aggregate_spec not in _RATES:
            return super()._read_group_select(aggregate_spec, query)
        counted, among = _RATES[aggregate_spec]
        return SQL(
            "COUNT(*) FILTER (WHERE %(counted)s AND %(among)s)::float"
            " / NULLIF(COUNT(*) FILTER (WHERE %(among)s), 0)",
            counted=self._column_is(query, *counted),
            among=self._column_is(query, *among),
        )

    def _column_is(self, query, name, *values):
        return SQL(
            "%s IN %s", self._field_to_sql(self._table, name, query), tuple(values)
        )
