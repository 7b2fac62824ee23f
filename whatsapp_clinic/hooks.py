"""What has to be there before the first table is made, and before servers run."""

import psycopg2

from odoo.exceptions import UserError

from .controllers.webhook_door import open_door
from .tools.log_mask import mask_personal_links
from .tools.scheduler import outlive_postgresql

EXTENSION = "btree_gist"


def pre_init_hook(env):
    """Create the extension that excludes double booking.

    Raises UserError with the command to run when the database owner may not create
    it: without it two patients could get the same slot, so installation stops.
    """
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
    """Change three things of Odoo's server, in each process that loads the addon."""
    outlive_postgresql()
    open_door()
    mask_personal_links()
