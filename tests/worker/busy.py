"""A long job of ours in a process of its own, for a test that looks at what happens beside it.

    python -m tests.worker.busy rebuild|import|publish|sync|forget|count

It prepares, makes the file JOB.ready, and begins when the test has made JOB.go.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

FOLDER = Path(os.environ["WORKER_FOLDER"])
LINES = 20_000
SLATES, SLOTS = 4_000, 8
SEARCHES, TERMS, LOOKS = 400, 40, 20
SWITCHES = 30
BETWEEN_SECONDS = 0.1
"""People publish now and then. Without a pause the test would measure how SQLite queues."""


def rebuild() -> Callable[[], None]:
    """All kinds, from the history that is there."""
    from persona_django.model_registry.models import ModelVersion
    from persona_django.similarity.models import NeighbourRow

    newest = ModelVersion.objects.order_by("-id").values_list("id", flat=True)

    def job() -> None:
        before = newest.first() or 0
        call_command("persona_rebuild", force=True, verbosity=0)
        live = ModelVersion.objects.get(kind="similar", status=ModelVersion.Status.LIVE)
        assert live.pk > before
        assert NeighbourRow.objects.filter(version_id=live.pk).count() > 5_000

    return job


def take_in() -> Callable[[], None]:
    """A file of orders."""
    from persona_django.catalogue.models import Item
    from persona_django.importing.models import ImportRun
    from tests.shop.models import Product

    # Whichever job had the shop before: orders of what is sensitive are not taken in.
    Item.objects.filter(sensitive=True).update(sensitive=False)
    products, path = Product.objects.count(), FOLDER / "orders.csv"
    with path.open("w") as file:
        print("user_id,item_id,timestamp,price,quantity,basket_id", file=file)
        for n in range(LINES):
            item, moment = f"Tea {n * 7919 % products}", 1_600_000_000 + n
            print(f"{n % 900},{item},{moment},1.5,1,{n // 9}", file=file)

    def job() -> None:
        given = {"model": "shop.product", "item_field": "name", "verbosity": 0}
        call_command("persona_import", str(path), **given)
        assert ImportRun.objects.get().stored == LINES

    return job


def publish_and_roll_back() -> Callable[[], None]:
    """Between two complete versions, again and again."""
    from persona_django.model_registry import publish

    older, newer = (_built() for _ in range(2))
    publish.roll_back("similar")

    def job() -> None:
        for _ in range(SWITCHES // 2):
            publish.publish(newer)
            time.sleep(BETWEEN_SECONDS)
            assert publish.roll_back("similar") == older
            time.sleep(BETWEEN_SECONDS)

    return job


def _built() -> Any:
    from persona_django.model_registry import publish
    from persona_django.training.rebuild import rebuild

    version_id = rebuild("similar", force=True).version_id
    return publish.versions("similar").get(pk=version_id)


def sync() -> Callable[[], None]:
    """After every price was changed past us."""
    from django.db.models import F

    from persona_django.catalogue.models import Item
    from tests.shop.models import Product

    Product.objects.update(price=F("price") + 1)
    price = Item.objects.values_list("price", flat=True).order_by("-price")

    def job() -> None:
        before = price[0]
        call_command("persona_sync", verbosity=0)
        assert price[0] > before

    return job


def forget() -> Callable[[], None]:
    """What a tenth of the catalogue left in the log and in slates before it became sensitive."""
    import numpy as np

    from persona_django.catalogue.models import Item
    from persona_django.feedback import retention
    from persona_django.feedback.models import ServedSlate
    from persona_django.tracking.models import Event

    ids = np.array(Item.objects.order_by("id").values_list("id", flat=True), dtype="<i8")
    marked = ids[::10].tolist()
    ServedSlate.objects.bulk_create(
        ServedSlate(
            shopper=n,
            uid=n,
            at=int(time.time()),
            items=ids[np.arange(n, n + SLOTS) % len(ids)].tobytes(),
            seen=2**SLOTS - 1,
        )
        for n in range(SLATES)
    )
    for item in marked:
        Item.objects.filter(pk=item).update(sensitive=True)

    def job() -> None:
        retention.delete_old(beat=lambda: None)
        assert not Event.objects.filter(item_id__in=marked[:500]).exists()
        emptied = ServedSlate.objects.exclude(seen=2**SLOTS - 1).count()
        assert emptied > SLATES / 2

    return job


def count_searches() -> Callable[[], None]:
    """And what a crowd looked at after each of them."""
    from persona_django.catalogue.models import Item
    from persona_django.identity.models import Visitor
    from persona_django.tracking import searches
    from persona_django.tracking.models import Event, Intent, SearchFind, SearchTerm
    from persona_django.tracking.schema import Kind

    now = int(time.time())
    began = now - 7_200
    terms = [f"tea {n}" for n in range(TERMS)]
    SearchTerm.objects.bulk_create(
        SearchTerm(term=searches.term_of(words), words=words, visitors=9, asked=9, last_at=now)
        for words in terms
    )
    people = range(10_000_000, 10_000_000 + SEARCHES)
    Visitor.objects.bulk_create(Visitor(key=key, purposes="measure", standing=1) for key in people)
    Intent.objects.bulk_create(
        Intent(
            shopper=key, uid=1, kind=Intent.Kind.SEARCH, at=began, words=terms[key % TERMS],
            results=3,
        )
        for key in people
    )  # fmt: skip
    ids = Item.objects.order_by("id").values_list("id", flat=True)[: TERMS * LOOKS]
    Event.objects.bulk_create(
        Event(shopper=key, uid=item, kind=Kind.VIEW, item_id=item, at=began + 60)
        for key in people
        for item in ids[key % TERMS * LOOKS :][:LOOKS]
    )

    def job() -> None:
        assert searches.count_over(1, now=now) == SEARCHES
        assert SearchFind.objects.filter(what=SearchFind.What.LOOKED).count() == TERMS * LOOKS

    return job


JOBS = {
    "rebuild": rebuild,
    "import": take_in,
    "publish": publish_and_roll_back,
    "sync": sync,
    "forget": forget,
    "count": count_searches,
}


def main(name: str) -> None:
    django.setup()
    job = JOBS[name]()
    (FOLDER / f"{name}.ready").touch()
    while not (FOLDER / f"{name}.go").exists():
        time.sleep(0.005)
    job()


if __name__ == "__main__":
    main(sys.argv[1])
