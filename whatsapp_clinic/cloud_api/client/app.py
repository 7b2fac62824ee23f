"""What an app may ask with its own token: about tokens and its webhooks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..errors import OutcomeUnknown
from .answers import check_success, dicts, integer, objects, scalar
from .session import Session, identifier


@dataclass(frozen=True)
class TokenInfo:
    """What Meta says about an access token.

    ``expires_at`` in UTC, None for never; ``targets`` are the ids of the objects that a
    permission is limited to, by permission, and missing where it is not limited.
    """

    is_valid: bool
    app_id: str
    expires_at: datetime | None
    scopes: frozenset[str]
    targets: dict[str, frozenset[str]] = field(default_factory=dict)


class AppClient(Session):
    """Calls in the name of an app; options as of ``CloudApiClient``.

    The app's token goes in a header. What is asked stands in the query of the request,
    which is not logged here.
    """

    def __init__(
        self, base_url: str, version: str, app_id: str, app_secret: str, **options: Any
    ):
        self._app_id = identifier(app_id)
        super().__init__(base_url, version, f"{app_id}|{app_secret}", **options)

    def __repr__(self) -> str:
        return f"AppClient({self._base_url!r}, {self._version!r}, {self._app_id!r})"

    def debug_token(self, access_token: str) -> TokenInfo:
        """Return what Meta says about an access token, also of one that is dead."""
        answer = self._get("debug_token", {"input_token": access_token})
        data = answer.get("data")
        if not isinstance(data, dict):
            raise OutcomeUnknown("answer without data")
        expires = integer(data.get("expires_at"))
        scopes = data.get("scopes")
        return TokenInfo(
            is_valid=data.get("is_valid") is True,
            app_id=scalar(data.get("app_id")) or "",
            expires_at=datetime.fromtimestamp(expires, timezone.utc)
            if expires
            else None,
            scopes=frozenset(
                one
                for one in (scopes if isinstance(scopes, list) else [])
                if isinstance(one, str)
            ),
            targets=_targets(data),
        )

    def subscriptions(self) -> list[dict]:
        """Return where the app's webhooks go and which fields, in Meta's own shape."""
        return objects(self._get(f"{self._app_id}/subscriptions", {}), "data")

    def subscribe(
        self, callback_url: str, verify_token: str, fields: Iterable[str]
    ) -> None:
        """Have the app's webhooks for WhatsApp come to an address.

        WhatsApp asks the address for the verify token before it answers, so that it
        must be reachable meanwhile. ``fields`` replace those of before.
        """
        payload = {
            "object": "whatsapp_business_account",
            "callback_url": callback_url,
            "verify_token": verify_token,
            "fields": ",".join(fields),
        }
        check_success(self._post(f"{self._app_id}/subscriptions", payload))


def _targets(data: dict) -> dict[str, frozenset[str]]:
    return {
        str(entry.get("scope")): frozenset(map(str, entry["target_ids"]))
        for entry in dicts(data.get("granular_scopes"))
        if isinstance(entry.get("target_ids"), list)
    }
