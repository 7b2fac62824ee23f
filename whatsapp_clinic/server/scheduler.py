"""Keeps the scheduler of a threaded server alive when PostgreSQL is restarted.

The threads that run Odoo 19's scheduled actions end with the error of their lost
connection, and nobody starts them again: the server would answer, and send nothing,
until somebody restarts it. With workers the master process ends instead, and whatever
runs it as a service starts it again.
"""

import contextlib
import functools
import logging
import time

import psycopg2

from odoo.service.server import ThreadedServer, cron_database_list

from odoo.addons.base.models.ir_cron import IrCron

from .replacing import Known, replace

_logger = logging.getLogger(__name__)

# Seconds between attempts; PostgreSQL takes a few to come back.
PAUSE = 1.0
CRON_THREAD = Known(
    signature="(self, number)",
    hashes=frozenset(
        {"d203475ff452ae1fc5ea6fa7962255626e12a2efd3b7dfc99a85dca2ecb65a24"}
    ),
    without="scheduler threads may end when PostgreSQL is restarted.",
)


def outlive_postgresql():
    """Have scheduler threads that start from now on survive a lost database."""
    replace(ThreadedServer, "cron_thread", CRON_THREAD, _outliving)


def _outliving(cron_thread):
    @functools.wraps(cron_thread)
    def run(server, number):
        while True:
            try:
                return cron_thread(server, number)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                _logger.warning("Scheduler %d: %s", number, type(error).__name__)
                time.sleep(PAUSE)
                _catch_up()

    return run


def _catch_up():
    """Do what is due now; Odoo would look a minute after its threads listen."""
    with contextlib.suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
        for database in cron_database_list():
            IrCron._process_jobs(database)
