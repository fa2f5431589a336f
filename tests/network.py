"""Nothing here may speak to another machine: such a connection fails the test that made it.

That holds for this process and for every Python process it starts which inherits its environment
or takes its PYTHONPATH from `python_path`. Libraries that connect past Python are not seen.
"""

from __future__ import annotations

import atexit
import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

ATTEMPTS: list[str] = []
"""Addresses that were asked for since the last look, also where the caller swallowed our error."""
ATTEMPTS_IN = "NETWORK_ATTEMPTS_IN"
"""Names the file in which children write down theirs. Without it they are not guarded."""
CHILDREN = Path(__file__).parent / "children"
"""Folder of what a child reads at its start."""

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


def _guarded(real: Any, remember: Callable[[str], None]) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if not is_ours(address):
            remember(str(address))
            raise ConnectionRefusedError(f"a test tried to reach {address}, outside this machine")
        return real(self, address)

    return connect


def _guard_with(remember: Callable[[str], None]) -> None:
    socket.socket.connect = _guarded(_connect, remember)  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded(_connect_ex, remember)  # type: ignore[method-assign]


def guard() -> None:
    """Refuse and remember every connection that would leave this machine, of children as well."""
    _guard_with(ATTEMPTS.append)
    os.environ[ATTEMPTS_IN] = str(_file_of_attempts())
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = python_path(*(path for path in before if path != str(CHILDREN)))


def guard_child(attempts: Path) -> None:
    """The same in a process that the suite has started: it writes its attempts down."""

    def remember(address: str) -> None:
        with attempts.open("a", encoding="utf-8") as file:
            file.write(f"{address}\n")

    _guard_with(remember)


def python_path(*folders: str | Path) -> str:
    """PYTHONPATH for a child that is to be guarded and to find modules in these folders."""
    return os.pathsep.join([str(CHILDREN), *(str(folder) for folder in folders if str(folder))])


@cache
def _file_of_attempts() -> Path:
    """What this process's children write into; gone at its end."""
    handle, name = tempfile.mkstemp(prefix="network-attempts-")
    os.close(handle)
    atexit.register(Path(name).unlink, missing_ok=True)
    return Path(name)


def take_attempts() -> list[str]:
    """What was tried since the last look, here and by children."""
    tried = list(ATTEMPTS)
    ATTEMPTS.clear()
    written = _file_of_attempts()
    if written.stat().st_size:
        tried += written.read_text("utf-8").splitlines()
        os.truncate(written, 0)
    return tried
