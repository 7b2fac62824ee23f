from odoo import api, fields, models
from odoo.tools import SQL

from ..vocabulary.stops import SCOPES

_HOLDS = ("hold_until", "marketing_hold_until")
_NAMES = ("username", "profile_name")
_CHATTER = (
    ("mail.message", "model"),
    ("mail.activity", "res_model"),
    ("ir.attachment", "res_model"),
)
_SETS = ("partner_ids", "former_partner_ids", "denied_company_ids")


class Identity(models.Model):
    """A phone number and a user id turn out to be one person."""

    _inherit = "whatsapp.clinic.identity"

    @api.model
    def _for_sender(self, sender, portfolio, at, provider="whatsapp"):
        if sender.wa_id and sender.user_id:
            self._join_sender(sender, portfolio, at, provider)
        return super()._for_sender(sender, portfolio, at, provider)

    @api.model
    def _join_sender(self, sender, portfolio, at, provider: str):
        """Both ids of a sender are known, but as two: make them one.

        Where the number belonged to another user, it changed hands.
        """
        by_user = self._find({"user_id": sender.user_id, "wa_id": None}, provider)
        if not by_user or by_user.wa_id:
            return
        by_number = self._by_wa_ids([sender.wa_id], provider)[sender.wa_id]
        if not by_number or by_user == by_number:
            return
        if by_number._has_other_user(sender.user_id, portfolio):
            company = portfolio.company_id
            is_told = by_number._heard_by(company)
            if is_told and by_number._changed_hands(sender, portfolio, at):
                by_number._disown("number_changed", company)
                by_number.wa_id = False
                # The number has to be free before somebody else gets it.
                by_number.flush_recordset()
        else:
            by_number._merge(by_user)

    @api.model
    def _learn_links(self, links: list[tuple], provider: str = "whatsapp"):
        """Note which user id belongs to which number, as WhatsApp told.

        `links` are (WhatsApp id, user id, portfolio of the number that was told). What
        contradicts what is known is left to the next message of that person.
        """
        told = {(wa_id, user_id): portfolio for wa_id, user_id, portfolio in links}
        if not told:
            return
        known = self.search(
            [
                ("provider", "=", provider),
                ("user_id", "in", [user_id for _wa_id, user_id in told]),
            ]
        )
        done = {(one.wa_id, one.user_id) for one in known}
        for (wa_id, user_id), portfolio in told.items():
            if (wa_id, user_id) not in done:
                self._learn_link(wa_id, user_id, portfolio, provider)

    @api.model
    def _learn_link(self, wa_id: str, user_id: str, portfolio, provider: str):
        by_user, by_number = self._by_both(wa_id, user_id, provider)
        has_other_user = by_number and by_number._has_other_user(user_id, portfolio)
        if by_user == by_number or by_user.wa_id or has_other_user:
            return
        if by_user and by_number:
            by_number._merge(by_user)
        elif by_user:
            by_user.wa_id = wa_id
        elif by_number.user_id:
            by_number._add_alias(user_id)
        else:
            by_number.write({"user_id": user_id, "user_portfolio_id": portfolio.id})

    @api.model
    def _by_both(self, wa_id: str, user_id: str, provider: str) -> tuple:
        by_user = self._find({"user_id": user_id, "wa_id": None}, provider)
        return by_user, self._by_wa_ids([wa_id], provider)[wa_id]

    def _has_other_user(self, user_id: str, portfolio) -> bool:
        is_comparable = self.user_portfolio_id == portfolio
        return bool(self.user_id) and is_comparable and self.user_id != user_id

    def _rotate_user_id(self, user_id):
        """The new id may have written before it was announced."""
        other = self._find({"user_id": user_id, "wa_id": None}, self.provider)
        if not other or other == self or other.wa_id:
            return super()._rotate_user_id(user_id)
        before = self.user_id
        self._merge(other)
        self.alias_ids.filtered(lambda one: one.value == user_id).unlink()
        self.user_id = user_id
        return self._add_alias(before)

    def _merge(self, other):
        """Take over everything of `other`, which is the same person, and remove it.

        Stops and holds: the stricter of both, but no stop that was said to a company
        without a patient here. Who left one of them has left both.
        """
        self.ensure_one()
        both = (self | other).sorted("id")
        both._lock()
        if len(both.exists()) < 2:
            return
        values = {**_names(self, other), **_holds(both)}
        standing = self._standing_of_both(other)
        ids = self._ids_of_both(other)
        former = both.former_partner_ids
        patients = both.partner_ids - former
        denied = both.denied_company_ids
        self._take_rows(other)
        self._take_chatter(other)
        other.write(dict.fromkeys(_SETS, [fields.Command.clear()]))
        other.sudo().unlink()
        self.write(
            {
                **values,
                **ids["own"],
                "partner_ids": [fields.Command.set(patients.ids)],
                "former_partner_ids": [fields.Command.set(former.ids)],
                "denied_company_ids": [fields.Command.set(denied.ids)],
            }
        )
        for value in ids["others"]:
            self._add_alias(value)
        self._note_stops()
        self._keep_standing(standing)
        self._name_patient()

    def _lock(self):
        """In the order of ids: two who merge the same do not wait for one another."""
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT FROM whatsapp_clinic_identity WHERE id = ANY(%s) "
            "ORDER BY id FOR UPDATE",
            [self.ids],
        )
        self.invalidate_recordset()

    def _ids_of_both(self, other) -> dict:
        own = {name: self[name] or other[name] for name in ("wa_id", "user_id")}
        portfolio = (self if self.user_id else other).user_portfolio_id
        others = {other.wa_id, other.user_id, *other.alias_ids.mapped("value")}
        return {
            "own": {**own, "user_portfolio_id": portfolio.id},
            "others": filter(None, others - set(own.values())),
        }

    def _take_rows(self, other):
        """Let every row that points to `other` point here."""
        self.env.flush_all()
        other.alias_ids.unlink()
        self.env.cr.execute(
            """
            SELECT conrelid::regclass::text, attname
            FROM pg_constraint JOIN pg_attribute
                ON attrelid = conrelid AND attnum = conkey[1]
            WHERE contype = 'f' AND confrelid = 'whatsapp_clinic_identity'::regclass
            """
        )
        relations = {self._fields[name].relation for name in _SETS}
        for table, column in self.env.cr.fetchall():
            if table not in relations:
                self.env.cr.execute(
                    SQL(
                        "UPDATE %(table)s SET %(column)s = %(here)s "
                        "WHERE %(column)s = %(other)s",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                        here=self.id,
                        other=other.id,
                    )
                )
        self.env.invalidate_all()

    def _take_chatter(self, other):
        self.message_subscribe(other.message_partner_ids.ids)
        for name, model in _CHATTER:
            rows = self.env[name].sudo().with_context(active_test=False)
            rows.search([(model, "=", self._name), ("res_id", "=", other.id)]).write(
                {"res_id": self.id}
            )

    def _standing_of_both(self, other) -> dict[str, list]:
        """The stops of each scope that stand, but of the other one's none that was said
        to a company without a patient here: those are lifted."""
        companies = self.env["res.company"]
        standing = {}
        for scope in dict(SCOPES):
            found = self.act_ids._standing(self | other, scope)
            standing[scope] = found.get(self.id, [])
            for stop in found.get(other.id, []):
                company = companies.browse(stop.company_id or ())
                if self._heard_by(company):
                    standing[scope].append(stop)
                else:
                    other._start("merge", scope, company=company)
        return standing

    def _keep_standing(self, standing: dict[str, list]):
        """What was stopped for one of both stays stopped, though the other one was
        allowed messages later: the stop is noted again for the moment of that."""
        for scope, stops in standing.items():
            starts = self.act_ids.filtered(
                lambda one, scope=scope: one.scope == scope and one.decision == "start"
            )
            latest = starts.mapped("act_at")
            kept = self.act_ids._standing(self, scope).get(self.id, [])
            said = {(one.source, one.company_id) for one in kept}
            for stop in stops:
                if (stop.source, stop.company_id) not in said:
                    self._note_act(
                        decision="stop",
                        source=stop.source,
                        scope=scope,
                        act_at=max([stop.at, *latest]),
                        company_id=stop.company_id,
                    )
            if stops:
                self._obey_stops(scope)

    def _welcome(self, partner):
        strangers = self.filtered(
            lambda one: not one.partner_ids and not one.former_partner_ids
        )
        result = super()._welcome(partner)
        for identity in strangers:
            identity._name_patient()
        return result

    def _name_patient(self):
        """What a stranger wrote is now known to be of the only patient."""
        if len(self.partner_ids) == 1:
            self.env["whatsapp.clinic.message"].search(
                [
                    ("identity_id", "=", self.id),
                    ("direction", "=", "in"),
                    ("partner_id", "=", False),
                ]
            ).write({"partner_id": self.partner_ids.id})


def _names(one, other) -> dict:
    return {name: one[name] or other[name] for name in _NAMES}


def _holds(both) -> dict:
    return {
        name: max(filter(None, both.mapped(name)), default=False) for name in _HOLDS
    }
