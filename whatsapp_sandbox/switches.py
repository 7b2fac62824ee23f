"""What a test may change about the sandbox's behaviour, with the defaults."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LAST_VERSION_WITH_CONVERSATION = 23
# Webhook fields that older versions do not have.
FIRST_VERSIONS = {
    "business_username_updates": 26,
    "messaging_handovers": 26,
    "standby": 26,
}


class Switches(BaseModel):
    """Names ending in _ms are milliseconds, in _seconds seconds of the sandbox's clock.

    ``webhook_retry_scale`` multiplies the delays between retries.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    latency_ms: float = Field(default=0, ge=0)
    webhook_delay_ms: float = Field(default=0, ge=0)
    duplicate_webhooks: float = Field(default=0, ge=0, le=1)
    reorder_webhooks: bool = False
    webhook_batch_size: int = Field(default=1, ge=1, le=1000)
    webhook_retry_scale: float = Field(default=1, ge=0)
    webhook_retry_hours: float = Field(default=168, gt=0)
    webhooks_enabled: bool = True
    webhook_version: str = Field(default="v26.0", pattern=r"^v[0-9]{1,2}\.0$")
    drop_delivered: bool = False
    free_service_messages: int = Field(default=1000, ge=0)
    closed_window: Literal["async", "sync"] = "async"
    throughput_limit: bool = True
    pair_limit: bool = True
    messaging_limit: bool = True
    messaging_limit_error: int = 131048
    messaging_limit_path: Literal["async", "sync"] = "async"
    capability_as_tier: bool = False
    message_history: bool = False
    message_status: Literal["templates", "held", "never"] = "templates"
    payment_error_path: Literal["async", "sync"] = "async"
    reactions_open_window: bool = False
    button_payload_limit: int = Field(default=256, ge=1)
    asset_access_error: Literal[33, 200] = 33
    proof_error_code: int = 100
    profile_description_limit: int = Field(default=256, ge=1)
    register_wait_seconds: float = Field(default=0, ge=0)
    number_change_type: Literal["user_changed_number", "customer_changed_number"] = (
        "user_changed_number"
    )
    user_id_update: Literal["system", "field", "both"] = "system"
    user_ids_in_body_only: bool = False

    media_url_seconds: float = Field(default=300, ge=0)
    media_url_in_webhook: bool = True
    unknown_media_path: Literal["sync", "async"] = "sync"
    received_media_takes_number: bool = False
    media_host: str | None = Field(default=None, pattern=r"^https?://[^/]+/$")
    media_redirect: str | None = None
    media_status: int | None = Field(default=None, ge=400, le=599)
    media_wrong_checksum: bool = False
    media_wrong_size: bool = False
    media_wrong_kind: bool = False
    media_extra_bytes: int = Field(default=0, ge=0)
    media_checksum: Literal["hex", "base64"] = "hex"
    media_size_as_number: bool = False

    review_seconds: float = Field(default=30, ge=0)
    review_decision: Literal["APPROVED", "REJECTED"] = "APPROVED"
    review_reason: str = "INVALID_FORMAT"
    review_category: Literal["UTILITY", "MARKETING", "AUTHENTICATION"] | None = None
    footer_variables: bool = False
    words_per_variable: int = Field(default=0, ge=0)
    quality_update_field: Literal[
        "message_template_quality_update", "message_template_status_update"
    ] = "message_template_quality_update"
    pacing: Literal["off", "release", "drop"] = "off"
    pacing_seconds: float = Field(default=60, ge=0)

    national_numbers: bool = False
    template_news_language: Literal["underscore", "hyphen"] = "underscore"
    escaped_json: bool = True
    seed: int = 0

    @property
    def with_conversation(self) -> bool:
        """Up to v23 statuses have a ``conversation`` (Cloud API, webhooks, status)."""
        return self.webhook_number <= LAST_VERSION_WITH_CONVERSATION

    @property
    def webhook_number(self) -> int:
        return int(self.webhook_version[1:-2])

    def knows_field(self, field: str) -> bool:
        """Whether webhooks of this version have ``field``."""
        return self.webhook_number >= FIRST_VERSIONS.get(field, 0)
