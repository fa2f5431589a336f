"""A Celery app of one task that runs the compiled kernel; started by `test_prefork`."""

from __future__ import annotations

import os

from celery import Celery

app = Celery("prefork", broker=os.environ["KERNEL_BROKER"], backend=os.environ["KERNEL_BROKER"])
app.conf.task_default_queue = os.environ["KERNEL_QUEUE"]
app.conf.broker_connection_retry_on_startup = True


@app.task(name="kernel.pair")
def pair() -> tuple[list[float], int, int]:
    """The scores of a pair, with the process that computed them and its parent."""
    from persona_django.numeric.neighbours import top_neighbours
    from tests.numeric.tables import table

    found = top_neighbours(
        table([0, 1], [0, 1]),
        k=1,
        min_support=2,
        min_llr=0.0,
        prior=2.0,
        discount=0.5,
        threads=2,
        backend="numba",
    )
    return found.score.tolist(), os.getpid(), os.getppid()
