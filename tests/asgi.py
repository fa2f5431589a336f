"""Ask the shop through Django's real ASGI handler, as a server does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections


@dataclass
class Answer:
    """What came over the wire, and the messages it came in."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    cookies: SimpleCookie = field(default_factory=SimpleCookie)


class AsgiBrowser:
    """Keeps its cookies from one page to the next. Use it inside `async_to_sync`."""

    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        self.cookies: dict[str, str] = {}
        self.handler = ASGIHandler()
        self.handler.load_middleware(is_async=True)

    async def get(self, path: str) -> Answer:
        headers = {"host": "testserver", **self.headers}
        if self.cookies:
            headers["cookie"] = "; ".join(
                f"{name}={value}" for name, value in self.cookies.items()
            )
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        answer = Answer()
        with connections_left_open():
            await self.handler(scope, _Receive(), lambda message: _keep(answer, message))
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value
            if morsel["max-age"] == "0":
                del self.cookies[name]
        return answer


@contextmanager
def connections_left_open() -> Iterator[None]:
    """As Django's test client does: a test's transaction would end with its connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


class _Receive:
    """The empty body of a GET, then a client that stays until it is no longer awaited."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self) -> dict[str, Any]:
        if self.sent:
            await asyncio.Event().wait()
        self.sent = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def _keep(answer: Answer, message: dict[str, Any]) -> None:
    if message["type"] == "http.response.start":
        answer.status = message["status"]
        answer.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                answer.cookies.load(value)
    else:
        answer.body += message.get("body", b"")
