"""The pace and the client of each channel in this process; both outlive a slice."""

import threading

from odoo.modules import module

from ....cloud_api.client import CloudApiClient
from ....cloud_api.pacing import TokenBucket

THREADS = 64
# How much of a second's rate may leave at once.
BURST_SHARE = 0.25

_buckets: dict[tuple, TokenBucket] = {}
_clients: dict[tuple, tuple[tuple, CloudApiClient]] = {}
_cache_lock = threading.Lock()


def channel_bucket(channel) -> TokenBucket:
    """The pace of a channel in this process; it goes on from slice to slice."""
    key = (channel.env.cr.dbname, channel.id, channel.rate)
    with _cache_lock:
        if key not in _buckets:
            burst = max(1, channel.rate * BURST_SHARE)
            _buckets[key] = TokenBucket(channel.rate, burst)
        return _buckets[key]


def channel_client(channel) -> CloudApiClient:
    """The client of a channel in this process, with its open connections."""
    env = channel.env
    neutralized = env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
    settings = (
        channel.base_url,
        channel.api_version,
        channel.phone_number_id,
        channel.access_token,
        bool(module.current_test or neutralized),
    )
    key = (env.cr.dbname, channel.id)
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
