"""How good lists of recommendations were, once we know what was wanted.

What judges a list takes `hit`, (n, k) bool: whether place p of list q held something wanted, best
place first, and `wanted`, (n,) int64, how many items were wanted; it gives one value
for each list, NaN for a list of which nothing was wanted. Their mean, which is what papers quote,
is `mean`; how sure it is says `inference.bootstrap_interval`.
What judges a catalogue takes the lists themselves, (n, k) int64 item codes, -1 for an empty place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def hits(shown: IntArray, wanted: Sequence[Collection[int]]) -> BoolArray:
    """Which places held something wanted.

    Parameters
    ----------
    shown : (n, k) int64, items of each list, best first and each once; -1 for an empty place
    wanted : n collections of items of 0 or more

    Returns
    -------
    (n, k) bool

    Raises
    ------
    ValueError : there are not as many collections as lists, or a list shows an item twice

    >>> hits(np.array([[4, 5], [6, -1]]), [{5}, {7}])
    array([[False,  True],
           [False, False]])
    """
    if len(shown) != len(wanted):
        raise ValueError(f"{len(shown)} lists need as many wanted sets, got {len(wanted)}")
    ordered = np.sort(shown, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise ValueError("a list shows an item twice, which would count a hit twice")
    sizes = [len(items) for items in wanted]
    every = np.fromiter((item for items in wanted for item in items), np.int64, sum(sizes))
    of = np.repeat(np.arange(len(wanted)), sizes)
    # Two numbers in one: an item of one list is no item of another.
    apart = int(max(shown.max(initial=0), every.max(initial=0))) + 1
    place = np.arange(len(shown))[:, None] * apart + shown
    return np.isin(place, of * apart + every) & (shown >= 0)


def hit_rate(hit: BoolArray, wanted: IntArray) -> FloatArray:
    """1 for a list that held at least one wanted item, else 0. Of baskets it is called PHR.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list

    >>> hit_rate(np.array([[False, True], [False, False]]), np.array([1, 2]))
    array([1., 0.])
    """
    _refuse_unequal(hit, wanted)
    return _where_wanted(hit.any(axis=1), wanted)


def recall(hit: BoolArray, wanted: IntArray) -> FloatArray:
    """Share, 0 to 1, of the wanted items that a list held.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list

    >>> recall(np.array([[True, True], [False, True]]), np.array([2, 4]))
    array([1.  , 0.25])
    """
    _refuse_unequal(hit, wanted)
    return _where_wanted(hit.sum(axis=1) / np.maximum(wanted, 1), wanted)


def precision(hit: BoolArray, wanted: IntArray) -> FloatArray:
    """Share, 0 to 1, of the places of a list that held something wanted; an empty place did not.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list

    >>> precision(np.array([[True, False]]), np.array([5]))
    array([0.5])
    """
    _refuse_unequal(hit, wanted)
    return _where_wanted(hit.sum(axis=1) / max(hit.shape[1], 1), wanted)


def reciprocal_rank(hit: BoolArray, wanted: IntArray) -> FloatArray:
    """1 / place of the first wanted item, 0 where there is none. Its mean is called MRR.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list

    References
    ----------
    Voorhees, "The TREC-8 question answering track report", 1999.

    >>> reciprocal_rank(np.array([[False, True], [False, False]]), np.array([1, 1]))
    array([0.5, 0. ])
    """
    _refuse_unequal(hit, wanted)
    if not hit.shape[1]:
        return _where_wanted(np.zeros(len(hit)), wanted)
    first = np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1), 0.0)
    return _where_wanted(first, wanted)


def average_precision(hit: BoolArray, wanted: IntArray) -> FloatArray:
    """Mean of the precision down to each wanted item, 0 for those that are missing. Its mean is
    called MAP; at most k items can be found, so that a perfect list has 1.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list

    References
    ----------
    Buckley and Voorhees, "Evaluating evaluation measure stability", SIGIR 2000.

    >>> average_precision(np.array([[True, False, True]]), np.array([2])).round(3)
    array([0.833])
    """
    _refuse_unequal(hit, wanted)
    place = np.arange(1, hit.shape[1] + 1)
    found = (np.cumsum(hit, axis=1) / place * hit).sum(axis=1)
    most = np.clip(wanted, 1, max(hit.shape[1], 1))
    return _where_wanted(found / most, wanted)


def ndcg(hit: BoolArray, wanted: IntArray, *, ideal: str = "k") -> FloatArray:
    """Normalised discounted cumulative gain: hits count less the further down they stand.

    Parameters
    ----------
    hit : (n, k) bool
    wanted : (n,) int64, number of wanted items of each list
    ideal : "k": the best list holds k items, so that 1 can be reached; "all": it holds all that
        was wanted, as some papers on baskets reckon it

    Returns
    -------
    (n,) float64, 0 to 1

    Raises
    ------
    ValueError : `ideal` is neither, or there are not as many numbers as lists

    References
    ----------
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.

    >>> ndcg(np.array([[False, True]]), np.array([1])).round(4)
    array([0.6309])
    >>> ndcg(np.array([[True]]), np.array([2]), ideal="all").round(4)
    array([0.6131])
    """
    if ideal not in ("k", "all"):
        raise ValueError(f'the ideal list is cut at "k" or holds "all", got {ideal!r}')
    _refuse_unequal(hit, wanted)
    k = hit.shape[1]
    longest = max(int(wanted.max(initial=1)), k, 1)
    gain = 1.0 / np.log2(np.arange(2, longest + 2))
    most = np.clip(wanted, 1, max(k, 1) if ideal == "k" else longest)
    return _where_wanted((hit * gain[:k]).sum(axis=1) / np.cumsum(gain)[most - 1], wanted)


def mean(values: FloatArray) -> float:
    """Mean over the lists of which something was wanted; 0 where there is none.

    >>> mean(np.array([1.0, np.nan, 0.0]))
    0.5
    """
    judged = values[~np.isnan(values)]
    return float(judged.mean()) if len(judged) else 0.0


def coverage(shown: IntArray, *, n_items: int) -> float:
    """Share of the catalogue, 0 to 1, that appears in any list.

    >>> coverage(np.array([[0, 1], [1, -1]]), n_items=4)
    0.5
    """
    _refuse_empty(n_items)
    return len(np.unique(shown[shown >= 0])) / n_items


def gini(shown: IntArray, *, n_items: int) -> float:
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
    _refuse_empty(n_items)
    counts = np.sort(np.bincount(shown[shown >= 0].ravel(), minlength=n_items))
    total = counts.sum()
    if total == 0:
        return 0.0
    place = np.arange(1, n_items + 1)
    return float((2 * place - n_items - 1) @ counts / (n_items * total))


def novelty(shown: IntArray, *, shoppers: IntArray, of: int) -> FloatArray:
    """Mean surprise of the items of each list, in bits: how unlikely it is that one shopper of
    all knows an item. What nobody knows counts as if one shopper did.

    Parameters
    ----------
    shown : (n, k) int64 item codes, -1 for an empty place
    shoppers : (n_items,) int64, how many know each item
    of : how many there are, 1 or more

    Returns
    -------
    (n,) float64, 0 or more; NaN for an empty list

    References
    ----------
    Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS
    2010: self-information.

    >>> novelty(np.array([[0, 1]]), shoppers=np.array([8, 2]), of=8)
    array([1.])
    """
    if of < 1:
        raise ValueError(f"there is at least 1 shopper, got {of}")
    surprise = np.log2(of / np.clip(shoppers, 1, of))
    return _mean_of_places(np.where(shown >= 0, surprise[shown], 0.0), shown >= 0)


def diversity(shown: IntArray, *, vectors: Any) -> FloatArray:
    """Mean distance of two items of the same list: 1 - cosine of what describes them.

    Parameters
    ----------
    shown : (n, k) int64 item codes, -1 for an empty place
    vectors : (n_items, d) float64 array or scipy CSR matrix, what describes each item; a row of
        zeros is like nothing else

    Returns
    -------
    (n,) float64, 0 to 2; NaN for a list of fewer than two items

    References
    ----------
    Ziegler et al., "Improving recommendation lists through topic diversification", WWW 2005.

    >>> diversity(np.array([[0, 1], [0, 2]]), vectors=np.array([[1.0, 0], [2, 0], [0, 1]]))
    array([0., 1.])
    """
    from scipy.sparse import csr_matrix

    table = csr_matrix(vectors, dtype=np.float64)
    square = np.asarray(table.multiply(table).sum(axis=1)).ravel()
    unit = table.multiply(1.0 / np.sqrt(np.where(square > 0, square, 1.0))[:, None]).tocsr()
    there = shown >= 0
    n = there.sum(axis=1)
    begins = np.concatenate([[0], np.cumsum(n)])
    held = csr_matrix(
        (np.ones(begins[-1]), shown[there], begins), shape=(len(shown), table.shape[0])
    )
    # The sum over all pairs of a list is the square of its sum, less each item with itself.
    together = held @ unit
    alike = np.asarray(together.multiply(together).sum(axis=1)).ravel() - held @ (square > 0)
    pairs = n * (n - 1)
    return np.where(pairs > 0, 1.0 - alike / np.maximum(pairs, 1), np.nan)


def _where_wanted(values: Any, wanted: IntArray) -> FloatArray:
    return np.where(wanted > 0, np.asarray(values, dtype=np.float64), np.nan)


def _refuse_unequal(hit: BoolArray, wanted: IntArray) -> None:
    if len(hit) != len(wanted):
        raise ValueError(f"{len(hit)} lists need as many numbers wanted, got {len(wanted)}")


def _mean_of_places(values: FloatArray, there: BoolArray) -> FloatArray:
    n = there.sum(axis=1)
    return np.where(n > 0, values.sum(axis=1) / np.maximum(n, 1), np.nan)


def _refuse_empty(n_items: int) -> None:
    if n_items < 1:
        raise ValueError(f"a catalogue has at least 1 item, got {n_items}")
