"""A site of a few pages that writes down every report of the script and answers as it is told."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import persona_django

STATIC = Path(persona_django.__file__).parent / "static"
EVENTS = "/persona/api/v1/events/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; frame-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
KINDS = {".js": "text/javascript", ".css": "text/css", ".wav": "audio/wav"}
ELSEWHERE = "<!doctype html><title>Elsewhere</title><link rel=icon href='data:,'>"
"""A page that the script is not on; every product's is such a one."""
AWAY = "/product/1/"
WAITS_FOR = 10
ASKED_TO_STOP = 0.01
"""Seconds between two looks at whether the site is to stop."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One request that the script sent."""

    method: str
    headers: dict[str, str]
    text: str
    at: float

    @property
    def said(self) -> dict[str, Any]:
        return json.loads(self.text)


@dataclass(kw_only=True)
class Answer:
    """What the site replies with."""

    status: int = 200
    says: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Site:
    """Pages by path, every report so far, and how the next ones are answered."""

    address: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    answer: Callable[[Report], Answer] = lambda report: Answer()
    allows: bool = True

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that was reported, in the order in which the reports were sent: two that
        are sent at nearly the same time may arrive in any."""
        told = [one.said for one in self.reports if one.method == "POST"]
        in_order = sorted(told, key=lambda said: said["sent"])
        return [event for said in in_order for event in said["events"]]

    def of(self, *types: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] in types]

    def wait(self, *types: str, count: int = 1) -> list[dict[str, Any]]:
        """The events of these kinds, as soon as there are so many."""
        until = time.monotonic() + WAITS_FOR
        while len(found := self.of(*types)) < count:
            assert time.monotonic() < until, f"no {types}, only {self.events}"
            time.sleep(0.05)
        return found


def silence(seconds: float = 2) -> bytes:
    """A sound file of that length in which nothing is heard."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8_000)
        sound.writeframes(b"\x80" * int(8_000 * seconds))
    return kept.getvalue()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closed does not wait for the answer to what it sent as it went."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def served() -> Iterator[Site]:
    """A site on a free port of the loopback for as long as the block lasts."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == EVENTS:
                self._note("")
                return self._reply(200, json.dumps({"allowed": site.allows, "purposes": []}))
            if path in site.pages or path.startswith("/product/"):
                return self._reply(200, site.pages.get(path, ELSEWHERE), "text/html")
            if path in site.scripts:
                return self._reply(200, site.scripts[path], "text/javascript")
            if path == "/silence.wav":
                return self._reply(200, silence(), "audio/wav")
            file = STATIC / path.removeprefix("/static/")
            if path.startswith("/static/") and file.is_file():
                return self._reply(200, file.read_bytes(), KINDS[file.suffix])
            self._reply(404, "")

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = site.answer(self._note(text))
            self._reply(answer.status, json.dumps(answer.says), **answer.headers)

        def _note(self, text: str) -> Report:
            headers = {name.lower(): value for name, value in self.headers.items()}
            report = Report(method=self.command, headers=headers, text=text, at=time.time())
            site.reports.append(report)
            return report

        def _reply(
            self, status: int, body: str | bytes, kind: str = "application/json", **more: str
        ) -> None:
            sent = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(sent)),
                **more,
            }.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *given: Any) -> None:
            """The tests look at `reports`."""

    server = _Server(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[ASKED_TO_STOP], daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
