"""The steps of `end_to_end`, each run in a process of its own.

    python -m benchmarks.end_to_end_steps '["learn", URL, FOLDER, SHAPE, SIZE, FULLER]'

The last line of the output is the step's figures as JSON. A step that somebody may want to watch
prints the line BEGINS when what is measured begins.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks.event_rows import NOW, history
from benchmarks.generators import interactions
from benchmarks.memory import peak_megabytes

THREADS = 2
BEGINS = "begins"
PUBLISHED, PAUSE = 30, 0.05
"""Times that a version is taken back and published again, and seconds between two such changes:
without them a customer would wait for several in a row, which no shop does."""


def configure(url: str, folder: str, **persona: Any) -> None:
    """A shop with nothing but our tables, in this process."""
    import environ
    from django.conf import settings

    database = environ.Env.db_url_config(url)
    if url.startswith("sqlite"):
        database["OPTIONS"] = {"init_command": "PRAGMA journal_mode=wal;", "timeout": 60}
    settings.configure(
        SECRET_KEY="benchmark",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "persona_django"],
        DATABASES={"default": database},
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PERSONA={"CACHE_FOLDER": folder, "LEARNING_THREADS": THREADS, **persona},
    )
    import django

    django.setup()


def fill(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """Write the history as raw rows."""
    # Nobody else writes here: no pauses, large transactions.
    configure(url, folder, WRITE_CHUNK_ROWS=200_000, WRITE_PAUSE=timedelta())
    from django.core.management import call_command

    from persona_django.catalogue.models import Item
    from persona_django.catalogue.refs import refs_of
    from persona_django.catalogue.snapshot import build_snapshot
    from persona_django.columns.write import write_rows
    from persona_django.tracking.models import Event

    call_command("migrate", run_syncdb=True, verbosity=0)
    keys = [str(number) for number in range(size["items"])]
    write_rows(
        "default",
        Item,
        {
            "model": ["shop.product"] * len(keys),
            "key": keys,
            "ref": refs_of("shop.product", keys),
            "title": [f"Product {key}" for key in keys],
        },
    )
    build_snapshot()
    events = history(shape, size, fuller=fuller)
    events["item_id"] += Item.objects.order_by("id").values_list("id", flat=True)[0]
    write_rows("default", Event, events)
    if url.startswith("postgres"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return {}


def learn(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """Rebuild `similar` as the command does; the kernel was compiled before the clock starts."""
    return rebuilt(url, folder, fuller)


def learn_by_fallback(
    url: str, folder: str, shape: str, size: dict[str, int], fuller: bool
) -> dict[str, Any]:
    """The same without the compiled kernel, for its memory."""
    return rebuilt(url, folder, fuller, SIMILARITY_BACKEND="scipy")


def rebuilt(url: str, folder: str, fuller: bool, **persona: Any) -> dict[str, Any]:
    """Figures of one rebuild."""
    configure(url, folder, **persona)
    import numpy as np

    from persona_django.numeric.neighbours import top_neighbours
    from persona_django.numeric.rows import Rows
    from persona_django.training.rebuild import rebuild

    rows = Rows(
        indptr=np.array([0, 2, 4]), item=np.array([0, 1, 0, 1], np.int32),
        weight=np.ones(4, np.float32), owner=np.arange(2, dtype=np.int32), n_items=2, n_owners=2,
    )  # fmt: skip
    if not persona:
        top_neighbours(rows, k=2, min_support=1, min_llr=0, prior=0, discount=0.5, threads=THREADS)
    print(BEGINS, flush=True)
    started = time.perf_counter()
    outcome = rebuild("similar", force=True)
    seconds = time.perf_counter() - started
    assert outcome.live, outcome.reason
    peak = peak_megabytes()
    figures = outcome.figures
    together = 0.0
    if fuller:
        started = time.perf_counter()
        outcome = rebuild("bought-together", force=True)
        together = time.perf_counter() - started
        assert outcome.live, outcome.reason
    return {
        "total": seconds,
        "stages": figures["seconds"],
        "pairs": figures["pairs"],
        "backend": figures["backend"],
        "peak_mb": peak,
        "together": together,
    }


def fold(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """Count the weeks that were over when the history ended."""
    configure(url, folder)
    from persona_django.tracking import folding
    from persona_django.tracking.models import Event

    print(BEGINS, flush=True)
    started = time.perf_counter()
    weeks = folding.fold(1, beat=_nothing, now=NOW)
    seconds = time.perf_counter() - started
    state = folding.folded(1)
    assert state is not None
    tail = Event.objects.filter(at__gte=state.until).count() / Event.objects.count()
    if url.startswith("postgres"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return {"seconds": seconds, "weeks": weeks, "tail": tail}


def _nothing() -> None:
    """Nobody else needs a turn here."""


def publish_in_turn(
    url: str, folder: str, shape: str, size: dict[str, int], fuller: bool
) -> dict[str, Any]:
    """Go back to the version before and publish the newer one again, over and over."""
    configure(url, folder)
    from persona_django.model_registry import publish

    newer = publish.live_version("similar")

    def again(kind: str) -> None:
        publish.publish(publish.versions(kind).get(pk=newer))

    print(BEGINS, flush=True)
    seconds = []
    for _ in range(PUBLISHED):
        for turn in (publish.roll_back, again):
            started = time.perf_counter()
            turn("similar")
            seconds.append(time.perf_counter() - started)
            time.sleep(PAUSE)
    return {"publishing_ms": 1000 * statistics.median(seconds), "times": len(seconds)}


def peer(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """implicit's cosine recommender, from arrays in memory to neighbours in memory."""
    import warnings

    import numpy as np
    from scipy.sparse import csr_matrix

    shopper, item = interactions(shape, **size)
    table = csr_matrix(
        (np.ones(len(shopper), np.float32), (shopper, item)),
        shape=(size["shoppers"], size["items"]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from implicit.nearest_neighbours import CosineRecommender

        started = time.perf_counter()
        CosineRecommender(K=50, num_threads=THREADS).fit(table, show_progress=False)
    return {"total": time.perf_counter() - started}


CHILDREN = {
    "fill": fill,
    "learn": learn,
    "fold": fold,
    "learn by fallback": learn_by_fallback,
    "publish in turn": publish_in_turn,
    "peer": peer,
}


if __name__ == "__main__":
    name, *rest = json.loads(sys.argv[1])
    print(json.dumps(CHILDREN[name](*rest)))
