"""How good the learnt neighbours are, measured on shops whose truth is known.

    python -m benchmarks.simulated_quality [--seeds 3] [--shoppers 2000] [--products 1000]
        [--family taste|errand|both] [--json FILE]

Each seed is another shop. What is learnt from a year is judged by the planted truth and by the
month after it, between a floor (random lists) and a ceiling (an oracle that knows the truth). The
second family of shoppers acts by another mechanism; nothing is ever tuned on it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.findings import Finding, add_option, hand_over
from example_shop.loaders.simulated import log_days
from example_shop.simulator.history import DAY, Seen
from example_shop.simulator.scoring import LONG, Quality, judge_similar, judge_together
from example_shop.simulator.world import Family, World, simulate

SECONDS = 30.0
"""Most that 2,000 shoppers and 1,000 products may take to invent: well under a minute."""


def configure() -> None:
    """The learning reads settings; no database is touched."""
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            SECRET_KEY="benchmark",
            INSTALLED_APPS=[
                "django.contrib.contenttypes",
                "django.contrib.auth",
                "persona_django",
            ],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()


def evidence_of(world: World) -> Any:
    """What the shop may learn from, by the package's own rules for events and orders as read."""
    from persona_django.training.evidence import combine

    return combine(events_of(world), lines_of(world), snapshot_of(world), now=world.ends_at)


def events_of(world: World) -> Any:
    """Recent visits of those who agreed, as the log would hold them."""
    from persona_django.tracking.events import EventColumns
    from persona_django.tracking.schema import Basis, Kind

    views, people = world.history.views, world.oracle.people
    agreed = np.concatenate([people.consents, ~world.history.robot_is_honest])
    rows = np.flatnonzero(agreed[views.shopper] & (views.at >= world.ends_at - log_days() * DAY))
    kind = np.where(views.kind[rows] == Seen.CART, Kind.CART_ADD, Kind.VIEW)
    return EventColumns(
        shopper=views.shopper[rows],
        item=views.product[rows] + 1,
        kind=kind.astype(np.int16),
        at=views.at[rows],
        order=np.zeros(len(rows), dtype=np.int64),
        quantity=np.ones(len(rows), dtype=np.int32),
        basis=np.full(len(rows), Basis.CONSENT, dtype=np.int16),
        value=np.zeros(len(rows), dtype=np.int16),
        context=np.zeros(len(rows), dtype=np.int16),
    )


def lines_of(world: World) -> Any:
    """Paid orders of everybody, without what came back, as the shop's tables would give them."""
    from persona_django.tracking.orders import OrderLines

    lines, orders = world.history.lines, world.history.orders
    kept = np.flatnonzero(orders.paid[lines.order] & (lines.quantity > lines.refunded))
    order = lines.order[kept]
    return OrderLines(
        shopper=orders.shopper[order],
        item=lines.product[kept] + 1,
        order=order,
        at=orders.at[order],
        quantity=(lines.quantity - lines.refunded)[kept].astype(np.int32),
    )


def snapshot_of(world: World) -> Any:
    """Every product as a family of its own. Item ids begin with 1; the rest plays no part here."""
    from persona_django.catalogue.snapshot import Snapshot

    size = world.catalogue.size
    item_id, nothing = np.arange(1, size + 1), np.zeros(size, dtype=np.int64)
    return Snapshot(
        revision=1,
        item_id=item_id,
        group_id=item_id,
        ref=item_id,
        model=nothing.astype(np.int16),
        category=nothing.astype(np.int32),
        brand=nothing.astype(np.int32),
        price=nothing,
        list_price=nothing,
        available=nothing == 0,
        stock=nothing.astype(np.int32),
        margin=nothing.astype(np.float32),
        published_at=nothing,
        sensitive=nothing != 0,
        retired=nothing != 0,
        labels=("shop.product",),
        categories=("",),
        brands=("",),
        arrays={},
    )


def lists_of(arrays: dict[str, NDArray[Any]], products: int) -> NDArray[np.int64]:
    """(products, 10) neighbours as learnt, -1 where there are fewer."""
    lists = np.full((products, LONG), -1, dtype=np.int64)
    ids, indptr = arrays["item_ids"], arrays["indptr"]
    for row, item_id in enumerate(ids.tolist()):
        near = ids[arrays["item"][indptr[row] : indptr[row + 1]][:LONG]]
        lists[item_id - 1, : len(near)] = near - 1
    return lists


def judge(world: World) -> dict[str, list[Quality]]:
    """Learn from the world as a shop would, and measure."""
    from persona_django.training import similarity

    evidence = evidence_of(world)
    size = world.catalogue.size
    similar = similarity.learn(similarity.rows_for_similar(evidence), _silent)
    together = similarity.learn(similarity.rows_for_bought_together(evidence), _silent)
    return {
        "similar": judge_similar(world, lists_of(similar, size)),
        "bought-together": judge_together(world, lists_of(together, size)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shoppers", type=int, default=2_000)
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--family", choices=["taste", "errand", "both"], default="both")
    parser.add_argument("--json", default="")
    add_option(parser)
    asked = parser.parse_args()
    configure()
    families = list(Family) if asked.family == "both" else [Family(asked.family)]
    written: list[dict[str, Any]] = []
    inventing: list[float] = []
    for family in families:
        print(f"\nFamily of shoppers: {family.value}")
        found: dict[tuple[str, int], list[Quality]] = defaultdict(list)
        for seed in range(1, asked.seeds + 1):
            started = time.perf_counter()
            world = simulate(
                shoppers=asked.shoppers, products=asked.products, seed=seed, family=family
            )
            inventing.append(time.perf_counter() - started)
            for relation, measured in judge(world).items():
                for place, one in enumerate(measured):
                    found[relation, place].append(one)
                    written.append(
                        {"family": family.value, "seed": seed, "relation": relation}
                        | one.as_dict()
                    )
            took = time.perf_counter() - started
            print(f"  seed {seed}: invented in {inventing[-1]:.1f} s, with learning {took:.1f} s")
        _print(found)
    slowest = Finding(
        name=f"simulator: {asked.shoppers:,} shoppers, {asked.products:,} products, slowest",
        value=max(inventing),
        unit="s",
        limit=SECONDS,
        beside=", ".join(f"{seconds:.1f} s" for seconds in inventing),
    )
    hand_over([slowest], asked.findings)
    if asked.json:
        Path(asked.json).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _print(found: dict[tuple[str, int], list[Quality]]) -> None:
    """Means over the seeds, with the lowest and the highest of what was learnt."""
    print(
        f"  {'relation':<16} {'measure':<32} {'floor':>7} {'learnt':>7} {'ceiling':>8}"
        f"   {'lowest to highest':<18} cases a seed"
    )
    for (relation, _), some in found.items():
        learnt = [one.found for one in some]
        print(
            f"  {relation:<16} {some[0].measure:<32} "
            f"{statistics.mean(one.floor for one in some):7.1%} {statistics.mean(learnt):7.1%} "
            f"{statistics.mean(one.ceiling for one in some):8.1%}   "
            f"{min(learnt):.1%} to {max(learnt):.1%}    "
            f"{round(statistics.mean(one.cases for one in some)):,}"
        )


def _silent(done: int, total: int) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    main()
