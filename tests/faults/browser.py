"""Asks a server process for pages over a connection of its own each, and takes the time."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CSRF_TOKEN = "a" * 32
OF_A_BROWSER = (
    "Sec-Fetch-Dest: document\r\nSec-Fetch-Site: same-origin\r\nOrigin: http://localhost\r\n"
    f"X-CSRFToken: {CSRF_TOKEN}\r\n"
)
OURS = re.compile(r"<!--ours-->.*?<!--/ours-->", re.S)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    headers: dict[str, str]
    text: str
    last_byte: float
    """Seconds until the page was there."""
    free: float
    """Seconds until the server had done all it does for it, also what comes after the page."""

    @property
    def page(self) -> tuple[int, str]:
        """Status and HTML, without what is ours."""
        return self.status, OURS.sub("", self.text)

    @property
    def ours(self) -> str:
        """What is ours in it."""
        return "".join(OURS.findall(self.text))


@dataclass
class Browser:
    """One visitor, who agreed to everything, and their cookies."""

    port: int
    patience: float = 20.0
    cookies: dict[str, str] = field(
        default_factory=lambda: {"banner": "yes", "csrftoken": CSRF_TOKEN}
    )

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        *,
        as_app: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, until the server has closed the connection. An app's says less."""
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"User-Agent: {BROWSER}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nCookie: {cookies}\r\n"
            f"{'' if as_app else OF_A_BROWSER}"
            f"{more}\r\n"
        )
        began = time.monotonic()
        last_byte = 0.0
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=self.patience) as server:
            server.sendall(head.encode() + body)
            while data := server.recv(65_536):
                received += data
                last_byte = time.monotonic() - began
        free = time.monotonic() - began
        return self._taken(received, last_byte, free)

    def _taken(self, received: bytes, last_byte: float, free: float) -> Answer:
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
            if name.lower() == "set-cookie":
                cookie, _, rest = value.strip().partition("=")
                self.cookies[cookie] = rest.partition(";")[0]
        return Answer(
            status=int(first.split()[1]) if first else 0,
            headers=headers,
            text=body.decode("utf-8", "replace"),
            last_byte=last_byte,
            free=free,
        )
