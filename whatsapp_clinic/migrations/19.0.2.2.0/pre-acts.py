"""Stops and starts, which were columns of a number, become acts."""

from odoo import fields

# By the scope of an act: the beginning of the columns that said it.
_COLUMNS = {"all": "", "advertising": "marketing_"}
_TABLE = """
    CREATE TABLE whatsapp_clinic_identity_act (
        id serial PRIMARY KEY,
        identity_id integer NOT NULL,
        company_id integer,
        message_id integer,
        user_id integer,
        scope varchar NOT NULL,
        decision varchar NOT NULL,
        source varchar NOT NULL,
        act_at timestamp NOT NULL,
        create_uid integer,
        write_uid integer,
        create_date timestamp,
        write_date timestamp
    )
"""
# What stands: of an unknown time the latest possible one.
_STOPS = """
    INSERT INTO whatsapp_clinic_identity_act
        (identity_id, company_id, scope, decision, source, act_at, create_date)
    SELECT id, {company}, %(scope)s, 'stop', COALESCE({kind}block_source, 'unknown'),
           COALESCE({kind}blocked_at, %(now)s), %(now)s
    FROM whatsapp_clinic_identity
    WHERE {kind}blocked_at IS NOT NULL OR {kind}block_source IS NOT NULL
"""
# None lifts a stop that stands.
_STARTS = """
    INSERT INTO whatsapp_clinic_identity_act
        (identity_id, company_id, scope, decision, source, act_at, create_date)
    SELECT id, {company}, %(scope)s, 'start', 'unknown',
           LEAST({kind}unblocked_at, {kind}blocked_at), %(now)s
    FROM whatsapp_clinic_identity WHERE {kind}unblocked_at IS NOT NULL
"""
# Where the column has room for one stop only, or somebody else's has taken its place,
# what was said before stands in the messages.
_WORDS = """
    INSERT INTO whatsapp_clinic_identity_act (
        identity_id, company_id, message_id, scope, decision, source, act_at,
        create_date
    )
    SELECT identity_id, said.company_id, said.id, %(scope)s,
           CASE said.taken_as WHEN 'start' THEN 'start' ELSE 'stop' END,
           CASE said.taken_as WHEN 'start' THEN 'start_word' ELSE 'stop_word' END,
           COALESCE(said.occurred_at, said.create_date), %(now)s
    FROM whatsapp_clinic_message AS said
    JOIN whatsapp_clinic_identity AS identity ON identity.id = identity_id
    WHERE said.taken_as = ANY(%(words)s) AND identity.{kind}blocked_at IS NOT NULL
      AND (identity.{kind}block_source = 'wrong_person' OR {company} IS NULL)
"""
_WORDS_OF = {
    "all": ["stop", "start"],
    "advertising": ["stop", "stop_marketing"],
}


def migrate(cr, version):
    """One act for each stop and start of the columns, with its time and source."""
    cr.execute("SELECT to_regclass('whatsapp_clinic_identity_act')")
    if cr.fetchone()[0]:
        return
    cr.execute(_TABLE)
    known = _known_columns(cr)
    for scope, kind in _COLUMNS.items():
        values = {
            "scope": scope,
            "now": fields.Datetime.now(),
            "words": _WORDS_OF[scope],
        }
        for query, column in (
            (_STOPS, f"{kind}block_company_id"),
            (_STARTS, f"{kind}unblock_company_id"),
            (_WORDS, f"{kind}block_company_id"),
        ):
            company = column if column in known else "NULL::integer"
            cr.execute(query.format(kind=kind, company=company), values)


def _known_columns(cr) -> set[str]:
    cr.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = 'whatsapp_clinic_identity'"
    )
    return {name for (name,) in cr.fetchall()}
