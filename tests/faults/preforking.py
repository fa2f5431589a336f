"""A server that loads the app, answers a page, and then forks children with threads of their own.

Prints the exit status of each child. It forks while another thread of it is at work, so that a
lock which that thread holds would be held for ever in the child.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

import django

CHILDREN, THREADS, PAGES = 3, 4, 5
GIVES_UP_AFTER = 60


def main() -> None:
    django.setup()
    from django.db import connections
    from django.test import Client

    from persona_django import counters
    from tests.faults.browser import BROWSER

    def page(client: Client | None = None) -> Client:
        client = client or Client(headers={"user-agent": BROWSER})
        client.cookies["banner"] = "yes"
        answer = client.get("/page/1/", headers={"host": "localhost"})
        assert answer.status_code == 200, answer.status_code
        answer.close()
        return client

    def pages() -> None:
        client = None
        for _ in range(PAGES):
            client = page(client)
        connections.close_all()

    Client().get("/tag/persona_block/1/", headers={"host": "localhost"})
    connections.close_all()
    busy = threading.Event()

    def keep_locks_busy() -> None:
        while not busy.is_set():
            counters.count("busy")

    thread = threading.Thread(target=keep_locks_busy)
    thread.start()
    children = [_forked(pages) for _ in range(CHILDREN)]
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    busy.set()
    thread.join()
    print(*statuses)


def _forked(work: Callable[[], None]) -> int:
    """A child that does the work in several threads, and says by its status how it went."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(GIVES_UP_AFTER)
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the status
            print(repr(error), file=sys.stderr)
            failed.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    main()
