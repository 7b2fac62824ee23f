"""Who is meant by what a messenger tells: telephone, user id, or both."""

from dataclasses import replace

import psycopg2.errors

from odoo.tools import mute_logger

from ...tools.insert import stamp
from ...tools.phone import forms, line, wa_id_to_e164

# Main addresses before others, user ids, which outlive a phone number, before phones.
_FIND = """
    SELECT identity_id FROM whatsapp_clinic_identity_address
    WHERE provider = %s AND value = ANY(%s)
    ORDER BY is_main DESC, kind = 'phone', id LIMIT 1
"""
_KNOWN = """
    SELECT value, identity_id FROM whatsapp_clinic_identity_address
    WHERE provider = %s AND value = ANY(%s) ORDER BY is_main, id DESC
"""


class Resolver:
    """Finds identities by their addresses, and makes those that are not there.

    `identities` is the model as whom and for whom it is asked.
    """

    def __init__(self, identities, provider: str):
        self.env = identities.env
        self.identities = identities.browse()
        self.provider = provider

    def find(self, ids: dict):
        """By `user_id` and `wa_id`, of which one may be missing."""
        user_id, wa_id = ids.get("user_id"), ids.get("wa_id")
        values = [one for one in (user_id, wa_id) if one]
        if not values:
            return self.identities
        values += forms(wa_id) if wa_id else ()
        self._flush()
        # Asked for every text: SQL, as a search takes twice as long.
        self.env.cr.execute(_FIND, [self.provider, values])
        return self.identities.browse(row_id for (row_id,) in self.env.cr.fetchall())

    def known(self, values: list[str]) -> dict:
        """{address: identity}, of the addresses that are somebody's."""
        self._flush()
        self.env.cr.execute(_KNOWN, [self.provider, values])
        return {
            value: self.identities.browse(row_id)
            for value, row_id in self.env.cr.fetchall()
        }

    def by_wa_ids(self, wa_ids: list[str]) -> dict:
        """Identities by WhatsApp id, also where they are known by another form of it.

        Ids that are not known are mapped to an empty recordset.
        """
        wanted = {wa_id: [wa_id, *forms(wa_id)] for wa_id in wa_ids}
        known = self.known([one for each in wanted.values() for one in each])
        return {
            wa_id: next((known[one] for one in each if one in known), self.identities)
            for wa_id, each in wanted.items()
        }

    def for_phones(self, phones: list[str]) -> dict:
        """Identities by E.164 number; what is not known yet is made."""
        wa_ids = {phone: phone.lstrip("+") for phone in phones}
        found = self.by_wa_ids(list(wa_ids.values()))
        missing = [{"wa_id": wa_id} for wa_id, one in found.items() if not one]
        if missing:
            self.ensure(missing)
            found = self.by_wa_ids(list(wa_ids.values()))
        return {phone: found[wa_id] for phone, wa_id in wa_ids.items()}

    def ensure(self, ids: list[dict], portfolio=None):
        """Insert identities that are not there; losing a race is no error."""
        portfolio_id = portfolio.id if portfolio else None
        self.identities.flush_model()
        self._flush()
        for values in ids:
            try:
                with (
                    mute_logger("odoo.sql_db"),
                    self.env.cr.savepoint(flush=False),
                ):
                    self._insert(
                        values.get("wa_id"), values.get("user_id"), portfolio_id
                    )
            except psycopg2.errors.UniqueViolation:
                continue
        self.identities.invalidate_model()

    def _flush(self):
        self.env["whatsapp.clinic.identity.address"].flush_model()

    def _insert(self, wa_id: str | None, user_id: str | None, portfolio_id):
        row = {
            "provider": self.provider,
            "wa_id": wa_id,
            "user_id": user_id,
            "user_portfolio_id": user_id and portfolio_id,
            "phone": wa_id and wa_id_to_e164(wa_id),
            "line": wa_id and line(wa_id),
        }
        identity_id = self._insert_row("whatsapp_clinic_identity", row)
        addresses = [("phone", wa_id, True), ("user", user_id, True)]
        other_forms = dict.fromkeys(forms(wa_id) if wa_id else ())
        other_forms.pop(wa_id, None)
        addresses += [("phone", form, False) for form in other_forms]
        for kind, value, is_main in addresses:
            if value:
                row = {"identity_id": identity_id, "provider": self.provider}
                row |= {"kind": kind, "value": value, "is_main": is_main}
                if kind == "user" and portfolio_id:
                    row["scope"] = str(portfolio_id)
                self._insert_row("whatsapp_clinic_identity_address", row)

    def _insert_row(self, table: str, values: dict) -> int:
        row = {**values, **stamp(self.env)}
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        self.env.cr.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id",
            list(row.values()),
        )
        return self.env.cr.fetchone()[0]

    def for_sender(self, sender, portfolio, at):
        """The identity of who wrote, made if unknown.

        `portfolio` is that of the number written to, `at` the time of the message
        (naive UTC). What the sender shows for the first time (user id, names) is noted.
        A number or a user id that shows up with another partner than before has changed
        hands, whether WhatsApp announced it or not.
        """
        if sender.wa_id and sender.user_id:
            self._join_sender(sender, portfolio, at)
        ids = {"wa_id": sender.wa_id, "user_id": sender.user_id}
        identity = self.find(ids)
        if not identity:
            self.ensure([ids], portfolio)
            identity = self.find(ids)
        elif identity._changed_hands(sender, portfolio, at):
            company = portfolio.company_id
            if not identity._heard_by(company):
                # Of whom another company's app knows the number alone.
                by_number = replace(sender, user_id=None)
                return self.for_sender(by_number, portfolio, at)
            identity._unlink_patients("number_changed", company)
            is_same_number = identity._has_address(sender.wa_id)
            identity.user_id = sender.user_id if is_same_number else False
            return self.for_sender(sender, portfolio, at)
        identity._note(sender, portfolio)
        return identity

    def _join_sender(self, sender, portfolio, at):
        """Both ids of a sender are known, but as two: make them one.

        Where the number belonged to another user, it changed hands.
        """
        by_user = self.find({"user_id": sender.user_id})
        if not by_user or by_user.wa_id:
            return
        by_number = self.by_wa_ids([sender.wa_id])[sender.wa_id]
        if not by_number or by_user == by_number:
            return
        if by_number._has_other_user(sender.user_id, portfolio):
            company = portfolio.company_id
            is_told = by_number._heard_by(company)
            if is_told and by_number._changed_hands(sender, portfolio, at):
                by_number._unlink_patients("number_changed", company)
                by_number.wa_id = False
                # The number has to be free before somebody else gets it.
                by_number.flush_recordset()
        else:
            by_number._merge(by_user)

    def learn_links(self, links: list[tuple]):
        """Note which user id belongs to which number, as WhatsApp told.

        `links` are (WhatsApp id, user id, portfolio of the number that was told). What
        contradicts what is known is left to the next message of that person.
        """
        told = {(wa_id, user_id): portfolio for wa_id, user_id, portfolio in links}
        if not told:
            return
        # Asked with every batch of statuses, where next to nothing is new.
        self.identities.flush_model(["wa_id", "user_id"])
        self.env.cr.execute(
            "SELECT wa_id, user_id FROM whatsapp_clinic_identity "
            "WHERE provider = %s AND user_id = ANY(%s)",
            [self.provider, [user_id for _wa_id, user_id in told]],
        )
        done = set(self.env.cr.fetchall())
        for (wa_id, user_id), portfolio in told.items():
            if (wa_id, user_id) not in done:
                self._learn_link(wa_id, user_id, portfolio)

    def _learn_link(self, wa_id: str, user_id: str, portfolio):
        by_user = self.find({"user_id": user_id})
        by_number = self.by_wa_ids([wa_id])[wa_id]
        has_other_user = by_number and by_number._has_other_user(user_id, portfolio)
        if by_user == by_number or by_user.wa_id or has_other_user:
            return
        if by_user and by_number:
            by_number._merge(by_user)
        elif by_user:
            by_user.wa_id = wa_id
        elif by_number.user_id:
            by_number._add_address(user_id, portfolio)
        else:
            by_number.write({"user_id": user_id, "user_portfolio_id": portfolio.id})
