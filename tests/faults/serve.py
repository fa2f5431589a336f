"""One server process of the shop: `python -m tests.faults.serve [PORT]`.

Threads, connections that are kept alive, and on SIGTERM no new request but the last ones answered:
as servers of Python applications do. Says `ready PORT` when it listens.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

GRACE_SECONDS = 2.0
"""How long a process that was asked to stop goes on with what it has begun."""


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.shop.settings")
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    busy = Busy(application)
    stopping = threading.Event()

    class Quiet(WSGIRequestHandler):
        """Says nothing about each request, and lets idle connections go."""

        timeout = 60
        wbufsize = -1
        """Head and body of a response go out together, as from any server that shops use; in six
        small pieces each would wait for the client to acknowledge the last."""

        def handle_one_request(self) -> None:
            super().handle_one_request()
            if stopping.is_set():
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    class Server(ThreadedWSGIServer):
        """One thread for each connection."""

        allow_reuse_address = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that is gone is no news."""

    server = Server(("127.0.0.1", port), Quiet)
    server.set_app(busy)

    def stop(number: int, frame: Any) -> None:
        stopping.set()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    print(f"ready {server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.05)
    busy.wait(GRACE_SECONDS)
    os._exit(0)


class Busy:
    """The application, counting the requests it is at, until their responses are closed."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._now = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        with self._lock:
            self._now += 1
        try:
            response = self._application(environ, start_response)
        except BaseException:
            self._done()
            raise
        response._resource_closers.append(self._done)
        return response

    def _done(self) -> None:
        with self._lock:
            self._now -= 1

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._now and time.monotonic() < until:
            time.sleep(0.01)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
