"""Rows that are written once: PostgreSQL refuses to change or remove them.

There is no switch: nothing that a session may set lets a row be changed. Who owns the
database can take the triggers away; chained rows tell afterwards.
"""

from odoo.tools import SQL

_ALWAYS = SQL("true")
_FUNCTION = """
CREATE OR REPLACE FUNCTION whatsapp_clinic_write_once() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
       to_jsonb(NEW) - TG_ARGV::text[] = to_jsonb(OLD) - TG_ARGV::text[] THEN
        RETURN NEW;
    END IF;
    RAISE 'This record is written once and never changed; record a new act instead.'
        USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql
"""

_CHILDREN_FUNCTION = """
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
    IF closed THEN
        RAISE 'This record is written once and never changed; make a new one instead.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$ LANGUAGE plpgsql
"""

# The hash of a row covers its named columns and the hash of the row before it; empty
# columns do not count, so that a column which an update adds changes no hash.
_CHAIN_FUNCTIONS = """
CREATE OR REPLACE FUNCTION whatsapp_clinic_row_hash(
    content jsonb, names text[], previous text
) RETURNS text AS $$
    SELECT encode(sha256(convert_to(coalesce(previous, '') || jsonb_object_agg(
        key, value
    )::text, 'UTF8')), 'hex')
    FROM jsonb_each(jsonb_strip_nulls(content)) WHERE key = ANY(names)
$$ LANGUAGE sql;

CREATE OR REPLACE FUNCTION whatsapp_clinic_chain() RETURNS trigger AS $$
BEGIN
    EXECUTE format('SELECT row_hash FROM %I ORDER BY id DESC LIMIT 1', TG_TABLE_NAME)
        INTO NEW.previous_hash;
    NEW.row_hash := whatsapp_clinic_row_hash(
        to_jsonb(NEW), TG_ARGV::text[], NEW.previous_hash
    );
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION whatsapp_clinic_chain_known(
    name text, names text[]
) RETURNS void AS $$
DECLARE
    known record;
    previous text;
    hash text;
BEGIN
    FOR known IN EXECUTE format(
        'SELECT id, to_jsonb(t) AS content FROM %I AS t WHERE row_hash IS NULL'
        ' ORDER BY id', name
    ) LOOP
        hash := whatsapp_clinic_row_hash(known.content, names, previous);
        EXECUTE format(
            'UPDATE %I SET row_hash = $1, previous_hash = $2 WHERE id = $3', name
        ) USING hash, previous, known.id;
        previous := hash;
    END LOOP;
END
$$ LANGUAGE plpgsql
"""


def chain(cr, table: str, columns: tuple) -> None:
    """Let each new row of a table carry a hash of its columns and of the row before.

    Rows that are there already are chained in the order of their ids; `protect` comes
    after. Rows written at the same moment may follow the same one.
    """
    cr.execute(_CHAIN_FUNCTIONS)
    cr.execute(
        SQL(
            """
            ALTER TABLE %(table)s
                ADD COLUMN IF NOT EXISTS row_hash varchar,
                ADD COLUMN IF NOT EXISTS previous_hash varchar;
            CREATE INDEX IF NOT EXISTS %(index)s ON %(table)s (row_hash);
            SELECT whatsapp_clinic_chain_known(%(name)s, %(columns)s);
            CREATE OR REPLACE TRIGGER %(chain)s BEFORE INSERT ON %(table)s
                FOR EACH ROW EXECUTE FUNCTION whatsapp_clinic_chain(%(arguments)s);
            """,
            **_names(table),
            name=table,
            columns=list(columns),
            arguments=SQL(", ").join(SQL("%s", column) for column in columns),
        )
    )


def broken(cr, table: str, columns: tuple, ids: list[int]) -> list[int]:
    """Ids of chained rows that are not as they were written, or whose row before is
    gone or another."""
    cr.execute(
        SQL(
            """
            SELECT id FROM %(table)s AS t
            WHERE id = ANY(%(ids)s) AND (
                row_hash IS DISTINCT FROM whatsapp_clinic_row_hash(
                    to_jsonb(t), %(columns)s, previous_hash
                )
                OR previous_hash IS NOT NULL AND NOT EXISTS (
                    SELECT FROM %(table)s AS p WHERE p.row_hash = t.previous_hash
                )
            )
            """,
            table=SQL.identifier(table),
            columns=list(columns),
            ids=list(ids),
        )
    )
    return [row_id for (row_id,) in cr.fetchall()]


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
    # PostgreSQL alters no table of which a commit has something left to check.
    cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
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
        "chain": SQL.identifier(f"{table}_chain"),
        "index": SQL.identifier(f"{table}_row_hash_index"),
        "truncation": SQL.identifier(f"{table}_no_truncate"),
    }
