"""How good a list of recommendations was, once we know what was wanted.

All take `hit`, (n, k) bool: whether place p of list q held something wanted, best place first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


def hits(shown: NDArray[np.int64], wanted: list[set[int]]) -> BoolArray:
    """Which places held something wanted.

    Parameters
    ----------
    shown : (n, k) int64, items of each list, best first; -1 for an empty place
    wanted : n sets of items

    Returns
    -------
    (n, k) bool

    Raises
    ------
    ValueError : there are not as many sets as lists

    >>> hits(np.array([[4, 5], [6, -1]]), [{5}, {7}])
    array([[False,  True],
           [False, False]])
    """
    if len(shown) != len(wanted):
        raise ValueError(f"{len(shown)} lists need as many wanted sets, got {len(wanted)}")
    found = np.zeros(shown.shape, dtype=bool)
    for row, (items, goal) in enumerate(zip(shown.tolist(), wanted, strict=True)):
        found[row] = [item in goal for item in items]
    return found


def hit_rate(hit: BoolArray) -> float:
    """Share of lists, 0 to 1, that held at least one wanted item; 0 without lists.

    >>> hit_rate(np.array([[False, True], [False, False]]))
    0.5
    """
    return float(hit.any(axis=1).mean()) if len(hit) else 0.0


def recall(hit: BoolArray, wanted: NDArray[np.int64]) -> float:
    """Mean share, 0 to 1, of the wanted items that the lists held.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list; lists that want nothing are left out

    >>> recall(np.array([[True, True], [False, True]]), np.array([2, 4]))
    0.625
    """
    asked = wanted > 0
    return float((hit[asked].sum(axis=1) / wanted[asked]).mean()) if asked.any() else 0.0


def mean_reciprocal_rank(hit: BoolArray) -> float:
    """Mean of 1 / place of the first wanted item, 0 where there is none.

    References
    ----------
    Voorhees, "The TREC-8 question answering track report", 1999.

    >>> mean_reciprocal_rank(np.array([[False, True], [False, False]]))
    0.25
    """
    if hit.size == 0:
        return 0.0
    return float(np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1), 0.0).mean())


def ndcg(hit: BoolArray, wanted: NDArray[np.int64]) -> float:
    """Normalised discounted cumulative gain: hits count less the further down they stand.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list; the ideal list is cut at k, and
        lists that want nothing are left out

    Returns
    -------
    0 to 1; 1 when all lists begin with wanted items only

    References
    ----------
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.

    >>> round(ndcg(np.array([[False, True]]), np.array([1])), 4)
    0.6309
    """
    asked = wanted > 0
    if not asked.any() or hit.shape[1] == 0:
        return 0.0
    gain = 1.0 / np.log2(np.arange(2, hit.shape[1] + 2))
    ideal = np.cumsum(gain)[np.minimum(wanted[asked], hit.shape[1]) - 1]
    return float(((hit[asked] * gain).sum(axis=1) / ideal).mean())


def coverage(shown: NDArray[np.int64], *, n_items: int) -> float:
    """Share of the catalogue, 0 to 1, that appears in any list; -1 is an empty place.

    >>> coverage(np.array([[0, 1], [1, -1]]), n_items=4)
    0.5
    """
    if n_items < 1:
        raise ValueError(f"a catalogue has at least 1 item, got {n_items}")
    return len(np.unique(shown[shown >= 0])) / n_items


def gini(shown: NDArray[np.int64], *, n_items: int) -> float:
    """How unevenly places are shared out: 0 all items alike, near 1 a few items everywhere.

    Parameters
    ----------
    shown : any shape, int64, item codes 0 to n_items - 1; -1 is an empty place
    n_items : items there are, also those never shown

    References
    ----------
    Gini, "Variabilità e mutabilità", 1912, for counts in ascending order.

    >>> gini(np.array([0, 1, 2, 3]), n_items=4), gini(np.array([2, 2]), n_items=4)
    (0.0, 0.75)
    """
    if n_items < 1:
        raise ValueError(f"a catalogue has at least 1 item, got {n_items}")
    counts = np.sort(np.bincount(shown[shown >= 0].ravel(), minlength=n_items))
    total = counts.sum()
    if total == 0:
        return 0.0
    place = np.arange(1, n_items + 1)
    return float((2 * place - n_items - 1) @ counts / (n_items * total))
