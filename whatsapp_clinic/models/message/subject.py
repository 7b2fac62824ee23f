from dataclasses import dataclass
from datetime import datetime

from odoo import api, fields, models

# A merge of contacts does not know the reference of a message.
_NEVER = {"res.partner"}


@dataclass(frozen=True)
class Occurrence:
    """A moment (naive UTC) that a rule writes around, and until when it is of use.

    Without `useful_until` it is worth sending for as long as the rule says.
    """

    at: datetime
    useful_until: datetime | None = None


class Subject(models.AbstractModel):
    """What messages are about: a visit, a care plan, another addon's record.

    Rules, gate and templates ask it by the methods below and name no model. What
    inherits it needs a patient, a branch and a company, counts up what `_version`
    answers whenever the patient or what they were told of changes, and calls
    `_plan_messages` when anything that rules look at has changed.
    """

    _name = "whatsapp.clinic.message.subject"
    _description = "What Messages Are About"

    partner_id = fields.Many2one("res.partner", "Patient")
    branch_id = fields.Many2one("whatsapp.clinic.branch")
    company_id = fields.Many2one("res.company")
    whatsapp_message_ids = fields.One2many(
        "whatsapp.clinic.message", "res_id", "WhatsApp Messages"
    )
    whatsapp_message_count = fields.Integer(compute="_compute_whatsapp_message_count")

    def _compute_whatsapp_message_count(self):
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                self._messages_domain(), ["res_id"], ["__count"]
            )
        )
        for subject in self:
            subject.whatsapp_message_count = counted.get(subject.id, 0)

    @api.ondelete(at_uninstall=False)
    def _cancel_what_waits(self):
        """Nothing leaves about what is gone; what was sent keeps its reference."""
        self.env["whatsapp.clinic.message"]._cancel_open(
            self._messages_domain(), "obsolete"
        )

    def action_open_messages(self):
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": self._messages_domain(), "context": {}}

    @api.model
    def _models(self) -> list[str]:
        """The models that messages may be about, in the order in which they load."""
        name = "whatsapp.clinic.message.subject"
        heirs = self.pool.descendants([name], "_inherit")
        return [
            model
            for model in self.pool
            if model in heirs and not self.env[model]._abstract and model not in _NEVER
        ]

    def _reference(self) -> dict:
        """Values of a message about this record, as it is now."""
        self.ensure_one()
        return {
            "res_model": self._name,
            "res_id": self.id,
            "subject_version": self._version,
        }

    def _messages_domain(self) -> list:
        return [("res_model", "=", self._name), ("res_id", "in", self.ids)]

    @api.model
    def _anchors(self) -> dict:
        """The moments that rules write around: name and `Anchor`."""
        return {}

    def _occurrences(self, rule) -> list[Occurrence]:
        """When the moment of a rule comes, in the present state; none, one or many."""
        return []

    def _recipient(self):
        """The patient whom messages go to, or to whose guardian."""
        return self.partner_id

    @property
    def _version(self) -> int:
        """Counts up; messages and buttons of an earlier one are out of date."""
        return 1

    def _objection_to(self, message) -> str | None:
        """Why a message about this should not be sent any more: a reason."""
        if message.is_automatic and message.subject_version != self._version:
            return "obsolete"
        return None

    def _objection_to_words_of_rules(self) -> str | None:
        """Why what rules say would not be so now, whoever sends it: a reason."""
        return None

    def _merge_key(self):
        """What the subjects have in common of which one message is enough."""
        return self.id

    def _kind(self):
        """The type of visit that rules choose by, if it has one."""
        return self.env["whatsapp.clinic.appointment.type"]

    def _is_confirmed(self) -> bool:
        """Whether the patient has agreed already to what a reminder would ask."""
        return False

    def _specialty(self) -> str | None:
        """What tells by its name what the patient is treated for."""
        return None

    @api.model
    def _planned_domain(self, companies) -> list:
        """Which records of companies rules may write about that did not write yet."""
        return [("company_id", "in", companies.ids)]

    @api.model
    def _of_patients_domain(self, partners, since) -> list:
        """Which records of patients may still want a message due after `since`."""
        return [("partner_id", "in", partners.ids)]

    def _obey_patient(self, action: str, message):
        """Do what the patient tapped on a message about this."""

    def _local_start(self):
        """When it begins, aware, by the branch's clock; None if it does not begin."""
        return None

    def _what_holds(self, patient, version: int, action: str) -> str | None:
        """Which automatic answer tells who tapped a button what holds now."""
        return None

    def _plan_messages(self):
        """Have rules plan again what they write about these, in this transaction."""

    def _templates_telling(self, anchor: str):
        """Templates with which rules can tell of a moment of this, idle ones last."""
        return self.env["whatsapp.clinic.template"]
