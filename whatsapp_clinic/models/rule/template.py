from odoo import api, models
from odoo.exceptions import ValidationError


class Template(models.Model):
    """A template that goes to another company with its number."""

    _inherit = "whatsapp.clinic.template"

    @api.constrains("company_id")
    def _check_rules_of_company(self):
        """Rules send templates of their own company."""
        rules = self.env["whatsapp.clinic.message.rule"].sudo()
        found = rules.with_context(active_test=False).search(
            [("template_id", "in", self.ids)]
        )
        for rule in found:
            if rule.company_id.root_id != rule.template_id.company_id.root_id:
                raise ValidationError(
                    self.env._(
                        "Rules of %(company)s send “%(template)s”: choose another "
                        "template there, or delete these rules, then move the number.",
                        company=rule.company_id.name,
                        template=rule.template_id.title,
                    )
                )
