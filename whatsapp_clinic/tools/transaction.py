"""Transactions that see what others commit, and errors that mean "try again"."""

import psycopg2.errors

from odoo.modules import module

# The database asks to try again in a new transaction; the row is not at fault.
TRY_AGAIN = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


def read_committed(cr) -> None:
    """Make a transaction that has done nothing yet see what others commit.

    In Odoo's REPEATABLE READ concurrent claims fail. In tests the whole test is one
    transaction, and this does nothing.
    """
    if not module.current_test:
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def begin_again(env, done: int = 0) -> None:
    """Commit what a scheduled action got done, and go on in a new transaction.

    The new transaction waits for concurrent writers instead of failing.
    """
    env["ir.cron"]._commit_progress(done)
    read_committed(env.cr)


def rest(env) -> None:
    """Commit, and leave no transaction open: whatever follows may take its time."""
    env["ir.cron"]._commit_progress()
