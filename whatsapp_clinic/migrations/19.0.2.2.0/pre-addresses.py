"""The ids of an identity, and its other ids, become its addresses."""

from odoo.addons.whatsapp_clinic.tools.phone import forms

_TABLE = """
    CREATE TABLE whatsapp_clinic_identity_address (
        id serial PRIMARY KEY,
        identity_id integer NOT NULL,
        provider varchar NOT NULL,
        scope varchar,
        kind varchar NOT NULL,
        value varchar NOT NULL,
        is_main boolean,
        create_uid integer,
        write_uid integer,
        create_date timestamp,
        write_date timestamp
    )
"""
_TOUCHED = "create_uid, write_uid, create_date, write_date"
_MAIN = f"""
    INSERT INTO whatsapp_clinic_identity_address
        (identity_id, provider, scope, kind, value, is_main, {_TOUCHED})
    SELECT id, provider, NULL, 'phone', wa_id, TRUE, {_TOUCHED}
    FROM whatsapp_clinic_identity WHERE wa_id IS NOT NULL
    UNION ALL
    SELECT id, provider, user_portfolio_id::varchar, 'user', user_id, TRUE, {_TOUCHED}
    FROM whatsapp_clinic_identity WHERE user_id IS NOT NULL
"""
# Somebody's own id comes before what was noted as another one's other id.
_OTHERS = """
    INSERT INTO whatsapp_clinic_identity_address
        (identity_id, provider, kind, value, is_main,
         create_uid, write_uid, create_date, write_date)
    SELECT other.identity_id, owner.provider,
           CASE WHEN value ~ '^[0-9]+$' THEN 'phone' ELSE 'user' END, value, FALSE,
           other.create_uid, other.write_uid, other.create_date, other.write_date
    FROM whatsapp_clinic_identity_alias AS other
    JOIN whatsapp_clinic_identity AS owner ON owner.id = other.identity_id
    WHERE NOT EXISTS (
        SELECT FROM whatsapp_clinic_identity_address AS known
        WHERE known.provider = owner.provider AND known.value = other.value
    )
"""
_FORM = """
    INSERT INTO whatsapp_clinic_identity_address
        (identity_id, provider, kind, value, is_main)
    SELECT %(identity)s, %(provider)s, 'phone', %(value)s, FALSE
    WHERE NOT EXISTS (
        SELECT FROM whatsapp_clinic_identity_address
        WHERE provider = %(provider)s AND value = %(value)s
    )
"""


def migrate(cr, version):
    """Every id is kept; of several identities of one telephone, which are merged
    later, the oldest has its other forms."""
    cr.execute("SELECT to_regclass('whatsapp_clinic_identity_address')")
    if cr.fetchone()[0]:
        return
    cr.execute(_TABLE)
    cr.execute(
        "CREATE INDEX upgrade_by_value ON whatsapp_clinic_identity_address (value)"
    )
    cr.execute(_MAIN)
    cr.execute(_OTHERS)
    cr.execute(
        "SELECT identity_id, provider, value FROM whatsapp_clinic_identity_address "
        "WHERE kind = 'phone' ORDER BY identity_id, id"
    )
    for identity_id, provider, value in cr.fetchall():
        for form in forms(value):
            if form != value:
                cr.execute(
                    _FORM,
                    {"identity": identity_id, "provider": provider, "value": form},
                )
    cr.execute("DROP INDEX upgrade_by_value")
    _check_nothing_is_lost(cr)
    # Odoo keeps the table of a model that is gone.
    cr.execute("DROP TABLE whatsapp_clinic_identity_alias")


def _check_nothing_is_lost(cr) -> None:
    cr.execute(
        """
        SELECT value FROM (
            SELECT wa_id FROM whatsapp_clinic_identity
            UNION ALL SELECT user_id FROM whatsapp_clinic_identity
            UNION ALL SELECT value FROM whatsapp_clinic_identity_alias
        ) AS known (value)
        WHERE value IS NOT NULL AND NOT EXISTS (
            SELECT FROM whatsapp_clinic_identity_address AS address
            WHERE address.value = known.value
        )
        """
    )
    if cr.rowcount:
        raise ValueError(f"{cr.rowcount} ids of identities have no address")
