"""How long one block takes on a product page, in a warm process, with the shop's query and card.

    python -m benchmarks.block_latency
    DATABASE_URL=postgres://postgres@127.0.0.1:5432/test python -m benchmarks.block_latency

Fills a test database of its own beside the one that DATABASE_URL names (SQLite in a file, because
that is what a shop has) with products, popularity and 50 neighbours for each of them, renders
blocks for products drawn as shoppers would draw them, and removes it all again. Beside them, in
turns, the same number of products is queried and rendered without the app, by a view that knows
which: what no shop can do without, so that a slow machine is seen to be one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.findings import TITLES, Finding, add_option, hand_over

WARM_UP = 200
P50_MS, P95_MS = 3.0, 8.0
"""Aims for one block."""

BY_HAND = "as many cards without the app"
BY_HAND_PAGE = """{% load i18n %}<section><h2>Similar items</h2><ul>{% for product in products %}
<li><article>{% if product.picture %}
<img src="{{ product.picture }}" alt="" loading="lazy">{% endif %}
<h3><a href="{{ product.get_absolute_url }}">{{ product.name }}</a></h3>
<p>{% translate "Price now" %} <ins>{{ product.price }} EUR</ins>
{% if product.list_price %}{% translate "Price before" %}
<del>{{ product.list_price }} EUR</del>{% endif %}</p>
</article></li>{% endfor %}</ul></section>"""

CASES = {
    "one block, our card": '{% persona_block "similar-items" product %}',
    "one block, a card of the shop's own": (
        '{% persona_slots "similar-items" product as slots %}{% for slot in slots %}<li '
        "{{ slot.attrs }}>{{ slot.product.name }} {{ slot.product.price }}</li>{% endfor %}"
    ),
    "two blocks of one page": (
        '{% persona_block "similar-items" product %}{% persona_block "bought-together" product %}'
    ),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--products", type=int, default=50_000)
    options.add_argument("--renders", type=int, default=2_000)
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    add_option(options)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/shop.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        figures = measure(chosen.products, chosen.renders, Path(folder))
    hand_over(findings(figures), chosen.findings)
    if chosen.json:
        print(json.dumps(figures))
        return
    print(f"{figures['products']} products on {figures['database']}, milliseconds")
    print(f"{'':38}{'p50':>8}{'p95':>8}{'p99':>8}{'cpu p50':>9}{'queries':>9}")
    for name, row in figures["cases"].items():
        figure = "".join(f"{row[column]:8.2f}" for column in ("p50", "p95", "p99"))
        print(f"{name:38}{figure}{row['cpu']:9.2f}{row['queries']:9.2f}")


def findings(figures: dict[str, Any]) -> list[Finding]:
    """One block with our card, which is what most shops will have."""
    one = figures["cases"]["one block, our card"]
    by_hand = figures["cases"][BY_HAND]
    return [
        Finding(
            name=f"a block on a product page, {percentile}, {TITLES[figures['database']]}",
            value=one[percentile],
            unit="ms",
            limit=limit,
            beside=beside,
        )
        for percentile, limit, beside in (
            (
                "p50",
                P50_MS,
                f"as many cards without the app {by_hand['p50']:.2f} ms, so "
                f"{one['p50'] / by_hand['p50']:.2f} x; the processor's time {one['cpu']:.2f} ms",
            ),
            ("p95", P95_MS, f"as many cards without the app {by_hand['p95']:.2f} ms"),
        )
    ]


def measure(products: int, renders: int, folder: Path) -> dict[str, Any]:
    """Build the shop, then time every case in turns."""
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.db import connection

    # Tables straight from the models: the test shop has no migrations.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    if connection.vendor == "sqlite":
        # A test database of SQLite lives in memory unless it is given a name.
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "bench.db")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "bench.db")
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        fill(products)
        return {
            "database": connection.vendor,
            "products": products,
            "cases": time_cases(products, renders),
        }
    finally:
        connection.creation.destroy_test_db("bench", verbosity=0)


def fill(products: int) -> None:
    """A shop of many products with learnt versions that nobody had to learn."""
    import numpy as np

    from persona_django.catalogue.snapshot import build_snapshot, current_snapshot
    from persona_django.catalogue.sync import sync
    from tests.shop.models import Brand, Category, Product

    rng = np.random.default_rng(1)
    categories = [
        Category.objects.create(path=f"Department {d} > Kind {k}")
        for d in range(20)
        for k in range(10)
    ]
    brands = [Brand.objects.create(name=f"Brand {number}") for number in range(300)]
    Product.objects.bulk_create(
        [
            Product(
                name=f"Product {number} with a name of usual length",
                category=categories[number % len(categories)],
                brand=brands[number % len(brands)],
                price=number % 9_000 / 100 + 1,
                list_price=number % 9_000 / 100 + 2,
                # One in thirty has just sold out, so that the next best has to step in.
                stock=int(rng.integers(0, 30)),
                picture=f"/media/{number}.jpg",
            )
            for number in range(products)
        ],
        batch_size=1_000,
    )
    sync()
    build_snapshot()
    snapshot = current_snapshot()
    assert snapshot is not None
    ids = np.asarray(snapshot.item_id)
    for kind in ("similar", "bought-together"):
        publish_relation(kind, ids, rng)
    publish_popularity(ids, rng)
    # What sold out after learning: the snapshot does not know it yet.
    Product.objects.filter(pk__in=rng.choice(products, products // 50).tolist()).update(stock=0)


def publish_relation(kind: str, ids: Any, rng: Any) -> None:
    """Fifty neighbours for every item."""
    import numpy as np

    from persona_django.catalogue import state
    from persona_django.columns.write import write_rows
    from persona_django.model_registry.models import ModelVersion
    from persona_django.numeric.neighbours import Neighbours
    from persona_django.similarity.models import NeighbourRow
    from persona_django.similarity.packing import pack_rows
    from persona_django.similarity.relations import RELATIONS

    n, k = len(ids), 50
    support = np.sort(rng.integers(5, 4_000, (n, k)), axis=1)[:, ::-1]
    neighbours = Neighbours(
        indptr=np.arange(0, n * k + 1, k),
        item=rng.integers(0, n, n * k).astype(np.int32),
        score=(support / 4_000).ravel().astype(np.float32),
        support=support.ravel().astype(np.int32),
        llr=np.full(n * k, 50, dtype=np.float32),
        item_support=np.full(n, 5_000, dtype=np.int32),
        owners=200_000,
    )
    relation = RELATIONS[kind]
    version = ModelVersion.objects.create(
        kind=kind, relation=relation, status=ModelVersion.Status.LIVE, fence=1
    )
    columns = {
        "version_id": np.full(n, version.pk, dtype=np.int64),
        "relation": np.full(n, relation, dtype=np.int16),
        "item_id": ids,
        "data": pack_rows(neighbours, ids),
    }
    write_rows("default", NeighbourRow, columns)
    state.point(kind, version.pk, fence=1, relation=relation)


def publish_popularity(ids: Any, rng: Any) -> None:
    """Every item with some popularity."""
    import numpy as np

    from persona_django.artefacts import store
    from persona_django.catalogue import state
    from persona_django.model_registry.live import POPULAR, POPULAR_SCHEMA
    from persona_django.model_registry.models import ModelVersion
    from persona_django.tracking.situations import SITUATIONS

    arrays = {
        "group_id": ids,
        "score": rng.random(len(ids)),
        "shoppers": np.full(len(ids), 100, dtype=np.int64),
        "lift": rng.uniform(0.5, 2, (len(ids), len(SITUATIONS))).astype(np.float32),
    }
    version = ModelVersion.objects.create(
        kind=POPULAR,
        status=ModelVersion.Status.LIVE,
        fence=1,
        artefact_id=store.save("popular/1", arrays, schema=POPULAR_SCHEMA),
    )
    state.point(POPULAR, version.pk, fence=1)


def time_cases(products: int, renders: int) -> dict[str, dict[str, float]]:
    """Render the cases in turns, so that noise of the machine falls on all of them alike."""
    import numpy as np
    from django.db import connection

    rng = random.Random(7)
    drawn = draw_products(products, renders + WARM_UP, rng)
    cases = {name: renderer(text) for name, text in CASES.items()}
    cases[BY_HAND] = by_hand(products)
    times: dict[str, list[float]] = {name: [] for name in cases}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    queries: dict[str, int] = dict.fromkeys(cases, 0)
    for number, product in enumerate(drawn):
        for name, render in cases.items():
            started, computed = time.perf_counter(), time.thread_time()
            render(product)
            if number >= WARM_UP:
                times[name].append((time.perf_counter() - started) * 1_000)
                cpu[name].append((time.thread_time() - computed) * 1_000)
    counted = drawn[-100:]
    for name, render in cases.items():
        counter = QueryCounter()
        with connection.execute_wrapper(counter):
            for product in counted:
                render(product)
        queries[name] = counter.seen
    return {
        name: {
            **{f"p{q}": float(np.percentile(taken, q)) for q in (50, 95, 99)},
            "cpu": float(np.percentile(cpu[name], 50)),
            "queries": queries[name] / len(counted),
        }
        for name, taken in times.items()
    }


class QueryCounter:
    """Counts statements without keeping them, as Django's own log would."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.seen += 1
        return execute(sql, params, many, context)


def draw_products(products: int, n: int, rng: random.Random) -> list[Any]:
    """Products as shoppers look at them: a few very often, most hardly ever."""
    from tests.shop.models import Product

    weights = [1 / (rank + 1) for rank in range(products)]
    keys = rng.choices(range(1, products + 1), weights, k=n)
    found = Product.objects.in_bulk(set(keys))
    return [found[key] for key in keys if key in found]


def by_hand(products: int) -> Callable[[Any], str]:
    """Queries and renders six products beside one, without anything of ours."""
    from django.template import engines
    from django.test import RequestFactory

    from tests.shop.models import Product

    template = engines["django"].from_string(BY_HAND_PAGE)
    factory = RequestFactory()

    def render(product: Any) -> str:
        keys = [(product.pk + 7_919 * step) % products + 1 for step in range(1, 7)]
        beside = Product.objects.select_related("category", "brand").filter(
            is_active=True, stock__gt=0, pk__in=keys
        )
        return str(template.render({"products": beside}, factory.get("/product/1/")))

    return render


def renderer(text: str) -> Callable[[Any], str]:
    """Renders one template for a product, each time for a request of its own."""
    from django.template import engines
    from django.test import RequestFactory
    from django.urls import resolve

    template = engines["django"].from_string("{% load persona %}" + text)
    factory = RequestFactory()
    match = resolve("/product/1/")
    match.url_name = f"bench-{abs(hash(text))}"

    def render(product: Any) -> str:
        request = factory.get("/product/1/")
        match.view_name = match.url_name
        request.resolver_match = match
        return str(template.render({"product": product}, request))

    return render


if __name__ == "__main__":
    main()
