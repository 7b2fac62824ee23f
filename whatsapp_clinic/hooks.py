"""What has to be there before the first table is made, and before servers run."""

import logging

import psycopg2

from odoo.exceptions import UserError

from .server import change_server
from .tools.letters import knows_capitals

_logger = logging.getLogger(__name__)

EXTENSION = "btree_gist"


def pre_init_hook(env):
    """Create the extension that excludes double booking.

    Raises UserError with the command to run when the database owner may not create
    it: without it two patients could get the same slot, so installation stops. Warns
    of a database that does not find capital letters beyond English.
    """
    if not knows_capitals(env.cr):
        _logger.warning(
            "The database %s has a character type that knows English capitals only: "
            "searches for ş do not find Ş. Make a new one with C.UTF-8.",
            env.cr.dbname,
        )
    try:
        with env.cr.savepoint():
            env.cr.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
    except psycopg2.Error as error:
        raise UserError(
            env._(
                "WhatsApp Clinic needs PostgreSQL's extension %(extension)s. Ask the "
                "database administrator to run, in the database %(database)s:\n"
                "    CREATE EXTENSION %(extension)s;",
                extension=EXTENSION,
                database=env.cr.dbname,
            )
        ) from error


def post_load():
    """Change Odoo's server, in each process that loads the addon."""
    change_server()
