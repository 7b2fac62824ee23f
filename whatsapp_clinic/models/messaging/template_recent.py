from odoo import api, models
from odoo.fields import Domain

# So many of somebody's sendings are looked through.
LOOKED_THROUGH = 50


class Template(models.Model):
    """What somebody sent last comes first where they choose a template."""

    _inherit = "whatsapp.clinic.template"

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """As Odoo's; the context key `recent_first` puts the user's last ones first."""
        found = super().name_search(name, domain, operator, limit)
        if not self.env.context.get("recent_first"):
            return found
        recent = self._sent_lately()
        among = Domain(domain or []) & Domain("id", "in", recent)
        known = dict(super().name_search(name, among, operator, None))
        first = [(id_, known[id_]) for id_ in recent if id_ in known]
        others = [pair for pair in found if pair[0] not in known]
        return [*first, *others][:limit]

    @api.model
    def _sent_lately(self) -> list[int]:
        """Ids of the templates that the user sent, the latest first."""
        sendings = self.env["whatsapp.clinic.sending"].search(
            [("user_id", "=", self.env.uid), ("template_id", "!=", False)],
            order="id desc",
            limit=LOOKED_THROUGH,
        )
        return sendings.template_id.ids
