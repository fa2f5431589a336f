"""How far false visits move what everybody is shown: an attacker rides on a popular thing.

    python -m benchmarks.poisoning [--shoppers 4000] [--products 1000] [--attackers 2]
        [--attack c] [--kind similar] [--undefended]

Three months of an invented shop are learnt from as they are, and again with 0.1, 1 and 5 % of the
visits added as false ones, each of which looks in turn at one of the shop's most popular things
and at the attacker's. The false ones pass through what stands before the learning; then the real
learning is done.

**Hits**: the share of all honest page views whose list of ten shows the attacker's thing. For
`similar` and `viewed-next` a view of a product shows its list; for `visit-next` the pages are
those of visits of the month after, each with what was looked at before it; `popular` and
`trending` are the same ten on every page. **Times**: how many times as many that are as without
the attack. **Beside**: hits among views of the popular thing alone. **Overlap**: how many of the
ten of the clean log are still there. All are means over attackers, who differ in what they ride on
and in how well known their own thing is.

`similar-counted` is `similar` as it is learnt once all weeks but the last are counts, which know
the days of what was done and not the visits: all of a visitor's day is one visit then.

What (f) sends are visits as honest people make them, by anything that is stored. No aim speaks of
it or of (e); both stand beside.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.false_visits import ATTACKS, Attack, past_the_door, sent
from benchmarks.findings import Finding, add_option, hand_over

SHARES = (0.001, 0.01, 0.05)
JUDGED = 0.01
"""Of the visits: the size that the aim speaks of."""
MOST_TIMES, LEAST_OVERLAP = 2.0, 0.9
PLACES = 10
ASKED = 600
"""Page views of later visits that `visit-next` answers."""
ANY = -1
COUNTED = "-counted"
KINDS = ("similar", f"similar{COUNTED}", "viewed-next", "visit-next", "popular", "trending")
RELATIONS = ("similar", f"similar{COUNTED}", "viewed-next")
"""Kinds with a list of its own for each thing: the popular thing's may not have the attacker's."""
KNOWN = (0.6, 0.4, 0.2)
"""How well known what attackers sell is: the share of all things that are looked at more."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Lists of one kind, each with the page views that show it."""

    lists: NDArray[np.int64]
    """(n, PLACES) items, -1 for an empty place."""
    views: NDArray[np.int64]
    on: NDArray[np.int64]
    """(n,) the item that each list stands beside; ANY: whichever."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one attack did to one kind of list."""

    hits: float
    beside: float
    overlap: float


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoppers", type=int, default=4_000)
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--attackers", type=int, default=2)
    parser.add_argument("--attack", action="append", choices=[one.name[1] for one in ATTACKS])
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument(
        "--undefended", action="store_true", help="visits to two things count, however many"
    )
    add_option(parser)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder), undefended=asked.undefended)
        shop = Shop(asked.shoppers, asked.products, asked.kind or list(KINDS))
        attacks = [one for one in ATTACKS if not asked.attack or one.name[1] in asked.attack]
        hand_over(list(measure(shop, attacks, asked.attackers)), asked.findings)


def configure(folder: Path, *, undefended: bool) -> None:
    """A database for what the attackers send, and settings as a shop has them by default."""
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/shop.sqlite3")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(folder / "cache")}
    if undefended:
        from persona_django.numeric import lone_pairs

        # No shop has so many visits, so nobody knows what is usual.
        lone_pairs.FEWEST_ROWS = 10**12
    call_command("migrate", run_syncdb=True, verbosity=0)


class Shop:
    """An invented shop, and what it would learn with some events more."""

    def __init__(self, shoppers: int, products: int, kinds: Sequence[str]) -> None:
        from benchmarks.simulated_quality import events_of, snapshot_of
        from example_shop.simulator.world import simulate
        from persona_django.numeric.visits import visits_of

        self.world = simulate(shoppers=shoppers, products=products, seed=1)
        self.kinds, self.products = kinds, products
        self.events, self.snapshot = events_of(self.world), snapshot_of(self.world)
        visits = visits_of(self.events.shopper, self.events.at, gap_seconds=1_800)
        self.visits = len(visits)
        self.views = np.bincount(self.events.item, minlength=products + 1)
        self.by_views = np.argsort(-self.views, kind="stable")
        self.asked = list(self._asked())
        print(f"{self.visits:,} visits of {len(np.unique(visits.shopper)):,} visitors")

    def _asked(self) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Some page views of the month after: what had been looked at, and when."""
        views = self.world.held_out.views
        order = np.lexsort((views.at, views.visit))
        visit, item, at = views.visit[order], views.product[order] + 1, views.at[order]
        drawn = np.random.default_rng(1).permutation(len(visit))[:ASKED]
        for place in np.sort(drawn).tolist():
            first = int(np.searchsorted(visit, visit[place]))
            yield item[first : place + 1], int(at[place])

    def learn(self, more: Any = None) -> dict[str, Shown]:
        """What each kind shows, learnt by its recipe."""
        from dataclasses import fields

        from persona_django.tracking.events import EventColumns
        from persona_django.training.evidence import combine, of_visits_that_count
        from persona_django.training.recipes import RECIPES

        events = self.events
        if more is not None:
            events = EventColumns(
                **{
                    field.name: np.concatenate(
                        [getattr(events, field.name), getattr(more, field.name)]
                    )
                    for field in fields(events)
                }
            )
        shown = {}
        for kind in self.kinds:
            recipe, some = RECIPES[kind.removesuffix(COUNTED)], events
            if kind.endswith(COUNTED):
                some = in_weeks(events, self.world.ends_at)
            if recipe.looks_back:
                since = self.world.ends_at - recipe.looks_back.total_seconds()
                some = events.take(events.at >= since)
            seen = combine(some, None, self.snapshot, now=self.world.ends_at)
            arrays = recipe.reduce(of_visits_that_count(seen))
            if recipe.learn is not None:
                arrays = recipe.learn(arrays, lambda done, total: None)
            shown[kind] = self._shown(kind, arrays)
        return shown

    def _shown(self, kind: str, arrays: dict[str, NDArray[Any]]) -> Shown:
        if kind == "visit-next":
            lists = self._answers(arrays)
            on = np.array([looks[-1] for looks, _ in self.asked])
            return Shown(lists=lists, views=np.ones(len(on), np.int64), on=on)
        if "indptr" not in arrays:
            best = arrays["group_id"][np.lexsort((arrays["group_id"], -arrays["score"]))]
            return Shown(lists=_ten(best)[None], views=np.ones(1, np.int64), on=np.full(1, ANY))
        ids, indptr = arrays["item_ids"], arrays["indptr"]
        lists = np.full((self.products + 1, PLACES), -1)
        for row, item in enumerate(ids.tolist()):
            lists[item] = _ten(ids[arrays["item"][indptr[row] : indptr[row + 1]]])
        return Shown(lists=lists, views=self.views, on=np.arange(self.products + 1))

    def _answers(self, arrays: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
        """What pages of the month after are answered, by the way of a page."""
        from persona_django import conf
        from persona_django.ranking.visits import known_visits

        known = known_visits(arrays, min_support=conf.current().min_support)
        lists = np.full((len(self.asked), PLACES), -1)
        for row, (looks, now) in enumerate(self.asked):
            codes = known.codes_of(looks)
            if len(codes):
                best = known.answers.best(codes, now=now, k=PLACES)
                lists[row] = _ten(known.group_id[best])
        return lists


def in_weeks(events: Any, ends_at: int) -> Any:
    """Events as they are read once the weeks that are over are counts."""
    from persona_django.numeric.week_counts import WEEK_SECONDS, counted, week_of
    from persona_django.tracking.events import joined
    from persona_django.tracking.history import of_days

    week = events.at // WEEK_SECONDS
    parts = [events.take(week >= week_of(ends_at))]
    for one in np.unique(week[week < week_of(ends_at)]).tolist():
        some = events.take(week == one)
        columns = (some.shopper, some.item, some.kind, some.basis, some.at, some.value)
        parts += of_days(counted(*columns), one, set(some.kind.tolist()))
    return joined(*parts)


def _ten(items: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(items[:PLACES], np.full(max(PLACES - len(items), 0), -1))


def measure(shop: Shop, attacks: Sequence[Attack], attackers: int) -> Iterator[Finding]:
    """The curve of every attack, printed, and the worst of those that the aim speaks of."""
    clean = shop.learn()
    pairs = list(pairs_of(shop, clean, attackers))
    worst: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    before = {
        kind: [effect(clean[kind], clean[kind], popular, own) for popular, own in pairs]
        for kind in shop.kinds
    }
    for attack in attacks:
        print(
            f"\n{attack.name}\n  {'':12}{'':>8}{'hits':>9}{'times':>8}{'beside':>9}{'overlap':>9}"
        )
        curves = {kind: [(0.0, before[kind])] for kind in shop.kinds}
        for share in SHARES:
            found: dict[str, list[Effect]] = defaultdict(list)
            for popular, own in pairs:
                rng = np.random.default_rng(7)
                looks = sent(
                    attack, max(round(shop.visits * share), 1), popular=popular, own=own,
                    items=np.arange(1, shop.products + 1), ends_at=shop.world.ends_at, rng=rng,
                )  # fmt: skip
                more = past_the_door(looks, attack, ends_at=shop.world.ends_at)
                for kind, shown in shop.learn(more).items():
                    found[kind].append(effect(clean[kind], shown, popular, own))
            for kind in shop.kinds:
                curves[kind].append((share, found[kind]))
        for kind in shop.kinds:
            for share, effects in curves[kind]:
                line = _line(kind, share, effects, before[kind])
                if share == JUDGED and attack.is_judged:
                    worst[kind].append(line)
    for kind, found_at in worst.items():
        times, beside, overlap = (np.array(column) for column in zip(*found_at, strict=True))
        name = f"{JUDGED:.0%} false visits, {kind}"
        yield Finding(
            name=f"{name}: hits of the attacker",
            value=float(times.max()), unit="x", limit=MOST_TIMES,
        )  # fmt: skip
        yield Finding(
            name=f"{name}: lists of the popular thing with the attacker's",
            value=float(beside.max()), limit=0.0 if kind in RELATIONS else None,
        )  # fmt: skip
        yield Finding(
            name=f"{name}: overlap of honest lists",
            value=float(overlap.min()), limit=LEAST_OVERLAP, is_least=True,
        )  # fmt: skip


def pairs_of(shop: Shop, clean: dict[str, Shown], attackers: int) -> Iterator[tuple[int, int]]:
    """What attackers ride on, and what they sell, which is not shown beside it yet."""
    for number in range(attackers):
        popular = int(shop.by_views[number])
        near = {
            item
            for shown in clean.values()
            for item in shown.lists[shown.on == popular].ravel().tolist()
        }
        place = int(shop.products * KNOWN[number % len(KNOWN)])
        yield popular, next(item for item in shop.by_views[place:].tolist() if item not in near)


def effect(clean: Shown, shown: Shown, popular: int, own: int) -> Effect:
    """How the lists differ from those of the clean log."""
    hit = (shown.lists == own).any(axis=1)
    beside = (shown.on == popular) | (shown.on == ANY)
    kept = ((clean.lists[:, :, None] == shown.lists[:, None, :]).any(axis=2)) & (clean.lists >= 0)
    size = (clean.lists >= 0).sum(axis=1)
    there = size > 0
    return Effect(
        hits=float(np.average(hit, weights=shown.views)),
        beside=float(hit[beside].mean()) if beside.any() else 0.0,
        # Where there was no list none can be lost.
        overlap=float((kept.sum(axis=1)[there] / size[there]).mean()) if there.any() else 1.0,
    )


def _line(
    kind: str, share: float, effects: list[Effect], before: list[Effect]
) -> tuple[float, float, float]:
    """Print one line; how many times the hits are, those beside the popular thing, the overlap."""
    hits, beside, overlap = (
        float(np.mean([getattr(one, name) for one in effects]))
        for name in ("hits", "beside", "overlap")
    )
    usual = float(np.mean([one.hits for one in before]))
    times = hits / usual if usual else (np.inf if hits else 1.0)
    print(
        f"  {kind:<12}{share:>8.1%}{hits:>9.2%}{times:>8.2f}{beside:>9.0%}{overlap:>9.3f}",
        flush=True,
    )
    return times, beside, overlap


if __name__ == "__main__":
    main()
