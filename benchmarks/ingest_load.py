"""The load of `ingest`: clients of one server, in a process whose work is not counted.

    python -m benchmarks.ingest_load PORT PATH CLIENTS SIZE RATE SECONDS

Each client is a visitor with a connection that stays open. With a RATE (requests a second, all
clients together) a request is due at its time whether the one before was answered or not, and its
wait counts from then; with 0 each follows at once. Says `warm`, waits for a line, works, prints
its figures, and waits for a line before it hangs up.
"""

from __future__ import annotations

import http.client
import itertools
import json
import secrets
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
KINDS: list[dict[str, Any]] = [
    {"type": "view"},
    {"type": "dwell", "seconds": 14},
    {"type": "engage", "part": "gallery", "share": 0.5},
    {"type": "cart_add", "quantity": 1},
    {"type": "save"},
]
PRODUCTS = 40


@dataclass
class Clock:
    """When requests are due, for all clients together."""

    rate: float
    seconds: float
    began: float = 0.0
    _numbers: Any = field(default_factory=itertools.count)

    def next_due(self) -> float | None:
        """The time of the next request; None when the load is over."""
        number = next(self._numbers)
        due = self.began + number / self.rate if self.rate else time.perf_counter()
        return due if due < self.began + self.seconds else None


class Client:
    """One visitor."""

    def __init__(self, port: int, path: str, size: int) -> None:
        self.path, self.size = path, size
        self.waits: list[float] = []
        self.failed: list[str] = []
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {
            "Content-Type": "application/json",
            "User-Agent": BROWSER,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Dest": "document",
            "Cookie": "banner=yes",
        }
        self._meet()
        self.send()

    def _meet(self) -> None:
        """The first page brings the cookie."""
        self.connection.request("GET", "/page/1/", headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            if cookie.startswith("persona="):
                self.headers["Cookie"] += "; " + cookie.partition(";")[0]
        self.headers["Sec-Fetch-Dest"] = "empty"

    def work(self, clock: Clock) -> None:
        """Send until the time is over."""
        while (due := clock.next_due()) is not None:
            ahead = due - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            self.send()
            self.waits.append(time.perf_counter() - due)

    def send(self) -> None:
        self.connection.request("POST", self.path, message(self.size), self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200 or json.loads(body)["result"] != "a" * self.size:
            self.failed.append(f"{answer.status} {body[:200]!r}")


def message(size: int) -> bytes:
    """A report of so many events, as a script sends it."""
    now = int(time.time() * 1_000)
    events = [
        {
            "id": secrets.token_hex(9),
            "item": f"shop.product:{secrets.randbelow(PRODUCTS) + 1}",
            "at": now,
            **KINDS[number % len(KINDS)],
        }
        for number in range(size)
    ]
    return json.dumps({"sent": now, "tz": 60, "entry": "search", "events": events}).encode()


def main(port: str, path: str, clients: str, size: str, rate: str, seconds: str) -> None:
    found = [Client(int(port), path, int(size)) for _ in range(int(clients))]
    print("warm", flush=True)
    sys.stdin.readline()
    clock = Clock(rate=float(rate), seconds=float(seconds))
    clock.began = time.perf_counter()
    threads = [threading.Thread(target=client.work, args=(clock,)) for client in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - clock.began
    waits = [wait for client in found for wait in client.waits]
    failed = [text for client in found for text in client.failed]
    told = {"requests": len(waits), "seconds": took, "waits": waits, "failed": failed[:3]}
    print(json.dumps(told), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
