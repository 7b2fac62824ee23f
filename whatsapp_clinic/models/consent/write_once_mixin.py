from odoo import api, models
from odoo.tools import SQL

from ...tools import write_once

# What Odoo keeps about a row, and whom it belongs to: a contact merge, a change of
# company and the removal of a user alter these.
BOOKKEEPING = ("company_id", "create_uid", "write_uid", "write_date")
# Rows that are verified at once; scans are read whole, in PostgreSQL.
SLICE = 200


class WriteOnceMixin(models.AbstractModel):
    """Rows whose content PostgreSQL refuses to change or remove.

    `_write_once_except` are the columns that may change, `_write_once_when` a condition
    on OLD from which on the row is closed. `_chained` are columns that are chained by
    hash: what is fixed when a row is written, and for ever. A column that comes later
    may join only if it is empty in the rows that are there.
    """

    _name = "whatsapp.clinic.write.once.mixin"
    _description = "Written Once"
    _write_once_except = BOOKKEEPING
    _write_once_when = SQL("true")
    _chained: tuple = ()

    def _auto_init(self):
        # Columns that an update adds are filled in existing rows.
        if not self._abstract:
            write_once.release(self.env.cr, self._table)
        return super()._auto_init()

    def init(self):
        if not self._abstract:
            # After what else is queued, among it computing the columns that are new.
            self.pool.post_init(self._protect)

    def _protect(self):
        self.env.flush_all()
        if self._chained:
            write_once.chain(self.env.cr, self._table, self._chained)
        write_once.protect(
            self.env.cr, self._table, self._write_once_except, self._write_once_when
        )

    @api.model
    def _count_broken(self, domain: list) -> int:
        """How many rows of a domain are not as they were written.

        Read in slices, so that memory is the same for any number of rows.
        """
        count, last = 0, 0
        while ids := self.search(
            [*domain, ("id", ">", last)], order="id", limit=SLICE
        ).ids:
            count += len(self.browse(ids)._broken())
            last = ids[-1]
        return count

    def _broken(self):
        """Those that are not as they were written, by the chain of hashes."""
        self.env.flush_all()
        broken = write_once.broken(self.env.cr, self._table, self._chained, self.ids)
        return self.browse(broken)
