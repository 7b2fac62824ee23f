"""The clients of WhatsApp in this process; those of channels outlive a slice."""

import threading

from odoo.modules import module

from ....cloud_api.client import AppClient, CloudApiClient
from ....tools.compat import parameter
from ...provider.pace import THREADS

_clients: dict[tuple, tuple[tuple, CloudApiClient]] = {}
_cache_lock = threading.Lock()


def channel_client(channel) -> CloudApiClient:
    """The client of a channel in this process, with its open connections."""
    settings = (
        channel.base_url,
        channel.api_version,
        channel.external_id,
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
