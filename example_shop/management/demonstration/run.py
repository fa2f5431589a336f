"""The steps of the demo, from an empty database to published versions."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import Any

import django
import numpy as np
from django.db import connection
from numpy.typing import NDArray

from example_shop.loaders import browsing, filling, sources
from example_shop.loaders.shop_data import ShopData
from example_shop.loaders.sources import Read, Wanted
from example_shop.management.demonstration import database, dismissal, quality, words
from example_shop.management.demonstration.progress import Say, Steps
from example_shop.models import Customer, Order, OrderLine, Product
from example_shop.simulator.scoring import Quality
from persona_django.catalogue.building import build_snapshot
from persona_django.catalogue.sync import SyncReport, sync
from persona_django.training.rebuild import Outcome, rebuild_all

PASSWORD = "persona-demo"  # noqa: S105 - printed on purpose; the shop serves this machine only


@dataclass(kw_only=True)
class Result:
    """Everything the demo has to tell."""

    wanted: Wanted
    was_filled: bool
    shop: ShopData | None = None
    synced: SyncReport | None = None
    events: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    quality: list[Quality] = field(default_factory=list)
    known: list[words.Known] = field(default_factory=list)
    dismissed: dismissal.Dismissed | None = None
    counts: dict[str, int] = field(default_factory=dict)
    demo_shoppers: list[tuple[str, str]] = field(default_factory=list)
    """Sign-in name and what is interesting about each."""


def run(wanted: Wanted, *, fresh: bool, steps: Steps) -> Result:
    """Fill the shop unless it is filled already, take it in, learn, and measure."""
    with steps.step("Making the database"):
        wanted = database.prepare(wanted, fresh=fresh)
    result = Result(wanted=wanted, was_filled=not filling.is_empty())
    read = _fill(result, steps)
    with steps.step("Taking in the catalogue") as say:
        result.synced = sync(progress=_as(say, "products"))
    if not result.was_filled and read is not None and read.shop.browsing is not None:
        with steps.step("Taking in visits") as say:
            known = _filled(read.shop)
            result.events = browsing.hand_over(read.shop.browsing, known, progress=say)
    with steps.step("Snapshot of the catalogue"):
        build_snapshot()
    with steps.step("Learning what belongs together") as say:
        result.outcomes = rebuild_all(progress=say)
    if read is not None and read.world is not None:
        with steps.step("Measuring against the truth") as say:
            keys = _filled(read.shop).products
            result.quality = quality.measure(read.world, keys, progress=say)
    result.known = words.best_known()
    result.dismissed = dismissal.try_out()
    result.counts = _counts(result)
    noted = Customer.objects.exclude(demo_note="").select_related("user").order_by("id")
    result.demo_shoppers = [(one.user.get_username(), one.demo_note) for one in noted]
    return result


def figures(result: Result, steps: Steps) -> dict[str, Any]:
    """The same for machines: what `--json` writes."""
    return {
        "data": result.wanted.data,
        "shoppers": result.wanted.shoppers,
        "seed": result.wanted.seed,
        "today": result.wanted.today.isoformat(),
        "filled_before": result.was_filled,
        "steps": [{"name": one.name, "seconds": one.seconds} for one in steps.finished],
        "seconds": round(sum(one.seconds for one in steps.finished), 2),
        "counts": result.counts,
        "left_out": result.shop.left_out if result.shop else {},
        "versions": [
            {
                "kind": one.kind,
                "version": one.version_id,
                "live": one.live,
                "reason": one.reason,
                "figures": one.figures,
            }
            for one in result.outcomes
        ],
        "quality": [one.as_dict() for one in result.quality],
        "neighbours": [one.as_dict() for one in result.known],
        "dismissed": result.dismissed.as_dict() if result.dismissed else None,
        "made_with": {
            "python": platform.python_version(),
            "django": django.get_version(),
            "numpy": np.__version__,
            "database": connection.vendor,
        },
    }


def _fill(result: Result, steps: Steps) -> Read | None:
    """Read the data and write the shop. A filled shop is read again only for its known truth."""
    wanted = result.wanted
    if result.was_filled and wanted.data in sources.REAL:
        return None
    verb = "Reading" if wanted.data in sources.REAL else "Inventing"
    with steps.step(f"{verb} the shop") as say:
        read = sources.read(wanted, progress=say)
    result.shop = read.shop
    if not result.was_filled:
        with steps.step("Filling the shop") as say:
            filling.fill(read.shop, password=PASSWORD, progress=say)
            database.note(wanted, read.shop)
    return read


def _filled(shop: ShopData) -> filling.Filled:
    """Keys of the shop's rows in the loader's order, also when they were written another day."""
    product = dict(Product.objects.values_list("sku", "pk"))
    user = dict(Customer.objects.values_list("user__username", "user_id"))
    return filling.Filled(
        products=_keys(product, shop.products.sku), users=_keys(user, shop.customers.username)
    )


def _keys(of: dict[str, int], names: Any) -> NDArray[np.int64]:
    return np.array([of.get(name, 0) for name in names], dtype=np.int64)


def _as(say: Say, part: str) -> Any:
    return lambda done, total: say(part, done, total)


def _counts(result: Result) -> dict[str, int]:
    return {
        "products": Product.objects.filter(face=0).count(),
        "variants": Product.objects.count(),
        "customers": Customer.objects.count(),
        "orders": Order.objects.count(),
        "order_lines": OrderLine.objects.count(),
        "refunded_lines": OrderLine.objects.filter(refunded__gt=0).count(),
        "visit_events": result.events,
    }
