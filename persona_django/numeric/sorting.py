"""Orders and codes of long columns of whole numbers, several times faster than asking for them.

Sorting numbers is vectorised, sorting their positions is not. So the positions travel in the low
bits of the numbers that are sorted. And where most come again and again, few need sorting at all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.threads import allowed

IntArray = NDArray[np.int64]

DENSE = 4
"""Numbers that span at most so many times their count are coded through a table."""
SMALL_TABLE = 1 << 16
"""A table of so many numbers is never too large."""
LONG = 200_000
"""From so many values on it pays to look for those that come again before any are sorted."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio."""


def sort_order(values: NDArray[np.integer]) -> IntArray:
    """Positions of the values in ascending order, equal ones as they stand.

    Parameters
    ----------
    values : (n,) whole numbers that fit into int64

    Returns
    -------
    (n,) int64, what `np.argsort(values, kind="stable")` gives

    >>> sort_order(np.array([70, 50, 70, -3]))
    array([3, 1, 0, 2])
    """
    numbers: IntArray = np.asarray(values, dtype=np.int64)
    bits = _position_bits(numbers)
    if _has_room(numbers, bits):
        packed = _packed(numbers - numbers.min(initial=_NONE), bits)
        packed &= 2**bits - 1
        return packed
    return _order_of_long(numbers, bits)


def in_order(values: NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    """The values in ascending order, and their positions as of `sort_order`: cheaper than to look
    each of them up again.

    Parameters
    ----------
    values : (n,) whole numbers that fit into int64

    Returns
    -------
    ascending : (n,) int64
    order : (n,) int64

    >>> in_order(np.array([70, 50, 70]))
    (array([50, 70, 70]), array([1, 0, 2]))
    """
    numbers: IntArray = np.asarray(values, dtype=np.int64)
    bits = _position_bits(numbers)
    if not _has_room(numbers, bits):
        order = _order_of_long(numbers, bits)
        return numbers[order], order
    low = numbers.min(initial=_NONE)
    packed = _packed(numbers - low, bits)
    order = packed & (2**bits - 1)
    packed >>= bits
    packed += low
    return packed, order


_NONE = np.iinfo(np.int64).max
"""What the lowest of no numbers is."""


def _position_bits(values: IntArray) -> int:
    return max(len(values) - 1, 0).bit_length()


def _has_room(values: IntArray, bits: int) -> bool:
    """Whether a position fits below each value in one number."""
    return len(values) < 2 or int(values.max()) - int(values.min()) < 2 ** (63 - bits)


def _order_of_long(values: IntArray, bits: int) -> IntArray:
    """The order of values that leave no room: as many of their low bits as it takes give way to
    the positions, and those that agree in all the others are put in order once more."""
    low, high = int(values.min()), int(values.max())
    width = (high - low).bit_length()
    if width < 64:
        base, dropped = low, width + bits - 63
    else:
        # The distance between two of them is no number of 64 bits.
        base, dropped = 0, bits
    order = _packed((values - base) >> dropped, bits)
    order &= 2**bits - 1
    ascending = values[order]
    if (ascending[1:] >= ascending[:-1]).all():
        return order
    cut = (ascending - base) >> dropped
    sizes = np.diff(np.append(firsts(cut), len(cut)))
    agree = np.flatnonzero(np.repeat(sizes > 1, sizes))
    if len(agree) > len(values) // 2:
        return np.argsort(values, kind="stable")
    sizes = sizes[sizes > 1]
    within = np.repeat(np.arange(len(sizes)), sizes) << dropped
    within += (ascending[agree] - base) & (2**dropped - 1)
    order[agree] = order[agree][sort_order(within)]
    return order


def _packed(numbers: IntArray, bits: int) -> IntArray:
    """Numbers above their positions in so many bits, ascending, in their own memory: with columns
    of millions of numbers, memory that is touched first costs as much as the arithmetic."""
    numbers <<= bits
    numbers |= np.arange(len(numbers))
    _sort(numbers)
    return numbers


def _sort(values: IntArray) -> None:
    """Sort in place, a long column by several threads: each has the numbers between two others,
    and numpy sorts outside Python's lock."""
    threads = min(allowed(), len(values) // LONG)
    if threads < 2:
        values.sort()
        return
    cuts = [len(values) * part // threads for part in range(1, threads)]
    values.partition(cuts)
    with ThreadPoolExecutor(threads, thread_name_prefix="persona-sorting") as pool:
        list(pool.map(np.ndarray.sort, np.split(values, cuts)))


def coded(values: NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    """Numbers from 0 for the distinct values, in ascending order of value, and those values.

    Parameters
    ----------
    values : (n,) whole numbers that fit into int64

    Returns
    -------
    codes : (n,) int64, position of each value among the distinct ones
    distinct : (m,) int64, ascending

    >>> coded(np.array([70, 50, 70]))
    (array([1, 0, 1]), array([50, 70]))
    """
    n = len(values)
    if not n:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low <= max(DENSE * n, SMALL_TABLE):
        place = np.subtract(values, low, dtype=np.int64)
        there = np.zeros(high - low + 1, dtype=bool)
        there[place] = True
        code = np.cumsum(there) - 1
        return code[place], np.flatnonzero(there) + low
    return (_coded_by_slot(values) if n >= LONG else None) or _coded_by_order(values)


def _coded_by_slot(values: NDArray[np.integer]) -> tuple[IntArray, IntArray] | None:
    """As `coded`, where far fewer values are distinct than there are; None where too many are.

    Each value has a slot by multiplicative hashing (Knuth, The Art of Computer Programming 3,
    6.4); whoever came last holds it, and only what finds another there is put in order. A column
    of millions of keyed hashes costs a fifth of the sorting so.
    """
    n = len(values)
    bits = n.bit_length() - 2
    mixed = values.astype(np.uint64)
    mixed *= _GOLDEN
    mixed >>= np.uint64(64 - bits)
    slot = mixed.view(np.int64)
    holder = np.zeros(2**bits, dtype=np.int64)
    holder[slot] = values
    others = np.flatnonzero(holder[slot] != values)
    if len(others) > n // 4:
        return None
    is_held = np.zeros(2**bits, dtype=bool)
    is_held[slot] = True
    of_others, known = _coded_by_order(values[others])
    found, code = in_order(np.concatenate([holder[is_held], known]))
    rank = np.empty(len(code), dtype=np.int64)
    rank[code] = np.arange(len(code))
    holder[is_held] = rank[: len(rank) - len(known)]
    codes = holder[slot]
    codes[others] = rank[len(rank) - len(known) :][of_others]
    return codes, found


def _coded_by_order(values: NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    codes, order = in_order(values)
    first = firsts(codes)
    distinct = codes[first]
    ascending = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(values))))
    codes[order] = ascending
    return codes, distinct


def distinct(values: NDArray[np.integer]) -> IntArray:
    """The distinct values in ascending order, as `np.unique` gives them: that of numpy 2.3 and
    later keeps a table of what it met, which takes ten times as long as sorting.

    Parameters
    ----------
    values : (n,) whole numbers that fit into int64

    Returns
    -------
    (m,) int64

    >>> distinct(np.array([70, 50, 70]))
    array([50, 70])
    """
    ascending = np.sort(values).astype(np.int64, copy=False)
    return ascending[firsts(ascending)]


def firsts(ascending: NDArray[np.integer]) -> IntArray:
    """Where each run of equal numbers begins.

    >>> firsts(np.array([3, 3, 5]))
    array([0, 2])
    """
    new = np.ones(len(ascending), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return np.flatnonzero(new)


def places_within(sizes: NDArray[np.integer]) -> IntArray:
    """Of each entry of runs that follow one another, its place in its run.

    >>> places_within(np.array([2, 0, 3]))
    array([0, 1, 0, 1, 2])
    """
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def ranges(begins: NDArray[np.integer], ends: NDArray[np.integer]) -> IntArray:
    """All numbers from each begin to before its end, one range after the other.

    >>> ranges(np.array([7, 2]), np.array([9, 3]))
    array([7, 8, 2])
    """
    sizes = ends - begins
    return np.repeat(begins, sizes) + places_within(sizes)


def best_of_each(group: NDArray[np.integer], score: NDArray[np.floating], *, k: int) -> IntArray:
    """Positions of the `k` best scores of each group, by group and then the best first; equal
    ones as they stand.

    Parameters
    ----------
    group : (n,) whole numbers of 0 or more
    score : (n,) numbers
    k : 0 or more

    >>> best_of_each(np.array([1, 1, 0, 1]), np.array([0.5, 0.7, 0.1, 0.5]), k=2)
    array([2, 1, 0])
    """
    order = _best_first(group, score) if score.dtype == np.float32 else np.lexsort((-score, group))
    return order[places_within(np.bincount(group)) < k]


def _best_first(group: NDArray[np.integer], score: NDArray[np.float32]) -> IntArray:
    """What `np.lexsort((-score, group))` gives, by one number for each: the bits of a float32 sort
    as it does, once those of negative ones are turned round."""
    bits = (score + np.float32(0)).view(np.int32).astype(np.int64)
    rank = np.where(bits < 0, -(2**31) - bits, bits)
    rank[np.isnan(score)] = -(2**31)
    return sort_order((group.astype(np.int64) << 32) - rank)


def count_distinct(
    item: NDArray[np.integer], by: NDArray[np.integer], *, n_items: int
) -> IntArray:
    """How many different `by` each item has.

    Parameters
    ----------
    item : (n,) item codes 0 to n_items - 1
    by : (n,) whole numbers that fit into int64

    >>> count_distinct(np.array([0, 0, 0, 2]), np.array([7, 7, -1, 7]), n_items=3)
    array([2, 0, 1])
    """
    who, people = coded(by)
    # Codes may have four bytes, and numpy 1 widens them for an array alone, not for a number.
    pair = distinct(item.astype(np.int64, copy=False) * max(len(people), 1) + who)
    return np.bincount(pair // max(len(people), 1), minlength=n_items)


def paired(one: NDArray[np.integer], other: NDArray[np.integer]) -> IntArray:
    """Numbers from 0 for the distinct pairs of two columns, in ascending order of the pairs.

    Parameters
    ----------
    one, other : (n,) whole numbers that fit into int64

    Returns
    -------
    (n,) int64

    >>> paired(np.array([7, 7, 3]), np.array([1, 2, 1]))
    array([1, 2, 0])
    """
    left, _ = coded(one)
    right, others = coded(other)
    return coded(left * max(len(others), 1) + right)[0]


def pairs_among(
    first: IntArray, second: IntArray, others: tuple[IntArray, IntArray]
) -> NDArray[np.bool_]:
    """For each pair of numbers, whether it is one of the others.

    Parameters
    ----------
    first, second : (n,) int64
    others : two columns, (m,) int64 each

    Returns
    -------
    (n,) bool

    >>> pairs_among(np.array([1, 1, 2]), np.array([5, 6, 5]), (np.array([1, 2]), np.array([6, 6])))
    array([False,  True, False])
    """
    pair = paired(np.append(others[0], first), np.append(others[1], second))
    n = len(others[0])
    return np.isin(pair[n:], pair[:n])
