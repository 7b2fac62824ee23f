"""Who looks after a patient: which users, and which companies."""

from odoo.fields import Domain


def own_patients(partners, staff: str) -> Domain:
    """Who is at home in a branch of the user's, or visits one; of managers and
    privacy officers, in any branch of their companies. Nobody for who has no role.

    A visit counts where the home's company is the user's, too. `partners` are any
    contacts in the user's environment, `staff` is the group of all roles.
    """
    user = partners.env.user
    if user._is_superuser():
        return Domain.TRUE
    if not user.has_group(staff):
        return Domain.FALSE
    companies = partners.env.companies.ids
    in_reach = Domain("clinic_branch_id", "=", False) | Domain(
        "clinic_branch_id.company_id", "in", companies
    )
    if not user._sees_all_branches():
        in_reach &= Domain(user._patients_of_branches())
    # With the system's rights: branches of others are not the user's to read.
    known = partners.sudo().with_context(active_test=False)
    return Domain("id", "in", known._search(in_reach))


def companies_of(partners):
    """The roots of the companies that look after people or their wards."""
    wards = partners.sudo().ward_ids.filtered("is_in_force").patient_id
    people = (partners.sudo() | wards).with_context(active_test=False)
    return people._clinic_branches().company_id.root_id
