"""Rows written by SQL, where the ORM would fail on a race that somebody else won."""

from odoo.tools import SQL

from . import clock

ANY = SQL()
NOTHING = SQL("NOTHING")


def stamp(env) -> dict:
    """Who writes a row and when, as Odoo notes it: the present user, also as system."""
    now = clock.now()
    return {
        "create_uid": env.uid,
        "write_uid": env.uid,
        "create_date": now,
        "write_date": now,
    }


def insert(env, table: str, values: dict, target: SQL = ANY, act: SQL = NOTHING):
    """Insert a row in the name of the user; one that is there already is no error.

    `target` and `act` are what PostgreSQL does then: `ON CONFLICT target DO act`.
    """
    row = {**values, **stamp(env)}
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) VALUES %s ON CONFLICT %s DO %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, row)),
            tuple(row.values()),
            target,
            act,
        )
    )
