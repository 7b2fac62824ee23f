"""A phone number and a user id turn out to be one person."""

from odoo import fields
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


class Merging:
    """Takes over everything of `other`, which is the same person as `kept`."""

    def __init__(self, kept, other):
        self.kept, self.other = kept, other
        self.env = kept.env

    def run(self):
        kept, other = self.kept, self.other
        both = (kept | other).sorted("id")
        self._lock(both)
        if len(both.exists()) < 2:
            return
        values = {name: kept[name] or other[name] for name in _NAMES}
        for name in _HOLDS:
            values[name] = max(filter(None, both.mapped(name)), default=False)
        former = both.former_partner_ids
        sets = {
            "partner_ids": both.partner_ids - former,
            "former_partner_ids": former,
            "denied_company_ids": both.denied_company_ids,
        }
        standing = self._standing_of_both()
        self._take_rows()
        self._take_chatter()
        other.write(dict.fromkeys(_SETS, [fields.Command.clear()]))
        other.sudo().unlink()
        values |= {name: [fields.Command.set(one.ids)] for name, one in sets.items()}
        kept.write(values)
        kept._note_addresses()
        kept._note_stops()
        self._keep_standing(standing)
        kept._name_patient()

    def _lock(self, both):
        """In the order of ids: two who merge the same do not wait for one another."""
        both.flush_recordset()
        self.env.cr.execute(
            "SELECT FROM whatsapp_clinic_identity WHERE id = ANY(%s) "
            "ORDER BY id FOR UPDATE",
            [both.ids],
        )
        both.invalidate_recordset()

    def _take_rows(self):
        """Let every row that points to the other one point here, addresses too."""
        self.env.flush_all()
        self._leave_main_addresses()
        self.env.cr.execute(
            """
            SELECT conrelid::regclass::text, attname
            FROM pg_constraint JOIN pg_attribute
                ON attrelid = conrelid AND attnum = conkey[1]
            WHERE contype = 'f' AND confrelid = 'whatsapp_clinic_identity'::regclass
            """
        )
        relations = {self.kept._fields[name].relation for name in _SETS}
        for table, column in self.env.cr.fetchall():
            if table not in relations:
                self.env.cr.execute(
                    SQL(
                        "UPDATE %(table)s SET %(column)s = %(here)s "
                        "WHERE %(column)s = %(other)s",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                        here=self.kept.id,
                        other=self.other.id,
                    )
                )
        self.env.invalidate_all()

    def _leave_main_addresses(self):
        """What the kept one has of its own stays what is shown."""
        self.env.cr.execute(
            """
            UPDATE whatsapp_clinic_identity_address AS moved SET is_main = FALSE
            FROM whatsapp_clinic_identity_address AS main
            WHERE moved.identity_id = %s AND main.identity_id = %s
              AND main.is_main AND main.kind = moved.kind
            """,
            [self.other.id, self.kept.id],
        )

    def _take_chatter(self):
        kept, other = self.kept, self.other
        kept.message_subscribe(other.message_partner_ids.ids)
        for name, model in _CHATTER:
            rows = self.env[name].sudo().with_context(active_test=False)
            rows.search([(model, "=", kept._name), ("res_id", "=", other.id)]).write(
                {"res_id": kept.id}
            )

    def _standing_of_both(self) -> dict[str, list]:
        """The stops of each scope that stand, but of the other one's none that was said
        to a company without a patient here: those are lifted."""
        kept, other = self.kept, self.other
        companies = self.env["res.company"]
        standing = {}
        for scope in dict(SCOPES):
            found = kept.act_ids._standing(kept | other, scope)
            standing[scope] = found.get(kept.id, [])
            for stop in found.get(other.id, []):
                company = companies.browse(stop.company_id or ())
                if kept._heard_by(company):
                    standing[scope].append(stop)
                else:
                    other._start("merge", scope, company=company)
        return standing

    def _keep_standing(self, standing: dict[str, list]):
        """What was stopped for one of both stays stopped, though the other one was
        allowed messages later: the stop is noted again for the moment of that."""
        kept = self.kept
        for scope, stops in standing.items():
            starts = kept.act_ids.filtered(
                lambda one, scope=scope: one.scope == scope and one.decision == "start"
            )
            latest = starts.mapped("act_at")
            stand = kept.act_ids._standing(kept, scope).get(kept.id, [])
            said = {(one.source, one.company_id) for one in stand}
            for stop in stops:
                if (stop.source, stop.company_id) not in said:
                    kept._note_act(
                        decision="stop",
                        source=stop.source,
                        scope=scope,
                        act_at=max([stop.at, *latest]),
                        company_id=stop.company_id,
                    )
            if stops:
                kept._obey_stops(scope)
