"""What the demo prints when it is done, for somebody who sees the project for the first time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from example_shop import origin
from example_shop.loaders.filling import STAFF
from example_shop.management.demonstration.run import PASSWORD, Result
from example_shop.simulator.scoring import Quality

KINDS = {
    "similar": "similar items",
    "bought-together": "bought together",
    "popular": "popular items",
}


def report(result: Result) -> Iterator[str]:
    """Everything but the addresses: what is in the shop, what was learnt, how good it is."""
    yield from _shop(result)
    yield from _learnt(result)
    yield from _known(result)
    yield from _dismissed(result)
    yield from _quality(result.quality)


def _shop(result: Result) -> Iterator[str]:
    count = result.counts
    yield ""
    held = origin.told()
    title = held.title if held else result.wanted.data
    again = ", as filled before" if result.was_filled else ""
    yield f"The shop: {title}{again}"
    variants = f" in {count['variants']:,} variants" * (count["variants"] > count["products"])
    yield (
        f"  {count['products']:,} products{variants}, "
        f"{count['customers']:,} customers, {count['orders']:,} orders with "
        f"{count['order_lines']:,} lines ({count['refunded_lines']:,} refunded)"
    )
    if result.events:
        yield (
            f"  {result.events:,} looks and carts imported from the log of those who agreed; "
            "visitors with a cookie are yet to come"
        )
    if result.shop and not result.was_filled:
        for reason, rows in result.shop.left_out.items():
            if rows:
                yield f"  left out: {rows:,} {reason}"
        for note in result.shop.notes:
            yield f"  note: {note}"


def _learnt(result: Result) -> Iterator[str]:
    yield ""
    read = max((one.figures.get("rows_read", 0) for one in result.outcomes), default=0)
    yield f"What was learnt from {read:,} order lines, looks and carts"
    for outcome in result.outcomes:
        name = KINDS.get(outcome.kind, outcome.kind)
        if outcome.live:
            yield f"  {name:<16} version {outcome.version_id} is live: {_figures(outcome.figures)}"
            continue
        yield f"  {name:<16} not live: {outcome.reason}"
        yield f"  {'':<16} Its blocks show popular and new products of the same category instead."


def _figures(figures: Mapping[str, Any]) -> str:
    """What a version covers, in words."""
    products = f"{figures.get('items', 0):,} products"
    return f"{figures['pairs']:,} pairs of {products}" if "pairs" in figures else products


def _known(result: Result) -> Iterator[str]:
    if not result.known:
        return
    yield ""
    yield "Best sellers of ten categories and what goes with them (shoppers behind each pair)"
    for one in result.known:
        for line in one.lines():
            yield f"  {line}"


def _dismissed(result: Result) -> Iterator[str]:
    if result.dismissed is None:
        return
    yield ""
    yield from result.dismissed.lines()


def _quality(measured: list[Quality]) -> Iterator[str]:
    if not measured:
        return
    yield ""
    yield "How good that is, between a floor (random lists) and a ceiling (an oracle that knows"
    yield "the truth of this invented shop; no real shop has one)"
    for one in measured:
        yield f"  {one.line()}"
        yield f"      {one.question}"


def addresses(result: Result, port: int) -> Iterator[str]:
    """Where to look, and as whom."""
    shop = f"http://127.0.0.1:{port}"
    yield ""
    yield f"Open {shop}/ and look at a product: its blocks show what was learnt."
    yield f"Sign in at {shop}/sign-in/ with the password {PASSWORD} as"
    for name, note in result.demo_shoppers:
        yield f"  {name:<36} {note}"
    yield f"  {STAFF:<36} Staff: versions, neighbours and rules at {shop}/admin/"
    yield ""
    command = f"{_this_python()} manage.py"
    yield "Nothing runs in the background. What you did there is learnt by, in another terminal:"
    yield f"  {command} persona_run       what is due: who counts, what silence says"
    yield f"  {command} persona_rebuild   learn everything anew"


def _this_python() -> str:
    """The interpreter that has all of it, as it is called from here."""
    here = Path(sys.executable)
    return str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)
