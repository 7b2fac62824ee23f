"""The pace and the client of each channel in this process; both outlive a slice."""

import threading
import time

from odoo.modules import module

from ...cloud_api.client import AppClient, CloudApiClient
from ...cloud_api.pacing import TokenBucket
from ...tools.compat import parameter

THREADS = 64
# How much of a second's rate may leave at once.
BURST_SHARE = 0.25

# Seconds after which somebody else may have sent from the channel meanwhile.
HANDOVER = 0.1

_buckets: dict[tuple, TokenBucket] = {}
_left_at: dict[tuple, float] = {}
_clients: dict[tuple, tuple[tuple, CloudApiClient]] = {}
_cache_lock = threading.Lock()


def take_over_bucket(channel) -> TokenBucket:
    """The pace of a channel in this process, without what another may have used up."""
    key = _bucket_key(channel)
    with _cache_lock:
        if key not in _buckets:
            burst = max(1, channel.rate * BURST_SHARE)
            _buckets[key] = TokenBucket(channel.rate, burst)
        if time.monotonic() - _left_at.get(key, 0.0) > HANDOVER:
            _buckets[key].forget_savings()
        return _buckets[key]


def leave_bucket(channel) -> None:
    """Note that this process stops sending from the channel."""
    _left_at[_bucket_key(channel)] = time.monotonic()


def _bucket_key(channel) -> tuple:
    return channel.env.cr.dbname, channel.id, channel.rate


def channel_client(channel) -> CloudApiClient:
    """The client of a channel in this process, with its open connections."""
    settings = (
        channel.base_url,
        channel.api_version,
        channel.phone_number_id,
        channel.account_id._secret("access_token"),
        _loopback_only(channel.env),
    )
    key = (channel.env.cr.dbname, channel.id)
    with _cache_lock:
        known, client = _clients.get(key, (None, None))
        if known != settings:
            *arguments, loopback_only = settings
            successor = CloudApiClient(
                *arguments, pool_size=THREADS, loopback_only=loopback_only
            )
            if client:
                client.close()
            client = successor
            _clients[key] = (settings, client)
        return client


def account_client(account, base_url: str, api_version: str) -> CloudApiClient:
    """A client of an app that has no channel yet, to look around with."""
    return CloudApiClient(
        base_url,
        api_version,
        "0",
        account._secret("access_token"),
        pool_size=1,
        loopback_only=_loopback_only(account.env),
    )


def app_client(account, base_url: str, api_version: str) -> AppClient | None:
    """A client in the name of an app; None while its id or secret is missing."""
    secret = account._secret("app_secret")
    if not account.app_id or not secret:
        return None
    return AppClient(
        base_url,
        api_version,
        account.app_id,
        secret,
        pool_size=1,
        loopback_only=_loopback_only(account.env),
    )


def _loopback_only(env) -> bool:
    neutralized = parameter(env, "database.is_neutralized")
    return bool(module.current_test or neutralized)
