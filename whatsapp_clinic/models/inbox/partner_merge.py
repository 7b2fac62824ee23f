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
        before = consents._states(everyone, everyone.sudo().consent_ids.purpose_id)
        self._move_identities(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env.invalidate_all()
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
    def _settle_consents(self, before: dict, src_partners, dst_partner):
        """Where the contacts disagreed, nobody knows the patient's will: withdraw."""
        consents = self.env["whatsapp.clinic.consent"].sudo()
        everyone = (src_partners | dst_partner).ids
        decisions = {}
        for (partner_id, purpose_id), decision in before.items():
            if partner_id in everyone:
                decisions.setdefault(purpose_id, set()).add(decision)
        disputed = [one for one, found in decisions.items() if len(found) > 1]
        consents.create(
            [
                {
                    "partner_id": dst_partner.id,
                    "purpose_id": purpose_id,
                    "decision": "withdrawn",
                    "act_at": clock.now(),
                    "method": "merge",
                    "evidence": self.env._(
                        "The merged contacts had decided differently."
                    ),
                }
                for purpose_id in disputed
            ]
        )
