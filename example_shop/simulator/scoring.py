"""Judges lists of neighbours against the truth, always between a floor and a ceiling."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.history import History, Seen
from example_shop.simulator.oracle import best
from example_shop.simulator.world import World

Ints = NDArray[np.int64]

CROWD = 5
"""Distinct buyers before a shop may show what was bought together."""
LONG = 10
"""Length of the lists that are judged: what a block and its second page show."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """One figure of a method between chance and an oracle that knows the truth. All are shares."""

    measure: str
    question: str
    """What the figure counts, for people."""
    floor: float
    """Random lists."""
    found: float
    """The method."""
    ceiling: float
    """Lists made by the oracle."""
    cases: int
    """Pairs the figure is the mean of."""

    def as_dict(self) -> dict[str, str | float | int]:
        return asdict(self)

    def line(self) -> str:
        """The figure as the demo and the benchmark print it."""
        return (
            f"{self.measure:<32} floor {self.floor:6.1%}   learnt {self.found:6.1%}   "
            f"ceiling {self.ceiling:6.1%}   ({self.cases:,} cases)"
        )


def judge_similar(world: World, lists: Ints, *, seed: int = 0) -> list[Quality]:
    """Are neighbours liked by the same people, and does next month bear them out?

    `lists` holds each product's neighbours, best first, -1 where there is none.
    """
    oracle = world.oracle
    by_truth, by_chance = best(oracle.expected.co_interest, LONG), _random_lists(len(lists), seed)
    taste = _pairs_of(oracle.nearest_in_taste(LONG))
    month = pairs_of_shoppers(world.held_out)
    return [
        _quality(
            "same taste, recall@10",
            "Of the 10 products the same people truly like most, how many are in the list?",
            taste,
            (by_chance, lists, oracle.nearest_in_taste(LONG)),
        ),
        _quality(
            "looked at next month, hit@10",
            "When someone looks at a product next month, how much else of theirs is in its list?",
            month,
            (by_chance, lists, by_truth),
        ),
    ]


def judge_together(world: World, lists: Ints, *, seed: int = 0) -> list[Quality]:
    """Are planted partners found, and do next month's orders bear the lists out?

    Each is asked twice: of all pairs, and of those that `CROWD` shoppers had bought in one order,
    which is all that a shop which protects its buyers can ever show.
    """
    oracle = world.oracle
    by_chance = _random_lists(len(lists), seed)
    partners = np.stack([oracle.partners.product, oracle.partners.partner], axis=1)
    orders = pairs_of_orders(world.held_out)
    planted = (by_chance, lists, _partner_lists(world))
    expected = (by_chance, lists, best(oracle.expected.together, LONG))
    allowed = _crowded(world.history, world.catalogue.size)
    shown = np.where(allowed, oracle.expected.together, -np.inf).astype(np.float32)
    in_crowd = (by_chance, lists, best(shown, LONG))
    return [
        _quality(
            "true partners, recall@10",
            "Of the products that truly follow a purchase, how many are in the list?",
            partners,
            planted,
        ),
        _quality(
            "  where 5 people bought both",
            "The same, of the pairs that five shoppers had bought in one order.",
            partners[allowed[partners[:, 0], partners[:, 1]]],
            planted,
        ),
        _quality(
            "in one order next month, hit@10",
            "For a product in an order of next month, how much else of it is in the list?",
            orders,
            expected,
        ),
        _quality(
            "  where 5 people bought both",
            "The same, of the pairs that five shoppers had bought in one order before.",
            orders[allowed[orders[:, 0], orders[:, 1]]],
            in_crowd,
        ),
    ]


def pairs_of_orders(history: History) -> Ints:
    """(n, 2) every ordered pair of products in one paid order."""
    paid = history.orders.paid[history.lines.order]
    return _pairs_within(history.lines.order[paid], history.lines.product[paid])


def pairs_of_shoppers(history: History, *, most: int = 20) -> Ints:
    """(n, 2) every ordered pair of products one shopper looked at; their newest `most` count.

    Without a limit a few busy shoppers would be nearly all of the pairs. Robots are left out.
    """
    views = history.views
    robots = len(history.robot_is_honest)
    people = views.shopper < views.shopper.max(initial=0) + 1 - robots if robots else True
    kept = np.flatnonzero((views.kind == Seen.VIEW) & people)[::-1]
    pairs, first = np.unique(
        np.stack([views.shopper[kept], views.product[kept]]), axis=1, return_index=True
    )
    order = np.lexsort((first, pairs[0]))
    shopper, product = pairs[:, order]
    place = np.arange(len(shopper)) - np.searchsorted(shopper, shopper)
    return _pairs_within(shopper[place < most], product[place < most])


def bought_by(history: History, products: int) -> NDArray[np.int32]:
    """(products, products) how many shoppers have bought both in one paid order."""
    paid = history.orders.paid[history.lines.order]
    order, product = history.lines.order[paid], history.lines.product[paid]
    owner = history.orders.shopper[order]
    first, second, who = _pairs_within(order, product, owner=owner).T
    pair = np.unique(np.stack([first * products + second, who]), axis=1)[0]
    counts = np.bincount(pair, minlength=products * products)
    return counts.reshape(products, products).astype(np.int32)


def _crowded(history: History, products: int) -> NDArray[np.bool_]:
    return bought_by(history, products) >= CROWD


def _pairs_within(group: Ints, product: Ints, owner: Ints | None = None) -> Ints:
    """All ordered pairs of different products in one group, with the group's owner if given."""
    order = np.lexsort((product, group))
    group, product = group[order], product[order]
    owners = None if owner is None else owner[order]
    sizes = np.searchsorted(group, group, side="right") - np.searchsorted(group, group)
    left = np.repeat(np.arange(len(group)), sizes)
    start = np.repeat(np.searchsorted(group, group), sizes)
    right = start + np.arange(len(left)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = product[left] != product[right]
    columns = [product[left[kept]], product[right[kept]]]
    if owners is not None:
        columns.append(owners[left[kept]])
    return np.stack(columns, axis=1)


def _quality(measure: str, question: str, pairs: Ints, lists: tuple[Ints, Ints, Ints]) -> Quality:
    floor, found, ceiling = (_share_found(pairs, some) for some in lists)
    return Quality(
        measure=measure,
        question=question,
        floor=floor,
        found=found,
        ceiling=ceiling,
        cases=len(pairs),
    )


def _share_found(pairs: Ints, lists: Ints) -> float:
    """Share of pairs whose second product stands in the list of the first."""
    if not len(pairs):
        return 0.0
    hits = 0
    for start in range(0, len(pairs), 200_000):
        some = pairs[start : start + 200_000]
        hits += int((lists[some[:, 0], :LONG] == some[:, 1:2]).any(axis=1).sum())
    return hits / len(pairs)


def _pairs_of(lists: Ints) -> Ints:
    seeds = np.repeat(np.arange(len(lists)), lists.shape[1])
    return np.stack([seeds, lists.ravel()], axis=1)


def _partner_lists(world: World) -> Ints:
    lists = np.full((world.catalogue.size, LONG), -1, dtype=np.int64)
    for product in range(world.catalogue.size):
        found = world.oracle.partners_of(product)[:LONG]
        lists[product, : len(found)] = found
    return lists


def _random_lists(products: int, seed: int) -> Ints:
    """Ten different other products for each, by chance."""
    rng = np.random.default_rng(seed)
    noise = rng.random((products, products)).astype(np.float32)
    return best(noise, LONG)
