"""What a test may change about the sandbox's behaviour, with the defaults."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
    drop_delivered: bool = False
    closed_window: Literal["async", "sync"] = "async"
    throughput_limit: bool = True
    pair_limit: bool = True
    escaped_json: bool = True
    seed: int = 0
