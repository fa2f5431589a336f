"""The shop's Celery app. Reading can be made slow, so that a test knows what a worker is at."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.worker.settings")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

FOLDER = Path(os.environ["WORKER_FOLDER"])


@app.task(name="shop.hello")
def hello() -> None:
    """A task of the shop's own that wants its turn."""
    (FOLDER / "hello").write_text(str(time.time()))


@app.on_after_finalize.connect
def slow_down(sender: Celery, **kwargs: object) -> None:
    """The first SLOW_READS readings of events take SLOW_SECONDS each and say who does them.

    A test ends them sooner with `Shop.let_go`. With SLOW_IS_DEAF they cannot be asked to stop.
    """
    reads, seconds = (
        int(os.environ.get("SLOW_READS", "0")),
        float(os.environ.get("SLOW_SECONDS", "0")),
    )
    if not reads:
        return
    from persona_django.training import evidence

    def slowly(real: Callable[..., object]) -> Callable[..., object]:
        def read(*args: object, **kwargs: object) -> object:
            at = sum(1 for _ in FOLDER.glob("reading.*"))
            (FOLDER / f"reading.{at}").write_text(str(os.getpid()))
            if at < reads:
                linger(seconds)
            return real(*args, **kwargs)

        return read

    for name in ("read_events", "read_history"):
        setattr(evidence, name, slowly(getattr(evidence, name)))


def linger(seconds: float) -> None:
    """Take this long, or until the test says that it was enough."""
    if os.environ.get("SLOW_IS_DEAF"):
        # As arithmetic in C is, which looks at no signal before it is done.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    until = time.monotonic() + seconds
    while time.monotonic() < until and not (FOLDER / "go-on").exists():
        time.sleep(0.02)
