"""Nothing here may speak to another machine: such a connection fails the test that made it."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

ATTEMPTS: list[str] = []
"""Addresses that were asked for since the last look, also where the caller swallowed our error."""

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def is_ours(address: Any) -> bool:
    """True for the loopback and for sockets that are files."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded(real: Any) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if not is_ours(address):
            ATTEMPTS.append(str(address))
            raise ConnectionRefusedError(f"a test tried to reach {address}, outside this machine")
        return real(self, address)

    return connect


def guard() -> None:
    """Refuse and remember every connection that would leave this machine."""
    socket.socket.connect = _guarded(_connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded(_connect_ex)  # type: ignore[method-assign]


def take_attempts() -> list[str]:
    """What was tried since the last look."""
    tried = list(ATTEMPTS)
    ATTEMPTS.clear()
    return tried
