from odoo import api, models
from odoo.exceptions import ValidationError


class Template(models.Model):
    """Rules send templates of their own company, and say what for."""

    _inherit = "whatsapp.clinic.template"

    @api.constrains("company_id")
    def _check_rules_of_company(self):
        """Of a template that goes to another company with its number."""
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

    def _default_purpose(self):
        """The purpose for which a rule uses it, else what it is by its kind."""
        rules = self.env["whatsapp.clinic.message.rule"].sudo()._sending(self)
        purpose = rules[:1].purpose_id.with_env(self.env)
        return purpose or super()._default_purpose()

    def _used_ids(self) -> set[int]:
        """With those of rules, in every language."""
        rules = self.env["whatsapp.clinic.message.rule"].sudo()
        grouped = rules._read_group([], ["template_id"])
        names = [template.name for (template,) in grouped]
        of_rules = self.sudo().search([("name", "in", names)])
        return super()._used_ids() | {*of_rules.ids}
