"""What is asked of WhatsApp about templates stands in the queue of requests."""

# Of flag and what went wrong: (kind of the request, column, column).
_OF_TEMPLATES = (
    ("'template_' || owner.task", "owner.task IS NOT NULL", "task_error"),
    ("'template_ttl'", "owner.ttl_wanted", "ttl_error"),
)
_OF_CHANNELS = (("'load_templates'", "owner.templates_wanted", "templates_error"),)
# A failed submission of before says no more what it was.
_FAILED = {"task_error": "'template_create'"}
_COLUMNS = {
    "whatsapp_clinic_template_approval": (
        "task",
        "task_error",
        "ttl_wanted",
        "ttl_error",
    ),
    "whatsapp_clinic_channel": ("templates_wanted", "templates_error"),
}
_FIELDS = (
    "channel_id, approval_id, company_id, kind, state, error, ended_at, "
    "create_uid, create_date, write_uid, write_date"
)
_STAMPS = "1, now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'"
# The number by which WhatsApp is asked about a template.
_CHANNEL = """
    LEFT JOIN LATERAL (
        SELECT id FROM whatsapp_clinic_channel
        WHERE business_account_id = owner.business_account_id AND active
        ORDER BY sequence, id LIMIT 1
    ) AS channel ON true
"""


def migrate(cr, version):
    if not _has_columns(cr):
        return
    for kind, is_wanted, error in _OF_TEMPLATES:
        source = f"whatsapp_clinic_template_approval AS owner {_CHANNEL}"
        columns = "channel.id, owner.id, owner.company_id"
        _note(cr, source, columns, kind, f"{is_wanted} AND channel.id > 0", error)
    for kind, is_wanted, error in _OF_CHANNELS:
        source = "whatsapp_clinic_channel AS owner"
        _note(cr, source, "owner.id, NULL, owner.company_id", kind, is_wanted, error)
    for table, names in _COLUMNS.items():
        for name in names:
            cr.execute(f"ALTER TABLE {table} DROP COLUMN {name}")


def _has_columns(cr) -> bool:
    cr.execute(
        "SELECT 1 FROM information_schema.columns WHERE column_name = 'ttl_wanted' "
        "AND table_name = 'whatsapp_clinic_template_approval'"
    )
    return bool(cr.fetchone())


def _note(cr, source: str, columns: str, kind: str, is_wanted: str, error: str):
    """Requests that wait, and the last ones that failed."""
    failed = _FAILED.get(error, kind)
    cr.execute(f"""
        INSERT INTO whatsapp_clinic_channel_task ({_FIELDS})
        SELECT {columns}, {failed}, 'failed', owner.{error},
            now() AT TIME ZONE 'UTC', {_STAMPS}
        FROM {source} WHERE owner.{error} <> '' ORDER BY owner.id
    """)
    cr.execute(f"""
        INSERT INTO whatsapp_clinic_channel_task ({_FIELDS})
        SELECT {columns}, {kind}, 'waiting', NULL, NULL, {_STAMPS}
        FROM {source} WHERE {is_wanted} ORDER BY owner.id
    """)
