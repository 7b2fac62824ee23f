"""Channels that never chose another version of the API ask by the present one."""


def migrate(cr, version):
    """v25.0 was the default, and v24 to v26 answer alike."""
    cr.execute(
        "UPDATE whatsapp_clinic_channel SET api_version = 'v26.0'"
        " WHERE api_version = 'v25.0'"
    )
