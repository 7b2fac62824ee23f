"""What WhatsApp refuses or would refuse, and what fails, in the words of the door."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from ...cloud_api import errors, media, payloads
from ..provider import door

# Cloud API, "Rate limit hit": the number sends faster than it may.
_TOO_FAST = 130429
# Of files: what it is, and whether that is final.
_NOT_LOADED = {
    errors.ForeignAddress: ("wrong_host", True),
    errors.MediaTooLarge: ("too_large", True),
    errors.MediaExpired: ("gone", False),
}


@contextmanager
def told_neutrally() -> Iterator[None]:
    """Raise `door.NotAllowed` for what `cloud_api` raises as PayloadError."""
    try:
        yield
    except payloads.PayloadError as error:
        raise _neutral(error) from error


def _neutral(error: payloads.PayloadError) -> door.NotAllowed:
    if isinstance(error, payloads.WrongLength):
        return door.WrongLength(error.field, error.limit, error.given)
    if isinstance(error, media.WrongType):
        return door.WrongFileType(error.field, error.message, error.mime_type)
    if isinstance(error, media.WrongSize):
        return door.WrongFileSize(error.field, error.limit, error.given)
    return door.NotAllowed(error.field, error.message)


@contextmanager
def failing_neutrally() -> Iterator[None]:
    """Raise `door.NotSent` for what `cloud_api` raises as CallFailed."""
    try:
        yield
    except errors.CallFailed as error:
        raise _failure(error) from error


def _failure(error: errors.CallFailed) -> door.NotSent:
    if isinstance(error, errors.CloudApiError):
        policy = neutral_policy(error.policy, error.code)
        return door.Refused(policy, error.code, error.title, error.retry_after)
    if isinstance(error, errors.ConnectionFailed):
        return door.Unreachable(neutral_policy(errors.UNREACHABLE), str(error))
    if isinstance(error, errors.MediaFailed):
        return door.NotLoaded(*_NOT_LOADED.get(type(error), (None, False)), str(error))
    return door.NoAnswer(str(error))


@lru_cache(maxsize=1024)
def neutral_policy(policy: errors.Policy, code: int = errors.NO_CODE) -> door.Policy:
    """What to do about a refusal, as the door has it."""
    capped = code == errors.MARKETING_CAP
    return door.Policy(
        door.Action(policy.action.value),
        policy.title,
        policy.cure,
        policy.delay,
        policy.max_attempts,
        policy.is_known,
        is_too_fast=code == _TOO_FAST,
        advertising_pause=errors.MARKETING_PAUSE if capped else 0.0,
    )
