from odoo import fields, models


class Message(models.Model):
    """Which rule wrote a message, and from which state of rule and branch.

    What the gate asks of the rule is stamped on the row when it is planned, and again
    when rule or branch change.
    """

    _inherit = "whatsapp.clinic.message"

    rule_id = fields.Many2one("whatsapp.clinic.message.rule", ondelete="set null")
    plan_version = fields.Integer()

    _occurrence_uniq = models.UniqueIndex(
        "(rule_id, res_model, res_id, occurrence, subject_version) "
        "WHERE rule_id IS NOT NULL",
        "A rule writes once for each time of what it is about.",
    )
    _waiting_of_rule = models.Index(
        "(rule_id, res_model, res_id) "
        "WHERE rule_id IS NOT NULL AND state IN ('queued', 'held')"
    )
    _rules_are_automatic = models.Constraint(
        "CHECK (rule_id IS NULL OR is_automatic)",
        "What a rule writes is automatic.",
    )
