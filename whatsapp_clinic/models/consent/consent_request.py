from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.urls import urljoin

from ...tools import clock
from ...tools.access import create_as_system, named, require_group

LIFETIME = timedelta(days=14)
# Ways on which a link was sent, for the staff's list.
WAYS = [
    ("screen", "Shown on the screen"),
    ("email", "E-mail"),
    ("sms", "SMS"),
    ("whatsapp", "WhatsApp"),
]
STATUSES = [
    ("open", "Awaiting Answer"),
    ("answered", "Answered"),
    ("expired", "Expired"),
    ("closed", "Closed"),
]
PAGE = "/whatsapp_clinic/consent"


class ConsentRequest(models.Model):
    """A patient is asked what the clinic may write about, on a page of their own.

    The same page shows what was agreed to and withdraws it. How the link reaches the
    patient is for the desk to choose: shown as a QR code, by e-mail or SMS, or by
    WhatsApp where there is a basis for that.
    """

    _name = "whatsapp.clinic.consent.request"
    _description = "Consent Request"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", "Patient", required=True, ondelete="restrict", index=True
    )
    guardian_id = fields.Many2one(
        "res.partner",
        ondelete="restrict",
        index="btree_not_null",
        help="Who is asked, for a patient who does not decide alone.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    branch_id = fields.Many2one("whatsapp.clinic.branch", ondelete="restrict")
    purpose_ids = fields.Many2many(
        "whatsapp.clinic.consent.purpose",
        "whatsapp_clinic_consent_request_purpose",
        string="Asked for",
        required=True,
        default=lambda self: self._default_purposes(),
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
        precompute=True,
    )
    state = fields.Selection(
        [("open", "Awaiting Answer"), ("answered", "Answered"), ("closed", "Closed")],
        default="open",
        required=True,
        readonly=True,
    )
    expires_at = fields.Datetime(
        required=True, readonly=True, default=lambda self: clock.now() + LIFETIME
    )
    status = fields.Selection(STATUSES, compute="_compute_status")
    sent_by = fields.Selection(WAYS, "Last Sent by", readonly=True)
    sent_at = fields.Datetime("Last Sent", readonly=True)
    answered_at = fields.Datetime(readonly=True)
    proof_id = fields.Many2one(
        "whatsapp.clinic.consent.proof", readonly=True, ondelete="restrict"
    )

    @api.model
    def _default_purposes(self):
        return self.env["whatsapp.clinic.consent.purpose"].search(
            [("ask_by_default", "=", True), ("answers_only", "=", False)]
        )

    @api.depends("partner_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for request in named(self):
            request.display_name = request.partner_id.display_name

    @api.depends("partner_id", "guardian_id")
    def _compute_lang(self):
        for request in self:
            asked = request.guardian_id or request.partner_id
            request.lang = asked.lang or self.env.lang

    @api.depends("state", "expires_at")
    def _compute_status(self):
        now = clock.now()
        for request in self:
            is_expired = request.state == "open" and request.expires_at <= now
            request.status = "expired" if is_expired else request.state

    def action_ask_again(self):
        """Send the link once more; of what is over, ask again."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.consent_ask_action"
        )
        return {**action, "context": self._asked_again()}

    def _asked_again(self) -> dict:
        """Defaults of the form that asks the same again."""
        context = {
            "default_partner_id": self.partner_id.id,
            "default_guardian_id": self.guardian_id.id,
            "default_purpose_ids": [fields.Command.set(self.purpose_ids.ids)],
            "default_lang": self.lang,
        }
        if self.status == "open":
            context["default_request_id"] = self.id
        return context

    def action_close(self):
        """Make the links of these requests useless."""
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        self.check_access("read")
        self.sudo().state = "closed"
        self.env["whatsapp.clinic.personal.link"]._revoke(self)

    @api.model
    def _open_for(self, values: dict):
        """Open a request with the rights of the system: no role may create one.

        AccessError where the user may not see it.
        """
        return create_as_system(self, values)

    @property
    def _is_open(self) -> bool:
        return bool(self and self.state != "closed" and self.expires_at > clock.now())

    @property
    def _is_reachable(self) -> bool:
        """Whether it is open, and there is somebody to answer it."""
        return self._is_open and self.partner_id.active

    def _mint_key(self) -> str:
        """A new key to the page; who has it may answer.

        It stays of use after the answer: the same page withdraws. Raises UserError if
        the request is closed or expired.
        """
        self.ensure_one()
        if not self._is_open:
            raise UserError(
                self.env._("This request is closed or has expired. Send a new one.")
            )
        lifetime = self.expires_at - clock.now()
        return self.env["whatsapp.clinic.personal.link"]._mint(self, lifetime)

    def _url(self) -> str:
        """A link to the page with a new key; raises as `_mint_key` does."""
        return urljoin(self.get_base_url(), f"{PAGE}/{self._mint_key()}")

    def _note_sent(self, way: str):
        """Remember for the staff's list by which of WAYS a link went out."""
        self.sudo().write({"sent_by": way, "sent_at": clock.now()})

    def _note_answered(self, proof):
        self.write(
            {"state": "answered", "answered_at": clock.now(), "proof_id": proof.id}
        )

    def _lock(self):
        """Who comes second starts again, and sees what the first has recorded."""
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET write_date = %s WHERE id = %s",
                SQL.identifier(self._table),
                clock.precise_now(),
                self.id,
            )
        )
        self.invalidate_recordset()
