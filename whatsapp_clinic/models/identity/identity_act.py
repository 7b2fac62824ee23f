from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..consent.write_once_mixin import BOOKKEEPING
from ..vocabulary.stops import DECISIONS, SCOPES, SOURCES
from .standing import Act, standing

# Where two identities become one, acts move from one that is gone at the commit.
_MOVES = """
CREATE OR REPLACE FUNCTION whatsapp_clinic_identity_act_moves() RETURNS trigger AS $$
BEGIN
    IF EXISTS (
        SELECT FROM whatsapp_clinic_identity
        WHERE id = OLD.identity_id AND id <> NEW.identity_id
    ) THEN
        RAISE 'This record is written once and never changed; record a new act instead.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS whatsapp_clinic_identity_act_moves
    ON whatsapp_clinic_identity_act;
CREATE CONSTRAINT TRIGGER whatsapp_clinic_identity_act_moves
    AFTER UPDATE OF identity_id ON whatsapp_clinic_identity_act
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whatsapp_clinic_identity_act_moves();
"""


class IdentityAct(models.Model):
    """Somebody stopped messages to a number, or allowed them again.

    Rows are written once, and by nobody's hand. The latest by the time of the act
    counts, whenever it was heard of; on a tie the stop.
    """

    _name = "whatsapp.clinic.identity.act"
    _description = "Stop or Start of a WhatsApp Number"
    _inherit = "whatsapp.clinic.write.once.mixin"
    _order = "act_at desc, id desc"
    _rec_name = "source"
    _write_once_except = (
        "identity_id",
        *(name for name in BOOKKEEPING if name != "company_id"),
    )

    identity_id = fields.Many2one(
        "whatsapp.clinic.identity",
        "Number",
        required=True,
        ondelete="restrict",
        index=True,
    )
    scope = fields.Selection(SCOPES, "About", required=True)
    decision = fields.Selection(DECISIONS, "Act", required=True)
    source = fields.Selection(
        [(name, source.label) for name, source in SOURCES.items()], required=True
    )
    act_at = fields.Datetime(
        "Time of the Act",
        required=True,
        help="When it was said, by WhatsApp's clock; not when it was heard of.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Said To",
        ondelete="restrict",
        help="Whose number or staff was told; empty for everybody's.",
    )
    user_id = fields.Many2one(
        "res.users", "Recorded By", ondelete="restrict", help="Who of the staff did it."
    )

    def _protect(self):
        result = super()._protect()
        self.env.cr.execute(_MOVES)
        return result

    @api.model
    def _record(self, identities, **values):
        """Write an act for each of these identities; what is known already is not
        written again. The rows stay locked until the transaction ends.

        No role may create acts: who is asked checks what may be done.
        """
        # Whoever began before and would not see these acts fails and tries again.
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE whatsapp_clinic_identity SET write_date = write_date
            WHERE id IN (
                SELECT id FROM whatsapp_clinic_identity
                WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
            )
            """,
            [identities.ids],
        )
        acts = self.sudo()
        if self.env.uid != SUPERUSER_ID:
            values["user_id"] = self.env.uid
        what = ("scope", "decision", "source", "act_at", "company_id")
        same = [(name, "=", values.get(name) or False) for name in what]
        known = acts.search([("identity_id", "in", identities.ids), *same])
        return acts.create(
            [
                {**values, "identity_id": identity.id}
                for identity in identities - known.identity_id
            ]
        )

    @api.model
    def _standing(self, identities, scope: str) -> dict[int, list[Act]]:
        """The stops that stand, by id of the identity."""
        found: dict[int, list[Act]] = {}
        for identity_id, *act in self._latest(identities, scope):
            found.setdefault(identity_id, []).append(Act(*act))
        return {one: standing(acts) for one, acts in found.items()}

    @api.model
    def _latest(self, identities, scope: str) -> list[tuple]:
        """(identity, decision, source, time, company, root of its tree), with the
        latest time of each: who stops and starts without end costs no more."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT identity_id, decision, source, max(act_at), company_id,
                       split_part(company.parent_path, '/', 1)::int
                FROM whatsapp_clinic_identity_act
                LEFT JOIN res_company AS company ON company.id = company_id
                WHERE identity_id = ANY(%s) AND scope = %s
                GROUP BY identity_id, decision, source, company_id, company.parent_path
                """,
                identities.ids,
                scope,
            )
        )
        return self.env.cr.fetchall()
