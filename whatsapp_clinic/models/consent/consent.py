from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools import clock

METHODS = [
    ("paper", "Signed on paper"),
    ("verbal", "Said to staff"),
    ("web", "Signed on a web page"),
    ("chat", "In the chat"),
    ("import", "Imported"),
    ("merge", "Contact merge"),
]
# Who the row belongs to may change (contact merge, company change), as may what Odoo
# keeps about the row; what was agreed to, when and how may not.
_BOOKKEEPING = ("partner_id", "company_id", "create_uid", "write_uid", "write_date")
# Entered from a time zone ahead of ours, or a clock that is.
CLOCK_TOLERANCE = timedelta(days=1)
# The only run that may delete sets this in its transaction.
DESTRUCTION_SETTING = "whatsapp_clinic.destruction"


class Consent(models.Model):
    """One act of a patient: giving or withdrawing consent for one purpose.

    Rows are written once. The present state is the row with the latest time of the act;
    on a tie the withdrawal counts.
    """

    _name = "whatsapp.clinic.consent"
    _description = "Consent"
    _order = "act_at desc, id desc"
    _rec_name = "purpose_id"

    partner_id = fields.Many2one(
        "res.partner", "Patient", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose", required=True, ondelete="restrict"
    )
    decision = fields.Selection(
        [("given", "Given"), ("withdrawn", "Withdrawn")], required=True
    )
    act_at = fields.Datetime(
        "Time of the Act",
        required=True,
        default=lambda self: clock.now(),
        help="When the patient decided, for paper its date; not when it was entered.",
    )
    method = fields.Selection(METHODS, required=True)
    evidence = fields.Text(
        help="What proves it: who heard it, the wording, the message of the patient."
    )
    message_id = fields.Many2one(
        "whatsapp.clinic.message", "Proof in the Chat", ondelete="restrict"
    )
    patient_name = fields.Char(
        "Name at the Time", compute="_compute_at_the_time", store=True, precompute=True
    )
    patient_phone = fields.Char(
        "Phone at the Time", compute="_compute_at_the_time", store=True, precompute=True
    )

    _state = models.Index("(partner_id, purpose_id, act_at)")

    @api.constrains("act_at")
    def _check_not_in_future(self):
        latest = clock.now() + CLOCK_TOLERANCE
        if any(consent.act_at > latest for consent in self):
            raise ValidationError(self.env._("The act lies in the future."))

    @api.depends()
    def _compute_at_the_time(self):
        for consent in self:
            consent.patient_name = consent.partner_id.name
            consent.patient_phone = consent.partner_id.phone

    @api.model
    def _states(self, partners, purposes) -> dict:
        """Present states as {(partner id, purpose id): "given" | "withdrawn"}."""
        if not partners or not purposes:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (partner_id, purpose_id)
                       partner_id, purpose_id, decision
                FROM whatsapp_clinic_consent
                WHERE partner_id = ANY(%s) AND purpose_id = ANY(%s)
                ORDER BY partner_id, purpose_id, act_at DESC,
                         (decision = 'withdrawn') DESC
                """,
                partners.ids,
                purposes.ids,
            )
        )
        return {(partner, purpose): decision for partner, purpose, decision in rows}

    @api.model_create_multi
    def create(self, vals_list):
        consents = super().create(vals_list)
        consents.flush_recordset()
        consents._cancel_what_lost_its_basis()
        return consents

    def _cancel_what_lost_its_basis(self):
        """A withdrawal acts at once, on what is queued too."""
        states = self._states(self.partner_id, self.purpose_id)
        for consent in self:
            pair = (consent.partner_id.id, consent.purpose_id.id)
            if states.get(pair) == "withdrawn" and consent.purpose_id.requires_consent:
                self.env["whatsapp.clinic.message"]._cancel_open(
                    [("partner_id", "=", pair[0]), ("purpose_id", "=", pair[1])],
                    "consent_withdrawn",
                )

    def _auto_init(self):
        # Columns that an update adds are filled in existing rows.
        self.env.cr.execute(
            "DROP TRIGGER IF EXISTS whatsapp_clinic_consent_write_once ON "
            "whatsapp_clinic_consent"
            if self._table_exists()
            else "SELECT"
        )
        return super()._auto_init()

    def init(self):
        """Make rows unchangeable in the database, whoever asks."""
        self.env.cr.execute(_WRITE_ONCE, {"bookkeeping": list(_BOOKKEEPING)})

    def _table_exists(self) -> bool:
        self.env.cr.execute("SELECT to_regclass(%s) IS NOT NULL", [self._table])
        return self.env.cr.fetchone()[0]


_WRITE_ONCE = f"""
CREATE OR REPLACE FUNCTION whatsapp_clinic_consent_write_once() RETURNS trigger AS $$
BEGIN
    IF current_setting('{DESTRUCTION_SETTING}', true) <> '' THEN
        RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
    END IF;
    IF TG_OP = 'UPDATE' AND
       to_jsonb(NEW) - %(bookkeeping)s = to_jsonb(OLD) - %(bookkeeping)s THEN
        RETURN NEW;
    END IF;
    RAISE 'A consent is written once and never changed; record a new act instead.'
        USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS whatsapp_clinic_consent_write_once ON whatsapp_clinic_consent;
CREATE TRIGGER whatsapp_clinic_consent_write_once
    BEFORE UPDATE OR DELETE ON whatsapp_clinic_consent
    FOR EACH ROW EXECUTE FUNCTION whatsapp_clinic_consent_write_once();

DROP TRIGGER IF EXISTS whatsapp_clinic_consent_no_truncate ON whatsapp_clinic_consent;
CREATE TRIGGER whatsapp_clinic_consent_no_truncate
    BEFORE TRUNCATE ON whatsapp_clinic_consent
    FOR EACH STATEMENT EXECUTE FUNCTION whatsapp_clinic_consent_write_once();
"""
