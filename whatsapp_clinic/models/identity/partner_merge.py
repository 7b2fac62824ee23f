import psycopg2

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, LazyTranslate, mute_logger

from ...tools import clock

_lt = LazyTranslate(__name__)

_WITHDRAWN_BY_MERGE = _lt(
    "Contacts were merged that had decided differently. Withdrawn, please ask the "
    "patient again: {purposes}."
)
# Columns that point to a contact and are unique together with others, from the catalog:
# table, column, the other columns, the index's condition.
_UNIQUE_WITH_PARTNER = """
    SELECT owner.relname, own.attname,
           ARRAY(
               SELECT attname FROM pg_attribute
               WHERE attrelid = owner.oid AND attnum = ANY(indkey)
                 AND attnum <> own.attnum
           ),
           coalesce(pg_get_expr(indpred, indrelid), 'TRUE')
    FROM pg_constraint
    JOIN pg_class AS owner ON owner.oid = conrelid
    JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = conkey[1]
    JOIN pg_index ON indrelid = conrelid AND own.attnum = ANY(indkey)
    WHERE contype = 'f' AND confrelid = 'res_partner'::regclass
      AND indisunique AND indnkeyatts > 1 AND 0 <> ALL(indkey)
      AND EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = conrelid AND attname = 'id'
      )
"""


class PartnerMerge(models.TransientModel):
    """Odoo's contact merge, without losing anything.

    The wizard moves foreign keys by SQL and, where one row of a table collides, deletes
    all rows of the duplicate in it. Our own records are moved first, by rules of their
    own; of what collides elsewhere one row is kept, so that the others are moved.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge_bank_accounts(self, src_partners, dst_partner):
        """The first step, after all that Odoo itself refuses."""
        self._check_may_merge(src_partners | dst_partner)
        return super()._merge_bank_accounts(src_partners, dst_partner)

    @api.model
    def _check_may_merge(self, people):
        """Raise AccessError unless the user looks after all patients among these; to
        who has no role in words that do not tell why."""
        patients = people.filtered(lambda one: one.sudo()._is_of_clinic())
        if not patients or self.env.su:
            return
        if not self.env.user.has_group("whatsapp_clinic.group_staff"):
            raise AccessError(self.env._("These contacts cannot be merged by you."))
        patients._check_looked_after()

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Odoo reads every field as the user: also what only the clinic's roles see."""
        (src_partners | dst_partner).check_access("write")
        return super()._update_values(src_partners.sudo(), dst_partner.sudo())

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        consents = self.env["whatsapp.clinic.consent"].sudo()
        everyone = src_partners | dst_partner
        known = everyone.sudo().consent_ids
        before = consents._states(everyone, known.purpose_id, known.company_id)
        stopped = self._stopped(everyone)
        brought = self._brought(src_partners)
        self._move_identities(src_partners, dst_partner)
        self._end_guardianships_of_oneself(everyone)
        self._join_followers(everyone, dst_partner)
        self._join_attendees(everyone, dst_partner)
        self._keep_scheduled_messages(src_partners, dst_partner)
        self._drop_what_collides(everyone, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env.invalidate_all()
        self._settle_guardianships(dst_partner)
        self._settle_consents(before, stopped, dst_partner)
        self._note_brought(brought, dst_partner)
        return result

    @api.model
    def _brought(self, src_partners) -> list[str]:
        """What each duplicate had decided, so that a wrong merge can be told apart."""
        known = src_partners.sudo().with_context(lang=self.env.company.partner_id.lang)
        return [
            f"{one.name} ({', '.join(one.consent_ids.purpose_id.mapped('name'))})"
            for one in known.filtered("consent_ids")
        ]

    @api.model
    def _note_brought(self, brought: list[str], dst_partner):
        """Staff reads whose acts count for this patient now."""
        if brought:
            noted = dst_partner.sudo().with_context(
                lang=self.env.company.partner_id.lang
            )
            noted._note_for_staff(
                noted.env._(
                    "What these merged contacts had decided counts for this patient "
                    "now: %(brought)s. If somebody else was meant, withdraw it.",
                    brought=", ".join(brought),
                )
            )

    @api.model
    def _move_identities(self, src_partners, dst_partner):
        """Numbers of all become numbers of one; a number left stays left."""
        identities = self.env["whatsapp.clinic.identity"].sudo()
        everyone = src_partners | dst_partner
        for field in ("partner_ids", "former_partner_ids"):
            for identity in identities.search([(field, "in", src_partners.ids)]):
                identity[field] = identity[field] - src_partners | dst_partner
        for identity in identities.search([("former_partner_ids", "in", everyone.ids)]):
            identity.partner_ids -= dst_partner
        self.env.flush_all()

    @api.model
    def _end_guardianships_of_oneself(self, everyone):
        """Patient and guardian turn out to be one: nobody is their own guardian.

        What the guardian agreed to does not count any more; the patient is asked.
        """
        guardianships = self.env["whatsapp.clinic.guardianship"].sudo()
        guardianships.search(
            [("patient_id", "in", everyone.ids), ("guardian_id", "in", everyone.ids)]
        ).unlink()
        self.env.flush_all()

    @api.model
    def _join_followers(self, everyone, dst_partner):
        """Who followed as both, or followed both, follows once: all that either did."""

        def follows(one):
            is_of_them = one.res_model == "res.partner" and one.res_id in everyone.ids
            return (
                one.res_model,
                dst_partner.id if is_of_them else one.res_id,
                dst_partner if one.partner_id in everyone else one.partner_id,
            )

        followers = self.env["mail.followers"].sudo()
        touched = followers.search([("partner_id", "in", everyone.ids)])
        touched |= followers.search(
            [("res_model", "=", "res.partner"), ("res_id", "in", everyone.ids)]
        )
        for same in touched.grouped(follows).values():
            kept = same.sorted(lambda one: one.partner_id != dst_partner)[:1]
            kept.subtype_ids = same.subtype_ids
            (same - kept).unlink()

    @api.model
    def _join_attendees(self, everyone, dst_partner):
        """Who was invited twice to an event attends once, as they answered."""
        attendees = self.env["calendar.attendee"].sudo()
        invited = attendees.search([("partner_id", "in", everyone.ids)])
        for same in invited.grouped("event_id").values():
            kept, *spare = same.sorted(
                lambda one: (one.state == "needsAction", one.partner_id != dst_partner)
            )
            # By SQL: to unlink one would end the following of the event.
            self.env.cr.execute(
                "DELETE FROM calendar_attendee WHERE id = ANY(%s)",
                [[one.id for one in spare]],
            )
        self.env.invalidate_all()

    @api.model
    def _keep_scheduled_messages(self, src_partners, dst_partner):
        """What was to be posted on a duplicate later is posted on who stays."""
        # By SQL: Odoo lets nobody change the record of a scheduled message.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_scheduled_message SET res_id = %s "
            "WHERE model = 'res.partner' AND res_id = ANY(%s)",
            [dst_partner.id, src_partners.ids],
        )

    @api.model
    def _drop_what_collides(self, everyone, dst_partner):
        """One row each of what may be there once for a contact; that of who stays.

        A table whose rows others need is left to Odoo.
        """
        self.env.flush_all()
        self.env.cr.execute(_UNIQUE_WITH_PARTNER)
        for table, column, others, condition in self.env.cr.fetchall():
            query = SQL(
                """
                DELETE FROM %(table)s WHERE id IN (
                    SELECT id FROM (
                        SELECT id, row_number() OVER (
                            PARTITION BY %(others)s
                            ORDER BY %(column)s = %(kept)s DESC, id
                        ) AS place
                        FROM %(table)s
                        WHERE %(column)s = ANY(%(everyone)s)
                          AND num_nulls(%(others)s) = 0 AND (%(condition)s)
                    ) AS numbered WHERE place > 1
                )
                """,
                table=SQL.identifier(table),
                column=SQL.identifier(column),
                others=SQL(", ").join(map(SQL.identifier, others)),
                condition=SQL(condition.replace("%", "%%")),
                kept=dst_partner.id,
                everyone=everyone.ids,
            )
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    self.env.cr.execute(query)
            except psycopg2.errors.ForeignKeyViolation:
                continue
        self.env.invalidate_all()

    @api.model
    def _settle_guardianships(self, dst_partner):
        """The same one of both is one; a date of birth that came along ends them."""
        partner = dst_partner.sudo()
        guardianships = partner.guardianship_ids | partner.ward_ids
        kept = {}
        for one in guardianships:
            key = (
                one.company_id,
                one.patient_id,
                one.guardian_id,
                one.start_date,
                one.purpose_ids,
            )
            kept.setdefault(key, one)
        (guardianships - guardianships.browse().union(*kept.values())).unlink()
        self.env.add_to_compute(
            guardianships._fields["end_date"], partner.guardianship_ids.exists()
        )

    @api.model
    def _stopped(self, people) -> list[tuple]:
        """Who stopped messages to a number of their own, as (partner id, company root
        that was told, whether advertising alone); no root where it was all of them.

        A stop on a family's number is nobody's in particular.
        """
        own = {one: one._only_patient() for one in people.sudo().whatsapp_identity_ids}
        stopped = []
        for identity, partner in own.items():
            is_wrong = identity.block_source == "wrong_person"
            if partner and identity.blocked_at and not is_wrong:
                told = identity.block_company_id.root_id
                stopped.append((partner.id, told, False))
            if partner and identity.marketing_blocked_at:
                told = identity.marketing_block_company_id.root_id
                stopped.append((partner.id, told, True))
        return stopped

    @api.model
    def _settle_consents(self, before, stopped: list[tuple], dst_partner):
        """Where two of them said different things, the stricter counts: withdraw.

        Who `stopped` messages (`_stopped`) and decided nothing else has said no. Who
        said nothing has not: it is the same person as who agreed.
        """
        consents = self.env["whatsapp.clinic.consent"].sudo()
        purposes = dst_partner.sudo().consent_ids.purpose_id
        disputed = purposes.browse()
        for company in dst_partner.sudo().consent_ids.company_id.root_id:
            said = {}
            for (partner_id, purpose_id), state in before.of(company).items():
                said.setdefault(purpose_id, {})[partner_id] = state in (
                    "refused",
                    "withdrawn",
                )
            for partner_id, told, is_marketing in stopped:
                for purpose in purposes:
                    is_meant = purpose.is_commercial or not is_marketing
                    if is_meant and (not told or told == company):
                        said.setdefault(purpose.id, {}).setdefault(partner_id, True)
            withdrawn = purposes.filtered(
                lambda one, said=said: len({*said.get(one.id, {}).values()}) > 1
            )
            consents._record(
                [(purpose, "withdrawn") for purpose in withdrawn],
                partner_id=dst_partner.id,
                company_id=company.id,
                act_at=clock.now(),
                method="merge",
                evidence=self.env._("The merged contacts had decided differently."),
            )
            disputed |= withdrawn
        if disputed:
            self._tell_withdrawn(dst_partner.sudo(), disputed)

    @api.model
    def _tell_withdrawn(self, patient, purposes):
        """Staff reads what the merge withdrew, and reception is asked to ask again."""
        # Not the contact: its activities tell every employee who is a patient.
        record = patient._to_call_about()
        staff = patient._reception() or self.env.user

        def told(env):
            return {"purposes": ", ".join(purposes.with_env(env).mapped("name"))}

        reader = patient.with_context(lang=staff.lang)
        note = reader.env._(_WITHDRAWN_BY_MERGE)
        reader._note_for_staff(note.format(**told(reader.env)))
        if record:
            self.env["mail.activity"]._call_reception(
                record, "merged", _WITHDRAWN_BY_MERGE, staff, about=purposes, told=told
            )
