"""Who decides for a patient."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Acting:
    """Who decides for whom at one moment.

    `scopes` by the root of the company that noted it: {(root, person, patient):
    purposes, or none for all}, all by id; `minors` are patients who do not agree alone.
    """

    scopes: Mapping = field(default_factory=dict)
    minors: Collection[int] = frozenset()

    def acts(self, company, person_id: int, patient_id: int) -> bool:
        """Whether a person decides for a patient about anything."""
        return (company.sudo().root_id.id, person_id, patient_id) in self.scopes

    def decides(self, company, person_id: int, patient_id: int, purpose_id) -> bool:
        """Whether a person decides for a patient about a purpose."""
        if not self.acts(company, person_id, patient_id):
            return False
        only_for = self.scopes[company.sudo().root_id.id, person_id, patient_id]
        return not only_for or purpose_id in only_for

    def may_agree(self, company, guardian_id, patient_id: int, purpose_id) -> bool:
        """Whether a patient, without a `guardian_id`, or their guardian may agree."""
        if not guardian_id:
            return patient_id not in self.minors
        return self.decides(company, guardian_id, patient_id, purpose_id)
