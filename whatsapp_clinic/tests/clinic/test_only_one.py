"""What a clinic has one of is chosen for it, and a practitioner has a colour."""

from lxml import etree

from odoo.tests import tagged

from ..common import ClinicCase


@tagged("post_install", "-at_install")
class TestOnlyOne(ClinicCase):
    def in_new_company(self, model):
        company = self.env["res.company"].create({"name": "New clinic"})
        self.env.user.company_ids += company
        return (
            self.env[model]
            .with_company(company)
            .with_context(allowed_company_ids=company.ids)
        )

    def channel_of(self, company, key):
        return self.env["whatsapp.clinic.channel"].create(
            {
                "name": key,
                "phone_number_id": key,
                "business_account_id": key,
                "company_id": company.id,
            }
        )

    def test_a_branch_writes_from_the_only_number(self):
        branches = self.in_new_company("whatsapp.clinic.branch")
        self.assertFalse(branches.new().channel_id)
        channel = self.channel_of(branches.env.company, "only")
        self.assertEqual(branches.new().channel_id._origin, channel)
        self.channel_of(branches.env.company, "second")
        self.assertFalse(branches.new().channel_id)

    def test_a_branch_of_another_company_writes_from_its_own_number(self):
        branches = self.in_new_company("whatsapp.clinic.branch")
        new = {"name": "New", "country_id": self.turkey.id}
        new["company_id"] = branches.env.company.id
        self.assertFalse(self.branch.create(new).channel_id)
        channel = self.channel_of(branches.env.company, "only")
        self.assertEqual(
            self.branch.create({**new, "name": "Newer"}).channel_id, channel
        )

    def test_a_practitioner_works_at_the_only_branch(self):
        branches = self.in_new_company("whatsapp.clinic.branch")
        branch = branches.create({"name": "Only", "country_id": self.turkey.id})
        practitioners = self.env["whatsapp.clinic.practitioner"].with_env(branches.env)
        self.assertEqual(practitioners.new().branch_ids._origin, branch)
        branches.create({"name": "Second", "country_id": self.turkey.id})
        self.assertFalse(practitioners.new().branch_ids)

    def test_a_practitioner_of_another_company_works_at_its_only_branch(self):
        branches = self.in_new_company("whatsapp.clinic.branch")
        branch = branches.create({"name": "Only", "country_id": self.turkey.id})
        new = {"name": "Dr. New", "company_id": branches.env.company.id}
        self.assertEqual(self.practitioner.create(new).branch_ids, branch)

    def test_new_practitioners_have_colours_of_their_own(self):
        practitioners = self.env["whatsapp.clinic.practitioner"]
        colours = [
            practitioners.create(
                {"name": f"Dr. {one}", "branch_ids": [(6, 0, self.branch.ids)]}
            ).color
            for one in range(3)
        ]
        self.assertTrue(all(1 <= colour <= 11 for colour in colours))
        self.assertEqual(len(set(colours)), 3)

    def test_lists_that_open_grouped_open_unfolded(self):
        actions = self.env["ir.actions.act_window"].search(
            [
                ("res_model", "like", "whatsapp.clinic."),
                ("context", "like", "search_default_group_by"),
            ]
        )
        shown = actions.filtered(lambda one: one.view_mode.startswith("list"))
        self.assertTrue(shown)
        for action in shown:
            with self.subTest(action.name):
                arch = self.env[action.res_model].get_view(view_type="list")["arch"]
                self.assertEqual(etree.fromstring(arch).get("expand"), "1")
