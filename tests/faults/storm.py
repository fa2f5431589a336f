"""Many clients send events while the server process is killed and started again.

Each client keeps what it was not told the fate of and sends it again, as a script's queue does,
and notes each letter that it was answered with.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.browser import BROWSER, Browser
from tests.faults.running import Process

AT_A_TIME = 20
PATIENCE = 10.0
GIVES_UP_AFTER = 300.0


@dataclass
class Client:
    """One visitor's browser, with as many events to report as it was given."""

    number: int
    events: int
    port: int
    letters: dict[str, Counter[str]] = field(default_factory=dict)
    """What each event was answered with."""
    done: int = 0
    """Batches whose fate is known."""
    broken: int = 0
    """Times that no answer came."""
    odd: list[str] = field(default_factory=list)
    """Answers that nobody expects."""

    def run(self) -> None:
        """Send everything until all of it is known to be stored."""
        self._cookies = self._introduced()
        connection = self._connected()
        for batch in self._batches():
            until = time.monotonic() + GIVES_UP_AFTER
            while not self._send(connection, batch):
                assert time.monotonic() < until, "the server never came back"
                connection.close()
                time.sleep(0.05)
                connection = self._connected()
            self.done += 1
        connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def _introduced(self) -> str:
        visitor = Browser(self.port)
        while "persona" not in visitor.cookies:
            with suppress(OSError):
                visitor.ask("/page/1/")
        return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())

    def _batches(self) -> Iterator[list[str]]:
        names = [f"{self.number}-{number}" for number in range(self.events)]
        for start in range(0, len(names), AT_A_TIME):
            yield names[start : start + AT_A_TIME]

    def _send(self, connection: http.client.HTTPConnection, batch: list[str]) -> bool:
        """Whether the fate of the whole batch is known now."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": BROWSER,
            "Cookie": self._cookies,
            "Sec-Fetch-Site": "same-origin",
        }
        try:
            connection.request("POST", "/persona/api/v1/events/", message(batch), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.broken += 1
            return False
        if answer.status == 503:
            self.broken += 1
            return False
        if answer.status != 200:
            self.odd.append(f"{answer.status} {body[:200]!r}")
            return False
        try:
            result = json.loads(body)["result"]
        except ValueError:
            # Killed after the first words of its answer.
            self.broken += 1
            return False
        for name, letter in zip(batch, result, strict=True):
            self.letters.setdefault(name, Counter())[letter] += 1
        return True


def message(batch: list[str]) -> bytes:
    """A report of seconds looked at products, one for each name."""
    now = int(time.time() * 1_000)
    events = [
        {
            "id": name,
            "type": "dwell",
            "item": f"shop.product:{1 + at % 8}",
            "seconds": 9,
            "at": now,
        }
        for at, name in enumerate(batch)
    ]
    return json.dumps({"sent": now, "tz": 0, "entry": "direct", "events": events}).encode()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What clients were told, all together."""

    letters: dict[str, Counter[str]]
    broken: int
    ends: int
    odd: list[str]

    @property
    def accepted_twice(self) -> list[str]:
        """Events that were called new more than once."""
        return [name for name, letters in self.letters.items() if letters["a"] > 1]

    @property
    def refused(self) -> list[str]:
        """Events that were never taken."""
        return [name for name, letters in self.letters.items() if not letters["a"] + letters["d"]]


def storm(
    process: Process, *, events: int, clients: int, ends: int, seed: int, by_kill: bool = True
) -> Outcome:
    """Let so many clients send so many events, and end the process so often at a random moment."""
    chance = random.Random(seed)
    process.start()
    senders = [Client(n, events // clients, process.port) for n in range(clients)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    ended = 0
    share = events // clients * clients // AT_A_TIME // (ends + 1)
    while any(thread.is_alive() for thread in threads):
        if ended < ends and sum(one.done for one in senders) >= (ended + 1) * share:
            time.sleep(chance.uniform(0, 0.05))
            process.kill() if by_kill else process.stop()
            ended += 1
            process.start()
        time.sleep(0.002)
    return Outcome(
        letters={name: told for one in senders for name, told in one.letters.items()},
        broken=sum(one.broken for one in senders),
        ends=ended,
        odd=[text for one in senders for text in one.odd],
    )
