"""Who fails too often has to wait."""

import ipaddress
from collections import OrderedDict
from datetime import timedelta
from threading import Lock

from . import clock

# Who has one address of these has them all.
_IPV6_PREFIX = 64


class Attempts:
    """Counts what failed from each network address, in this process's memory.

    At most `addresses` are remembered, the latest; each is forgotten when `period` is
    over.
    """

    def __init__(self, limit: int, period: timedelta, addresses: int = 10_000):
        self.limit = limit
        self.period = period
        self.addresses = addresses
        self._failures: OrderedDict = OrderedDict()
        self._lock = Lock()

    def has_failed_too_often(self, address: str) -> bool:
        count, until = self._failures.get(_network(address), (0, None))
        return count >= self.limit and clock.precise_now() < until

    def count_failure(self, address: str) -> None:
        network, now = _network(address), clock.precise_now()
        with self._lock:
            count, until = self._failures.pop(network, (0, now))
            if until <= now:
                count, until = 0, now + self.period
            self._failures[network] = (count + 1, until)
            if len(self._failures) > self.addresses:
                self._failures.popitem(last=False)

    def forget(self) -> None:
        self._failures.clear()


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((int(parsed), _IPV6_PREFIX), strict=False))
