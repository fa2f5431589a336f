"""Whether the shop's orders moved: told by its signals, found from figures where none was sent.

Orders stay in the shop's tables and are read there. All that is kept is a revision, the state's
"orders", which whoever learns from orders compares with the one it has seen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from django.db import DatabaseError, models, router
from django.db.models import Count, Max, Q, Sum

from persona_django import counters
from persona_django.breaker import database_call
from persona_django.catalogue import state, tables
from persona_django.catalogue.maps import OrderMap
from persona_django.catalogue.models import State
from persona_django.catalogue.paths import relations_on
from persona_django.catalogue.registry import order_maps
from persona_django.commits import Batch, after_commit
from persona_django.forking import Lock
from persona_django.tracking.lines import readable

REVISION = "orders"
FIGURES = "orders_figures"
"""Name of the number that the figures of all orders gave at the last look."""
MOST_AT_ONCE = 10
"""Times that the revision is raised in a row. A loop over many orders raises it once a second."""
REFILL_SECONDS = 1.0
SUMMED = ("quantity", "refunded_quantity")
"""What may change without a new line: each is summed up, so that a refund is noticed."""


class _Orders(Batch):
    """All orders that one transaction saved or deleted; that there were some is enough."""

    def __call__(self) -> None:
        """Raise the revision, unless a loop of the shop's has just done so."""
        try:
            if _allowance.take():
                with database_call(router.db_for_write(State)):
                    state.bump(REVISION)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the shop's checkout
            if isinstance(error, DatabaseError) and tables.is_missing_table(error):
                counters.count("tables_missing")
                tables.say_migrate()
                return
            counters.failed("orders_unnoted", _UNNOTED, error=error)


_UNNOTED = (
    "That an order changed could not be noted. The shop is not affected, and the hourly reconcile "
    "notices it."
)


def note(using: str) -> None:
    """An order was saved or deleted on this database. Never raises."""
    try:
        after_commit(_Orders, using, lambda batch: None)
    except Exception as error:  # noqa: BLE001 - as above
        counters.failed("orders_unnoted", _UNNOTED, error=error)


def models_of_orders() -> list[type[models.Model]]:
    """Every model whose rows say what was bought: the lines, and what their maps lead through.

    Not the customer's, whose every sign-in would look like an order.
    """
    found: dict[type[models.Model], None] = {}
    for order_map in order_maps():
        found[order_map.model] = None
        paths = [order_map.path(name) or "" for name in ("order", "placed_at", *SUMMED)]
        paths += _paths_of(order_map.counts) if order_map.counts is not None else []
        for path in paths:
            for relation, _ in relations_on(order_map.model, path):
                found[relation.related_model] = None
    return list(found)


def _paths_of(condition: Q) -> Iterator[str]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _paths_of(child)
        elif isinstance(child, tuple):
            yield child[0]


def reconcile(*, store: int = 1, fence: int = 0) -> bool:
    """Raise the revision where the figures of the orders moved since the last look.

    Finds what sent no signal: lines made in bulk, refunds written by an UPDATE, another program.
    A number, a highest key and two sums for each order map, whatever its length. Raises BrokenMap
    where a map cannot be read.
    """
    now = _figures()
    if state.read_state(store, fresh=True).get(FIGURES) == now:
        return False
    # The revision first: killed in between, the next look finds it once more.
    state.bump(REVISION, store)
    state.point(FIGURES, now, fence=fence, store=store)
    return True


def _figures() -> int:
    digest = blake2b(digest_size=8)
    for order_map in sorted(order_maps(), key=lambda one: one.label):
        digest.update(repr((order_map.label, _of_map(order_map))).encode())
    return int.from_bytes(digest.digest(), "big") >> 1


def _of_map(order_map: OrderMap) -> list[str]:
    asked: dict[str, Any] = {"lines_": Count("pk"), "highest_": Max("pk")}
    for name in SUMMED:
        if path := order_map.path(name):
            asked[f"{name}_"] = Sum(path)
    with readable(order_map):
        found = order_map.lines().order_by().aggregate(**asked)
    return [str(found[name]) for name in asked]


class _Allowance:
    """How often this process may raise the revision: a loop over orders does once a second."""

    def __init__(self) -> None:
        self._left = float(MOST_AT_ONCE)
        self._at = time.monotonic()
        self._lock = Lock()

    def take(self) -> bool:
        """Whether it may be raised now."""
        with self._lock:
            now = time.monotonic()
            self._left = min(self._left + (now - self._at) / REFILL_SECONDS, MOST_AT_ONCE)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


_allowance = _Allowance()


def forget() -> None:
    """Raise it at the next order. For tests."""
    global _allowance
    _allowance = _Allowance()
