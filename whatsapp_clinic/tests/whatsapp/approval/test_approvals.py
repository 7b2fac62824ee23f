"""One template at several WhatsApp accounts."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ...common import BUSINESS_ACCOUNT, MARKER, make_template, staff_user
from ...template.test_template_writing import WritingCase

OTHER_ACCOUNT = "629999999999999"
BODY = {"type": "BODY", "text": f"Hello {{{{patient_name}}}}, a {MARKER} text."}
OTHER_BODY = {"type": "BODY", "text": f"Dear {{{{patient_name}}}}, a {MARKER} text."}


@tagged("post_install", "-at_install")
class TestApprovals(WritingCase):
    def setUp(self):
        super().setUp()
        self.approvals = self.env["whatsapp.clinic.template.approval"]
        self.other = self.channel.copy(
            {
                "name": "Other",
                "phone_number_id": "99",
                "business_account_id": OTHER_ACCOUNT,
            }
        )
        self.template = make_template(self, "loaded", components=[BODY])
        patient = self.make_patient()
        self.consent(patient)
        self.visit = self.book(patient)

    def load_other(self, body=None, **values):
        definition = {
            "id": "theirs",
            "name": "loaded",
            "language": "en",
            "category": "UTILITY",
            "status": "APPROVED",
            "parameter_format": "NAMED",
            "components": [body or BODY],
            **values,
        }
        self.approvals._load(self.other, [definition])
        return self.approvals.search([("remote_id", "=", "theirs")])

    def message(self, channel, template=None):
        values = {
            "channel_id": channel.id,
            "partner_id": self.visit.partner_id.id,
            "purpose_id": self.purpose.id,
            "template_id": (template or self.template).id,
            **self.visit._reference(),
        }
        return self.env["whatsapp.clinic.message"]._enqueue([values])

    def test_text_that_both_accounts_have_is_one_template(self):
        approval = self.load_other()
        self.assertEqual(approval.template_id, self.template)
        self.assertEqual(len(self.template.approval_ids), 2)
        self.assertEqual(self.template.business_account_id, BUSINESS_ACCOUNT)

    def test_other_text_of_the_name_is_another_template_and_keeps_its_name_there(self):
        approval = self.load_other(OTHER_BODY)
        self.assertEqual(approval.template_id.name, "loaded_2")
        self.assertEqual(approval.remote_name, "loaded")
        row = self.message(self.other, approval.template_id)
        payload, _text = row.sudo()._render(1)
        self.assertEqual(payload["template"]["name"], "loaded")

    def test_examples_and_categories_of_accounts_do_not_make_another_template(self):
        example = {"body_text_named_params": [{"param_name": "patient_name"}]}
        approval = self.load_other({**BODY, "example": example}, category="MARKETING")
        self.assertEqual(approval.template_id, self.template)

    def test_each_account_decides_for_its_numbers(self):
        self.load_other().status = "PAUSED"
        self.assertEqual(self.message(self.channel).state, "queued")
        refused = self.message(self.other)
        self.assertEqual(refused.reason, "template_not_approved")

    def test_account_without_the_template_sends_none(self):
        self.assertEqual(self.message(self.other).reason, "template_account")

    def test_text_changed_at_one_account_stays_that_of_the_clinic(self):
        self.load_other()
        approval = self.load_other(OTHER_BODY)
        self.assertTrue(approval.differs)
        self.assertIn("Hello", self.template.body_text)
        self.assertEqual(self.message(self.channel).state, "queued")
        self.assertEqual(self.message(self.other).reason, "template_not_approved")

    def test_template_in_use_at_one_account_stays_in_use(self):
        self.load_other()
        self.approvals._load(self.other, [])
        self.assertTrue(self.template.enabled)
        self.approvals._load(self.channel, [])
        self.assertFalse(self.template.enabled)

    def test_manager_has_it_submitted_to_the_other_account(self):
        manager = staff_user(self, "manager")
        template = self.template.with_user(manager)
        self.assertEqual(template.other_account_count, 1)
        template.action_submit_to_others()
        self.assertFalse(template.other_account_count)
        new = self.template.approval_ids - self.template.approval_id
        self.assertEqual((new.business_account_id, new.task), (OTHER_ACCOUNT, "create"))
        self.assertFalse(self.template.is_draft)
        with self.assertRaises(UserError):
            template.body_text = "Other"

    def test_change_is_of_both_accounts(self):
        self.load_other()
        template = self.template.with_user(staff_user(self, "manager"))
        change = template.browse(template.action_edit()["res_id"])
        change.body_text = f"Dear {{{{patient_name}}}}, a new {MARKER} text for you."
        change.action_submit()
        first, second = change.sudo().approval_ids
        self.assertEqual((first.task, second.task), ("edit", "edit"))
        told = {"status": "PENDING", "components": change.sudo().components}
        first._apply_template_edit(told)
        self.assertFalse(change.exists())
        ours, theirs = self.template.approval_ids
        self.assertFalse(ours.differs)
        self.assertEqual((theirs.differs, theirs.task), (True, "edit"))
        theirs._apply_template_edit(told)
        self.assertFalse(theirs.differs)

    def test_number_that_moves_takes_its_own_templates_along(self):
        approval = self.load_other()
        self.approvals._load(
            self.other,
            [
                {
                    "id": "theirs",
                    "name": "loaded",
                    "language": "en",
                    "status": "APPROVED",
                    "category": "UTILITY",
                    "parameter_format": "NAMED",
                    "components": [BODY],
                },
                {
                    "id": "alone",
                    "name": "alone",
                    "language": "en",
                    "status": "APPROVED",
                    "category": "UTILITY",
                    "parameter_format": "NAMED",
                    "components": [OTHER_BODY],
                },
            ],
        )
        company = self.env["res.company"].create({"name": "Other clinic"})
        self.other.account_id.company_id = False
        self.other.company_id = company
        alone = self.approvals.search([("remote_id", "=", "alone")])
        self.assertEqual(alone.template_id.company_id, company)
        self.assertEqual(approval.template_id.company_id, company)
        self.assertEqual(approval.template_id.body_text, self.template.body_text)
        self.assertTrue(approval.template_id.enabled)
        self.assertEqual(self.template.company_id, self.company)
        self.assertEqual(len(self.template.approval_ids), 1)
