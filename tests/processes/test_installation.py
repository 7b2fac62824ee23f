"""Installing where the database user may not create PostgreSQL's extension."""

from dataclasses import replace

import pytest
from workshop import postgres
from workshop.odoo import Odoo
from workshop.shell import SetupError

DATABASE = "processes_installation"
USER = "processes_installation_user"
OWNER = "processes_installation_owner"
# As before the addon came: without its extension, and not installed.
UNINSTALL = (
    "DROP EXTENSION btree_gist CASCADE",
    "UPDATE ir_module_module SET state = 'uninstalled' WHERE name = 'whatsapp_clinic'",
)
# May do with Odoo's tables what their owner may, but nothing with the database.
RESTRICT = (
    f"CREATE ROLE {OWNER}",
    f"CREATE ROLE {USER} LOGIN IN ROLE CURRENT_USER",
    f"ALTER DATABASE {DATABASE} OWNER TO {OWNER}",
)


@pytest.fixture
def restricted(odoo, fresh_database):
    """An Odoo whose database user may create nothing in DATABASE."""
    if postgres.log_file("test") is None:
        pytest.skip("makes roles, which only a server of our own should get")
    odoo.copy_database(fresh_database, DATABASE)
    try:
        _forget_roles(odoo)
        for statement in (*UNINSTALL, *RESTRICT):
            odoo.sql(DATABASE, statement)
        yield Odoo("test-restricted", replace(odoo.server, user=USER))
    finally:
        odoo.drop_database(DATABASE)
        _forget_roles(odoo)


def _forget_roles(odoo) -> None:
    odoo.sql("postgres", f"DROP ROLE IF EXISTS {USER}")
    odoo.sql("postgres", f"DROP ROLE IF EXISTS {OWNER}")


def test_installation_without_the_extension_stops_with_the_command(restricted):
    with pytest.raises(SetupError) as stopped:
        restricted.run("-d", DATABASE, "-i", "whatsapp_clinic", "--stop-after-init")
    assert "CREATE EXTENSION btree_gist;" in str(stopped.value)
    state = restricted.sql(
        DATABASE, "SELECT state FROM ir_module_module WHERE name = 'whatsapp_clinic'"
    )
    assert state != "installed"
