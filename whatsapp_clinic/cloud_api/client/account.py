"""A business account, its numbers and who gets its webhooks."""

from collections.abc import Iterable, Iterator

from .answers import check_success
from .app import AppClient, TokenInfo
from .session import NumberSession, identifier

PHONE_NUMBER_FIELDS = (
    "id",
    "display_phone_number",
    "verified_name",
    "status",
    "quality_rating",
    "code_verification_status",
    "name_status",
    "platform_type",
    "throughput",
    "account_mode",
    "whatsapp_business_manager_messaging_limit",
    "health_status",
)
BUSINESS_ACCOUNT_FIELDS = (
    "id",
    "name",
    "currency",
    "timezone_id",
    "business_verification_status",
    "account_review_status",
    "country",
    "health_status",
)


class AccountCalls(NumberSession):
    """What a business account tells about itself, in Meta's own shape."""

    def token_info(self, app: AppClient) -> TokenInfo:
        """Return what Meta says about this client's own access token."""
        return app.debug_token(self._access_token)

    def business_account(
        self,
        business_account_id: str,
        fields: Iterable[str] = BUSINESS_ACCOUNT_FIELDS,
    ) -> dict:
        """Return the named fields of a business account."""
        return self._fields(business_account_id, fields)

    def phone_numbers(
        self, business_account_id: str, fields: Iterable[str] = PHONE_NUMBER_FIELDS
    ) -> Iterator[dict]:
        """Yield every phone number of a business account in Meta's own shape."""
        return self._pages(business_account_id, "phone_numbers", fields)

    def phone_number(
        self,
        fields: Iterable[str] = PHONE_NUMBER_FIELDS,
        phone_number_id: str | None = None,
    ) -> dict:
        """Return the named fields of this client's phone number, or of another one."""
        return self._fields(phone_number_id or self._phone_number_id, fields)

    def subscribed_apps(self, business_account_id: str) -> Iterator[dict]:
        """Yield the apps that get this business account's webhooks."""
        return self._pages(business_account_id, "subscribed_apps")

    def subscribe_app(self, business_account_id: str) -> None:
        """Have the token's app get this business account's webhooks.

        Forgetting this is why no webhook comes although the dashboard is set.
        """
        check_success(self._post(_subscribed_apps(business_account_id), {}))

    def unsubscribe_app(self, business_account_id: str) -> None:
        """Have the token's app no longer get this business account's webhooks."""
        check_success(self._delete(_subscribed_apps(business_account_id), {}))


def _subscribed_apps(business_account_id: str) -> str:
    return f"{identifier(business_account_id)}/subscribed_apps"
