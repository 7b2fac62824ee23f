from odoo import api, models

from ...tools import clock


class PartnerMerge(models.TransientModel):
    """Odoo's contact merge, without losing messages, identities or consents.

    The wizard moves foreign keys by SQL and deletes what collides; here our own records
    are moved first, by rules of their own.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        consents = self.env["whatsapp.clinic.consent"].sudo()
        everyone = src_partners | dst_partner
        known = everyone.sudo().consent_ids
        before = consents._states(everyone, known.purpose_id, known.company_id)
        self._move_identities(src_partners, dst_partner)
        self._end_guardianships_of_oneself(everyone)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env.invalidate_all()
        self._settle_guardianships(dst_partner)
        self._settle_consents(before, src_partners, dst_partner)
        return result

    @api.model
    def _move_identities(self, src_partners, dst_partner):
        """Numbers of all become numbers of one; a number left stays left."""
        identities = self.env["whatsapp.clinic.identity"].sudo()
        everyone = src_partners | dst_partner
        for field in ("partner_ids", "former_partner_ids"):
            for identity in identities.search([(field, "in", src_partners.ids)]):
                identity[field] = identity[field] - src_partners | dst_partner
        for identity in identities.search([("former_partner_ids", "in", everyone.ids)]):
            identity.partner_ids -= dst_partner
        self.env.flush_all()

    @api.model
    def _end_guardianships_of_oneself(self, everyone):
        """Patient and guardian turn out to be one: nobody is their own guardian.

        What the guardian agreed to does not count any more; the patient is asked.
        """
        guardianships = self.env["whatsapp.clinic.guardianship"].sudo()
        guardianships.search(
            [("patient_id", "in", everyone.ids), ("guardian_id", "in", everyone.ids)]
        ).unlink()
        self.env.flush_all()

    @api.model
    def _settle_guardianships(self, dst_partner):
        """The same one of both is one; a date of birth that came along ends them."""
        partner = dst_partner.sudo()
        guardianships = partner.guardianship_ids | partner.ward_ids
        kept = {}
        for one in guardianships:
            key = (one.patient_id, one.guardian_id, one.start_date, one.purpose_ids)
            kept.setdefault(key, one)
        (guardianships - guardianships.browse().union(*kept.values())).unlink()
        self.env.add_to_compute(
            guardianships._fields["end_date"], partner.guardianship_ids.exists()
        )

    @api.model
    def _settle_consents(self, before, src_partners, dst_partner):
        """Where the contacts disagreed, nobody knows the patient's will: withdraw."""
        consents = self.env["whatsapp.clinic.consent"].sudo()
        for company in dst_partner.sudo().consent_ids.company_id.root_id:
            decisions = {}
            for (_partner_id, purpose_id), state in before.of(company).items():
                decisions.setdefault(purpose_id, set()).add(state == "withdrawn")
            disputed = [one for one, found in decisions.items() if len(found) > 1]
            purposes = self.env["whatsapp.clinic.consent.purpose"].browse(disputed)
            consents._record(
                [(purpose, "withdrawn") for purpose in purposes],
                partner_id=dst_partner.id,
                company_id=company.id,
                act_at=clock.now(),
                method="merge",
                evidence=self.env._("The merged contacts had decided differently."),
            )
