from odoo import api, fields, models

from ...tools import clock
from ...tools.access import require_group
from ...tools.phone import wa_id_to_e164

BLOCK_SOURCES = [
    ("stop_word", "Stop word in the chat"),
    ("preference", "WhatsApp's own stop"),
    ("error", "WhatsApp reported an opt-out"),
    ("staff", "Clinic staff"),
]


class Identity(models.Model):
    """Somebody as a messenger knows them; families share one.

    Any of phone, WhatsApp id, business-scoped user id and user name may be missing, but
    one of the two ids is there.
    """

    _name = "whatsapp.clinic.identity"
    _description = "WhatsApp Identity"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_names_search = ["phone", "username", "profile_name"]

    provider = fields.Selection(
        [("whatsapp", "WhatsApp")], default="whatsapp", required=True, readonly=True
    )
    wa_id = fields.Char("WhatsApp ID", readonly=True, copy=False)
    user_id = fields.Char(
        "User ID",
        readonly=True,
        copy=False,
        help="Business-scoped user id: stays when the patient hides the phone number.",
    )
    username = fields.Char("User Name", readonly=True)
    profile_name = fields.Char(readonly=True)
    phone = fields.Char(compute="_compute_phone", store=True)
    partner_ids = fields.Many2many(
        "res.partner",
        "whatsapp_clinic_identity_partner",
        "identity_id",
        "partner_id",
        string="Patients",
    )
    former_partner_ids = fields.Many2many(
        "res.partner",
        "whatsapp_clinic_identity_former_partner",
        "identity_id",
        "partner_id",
        string="Former Patients",
        readonly=True,
        help="They left this number; only entering it anew brings them back.",
    )
    blocked_at = fields.Datetime("Stopped At", readonly=True, copy=False, tracking=True)
    block_source = fields.Selection(
        BLOCK_SOURCES, string="Stopped By", readonly=True, copy=False, tracking=True
    )
    hold_until = fields.Datetime(
        "On Hold Until",
        readonly=True,
        copy=False,
        help="WhatsApp found that this patient gets too much at once.",
    )
    marketing_hold_until = fields.Datetime(
        "No Advertising Until",
        readonly=True,
        copy=False,
        help="WhatsApp found that this patient gets too much advertising.",
    )
    whatsapp_message_count = fields.Integer(compute="_compute_whatsapp_message_count")

    _wa_id_uniq = models.UniqueIndex(
        "(provider, wa_id) WHERE wa_id IS NOT NULL",
        "This WhatsApp id is already known.",
    )
    _user_id_uniq = models.UniqueIndex(
        "(provider, user_id) WHERE user_id IS NOT NULL",
        "This user id is already known.",
    )
    _some_id = models.Constraint(
        "CHECK (wa_id IS NOT NULL OR user_id IS NOT NULL)",
        "An identity needs a WhatsApp id or a user id.",
    )

    @api.depends("wa_id")
    def _compute_phone(self):
        for identity in self:
            identity.phone = identity.wa_id and wa_id_to_e164(identity.wa_id)

    @api.depends("phone", "username", "profile_name")
    def _compute_display_name(self):
        for identity in self:
            known = identity.phone or identity.username or self.env._("Without number")
            names = filter(None, (identity.profile_name, known))
            identity.display_name = " · ".join(names)

    def _compute_whatsapp_message_count(self):
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                [("identity_id", "in", self.ids)], ["identity_id"], ["__count"]
            )
        )
        for identity in self:
            identity.whatsapp_message_count = counted.get(identity, 0)

    def action_block(self):
        """Stop every message to this identity, on the word of staff."""
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        self.sudo()._block("staff")

    def action_unblock(self):
        """Write again, because the patient said so outside the chat."""
        self.check_access("read")
        require_group(self.env, "group_manager", "group_privacy_officer")
        self.sudo()._unblock()

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": [("identity_id", "=", self.id)], "context": {}}

    @property
    def _recipient(self) -> str:
        """How the Cloud API addresses the identity: E.164, else the user id."""
        return wa_id_to_e164(self.wa_id) if self.wa_id else self.user_id

    @api.model
    def _for_phones(self, phones: list[str], provider: str = "whatsapp") -> dict:
        """Identities by E.164 number; what is not known yet is made.

        Returns `{"+905…": identity}` with every number as a key.
        """
        wa_ids = {phone: phone.lstrip("+") for phone in phones}
        self._ensure([{"wa_id": wa_id} for wa_id in wa_ids.values()], provider)
        found = self.search(
            [("provider", "=", provider), ("wa_id", "in", list(wa_ids.values()))]
        )
        by_wa_id = {identity.wa_id: identity for identity in found}
        return {phone: by_wa_id[wa_id] for phone, wa_id in wa_ids.items()}

    @api.model
    def _for_sender(self, sender, provider: str = "whatsapp"):
        """The identity of who wrote (`cloud_api.webhooks.Sender`), made if unknown.

        What the sender shows for the first time (user id, names) is noted.
        """
        ids = {"wa_id": sender.wa_id, "user_id": sender.user_id}
        identity = self._find(ids, provider)
        if not identity:
            self._ensure([ids], provider)
            identity = self._find(ids, provider)
        identity._note(sender)
        return identity

    @api.model
    def _find(self, ids: dict, provider: str):
        """By user id, which outlives a phone number, else by WhatsApp id."""
        for name in ("user_id", "wa_id"):
            domain = [("provider", "=", provider), (name, "=", ids[name])]
            found = ids[name] and self.search(domain)
            if found:
                return found
        return self.browse()

    @api.model
    def _ensure(self, ids: list[dict], provider: str):
        """Insert identities that are not there; losing a race is no error."""
        self.flush_model()
        now = clock.now()
        for values in ids:
            wa_id = values.get("wa_id")
            self.env.cr.execute(
                """
                INSERT INTO whatsapp_clinic_identity
                    (provider, wa_id, user_id, phone,
                     create_uid, write_uid, create_date, write_date)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT DO NOTHING
                """,
                [
                    provider,
                    wa_id,
                    values.get("user_id"),
                    wa_id and wa_id_to_e164(wa_id),
                    self.env.uid,
                    self.env.uid,
                    now,
                    now,
                ],
            )
        self.invalidate_model()

    def _note(self, sender):
        self.ensure_one()
        news = {
            name: getattr(sender, name)
            for name in ("username", "profile_name")
            if getattr(sender, name) and getattr(sender, name) != self[name]
        }
        for name in ("wa_id", "user_id"):
            value = getattr(sender, name)
            if value and not self[name] and not self._known_elsewhere(name, value):
                news[name] = value
        if news:
            self.write(news)

    def _known_elsewhere(self, name: str, value: str) -> bool:
        domain = [("provider", "=", self.provider), (name, "=", value)]
        return bool(self.search_count([*domain, ("id", "!=", self.id)], limit=1))

    def _link(self, partner):
        """Note that the number is the partner's, unless the partner left it."""
        for identity in self:
            if partner not in identity.partner_ids | identity.former_partner_ids:
                identity.partner_ids = [fields.Command.link(partner.id)]

    def _block(self, source: str):
        """Write to nobody behind these identities any more, what is queued included."""
        to_block = self.filtered(lambda identity: not identity.blocked_at)
        to_block.write({"blocked_at": clock.now(), "block_source": source})
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("identity_id", "in", self.ids)], "identity_blocked"
        )

    def _unblock(self):
        self.filtered("blocked_at").write({"blocked_at": False, "block_source": False})

    def _change_number(self):
        """Whoever was behind this number left it; its next holder is a stranger.

        The patients are unlinked and what is queued is cancelled. The new number starts
        without patients, until somebody at the clinic links them.
        """
        self.ensure_one()
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("identity_id", "=", self.id)], "number_changed"
        )
        for partner in self.partner_ids:
            partner.message_post(
                body=self.env._(
                    "The WhatsApp number of this patient changed. Please ask for the "
                    "new one; nothing is sent to the old one."
                )
            )
        self.write(
            {
                "former_partner_ids": [
                    fields.Command.link(partner.id) for partner in self.partner_ids
                ],
                "partner_ids": [fields.Command.clear()],
            }
        )

    def _rotate_user_id(self, user_id: str):
        """The same person with the same number got a new user id."""
        self.ensure_one()
        if not self._known_elsewhere("user_id", user_id):
            self.user_id = user_id
