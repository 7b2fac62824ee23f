"""Rows that are written once: PostgreSQL refuses to change or remove them."""

from odoo.tools import SQL

# The only run that may destroy such rows sets this in its transaction.
DESTRUCTION_SETTING = "whatsapp_clinic.destruction"

_ALWAYS = SQL("true")
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION whatsapp_clinic_write_once() RETURNS trigger AS $$
BEGIN
    IF current_setting('{DESTRUCTION_SETTING}', true) <> '' THEN
        RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
    END IF;
    IF TG_OP = 'UPDATE' AND
       to_jsonb(NEW) - TG_ARGV::text[] = to_jsonb(OLD) - TG_ARGV::text[] THEN
        RETURN NEW;
    END IF;
    RAISE 'This record is written once and never changed; record a new act instead.'
        USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql
"""

_CHILDREN_FUNCTION = f"""
CREATE OR REPLACE FUNCTION whatsapp_clinic_closed_parent() RETURNS trigger AS $$
DECLARE
    parents int[];
    closed boolean;
BEGIN
    parents := ARRAY[
        (to_jsonb(OLD) ->> TG_ARGV[1])::int, (to_jsonb(NEW) ->> TG_ARGV[1])::int
    ];
    -- Who closes a parent meanwhile and who adds to it cannot both succeed.
    EXECUTE format(
        'UPDATE %1$I SET %2$I = NULL WHERE id = ANY($1) AND %2$I IS NULL',
        TG_ARGV[0], TG_ARGV[2]
    ) USING parents;
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I WHERE id = ANY($1) AND %I IS NOT NULL)',
        TG_ARGV[0], TG_ARGV[2]
    ) INTO closed USING parents;
    IF closed AND coalesce(current_setting('{DESTRUCTION_SETTING}', true), '') = ''
    THEN
        RAISE 'This record is written once and never changed; make a new one instead.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$ LANGUAGE plpgsql
"""


def protect(cr, table: str, bookkeeping: tuple, when: SQL = _ALWAYS) -> None:
    """Let rows of a table change in the columns of `bookkeeping` only.

    `when` is a condition on OLD from which on it holds.
    """
    cr.execute(_FUNCTION)
    release(cr, table)
    cr.execute(
        SQL(
            """
            CREATE TRIGGER %(trigger)s BEFORE UPDATE OR DELETE ON %(table)s
                FOR EACH ROW WHEN (%(when)s)
                EXECUTE FUNCTION whatsapp_clinic_write_once(%(bookkeeping)s);
            CREATE TRIGGER %(truncation)s BEFORE TRUNCATE ON %(table)s
                FOR EACH STATEMENT EXECUTE FUNCTION whatsapp_clinic_write_once();
            """,
            **_names(table),
            when=when,
            bookkeeping=SQL(", ").join(SQL("%s", name) for name in bookkeeping),
        )
    )


def protect_children(
    cr, table: str, columns: tuple, parent: str, closed_by: str
) -> None:
    """Let nothing be added to, moved to or taken from a closed row of `parent`.

    The first of `columns` points to it, and none of them may change; it is closed once
    its `closed_by` is filled.
    """
    cr.execute(_FUNCTION)
    cr.execute(_CHILDREN_FUNCTION)
    cr.execute(
        SQL(
            """
            DROP TRIGGER IF EXISTS %(children)s ON %(table)s;
            DROP TRIGGER IF EXISTS %(truncation)s ON %(table)s;
            CREATE TRIGGER %(children)s
                BEFORE INSERT OR DELETE OR UPDATE OF %(columns)s ON %(table)s
                FOR EACH ROW EXECUTE FUNCTION whatsapp_clinic_closed_parent(
                    %(parent)s, %(column)s, %(closed_by)s
                );
            CREATE TRIGGER %(truncation)s BEFORE TRUNCATE ON %(table)s
                FOR EACH STATEMENT EXECUTE FUNCTION whatsapp_clinic_write_once();
            """,
            **_names(table),
            columns=SQL(", ").join(SQL.identifier(name) for name in columns),
            parent=parent,
            column=columns[0],
            closed_by=closed_by,
        )
    )


def release(cr, table: str) -> None:
    """Undo `protect`: an update of the addon fills the columns that it adds."""
    cr.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
    if cr.fetchone()[0]:
        cr.execute(
            SQL(
                """
                DROP TRIGGER IF EXISTS %(trigger)s ON %(table)s;
                DROP TRIGGER IF EXISTS %(truncation)s ON %(table)s;
                """,
                **_names(table),
            )
        )


def _names(table: str) -> dict:
    return {
        "table": SQL.identifier(table),
        "trigger": SQL.identifier(f"{table}_write_once"),
        "children": SQL.identifier(f"{table}_closed_parent"),
        "truncation": SQL.identifier(f"{table}_no_truncate"),
    }
