from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import LazyTranslate

from ...tools import clock
from ...tools.access import named, require_group
from ...tools.phone import line, wa_id_to_e164
from ...tools.text import clean_text
from ..vocabulary.stops import STOPPING
from .merging import Merging
from .resolver import Resolver

_lt = LazyTranslate(__name__)

# By how much an act is later than another one, as whole seconds are kept.
_MOMENT = timedelta(seconds=1)
# What is shown of the stops that stand, by their scope.
_SHOWN_STOPS = {
    "all": ("blocked_at", "block_source", "block_company_id"),
    "advertising": (
        "marketing_blocked_at",
        "marketing_block_source",
        "marketing_block_company_id",
    ),
}
# What a user is shown of the patients behind a number, and what is known.
_SHOWN_PATIENTS = (
    ("patient_ids", "partner_ids"),
    ("former_patient_ids", "former_partner_ids"),
)
# Last characters of an id: four of them collided among a thousand.
_SHOWN = 6
# What is noted on patients whose number it was.
_LEFT = {
    "number_changed": _lt(
        "The WhatsApp number of this patient changed. Please ask for the new one; "
        "nothing is sent to the old one."
    ),
    "wrong_person": _lt(
        "The person with this WhatsApp number is not the patient. Please ask for the "
        "right one; nothing is sent there."
    ),
}


class Identity(models.Model):
    """Somebody as a messenger knows them; families share one.

    Any of phone, WhatsApp id, business-scoped user id and user name may be missing, but
    one of the two ids is there.
    """

    _name = "whatsapp.clinic.identity"
    _description = "WhatsApp Identity"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_names_search = ("phone", "username", "profile_name")
    _mail_post_access = "read"
    _mail_names_nobody = True

    provider = fields.Selection(
        [("whatsapp", "WhatsApp")], default="whatsapp", required=True, readonly=True
    )
    address_ids = fields.One2many(
        "whatsapp.clinic.identity.address", "identity_id", "Addresses"
    )
    wa_id = fields.Char(
        "WhatsApp ID",
        compute="_compute_ids",
        inverse="_inverse_ids",
        store=True,
        copy=False,
    )
    user_id = fields.Char(
        "User ID",
        compute="_compute_ids",
        inverse="_inverse_ids",
        store=True,
        copy=False,
        help="Business-scoped user id: stays when the patient hides the phone number.",
    )
    user_portfolio_id = fields.Many2one(
        "whatsapp.clinic.portfolio",
        "Portfolio of the User ID",
        compute="_compute_ids",
        inverse="_inverse_ids",
        store=True,
        copy=False,
        ondelete="set null",
        help="The same person has another user id in another business portfolio.",
    )
    username = fields.Char("User Name", readonly=True)
    profile_name = fields.Char(readonly=True)
    phone = fields.Char(compute="_compute_phone", store=True)
    line = fields.Char(
        "Telephone",
        compute="_compute_phone",
        store=True,
        help="What all forms of the number have in common.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        "whatsapp_clinic_identity_partner",
        "identity_id",
        "partner_id",
        string="All Patients",
        groups=fields.NO_ACCESS,
    )
    former_partner_ids = fields.Many2many(
        "res.partner",
        "whatsapp_clinic_identity_former_partner",
        "identity_id",
        "partner_id",
        string="All Former Patients",
        readonly=True,
        groups=fields.NO_ACCESS,
        help="They left this number; only entering it again brings them back.",
    )
    patient_ids = fields.Many2many(
        "res.partner",
        string="Patients",
        compute="_compute_patient_ids",
        search="_search_patient_ids",
        help="Those behind this number whom you look after.",
    )
    former_patient_ids = fields.Many2many(
        "res.partner",
        string="Former Patients",
        compute="_compute_patient_ids",
        help="They left this number; only entering it again brings them back.",
    )
    act_ids = fields.One2many(
        "whatsapp.clinic.identity.act",
        "identity_id",
        "Stops and Starts",
        readonly=True,
    )
    blocked_at = fields.Datetime(
        "Stopped At", compute="_compute_stops", store=True, copy=False, tracking=True
    )
    block_source = fields.Selection(
        STOPPING,
        string="Stopped By",
        compute="_compute_stops",
        store=True,
        copy=False,
        tracking=True,
    )
    block_company_id = fields.Many2one(
        "res.company",
        "Stop Said To",
        compute="_compute_stops",
        store=True,
        copy=False,
        help="Whose number or staff was told; empty for several companies.",
    )
    denied_company_ids = fields.Many2many(
        "res.company",
        "whatsapp_clinic_identity_denied_company",
        "identity_id",
        "company_id",
        string="Wrong Number for Companies",
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="Company trees (their roots) that were told it is nobody of theirs, where "
        "others have a patient behind the number.",
    )
    marketing_blocked_at = fields.Datetime(
        "Advertising Stopped At",
        compute="_compute_stops",
        store=True,
        copy=False,
        tracking=True,
    )
    marketing_block_source = fields.Selection(
        STOPPING,
        string="Advertising Stopped By",
        compute="_compute_stops",
        store=True,
        copy=False,
    )
    marketing_block_company_id = fields.Many2one(
        "res.company",
        "Advertising Stop Said To",
        compute="_compute_stops",
        store=True,
        copy=False,
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

    _line_uniq = models.UniqueIndex(
        "(provider, line) WHERE line IS NOT NULL",
        "This telephone is already known.",
    )
    _some_id = models.Constraint(
        "CHECK (wa_id IS NOT NULL OR user_id IS NOT NULL)",
        "An identity needs a WhatsApp id or a user id.",
    )

    @api.depends("address_ids.is_main", "address_ids.value", "address_ids.scope")
    def _compute_ids(self):
        for identity in self:
            main = identity.address_ids.filtered("is_main").grouped("kind")
            nothing = identity.address_ids.browse()
            user = main.get("user", nothing)
            identity.wa_id = main.get("phone", nothing).value
            identity.user_id = user.value
            portfolio = identity.user_portfolio_id.browse(int(user.scope or 0) or ())
            identity.user_portfolio_id = portfolio.exists()

    def _inverse_ids(self):
        """Main addresses by hand; what they replace is nobody's any more."""
        for identity in self:
            scope = str(identity.user_portfolio_id.id or "")
            main = (
                ("phone", identity.wa_id, ""),
                ("user", identity.user_id, scope),
            )
            for kind, value, scope in main:
                identity._set_main(kind, value, scope)

    @api.depends("wa_id")
    def _compute_phone(self):
        for identity in self:
            identity.phone = identity.wa_id and wa_id_to_e164(identity.wa_id)
            identity.line = identity.wa_id and line(identity.wa_id)

    @api.depends("act_ids.act_at")
    def _compute_stops(self):
        for scope, (at, source, company) in _SHOWN_STOPS.items():
            standing = self.act_ids._standing(self, scope)
            for identity in self:
                stops = standing.get(identity.id, [])
                is_one = len({one.root_id for one in stops}) == 1
                identity[at] = max((one.at for one in stops), default=False)
                identity[source] = stops[0].source if stops else False
                identity[company] = is_one and stops[0].company_id

    @api.depends("phone", "username", "profile_name", "user_id")
    @api.depends_context("lang", "uid")
    def _compute_display_name(self):
        for identity in named(self):
            known = identity.phone or identity.username
            names = " · ".join(filter(None, (identity.profile_name, known)))
            end_of_id = (identity.user_id or identity.wa_id or "")[-_SHOWN:]
            identity.display_name = names or self.env._(
                "WhatsApp patient · %s", end_of_id
            )

    @api.depends("partner_ids", "former_partner_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_patient_ids(self):
        """Of who shares a number the user sees the own patients alone."""
        for identity in self:
            known = identity.sudo()
            for shown, kept in _SHOWN_PATIENTS:
                patients = known[kept].with_env(self.env)
                identity[shown] = patients._of_own_branches()

    @api.model
    def _search_patient_ids(self, operator, value):
        """By patients whom the user looks after; `= False` finds those of nobody."""
        if operator not in ("in", "any"):
            return NotImplemented
        if operator == "in" and False in value:
            found = Domain("partner_ids", "=", False)
        else:
            partners = self.env["res.partner"].with_context(active_test=False)
            asked = Domain(value) if operator == "any" else Domain("id", "in", value)
            seen = partners._search(asked & partners._of_own_branches_domain())
            found = Domain("partner_ids", "in", seen)
        return Domain("id", "in", self.sudo()._search(found))

    def _check_may_act(self, *groups: str):
        """Raise AccessError unless a role may, for every patient with this number."""
        self.check_access("read")
        require_group(self.env, *groups)
        self.sudo().partner_ids.with_env(self.env)._check_looked_after()

    def _check_was_said_here(self, scope: str):
        """Raise AccessError where the stops that stand were said to others alone."""
        for stops in self.act_ids._standing(self, scope).values():
            told = {one.root_id for one in stops}
            ours = {None, *self.env.companies.root_id.ids}
            if not self.env.su and told and not told & ours:
                raise AccessError(
                    self.env._(
                        "This was said to another company: let the patient write "
                        "START there, or ask its manager."
                    )
                )

    def action_block(self):
        """Stop every message to this identity, on the word of staff."""
        self._check_may_act("group_receptionist", "group_privacy_officer")
        self.sudo()._stop("staff")

    def action_unblock(self):
        """Write again, because the patient said so outside the chat."""
        self._check_may_act("group_manager", "group_privacy_officer")
        self._check_was_said_here("all")
        self.sudo()._start("staff")

    def action_allow_marketing(self):
        """Advertise again, because the patient said so outside the chat."""
        self._check_may_act("group_manager", "group_privacy_officer")
        self._check_was_said_here("advertising")
        self.sudo()._start("staff", "advertising")

    def action_link_patient(self):
        """Ask whose number it is."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Whose Number It Is"),
            "res_model": "whatsapp.clinic.identity.link",
            "view_mode": "form",
            "target": "new",
            "context": {"default_identity_id": self.id},
        }

    @property
    def _recipient(self) -> str:
        """How the Cloud API addresses the identity: E.164, else the user id."""
        return wa_id_to_e164(self.wa_id) if self.wa_id else self.user_id

    @api.model
    def _for_phones(self, phones: list[str], provider: str = "whatsapp") -> dict:
        """Identities by E.164 number; what is not known yet is made.

        Returns `{"+905…": identity}` with every number as a key.
        """
        return Resolver(self, provider).for_phones(phones)

    @api.model
    def _for_sender(self, sender, portfolio, at, provider: str = "whatsapp"):
        """The identity of who wrote (`Resolver.for_sender`), made if unknown."""
        return Resolver(self, provider).for_sender(sender, portfolio, at)

    @api.model
    def _learn_links(self, links: list[tuple], provider: str = "whatsapp"):
        """Note which user id belongs to which number (`Resolver.learn_links`)."""
        Resolver(self, provider).learn_links(links)

    @api.model
    def _find(self, ids: dict, provider: str):
        """By `user_id` and `wa_id`, any of their forms, of which one may be missing."""
        return Resolver(self, provider).find(ids)

    @api.model
    def _by_wa_ids(self, wa_ids: list[str], provider: str) -> dict:
        """Identities by WhatsApp id; unknown ones are mapped to an empty recordset."""
        return Resolver(self, provider).by_wa_ids(wa_ids)

    @api.model
    def _known(self, values: list[str], provider: str):
        """Those to whom any of these addresses belongs."""
        return self.browse().union(*Resolver(self, provider).known(values).values())

    @api.model
    def _ensure(self, ids: list[dict], provider: str, portfolio=None):
        """Insert identities that are not there; losing a race is no error.

        User ids are those of people in a `portfolio`.
        """
        Resolver(self, provider).ensure(ids, portfolio)

    def _changed_hands(self, sender, portfolio, at) -> bool:
        """Whether the sender contradicts what is known, and is no late webhook."""
        has_other_number = (
            sender.wa_id and self.wa_id and not self._has_address(sender.wa_id)
        )
        has_other_user = (
            sender.user_id
            and not self._has_address(sender.user_id)
            and self._has_other_user(sender.user_id, portfolio)
        )
        if not has_other_number and not has_other_user:
            return False
        return not self._has_written_since(at)

    def _has_written_since(self, at) -> bool:
        """Whether somebody wrote from it at a time (naive UTC) or later."""
        return False

    def _has_other_user(self, user_id: str, portfolio) -> bool:
        is_comparable = self.user_portfolio_id == portfolio
        return bool(self.user_id) and is_comparable and self.user_id != user_id

    def _has_address(self, value: str | None) -> bool:
        """Whether it is one of the addresses, in any form."""
        if value in (self.wa_id, self.user_id):
            return bool(value)
        return bool(value) and value in self.address_ids.mapped("value")

    def _set_main(self, kind: str, value: str | None, scope: str):
        """Let an address be the one that is shown; the former one is nobody's."""
        known = self.address_ids.filtered(lambda one: one.kind == kind)
        kept = known.filtered(lambda one: one.value == value)[:1]
        if kept.is_main and (kept.scope or "") == scope:
            return
        former = known.filtered("is_main") - kept
        if kind == "phone" and kept:
            former.is_main = False
        elif kind == "phone":
            known.unlink()
        else:
            former.unlink()
        self.address_ids.flush_model()
        if kept:
            kept.write({"is_main": True, "scope": scope or False})
        elif value:
            self.address_ids.create(
                {
                    "identity_id": self.id,
                    "provider": self.provider,
                    "scope": scope or False,
                    "kind": kind,
                    "value": value,
                    "is_main": True,
                }
            )
            if kind == "phone":
                self.address_ids._add(self, kind, value)

    def _add_address(self, value: str | None, portfolio=None):
        """Note another address of the same somebody, unless it is known already.

        Of a user id the `portfolio` tells where it means this person. Losing a race is
        no error: two channels may learn it from the same answer.
        """
        self.ensure_one()
        if not value or self._find({"user_id": value, "wa_id": value}, self.provider):
            return
        kind = "phone" if value.isdigit() else "user"
        self.flush_recordset()
        scope = str(portfolio.id) if portfolio else ""
        self.address_ids._add(self, kind, value, scope)

    def _note_addresses(self):
        """Addresses were written or moved by SQL."""
        self.invalidate_recordset(["address_ids"])
        for name in ("wa_id", "user_id", "user_portfolio_id"):
            self.env.add_to_compute(self._fields[name], self)

    def _note(self, sender, portfolio):
        self.ensure_one()
        names = {
            name: clean_text(getattr(sender, name) or "")
            for name in ("username", "profile_name")
        }
        news = {name: one for name, one in names.items() if one and one != self[name]}
        for name in ("wa_id", "user_id"):
            value = getattr(sender, name)
            if value and not self[name] and not self._known_elsewhere(value):
                news[name] = value
        user_id = news.get("user_id", self.user_id)
        if user_id and user_id == sender.user_id and not self.user_portfolio_id:
            news["user_portfolio_id"] = portfolio.id
        if news:
            self.write(news)
        if self.user_portfolio_id != portfolio:
            self._add_address(sender.user_id, portfolio)

    def _at(self, phone: str | None):
        """Those of these identities that are the telephone of a number in E.164."""
        return self.filtered(lambda one: phone and one.line == line(phone))

    def _known_elsewhere(self, value: str) -> bool:
        found = self._find({"user_id": value, "wa_id": value}, self.provider)
        return bool(found - self)

    def _link(self, partner):
        """Note that the number is the partner's, unless the partner left it."""
        for identity in self:
            if partner not in identity.partner_ids | identity.former_partner_ids:
                identity.partner_ids = [fields.Command.link(partner.id)]

    def _welcome(self, partner):
        """The clinic entered this number for the partner: it is theirs from now on.

        Also if they had left it once. What was cancelled meanwhile is planned again.
        """
        former = self.sudo().search([("former_partner_ids", "in", partner.ids)])
        roots = partner._clinic_roots() or self.env.company.sudo().root_id
        strangers = self.filtered(
            lambda one: not one.partner_ids and not one.former_partner_ids
        )
        for identity in self:
            if identity.block_source == "wrong_person":
                identity._enter_again(partner)
            identity.denied_company_ids -= roots
            identity.former_partner_ids -= partner
            identity._link(partner)
        if self and former:
            partner._plan_messages()
        for identity in strangers:
            identity._name_patient()

    def _name_patient(self):
        """What a stranger wrote is now known to be of the only patient."""

    def _is_doubtful_for(self, partner, is_entered: bool) -> bool:
        """Whether staff has to say that this number is the partner's.

        It was reported as a wrong one, or, where it `is_entered` now, others have it.
        """
        is_wrong = self.block_source == "wrong_person" or (
            self.denied_company_ids & partner._clinic_roots()
        )
        return bool(is_wrong or is_entered and self.partner_ids - partner)

    def _enter_again(self, partner):
        """The number is somebody's again; what they stopped themselves stays stopped.

        A stop of whoever had the number before binds nobody who gets it now.
        """
        self.ensure_one()
        stops = self.act_ids._standing(self, "all")[self.id]
        wrong = [one for one in stops if one.source == "wrong_person"]
        found_at = max(one.at for one in wrong)
        before = [one.at for one in stops if one.at < found_at and one not in wrong]
        if before and partner not in self.former_partner_ids:
            self._start("new_holder", at=max(before) + _MOMENT)
        self._start("entered")
        told = filter(None, {one.root_id for one in wrong})
        self.denied_company_ids |= self.env["res.company"].browse(told)

    def _only_patient(self):
        """The patient behind this number, where nobody else can be meant.

        None for strangers, families, and who decides for somebody else.
        """
        self.ensure_one()
        partners = self.sudo().partner_ids
        is_plain = len(partners) == 1 and not any(
            partners.ward_ids.mapped("is_in_force")
        )
        return partners if is_plain else partners.browse()

    def _history_company(self):
        """A number is nobody's: whom it told to stop, or whose patient has it."""
        homes = self.partner_ids.clinic_branch_id.company_id
        return self.block_company_id or homes[:1] or super()._history_company()

    def _heard_by(self, company):
        """Those about whom it counts what is said to a company's number.

        That is, where the company's tree has a patient behind it, or nobody has. None
        stands for every company.
        """
        return self.filtered(
            lambda one: (
                not company
                or not one.partner_ids
                or one.sudo().partner_ids._looked_after_by(company)
            )
        )

    def _stop(self, source: str, scope: str = "all", at=None, company=None, **proof):
        """These want no messages any more; what is queued is cancelled.

        `source` and `scope` are of `vocabulary.stops`, `at` is the time of the act
        (naive UTC, default: now), `company` the one that was told (default: the
        user's). A stop that was said before a start that lifts it changes nothing.
        Returns those who were not stopped before.
        """
        shown = _SHOWN_STOPS[scope][0]
        before = self.filtered(shown)
        self._note_act(
            decision="stop",
            source=source,
            scope=scope,
            act_at=at or clock.now(),
            company_id=(company or self.env.company).id,
            **proof,
        )
        stopped = self.filtered(shown)
        stopped._obey_stops(scope)
        return stopped - before

    def _start(self, source: str, scope: str = "all", at=None, company=None, **proof):
        """These may be written to again; returns whose stop ended.

        As `_stop`; without a `company` it counts for what any of them was told, without
        `at` it comes after whatever stands.
        """
        shown = _SHOWN_STOPS[scope][0]
        before = self.filtered(shown)
        for identity in self:
            identity._note_act(
                decision="start",
                source=source,
                scope=scope,
                act_at=at or identity._after_stops(scope),
                company_id=identity._start_counts_for(company, scope).id,
                **proof,
            )
        lifted = before.filtered(lambda one: not one[shown])
        lifted.partner_ids._plan_messages()
        return lifted

    def _note_act(self, **values):
        self.act_ids._record(self, **values)
        self._note_stops()

    def _note_stops(self):
        """Acts were written, or moved here."""
        self.invalidate_recordset(["act_ids"])
        for names in _SHOWN_STOPS.values():
            for name in names:
                self.env.add_to_compute(self._fields[name], self)

    def _after_stops(self, scope: str):
        """The present, or the second after the latest stop."""
        stopped = self[_SHOWN_STOPS[scope][0]]
        now = clock.now()
        return max(now, stopped + _MOMENT) if stopped else now

    def _start_counts_for(self, company, scope: str):
        """The company for whose stops a start counts that `company` was told.

        None, which is every one, where a stop stands of which nobody knows whom it was
        said to, all patients are the company's, and no other was ever told to stop.
        """
        everybody = self.env["res.company"]
        if not company:
            return everybody
        stops = self.act_ids._standing(self, scope).get(self.id, [])
        partners = self.sudo().partner_ids
        is_free = (
            any(not one.root_id for one in stops)
            and partners._looked_after_by(company) == partners
            and not self._was_stopped_elsewhere(company)
        )
        return everybody if is_free else company

    def _was_stopped_elsewhere(self, company) -> bool:
        """Whether a company of another tree was ever told to stop."""
        told = self.sudo().act_ids.filtered(lambda one: one.decision == "stop")
        return bool(told.company_id.root_id - company.root_id)

    def _obey_stops(self, scope: str):
        """What waits and may not leave any more is cancelled."""

    def _on_patients_unlinked(self, reason: str, root=None):
        """It is nobody's whom the clinic means; `root`: of one company's tree only."""

    def _unlink_patients(self, reason: str, company=None):
        """Whoever is behind this number is not, or no longer, who the clinic means.

        `reason` is `wrong_person` or `number_changed`. The patients are unlinked, what
        waits is cancelled, and nothing goes there, not even a confirmation, until the
        clinic enters the number again. Reception is asked about coming appointments.

        Where a `company` was told, it is about its tree's patients: who is of others
        alone keeps the number, and nothing is stopped.
        """
        self.ensure_one()
        if not self._heard_by(company):
            return
        partners = self.partner_ids._looked_after_by(company)
        is_shared = bool(self.partner_ids - partners)
        wards = partners.sudo().ward_ids.filtered("is_in_force").patient_id
        self.write(
            {
                "former_partner_ids": [
                    fields.Command.link(partner.id) for partner in partners
                ],
                "partner_ids": [
                    fields.Command.unlink(partner.id) for partner in partners
                ],
            }
        )
        if is_shared:
            self.denied_company_ids |= company.root_id
        else:
            self._note_act(
                decision="stop",
                source="wrong_person",
                scope="all",
                act_at=clock.now(),
                company_id=(company or self.env.company).id,
            )
        self._on_patients_unlinked(reason, company.root_id if is_shared else None)
        for partner in partners:
            company = partner.sudo().clinic_branch_id.company_id or self.env.company
            noted = partner.with_context(lang=company.partner_id.lang)
            noted._note_for_staff(noted.env._(_LEFT[reason]))
        (partners | wards)._ask_for_number()
        if not self.partner_ids:
            # Former user ids were those of who had the number before.
            self.address_ids.filtered(
                lambda one: one.kind == "user" and not one.is_main
            ).unlink()

    def _rotate_user_id(self, user_id: str):
        """The same person with the same number got a new user id.

        It may have written before it was announced.
        """
        self.ensure_one()
        other = self._find({"user_id": user_id}, self.provider)
        if other.wa_id and other != self:
            return
        if other and other != self:
            self._merge(other)
        scope = str(self.user_portfolio_id.id or "")
        self.address_ids.filtered(
            lambda one: one.kind == "user" and one.is_main
        ).is_main = False
        self.address_ids.flush_model()
        self._set_main("user", user_id, scope)

    def _merge(self, other):
        """Take over everything of `other`, which is the same person, and remove it.

        Stops and holds: the stricter of both, but no stop that was said to a company
        without a patient here. Who left one of them has left both.
        """
        self.ensure_one()
        Merging(self, other).run()
