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
        recent = [template._key for template in self._sent_lately()]
        names = [name for _company, name in recent]
        among = Domain(domain or []) & Domain("name", "in", names)
        known = dict(super().name_search(name, among, operator, None))
        by_key = {template._key: template.id for template in self.browse(known)}
        first = [(by_key[key], known[by_key[key]]) for key in recent if key in by_key]
        others = [pair for pair in found if pair not in first]
        return [*first, *others][:limit]

    @api.model
    def _sent_lately(self):
        """The templates that the user sent, in whatever language, the latest first."""
        sendings = self.env["whatsapp.clinic.sending"].search(
            [("user_id", "=", self.env.uid), ("template_id", "!=", False)],
            order="id desc",
            limit=LOOKED_THROUGH,
        )
        return sendings.template_id
