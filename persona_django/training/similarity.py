"""Learning which families go together: `similar` from all interest, `bought-together` from orders.

Each step takes named arrays and returns named arrays, so that a run may be stopped between any
two and go on in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.numeric.chance import People
from persona_django.numeric.crowds import backed, in_fine_steps, in_steps
from persona_django.numeric.interactions import Interactions, basket_rows, shopper_rows
from persona_django.numeric.lone_pairs import rows_that_count
from persona_django.numeric.neighbours import (
    Neighbours,
    Trials,
    available_backend,
    item_owners,
    top_neighbours,
)
from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import distinct
from persona_django.tracking.schema import LAST_KIND
from persona_django.training import suggested
from persona_django.training.evidence import Evidence, Seen
from persona_django.training.join import Part, join, people_behind

Arrays = dict[str, NDArray[Any]]
Beat = Callable[[int, int], None]

DAY = timedelta(days=1)
NEED_A_CROWD = ("aggregated", "bought")
PARTS = ("browsed", *NEED_A_CROWD)
"""Kinds of evidence, by their names in `Evidence`; each is counted behind its own crowd."""
DEEPER = 4
"""Where several kinds of evidence are added up, each is learnt to so many times the neighbours
kept: what is second-rate by each of them may be the best by all."""


def rows_for_similar(evidence: Evidence) -> Arrays:
    """Who was interested in what: one row a shopper, each kind of evidence apart."""
    settings = conf.current()
    arrays: Arrays = {}
    browsed = np.empty(0, dtype=np.int64)
    for name in PARTS:
        interactions = getattr(evidence, name)
        if len(interactions.item):
            rows, item_ids, shopper_ids = shopper_rows(
                interactions,
                now=evidence.now,
                half_life_days=_half_lives(interactions),
                cap=settings.events_per_shopper,
            )
            if name == "browsed":
                rows, browsed = _shoppers_that_count(rows), shopper_ids
            seen = getattr(evidence, f"{name}_seen", Seen())
            before = (seen.shoppers, seen.shoppers)
            arrays.update(_packed(name, rows, item_ids, seen=before))
    return {**arrays, "people": evidence.people(browsed)}


def _shoppers_that_count(rows: Rows) -> Rows:
    """What holds for visits, of shoppers who in all of theirs came to the same two things alone:
    to one today and to the other tomorrow."""
    settings = conf.current()
    counted = rows_that_count(rows, most_times=settings.rush_times, least=settings.min_support)
    return rows if counted.all() else rows.only(np.repeat(counted, np.diff(rows.indptr)))


def _half_lives(interactions: Interactions) -> float | NDArray[np.float64]:
    """In days: that of `similar`, or one for each interaction where a kind of the shop's own has
    another."""
    settings = conf.current()
    usual = settings.interest_half_life / DAY
    own = [kind for kind in settings.event_kinds.values() if "half_life" in kind]
    if not own or interactions.kind is None:
        return usual
    table = np.full(LAST_KIND + 1, usual)
    for kind in own:
        table[kind["number"]] = kind["half_life"] / DAY
    return table[interactions.kind]


def rows_for_bought_together(evidence: Evidence) -> Arrays:
    """What was bought at once: one row an order, counted once a buyer."""
    settings, bought = conf.current(), evidence.bought
    people = np.array([evidence.bought_seen.shoppers], dtype=np.int64)
    if not len(bought.item):
        return {"people": people}
    # Every line weighs the same here: an order says what goes together, not how much of it.
    rows, item_ids, *_ = basket_rows(
        replace(bought, weight=np.ones(len(bought.item), dtype=np.float32)),
        now=evidence.now,
        half_life_days=settings.purchase_half_life / DAY,
        cap=settings.basket_items,
    )
    before = (evidence.bought_seen.baskets, evidence.bought_seen.shoppers)
    packed = _packed("bought", rows, item_ids, seen=before)
    return {**packed, "people": people}


def learn(arrays: Mapping[str, NDArray[Any]], beat: Beat) -> Arrays:
    """The neighbours of every family, each kind of evidence behind its own crowd, then joined."""
    settings = conf.current()
    crowd = max(settings.min_buyers, settings.min_support)
    browsed = _Table.of(arrays, "browsed", crowd=settings.min_support)
    others = [_Table.of(arrays, name, crowd=crowd) for name in NEED_A_CROWD]
    taught = shoppers_with_two(arrays)
    # One kind of evidence alone is a list as it stands: there is nothing to add up.
    tables = [browsed, *(table.of_a_crowd(beat) for table in others)]
    tables = [table for table in tables if len(table.rows)]
    if suggested.stands_alone(arrays, taught):
        tables = []
    deep = settings.neighbours_kept * (DEEPER if len(tables) > 1 else 1)
    parts = [_learn_part(table, k=deep, beat=beat) for table in tables]
    neighbours, item_ids = join(
        *parts, k=settings.neighbours_kept, discount=settings.popularity_discount
    )
    families = suggested.families_in(arrays)
    if len(families):
        neighbours, item_ids = suggested.mixed_in(
            (neighbours, item_ids),
            arrays,
            # The most of any kind, never their sum: one shopper may be in several.
            met=np.max([table.met(families) for table in (browsed, *others)], axis=0),
            multiple=_multiples(parts, families),
        )
    people = people_behind(*parts, item_ids=item_ids)
    return arrays_of(neighbours, item_ids, people=people, shoppers_with_two=taught)


def arrays_of(
    neighbours: Neighbours,
    item_ids: NDArray[np.int64],
    *,
    people: People,
    shoppers_with_two: int,
) -> Arrays:
    """Neighbours as a run keeps them, with who stands behind them, and how many shoppers taught
    them anything."""
    arrays: Arrays = {
        "item_ids": item_ids,
        "indptr": neighbours.indptr,
        "item": neighbours.item,
        "score": neighbours.score,
        "support": neighbours.support,
        "llr": neighbours.llr,
        "item_support": neighbours.item_support,
        "owners": np.array([neighbours.owners], dtype=np.int64),
        "shoppers_with_two": np.array([shoppers_with_two], dtype=np.int64),
        "leading": people.leading,
        "everyone": people.everyone,
    }
    if people.following is not None:
        arrays["following"] = people.following
    return arrays if neighbours.gap is None else {**arrays, "gap": neighbours.gap}


def neighbours_in(arrays: Mapping[str, NDArray[Any]]) -> Neighbours:
    """The neighbours that `arrays_of` made arrays of."""
    return Neighbours(
        indptr=arrays["indptr"],
        item=arrays["item"],
        score=arrays["score"],
        support=arrays["support"],
        llr=arrays["llr"],
        item_support=arrays["item_support"],
        owners=int(arrays["owners"][0]),
        gap=arrays.get("gap"),
    )


def people_in(arrays: Mapping[str, NDArray[Any]]) -> People:
    """The people that `arrays_of` made arrays of; none where texts taught the neighbours."""
    if "leading" not in arrays:
        return People.none(n_items=len(arrays["item_ids"]))
    return People(
        leading=arrays["leading"],
        everyone=arrays["everyone"],
        following=arrays.get("following"),
    )


def shoppers_with_two(arrays: Mapping[str, NDArray[Any]]) -> int:
    """Shoppers with two or more families in one row: those that teach a relation anything."""
    counts = [0]
    for name in PARTS:
        rows, _ = _rows_in(arrays, name)
        counts.append(len(distinct(rows.owner[np.diff(rows.indptr) >= 2])))
    return max(counts)


def backend() -> str:
    """Name of the kernel that runs here: numba or scipy."""
    return available_backend(conf.current().similarity_backend)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """One kind of evidence, and the crowd that a pair in it needs."""

    rows: Rows
    item_ids: NDArray[np.int64]
    crowd: int
    seen: int
    """Rows there were before anything was left out, or 0 where nothing was."""
    everyone: int
    """Shoppers there were before, in steps where anything was left out."""
    trials: Trials | None = None
    had: NDArray[np.int64] | None = None
    """(n_items,) shoppers who had each item before anything was left out; None: nothing was."""

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], name: str, *, crowd: int) -> _Table:
        rows, item_ids = _rows_in(arrays, name)
        seen, shoppers = arrays[f"{name}_seen"].tolist() if len(rows) else (0, 0)
        everyone = max(shoppers, rows.n_owners)
        return cls(rows=rows, item_ids=item_ids, crowd=crowd, seen=seen, everyone=everyone)

    def met(self, families: NDArray[np.int64]) -> NDArray[np.int64]:
        """Distinct shoppers who met each of some families, in steps."""
        owner = np.repeat(self.rows.owner, np.diff(self.rows.indptr))
        return suggested.met(families, self.rows.item, owner, self.item_ids, least=self.crowd)

    def of_a_crowd(self, beat: Beat) -> _Table:
        """What belongs to a pair that the crowd shares, and the items that are left in it.

        Everything else goes before anything is counted: norms, supports and the number of rows
        must not move, in any list, because one customer ordered two popular items that few have
        in common. Only chance is still reckoned against all there was, in steps: orders of one
        item, and of items nobody else orders, say how special it is to order two together.
        """
        rows = backed(self.rows, min_support=self.crowd, progress=beat)
        left = np.bincount(rows.item, minlength=rows.n_items) > 0
        code = (np.cumsum(left) - 1).astype(np.int32)
        kept = replace(rows, item=code[rows.item], n_items=int(left.sum()))
        all_, own = Trials.of(self.rows), Trials.of(kept)
        gone = in_steps(all_.of_item[left] - own.of_item, least=self.crowd)
        seen = in_fine_steps(max(self.seen, all_.rows), least=self.crowd)
        return replace(
            self,
            rows=kept,
            item_ids=self.item_ids[left],
            everyone=in_fine_steps(self.everyone, least=self.crowd),
            had=item_owners(self.rows)[left],
            trials=Trials(rows=seen, of_item=own.of_item + gone),
        )


def _multiples(parts: Sequence[Part], families: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the popularity discount makes of the cosines of some families: 1 where it is ½.

    Made-up shoppers are in the cosine and in no norm that is discounted: else a stronger word
    would count for less, as for a more popular item.
    """
    squares = np.zeros(len(families))
    for part in parts:
        known = np.isin(families, part.item_ids)
        squares[known] += part.squares[np.searchsorted(part.item_ids, families[known])]
    norms = np.sqrt(np.maximum(squares, 1.0))
    return np.power(norms, 1 - 2 * conf.current().popularity_discount)


def _learn_part(table: _Table, *, k: int, beat: Beat) -> Part:
    settings, rows = conf.current(), table.rows
    neighbours = top_neighbours(
        rows,
        k=k,
        min_support=table.crowd,
        min_llr=settings.min_log_likelihood,
        prior=settings.support_prior,
        discount=settings.popularity_discount,
        trials=table.trials,
        threads=settings.learning_threads,
        backend=settings.similarity_backend,
        progress=beat,
    )
    squared = rows.weight.astype(np.float64) ** 2
    squares = np.bincount(rows.item, weights=squared, minlength=rows.n_items)
    return Part(
        neighbours=neighbours,
        item_ids=table.item_ids,
        squares=squares.astype(np.float64),
        people=_people(neighbours.item_support.astype(np.int64), table),
    )


def _people(support: NDArray[np.int64], table: _Table) -> People:
    """The people whom chance is reckoned against: in the same steps as its trials."""
    if table.had is not None:
        support = support + in_steps(table.had - support, least=table.crowd)
    return People.of_one_kind(support, table.everyone, crowd=table.crowd)


def _packed(
    name: str, rows: Rows, item_ids: NDArray[np.int64], *, seen: tuple[int, int]
) -> Arrays:
    return {
        f"{name}_seen": np.array(seen, dtype=np.int64),
        f"{name}_indptr": rows.indptr,
        f"{name}_item": rows.item,
        f"{name}_weight": rows.weight,
        f"{name}_owner": rows.owner,
        f"{name}_owners": np.array([rows.n_owners], dtype=np.int64),
        f"{name}_item_ids": np.asarray(item_ids, dtype=np.int64),
    }


def _rows_in(arrays: Mapping[str, NDArray[Any]], name: str) -> tuple[Rows, NDArray[np.int64]]:
    if f"{name}_item" not in arrays:
        return Rows.empty(), np.empty(0, dtype=np.int64)
    item_ids = arrays[f"{name}_item_ids"]
    # Arrays that come back from storage are read-only, for which a compiled kernel would be
    # compiled a second time.
    indptr, item, weight, owner = (
        np.require(arrays[f"{name}_{column}"], requirements="W")
        for column in ("indptr", "item", "weight", "owner")
    )
    rows = Rows(
        indptr=indptr,
        item=item,
        weight=weight,
        owner=owner,
        n_items=len(item_ids),
        n_owners=int(arrays[f"{name}_owners"][0]),
    )
    return rows, item_ids
