"""Which channels have an access token, for statements in SQL."""

from ...tools.given_secret import names_given

# For a statement in which `channel` is a channel: its account has an access token.
# Needs `access_token_names` of `secret_names`.
HAS_ACCESS_TOKEN = """
    EXISTS (
        SELECT FROM whatsapp_clinic_account AS account
        WHERE account.id = channel.account_id AND (
            account.access_token IS NOT NULL
            OR account.environment_name = ANY(%(access_token_names)s)
        )
    )
"""


def secret_names() -> dict[str, list[str]]:
    """Values for HAS_ACCESS_TOKEN."""
    return {"access_token_names": names_given("access_token")}
