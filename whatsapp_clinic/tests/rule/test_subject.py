"""Messages about something that is no visit: another addon's medication plan."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.orm.model_classes import add_to_registry
from odoo.tests import tagged

from ...models.message.subject import Occurrence
from ...models.vocabulary.anchors import Anchor
from ...models.vocabulary.states import WAITING_STATES
from ...tools import clock
from ..chat.chat_case import ChatCase
from ..common import ClinicCase, staff_user, tomorrow

PLAN = "whatsapp.clinic.test.plan"
SUBJECT = "whatsapp.clinic.message.subject"
HOURS = (9, 21)


class Plan(models.Model):
    """A medicine is taken in the morning and in the evening, for some days."""

    _name = PLAN
    _description = "Medication Plan"
    _inherit = [SUBJECT]
    # Of no addon: the tests alone put it in the registry.
    _module = None

    partner_id = fields.Many2one("res.partner", required=True)
    branch_id = fields.Many2one("whatsapp.clinic.branch", required=True)
    company_id = fields.Many2one(related="branch_id.company_id", store=True)
    first_day = fields.Date(required=True)
    days = fields.Integer(default=3)
    medicine = fields.Char()
    edition = fields.Integer(default=1)
    heard = fields.Char()

    @api.model_create_multi
    def create(self, vals_list):
        plans = super().create(vals_list)
        plans._plan_messages()
        return plans

    def write(self, vals):
        result = super().write(vals)
        self._plan_messages()
        return result

    @api.model
    def _anchors(self):
        return {"intake": Anchor("Time of the medicine", "first_day")}

    def _occurrences(self, rule):
        first = fields.Datetime.to_datetime(self.first_day)
        return [
            Occurrence(at, at + timedelta(hours=2))
            for day in range(self.days)
            for hour in HOURS
            for at in [first + timedelta(days=day, hours=hour)]
        ]

    @property
    def _version(self):
        return self.edition

    def _obey_patient(self, action, message):
        self.heard = action


@tagged("post_install", "-at_install")
class TestSubject(ChatCase):
    """A model that inherits the mixin has everything that a visit has."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_to_registry(cls.registry, Plan)
        cls.addClassCleanup(cls.forget_plan)
        cls.registry._setup_models__(cls.env.cr, [PLAN])
        cls.registry.init_models(cls.env.cr, [PLAN], {"module": "whatsapp_clinic"})

    @classmethod
    def forget_plan(cls):
        for parent in (SUBJECT, "base"):
            cls.registry[parent]._inherit_children.discard(PLAN)
        del cls.registry.models[PLAN]
        cls.registry._setup_models__(cls.env.cr)
        cls.registry.registry_invalidated = False

    def setUp(self):
        super().setUp()
        self.text = self.make_template(
            "take_medicine",
            "Hello {{patient_name}}, it is time for {{medicine}} as your doctor said.",
            "Confirm",
        )
        self.text.model = PLAN
        medicine = self.text.variable_ids.filtered(lambda one: one.name == "medicine")
        medicine.write({"source": "field", "field_path": "medicine"})
        self.text.enabled = True
        self.intake = self.rule(
            anchor="intake", offset=0, offset_side="after", template_id=self.text.id
        )

    def plan(self, **values):
        return self.env[PLAN].create(
            {
                "partner_id": self.patient.id,
                "branch_id": self.branch.id,
                "first_day": clock.now().date() + timedelta(days=2),
                "medicine": "Aspirin",
                **values,
            }
        )

    def rows(self, plan, *states):
        rows = plan.whatsapp_message_ids.sorted("due_at")
        return rows.filtered(lambda row: not states or row.state in states)

    def waiting(self, plan):
        return self.rows(plan, *WAITING_STATES)

    def test_a_rule_has_a_row_for_each_time_of_a_day(self):
        plan = self.plan()
        rows = self.waiting(plan)
        self.assertEqual(
            rows.mapped("due_at"), [one.at for one in plan._occurrences(self.intake)]
        )
        self.assertEqual(len(rows), 6)
        self.assertEqual(plan.whatsapp_message_count, 6)

    def test_what_is_planned_again_is_not_written_twice(self):
        plan = self.plan()
        rows = self.waiting(plan)
        plan._plan_messages()
        self.assertEqual(self.rows(plan), rows)

    def test_a_plan_that_is_shortened_has_only_its_last_rows_cancelled(self):
        plan = self.plan()
        rows = self.rows(plan)
        plan.days = 2
        self.assertEqual(rows.mapped("state"), ["queued"] * 4 + ["cancelled"] * 2)
        plan.days = 3
        self.assertEqual(rows.mapped("state"), ["queued"] * 6)
        self.assertEqual(self.rows(plan), rows)

    def test_a_plan_that_is_moved_has_its_rows_moved(self):
        plan = self.plan()
        rows = self.rows(plan)
        plan.first_day += timedelta(days=1)
        self.assertEqual(self.rows(plan, "queued"), rows.sorted("due_at"))
        self.assertEqual(
            rows.sorted("due_at").mapped("due_at"),
            [one.at for one in plan._occurrences(self.intake)],
        )

    def test_what_has_left_is_not_written_again(self):
        plan = self.plan()
        first = self.rows(plan)[0]
        first.state = "delivered"
        plan.write({"days": 1, "edition": 2})
        plan.write({"days": 3, "edition": 3})
        self.assertEqual(len(self.rows(plan)), 6)
        self.assertEqual(first.state, "delivered")

    def test_other_patient_gets_all_that_is_to_come(self):
        other = self.make_patient("+905321110002", "Barış KUMQUAT")
        self.consent(other)
        plan = self.plan()
        plan.write({"partner_id": other.id, "edition": 2})
        self.assertEqual(self.waiting(plan).partner_id, other)
        self.assertEqual(len(self.waiting(plan)), 6)

    def test_a_message_goes_its_whole_way_and_a_tap_comes_back(self):
        plan = self.plan()
        first, second = self.rows(plan)[:2]
        self.pass_time((first.due_at - clock.now()).total_seconds() + 1)
        self.dispatch()
        (bubble,) = self.thread()
        self.assertIn("Aspirin", bubble["text"])
        self.assertEqual((first.state, second.state), ("sent", "queued"))
        tap = self.tap(bubble, "Confirm")
        self.assertEqual(plan.heard, "confirm")
        self.assertEqual((tap.reply_to_id, tap._subject), (first, plan))

    def test_what_changed_the_version_keeps_earlier_messages(self):
        plan = self.plan()
        rows = self.rows(plan)
        self.env.flush_all()
        self.env.cr.execute(f"UPDATE {plan._table} SET edition = 2")
        self.env.invalidate_all()
        verdicts = self.env["whatsapp.clinic.gate"]._judge(rows).values()
        self.assertEqual({one.reason for one in verdicts}, {"obsolete"})

    def test_deleting_cancels_what_waits_and_keeps_what_was_sent(self):
        plan = self.plan()
        reference = plan.id
        first, *others = self.rows(plan)
        first.state = "delivered"
        plan.unlink()
        self.assertEqual({one.state for one in others}, {"cancelled"})
        self.assertEqual((first.state, first.res_id), ("delivered", reference))
        self.assertFalse(first.subject_name)

    def test_nothing_leaves_about_what_somebody_deleted_in_the_database(self):
        plan = self.plan()
        rows = self.rows(plan)
        self.env.flush_all()
        self.env.cr.execute(f"DELETE FROM {plan._table}")
        self.env.invalidate_all()
        verdicts = self.env["whatsapp.clinic.gate"]._judge(rows).values()
        self.assertEqual({one.reason for one in verdicts}, {"obsolete"})
        self.dispatch()
        self.assertFalse(self.thread())

    def test_gate_looks_once_whether_subjects_exist(self):
        rows = self.rows(self.plan()) | self.rows(self.plan())
        gate = self.env["whatsapp.clinic.gate"]
        gate._judge(rows)
        with self.assertQueryCount(1):
            rows.invalidate_model([])
            gate._existing_subjects(rows)

    def test_rule_is_about_what_its_template_is_about(self):
        self.assertFalse(self.book(self.patient).whatsapp_message_ids)
        with self.assertRaisesRegex(ValidationError, "no such moment"):
            self.intake.anchor = "noshow"

    def test_patient_who_agrees_later_gets_what_is_to_come(self):
        other = self.make_patient("+905321110002", "Barış KUMQUAT")
        plan = self.plan(partner_id=other.id)
        self.assertFalse(self.rows(plan))
        self.consent(other)
        self.assertEqual(len(self.waiting(plan)), 6)

    def test_changed_rule_plans_every_kind_of_subject_that_it_wrote_about(self):
        plan = self.plan()
        self.intake.write({"offset": 1})
        rows = self.waiting(plan)
        occurrences = plan._occurrences(self.intake)
        self.assertEqual(
            rows.mapped("due_at"), [one.at + timedelta(hours=1) for one in occurrences]
        )

    def test_template_may_be_about_every_subject(self):
        offered = dict(self.text._fields["model"]._description_selection(self.env))
        self.assertEqual(offered[PLAN], "Medication Plan")


@tagged("post_install", "-at_install")
class TestReference(ClinicCase):
    """What a message may be about, and who reads what that is called."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.visit = self.book(self.patient)
        self.message = self.env["whatsapp.clinic.message"].create(
            {
                "company_id": self.company.id,
                "branch_id": self.branch.id,
                "partner_id": self.patient.id,
                **self.visit._reference(),
            }
        )

    def elsewhere(self):
        return self.branch.copy({"name": "Elsewhere", "member_ids": False})

    def heirs(self):
        return self.env[SUBJECT]._models()

    def test_a_contact_is_no_subject(self):
        self.assertNotIn("res.partner", self.heirs())
        contact, subject = self.registry["res.partner"], self.registry[SUBJECT]
        self.assertFalse(issubclass(contact, subject))

    def test_a_message_is_about_subjects_only(self):
        for model in ("res.partner", "whatsapp.clinic.branch", "no.such.model"):
            with self.subTest(model), self.assertRaises(ValidationError):
                self.message.write({"res_model": model, "res_id": 1})

    def test_nobody_but_who_may_read_a_visit_reads_its_name(self):
        reception = staff_user(self, "receptionist")
        own = self.message.with_user(reception)
        self.assertEqual(own.subject_name, self.visit.with_user(reception).display_name)
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_appointment SET branch_id = %s WHERE id = %s",
            [self.elsewhere().id, self.visit.id],
        )
        self.env.invalidate_all()
        self.assertFalse(own.subject_name)
        with self.assertRaises(AccessError):
            own.action_open_subject()

    def test_who_may_read_a_visit_opens_it_from_its_message(self):
        reception = staff_user(self, "receptionist")
        action = self.message.with_user(reception).action_open_subject()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (self.visit._name, self.visit.id)
        )

    def test_staff_cannot_send_about_what_they_may_not_read(self):
        elsewhere = self.elsewhere()
        self.practitioner.branch_ids |= elsewhere
        visit = self.book(self.patient, tomorrow(50), branch_id=elsewhere.id)
        reception = staff_user(self, "receptionist")
        sendings = self.env["whatsapp.clinic.sending"].with_user(reception)
        sending = sendings.sudo().create(
            {
                "user_id": reception.id,
                "purpose_id": self.purpose.id,
                "res_model": visit._name,
                "res_ids": visit.ids,
                "record_count": 1,
            }
        )
        self.assertFalse(sending.with_user(reception)._records(visit.ids))

    def test_no_subject_is_deleted_by_the_database_alone(self):
        self.assertIn("whatsapp.clinic.appointment", self.heirs())
        tables = [self.env[model]._table for model in self.heirs()]
        self.env.cr.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' "
            "AND confdeltype = 'c' AND conrelid = ANY(%s::regclass[])",
            [tables],
        )
        self.assertFalse(self.env.cr.fetchall())
