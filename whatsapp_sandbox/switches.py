"""What a test may change about the sandbox's behaviour, with the defaults."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LAST_VERSION_WITH_CONVERSATION = 23


class Switches(BaseModel):
    """Delays are in milliseconds; ``webhook_retry_scale`` multiplies retry delays."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    latency_ms: float = Field(default=0, ge=0)
    webhook_delay_ms: float = Field(default=0, ge=0)
    duplicate_webhooks: float = Field(default=0, ge=0, le=1)
    reorder_webhooks: bool = False
    webhook_batch_size: int = Field(default=1, ge=1, le=1000)
    webhook_retry_scale: float = Field(default=1, ge=0)
    webhooks_enabled: bool = True
    webhook_version: str = Field(default="v25.0", pattern=r"^v[0-9]{1,2}\.0$")
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
    media_url_seconds: float = Field(default=300, ge=0)
    escaped_json: bool = True
    seed: int = 0

    @property
    def with_conversation(self) -> bool:
        """Up to v23 statuses have a ``conversation`` (Cloud API, webhooks, status)."""
        return int(self.webhook_version[1:-2]) <= LAST_VERSION_WITH_CONVERSATION
