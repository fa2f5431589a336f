"""One server process of the shop that speaks ASGI: `python -m tests.faults.serve_asgi [PORT]`.

One event loop, and Django's own handler as any server of it calls it: views of the shop in threads
or in the loop, what comes after the page still before the connection is closed. One request a
connection. Says `ready PORT` when it listens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

Message = dict[str, Any]


async def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.shop.settings")
    from django.core.asgi import get_asgi_application

    application = get_asgi_application()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            scope, body = await asked(reader)
            await application(scope, Receive(body), Send(writer))  # type: ignore[arg-type]
        except (ConnectionError, asyncio.IncompleteReadError):
            """A client that is gone is no news."""
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=128)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
    await stopping.wait()
    os._exit(0)


async def asked(reader: asyncio.StreamReader) -> tuple[Message, bytes]:
    """The request that a client sends, as ASGI tells it, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split()
    path, _, query = target.partition("?")
    headers = [
        (name.strip().lower().encode("latin-1"), value.strip().encode("latin-1"))
        for name, _, value in (line.partition(":") for line in lines)
    ]
    body = await reader.readexactly(int(dict(headers).get(b"content-length", b"0")))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    return scope, body


class Receive:
    """The whole body at once, then a client that stays."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def __call__(self) -> Message:
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class Send:
    """Writes what the application answers."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = HTTPStatus(message["status"])
            lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
            lines += [b": ".join(header) for header in message["headers"]]
            self._writer.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        else:
            self._writer.write(message.get("body", b""))
            await self._writer.drain()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
