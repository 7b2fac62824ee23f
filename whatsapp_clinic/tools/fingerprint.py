"""What tells this database from a copy of it."""

from .compat import parameter


def database_fingerprint(env) -> str:
    """Odoo's uuid, the name and PostgreSQL's oid of the database, as one text.

    A copy (`createdb -T`, a restored dump, a duplicate) differs in at least one.
    """
    env.cr.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
    (oid,) = env.cr.fetchone()
    uuid = parameter(env, "database.uuid")
    return f"{uuid}/{env.cr.dbname}/{oid}"
