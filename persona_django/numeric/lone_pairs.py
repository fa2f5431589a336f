"""Rows that hold two things and nothing else: they say that the two go together, but only as far
as rows with more in them bear it out. Such visits are the cheapest that can be sent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.interactions import Interactions
from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import (
    coded,
    count_distinct,
    distinct,
    firsts,
    paired,
    places_within,
    ranges,
    sort_order,
)
from persona_django.numeric.visits import cut_into_visits

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FEWEST_ROWS = 100
"""With fewer rows of three things or more nobody knows how many of two are usual: all count."""
BLOCK_PLACES = 500_000
"""Places looked at together, but for those of one pair, which bounds memory to some 20 MB."""


def rows_that_count(rows: Rows, *, most_times: float, least: int) -> BoolArray:
    """Which rows count: all but those that say of a pair, and of nothing else, too much.

    With u the rows of two things that there are in all for each row of more, and d the distinct
    owners of rows that hold a pair and something else, of the rows that hold this pair and nothing
    else

        max(most_times * u * max(d, 1), least)

    count, rounded down: one of each owner before the second of any, and the first of them as they
    stand. That nobody bears a pair out may be chance, so one owner is taken to.

    Parameters
    ----------
    rows : visits, or shoppers
    most_times : no unit, 1 or more; how many times the usual may count
    least : rows, 1 or more, that count whatever is usual

    Returns
    -------
    (n_rows,) bool

    Raises
    ------
    ValueError : an option is out of its range

    References
    ----------
    Yang, Gong and Cai, "Fake co-visitation injection attacks to recommender systems", NDSS 2017,
    for what such rows are sent for.

    >>> two, three = np.tile([0, 1], 300), np.tile([1, 2, 3], 100)
    >>> rows = Rows(indptr=np.append(np.arange(0, 600, 2), np.arange(600, 901, 3)),
    ...     item=np.append(two, three).astype(np.int32), weight=np.ones(900, np.float32),
    ...     owner=np.arange(400, dtype=np.int32), n_items=4, n_owners=400)
    >>> int(rows_that_count(rows, most_times=5.0, least=3).sum())
    115
    """
    if not most_times >= 1:
        raise ValueError(f"what is usual counts 1 time or more, got {most_times}")
    if least < 1:
        raise ValueError(f"at least 1 row of a pair counts, got {least}")
    counted = np.ones(len(rows), dtype=bool)
    lengths = np.diff(rows.indptr)
    two, longer = np.flatnonzero(lengths == 2), int(np.count_nonzero(lengths > 2))
    if longer < FEWEST_ROWS:
        return counted
    at = rows.indptr[two]
    which, pairs = coded(rows.item[at].astype(np.int64) * rows.n_items + rows.item[at + 1])
    usual = most_times * len(two) / longer
    least = max(least, int(min(usual, len(two))))
    many = np.bincount(which, minlength=len(pairs)) > least
    if not many.any():
        return counted
    most = np.full(len(pairs), len(two))
    borne_out = np.minimum(usual * _owners_with_more(rows, pairs[many]), len(two))
    most[many] = np.maximum(borne_out.astype(np.int64), least)
    counted[two] = _turn(which, rows.owner[two]) < most[which]
    return counted


def visits_that_count(
    interactions: Interactions, *, gap_seconds: int, most_times: float, least: int
) -> BoolArray:
    """Which interactions count, each visit being a row as of `rows_that_count`.

    Parameters
    ----------
    interactions : in any order; weights and kinds are not looked at
    gap_seconds : seconds, above 0; a silence as long as this begins a new visit
    most_times, least : as of `rows_that_count`

    Returns
    -------
    (n,) bool

    >>> one = np.array([1])
    >>> seen = Interactions(shopper=one, item=one, at=one, weight=np.ones(1, np.float32))
    >>> visits_that_count(seen, gap_seconds=1800, most_times=5.0, least=3)
    array([ True])
    """
    kept = np.ones(len(interactions), dtype=bool)
    order, begins = cut_into_visits(interactions.shopper, interactions.at, gap_seconds=gap_seconds)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(order))[: len(first)]
    # Many a visit is to one page, and says nothing of any pair.
    more = last - first > 1
    first, last = first[more], last[more]
    looks = order[ranges(first, last)]
    visit = np.repeat(np.arange(len(first)), last - first)
    item, items = coded(interactions.item[looks])
    n = max(len(items), 1)
    held = distinct(visit * n + item)
    owner, owners = coded(interactions.shopper[order[first]])
    rows = Rows(
        indptr=np.append(firsts(held // n), len(held)),
        item=(held % n).astype(np.int32),
        weight=np.ones(len(held), np.float32),
        owner=owner.astype(np.int32),
        n_items=len(items),
        n_owners=len(owners),
    )
    counted = rows_that_count(rows, most_times=most_times, least=least)
    kept[looks[~counted[visit]]] = False
    return kept


def _turn(which: IntArray, owner: NDArray[np.int32]) -> IntArray:
    """The place of each row among those of its pair: the first of every owner, then the second."""
    said = paired(which, owner)
    again, turn = np.empty(len(which), np.int64), np.empty(len(which), np.int64)
    again[sort_order(said)] = places_within(np.bincount(said))
    turn[np.lexsort((again, which))] = places_within(np.bincount(which))
    return turn


def _owners_with_more(rows: Rows, pairs: IntArray) -> IntArray:
    """Distinct owners of the rows that hold each pair and something else.

    Found by way of the rarer of the two, so that it costs no more for pairs of a best-seller; the
    rows of the other are marked for all its pairs that are looked at together.
    """
    n = rows.n_items
    asked = np.zeros(n, dtype=bool)
    asked[pairs // n], asked[pairs % n] = True, True
    lengths = np.diff(rows.indptr)
    # Of a long table only what is asked about is looked at, for its columns take room.
    entries = np.flatnonzero(asked[rows.item] & np.repeat(lengths > 2, lengths))
    row = np.searchsorted(rows.indptr, entries, side="right") - 1
    item = rows.item[entries]
    by_item = row[sort_order(item)]
    times = np.bincount(item, minlength=n)
    begins = np.cumsum(times) - times
    first, second = np.divmod(pairs, n)
    swap = times[first] > times[second]
    rarer, other = np.where(swap, second, first), np.where(swap, first, second)
    one_each = np.bincount(rows.owner).max(initial=0) <= 1
    is_marked = np.zeros(len(rows), dtype=bool)
    found = np.zeros(len(pairs), np.int64)
    for some in _of_one_other(other, times[rarer]):
        marked = by_item[begins[other[some[0]]] :][: times[other[some[0]]]]
        is_marked[marked] = True
        begin, size = begins[rarer[some]], times[rarer[some]]
        at = by_item[ranges(begin, begin + size)]
        both = is_marked[at]
        of = np.repeat(np.arange(len(some)), size)[both]
        is_marked[marked] = False
        if one_each:
            found[some] = np.bincount(of, minlength=len(some))
        else:
            found[some] = count_distinct(of, rows.owner[at[both]], n_items=len(some))
    return found


def _of_one_other(other: IntArray, places: IntArray) -> Iterator[IntArray]:
    """Positions of the pairs that are looked at together: of one other item, and of bounded
    work."""
    order = sort_order(other)
    ends = np.append(firsts(other[order])[1:], len(order))
    before = np.concatenate([[0], np.cumsum(places[order])])
    low = 0
    for end in ends.tolist():
        while low < end:
            high = int(np.searchsorted(before, before[low] + BLOCK_PLACES, side="right")) - 1
            high = min(max(high, low + 1), end)
            yield order[low:high]
            low = high
