"""Faults that tests inject into calls, and the ways a connection can break."""

from __future__ import annotations

import itertools
import random
import socket
import struct
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
FOREVER_SECONDS = 24 * 3600.0


class FaultSpec(BaseModel):
    """What to break, how often, and for whom; ``count`` None lasts until removed.

    ``edge`` is the last part of a call's path, "" where that is the object itself.
    ``estimated_time_to_regain_access`` is in minutes, other times are in seconds.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "error",
        "http_500",
        "latency",
        "hang",
        "reset",
        "failed_status",
        "reset_after_accept",
        "hang_after_accept",
        "http_500_after_accept",
        "truncate_after_accept",
    ]
    code: int = 131000
    subcode: int | None = None
    http_status: int | None = None
    retry_after: float | None = None
    estimated_time_to_regain_access: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    count: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1, ge=0, le=1)
    edge: str = "messages"
    to: str | None = None
    phone_number_id: str | None = None


class Fault(FaultSpec):
    id: int
    struck: int = 0

    def concerns(self, edge: str, number_id: str, to: str) -> bool:
        return (
            self.edge == edge
            and self.phone_number_id in (None, number_id)
            and (self.to is None or self.to.lstrip("+") == to.lstrip("+"))
        )


class Faults:
    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.active: list[Fault] = []
        self.ids = itertools.count(1)

    def add(self, spec: FaultSpec) -> Fault:
        fault = Fault(id=next(self.ids), **spec.model_dump())
        self.active.append(fault)
        return fault

    def strike(self, edge: str, number_id: str, to: str = "") -> Fault | None:
        """Return the first fault that hits this call and use it up by one."""
        for fault in self.active:
            hits = fault.concerns(edge, number_id, to)
            if hits and self.dice.random() < fault.probability:
                fault.struck += 1
                if fault.struck == fault.count:
                    self.active.remove(fault)
                return fault
        return None


class ConnectionCut(Exception):
    """The connection is to be closed without a (complete) answer."""


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection as a crash would: with a TCP reset.

    Waits until the server has noticed, so that it sends no answer of its own.
    """
    transport = scope["transport"]
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
    await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
