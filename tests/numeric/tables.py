"""Small tables of who touched what, and neighbours counted the slow and obvious way."""

from __future__ import annotations

import numpy as np

from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import log_likelihood_ratio

LENIENT = {"k": 10, "min_support": 1, "min_llr": 0.0, "prior": 0.0, "discount": 0.5}
"""Options that let every pair through."""


def table(*rows, owners=None, n_items=None, weights=None):
    """`table([0, 1], [1])` is two shoppers; `owners` names the shopper behind each row."""
    item = np.array([code for row in rows for code in sorted(row)], dtype=np.int32)
    owner = np.arange(len(rows)) if owners is None else np.array(owners)
    return Rows(
        indptr=np.cumsum([0, *(len(row) for row in rows)]),
        item=item,
        weight=np.ones(len(item), np.float32) if weights is None else np.float32(weights),
        owner=owner.astype(np.int32),
        n_items=int(item.max(initial=-1)) + 1 if n_items is None else n_items,
        n_owners=int(owner.max(initial=-1)) + 1,
    )


def drawn(rng, *, n_rows, n_items, n_owners=None, longest=8, whole=True):
    """A random table; with `n_owners`, several rows may belong to one shopper."""
    rows = [
        rng.choice(n_items, rng.integers(0, min(longest, n_items) + 1), replace=False)
        for _ in range(n_rows)
    ]
    count = sum(map(len, rows))
    weights = rng.integers(0, 4, count) if whole else rng.random(count)
    owners = None if n_owners is None else rng.integers(0, n_owners, n_rows)
    return table(*rows, owners=owners, n_items=n_items, weights=weights)


def listed(found: Neighbours, item: int):
    """The neighbours of one item as (item, support), best first."""
    place = slice(found.indptr[item], found.indptr[item + 1])
    return list(zip(found.item[place].tolist(), found.support[place].tolist(), strict=True))


def counted_by_hand(rows: Rows, *, k, min_support, min_llr, prior, discount):
    """For each item its (code, support, score, llr), best first, pair by pair."""
    dots, together, squares = {}, {}, np.zeros(rows.n_items)
    rows_with, rows_with_both = np.zeros(rows.n_items, int), {}
    for row in range(len(rows)):
        place = range(rows.indptr[row], rows.indptr[row + 1])
        known = [(rows.item[at], float(rows.weight[at])) for at in place if rows.weight[at] > 0]
        for one, weight in known:
            squares[one] += weight**2
            rows_with[one] += 1
            for other, other_weight in known:
                if one != other:
                    pair = (one, other)
                    dots[pair] = dots.get(pair, 0.0) + weight * other_weight
                    together.setdefault(pair, set()).add(rows.owner[row])
                    rows_with_both[pair] = rows_with_both.get(pair, 0) + 1
    best = [[] for _ in range(rows.n_items)]
    for (one, other), dot in dots.items():
        both = len(together[one, other])
        norm = (np.sqrt(squares[one]) * np.sqrt(squares[other])) ** (2 * discount)
        score = np.float32(dot / norm * both / (both + prior))
        counts = (rows_with_both[one, other], rows_with[one], rows_with[other])
        llr = log_likelihood_ratio(*(np.array([count]) for count in counts), len(rows))[0]
        if both >= min_support and llr >= min_llr:
            best[one].append((other, both, score, llr))
    return [sorted(found, key=lambda pair: (-pair[2], pair[0]))[:k] for found in best]
