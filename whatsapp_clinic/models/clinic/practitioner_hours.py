from odoo import api, fields, models


class PractitionerHours(models.Model):
    """Hours of a practitioner at a branch, for a type of visit, or for new patients.

    Those that name neither a type nor patients say when somebody works, at the branch
    that they name or everywhere; where there are none, the practitioner's own hours do.
    Those that name one say when, within that, such a visit is possible.
    """

    _name = "whatsapp.clinic.practitioner.hours"
    _description = "Practitioner Hours"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "practitioner_id, branch_id, type_id, id"
    _check_company_auto = True

    practitioner_id = fields.Many2one(
        "whatsapp.clinic.practitioner",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        related="practitioner_id.company_id", store=True, precompute=True
    )
    branch_id = fields.Many2one(
        "whatsapp.clinic.branch",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Empty: at every branch.",
    )
    type_id = fields.Many2one(
        "whatsapp.clinic.appointment.type",
        "Appointment Type",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Empty: for every type.",
    )
    patients = fields.Selection(
        [("new", "New patients"), ("known", "Known patients")],
        help="Empty: for all. A patient is new until the first visit took place.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Hours",
        required=True,
        check_company=True,
        domain="[('flexible_hours', '=', False)]",
        help="By the clock of the branch.",
    )
    date_from = fields.Date("From")
    date_to = fields.Date("Until", help="The last day.")

    _dates_in_order = models.Constraint(
        "CHECK (date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "Hours end on the day they begin or later.",
    )

    @api.depends("calendar_id", "branch_id", "type_id")
    def _compute_display_name(self):
        for hours in self:
            parts = (hours.branch_id.name, hours.type_id.name, hours.calendar_id.name)
            hours.display_name = " · ".join(filter(None, parts))

    def _fit(self, branch, visit_type, is_new: bool | None) -> bool:
        """Whether these hours are about such a visit; None: about either patient."""
        self.ensure_one()
        is_of_patient = not self.patients or (
            is_new is not None and (self.patients == "new") == is_new
        )
        return (
            self.branch_id in (self.branch_id.browse(), branch)
            and self.type_id in (self.type_id.browse(), visit_type)
            and is_of_patient
        )
