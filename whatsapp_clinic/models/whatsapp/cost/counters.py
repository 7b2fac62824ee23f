from operator import itemgetter

from odoo import api, models

from ...monitoring.counters import Sample


class Counters(models.AbstractModel):
    """What WhatsApp costs this month, among the figures."""

    _inherit = "whatsapp.clinic.counters"

    @api.model
    def _figures(self, values):
        return [*super()._figures(values), *self._of_costs(values)]

    def _of_costs(self, values: dict) -> list[Sample]:
        """A sum for each currency; what has no price yet is counted beside it."""
        samples = []
        figures = self.env["whatsapp.clinic.message"]._month_figures(
            values["companies"]
        )
        for row in filter(itemgetter("active"), figures):
            labels = {"channel": row["name"], "channel_id": str(row["id"])}
            if row["currency"]:
                labels["currency"] = row["currency"]
                cost = float(row["cost"])
                samples.append(Sample("cost_this_month", cost, labels))
            else:
                name = "unknown_price_this_month_messages"
                samples.append(Sample(name, row["unknown"], labels))
        return samples
