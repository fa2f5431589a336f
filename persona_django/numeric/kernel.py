"""The compiled pass over pairs of items. Imported only when numba is there and wanted.

Items are numbered by *rank*, the most popular first, and each row lists its items by rank. The
pass visits an item's rows and adds up, for every more popular item in them, the products of
weights and the distinct owners. So each pair is met once, from its less popular side; a popular
item, met in most rows, has only few before it, and the sums it touches lie side by side in the
processor's nearest cache. Each pair that passes the gates is offered to the best lists of both.

A best list is a heap of keys, the weakest first. A key is one 64-bit number: the bits of a
positive float32 score, which sort like the score itself, above the item's code counted down, so
that of equal scores the lower code is better.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from persona_django.numeric.kernel_cache import compiled, inlined

CODES = 0x7FFFFFFF
ROW_BITS = 26
"""A pair's owners and rows are counted in one float64, exact up to 2 ** 53: the rows in the lower
bits, so that an order of an owner already counted adds 1 and one of a new owner adds NEW_OWNER.
"""
ROWS = (1 << ROW_BITS) - 1
NEW_OWNER = float(1 << ROW_BITS)


class Table(NamedTuple):
    """Who touched what, by rank of the item; see `kernel_table.fill` for its making."""

    starts: Any  # (ranks + 1,) int64, where the rows of each rank begin below
    row_start: Any  # (nnz,) uint32, where that row begins in `entry`
    before: Any  # (nnz,) int32, entries of that row that stand before this item
    weight: Any  # (nnz,) float32, weight of this item in that row
    owner: Any  # (nnz,) int32, owner of that row; empty when every row has its own
    entry: Any  # (2 * nnz,) int32, rank and weight in turn, so that one fetch brings both
    entry_weight: Any  # the same memory as float32
    code: Any  # (ranks,) int32, item code of each rank
    trials: Any  # (ranks,) int64, rows of each item
    scale: Any  # (ranks,) float64, norm ** (-2 * discount)
    xlogx: Any  # (m,) float64, x * log(x) of small counts


class Gates(NamedTuple):
    """What a pair must pass, and what its score is shrunk by."""

    trials: int
    min_support: int
    min_llr: float
    prior: float


class Best(NamedTuple):
    """The best lists of all items as one thread has met them."""

    starts: Any  # (ranks + 1,) int64, room of each list
    size: Any  # (ranks,) int32, entries in each list
    key: Any  # (starts[-1],) int64, heaps, the weakest first
    behind: Any  # (starts[-1],) int64, distinct owners above, rows below, see `ROW_BITS`
    floor: Any  # (ranks,) float32, score of the weakest of a full list, 0 while there is room


class Sums(NamedTuple):
    """Sums over the rows of one item, one place for each more popular item."""

    cell: Any  # (2 * ranks,) float64, dot product and count in turn
    last: Any  # (ranks,) int32, owner counted last, -1 none
    touched: Any  # (ranks + 1,) int32, places in use
    bits: Any  # (1,) int32, for reading the bits of a float32
    real: Any  # the same memory as float32


@compiled
def scan(low: int, high: int, table: Table, gates: Gates, sums: Sums, best: Best) -> None:
    """Meet all pairs whose less popular item has a rank from `low` to `high`."""
    # Everything is unpacked once: reaching into a tuple counts references, pair by pair.
    starts, row_start, before, weight, owner = table[:5]
    entry, entry_weight, code, item_trials, scale, logs = table[5:]
    cell, last, touched, bits, real = sums
    rows = (starts, row_start, before, weight, owner)
    room, size, key, behind, floor = best
    lists = (room, size, key, behind, floor)
    trials, min_support, min_llr, prior = gates
    repeats = len(owner) > 0
    for mine in range(low, high):
        work = 0
        for at in range(starts[mine], starts[mine + 1]):
            work += before[at]
        # Looking through all places costs less than keeping a list of those in use.
        dense = work * 4 > mine
        found = mine
        if repeats:
            listed = add_owners(mine, rows, entry, entry_weight, cell, last, touched)
            if not dense:
                found = listed
        elif dense:
            add_all(mine, rows, entry, entry_weight, cell)
        else:
            found = add_listed(mine, rows, entry, entry_weight, cell, touched)
        for index in range(found):
            other = index if dense else touched[index]
            counted = np.int64(cell[2 * other + 1])
            count = counted >> ROW_BITS if repeats else counted
            if count >= min_support:
                cosine = cell[2 * other] * (scale[mine] * scale[other])
                score = np.float32(cosine * (count / (count + prior)))
                wanted = score >= floor[mine] or score >= floor[other]
                if wanted and score > 0 and score < np.inf:
                    both = counted & ROWS if repeats else counted
                    llr = surprise(both, item_trials[mine], item_trials[other], trials, logs)
                    if llr >= min_llr:
                        real[0] = score
                        high_bits = np.int64(bits[0]) << 32
                        ours = high_bits | (CODES - code[other])
                        theirs = high_bits | (CODES - code[mine])
                        counts = (count << ROW_BITS) | both
                        offer(mine, ours, counts, lists, bits, real)
                        offer(other, theirs, counts, lists, bits, real)
            cell[2 * other] = 0.0
            cell[2 * other + 1] = 0.0
            if repeats:
                last[other] = -1


@inlined
def add_all(mine: int, rows: Any, entry: Any, entry_weight: Any, cell: Any) -> None:
    """Add up over an item's rows; every row has an owner of its own."""
    starts, row_start, before, weight, _ = rows
    for at in range(starts[mine], starts[mine + 1]):
        factor = np.float64(weight[at])
        begin = row_start[at]
        for place in range(begin, begin + before[at]):
            other = entry[2 * place]
            cell[2 * other] += factor * entry_weight[2 * place + 1]
            cell[2 * other + 1] += 1.0


@inlined
def add_listed(
    mine: int, rows: Any, entry: Any, entry_weight: Any, cell: Any, touched: Any
) -> int:
    """As `add_all`, listing the places used: for an item with few rows among many items."""
    starts, row_start, before, weight, _ = rows
    used = 0
    for at in range(starts[mine], starts[mine + 1]):
        factor = np.float64(weight[at])
        begin = row_start[at]
        for place in range(begin, begin + before[at]):
            other = entry[2 * place]
            counted = cell[2 * other + 1]
            touched[used] = other
            used += counted == 0.0
            cell[2 * other] += factor * entry_weight[2 * place + 1]
            cell[2 * other + 1] = counted + 1.0
    return used


@inlined
def add_owners(
    mine: int, rows: Any, entry: Any, entry_weight: Any, cell: Any, last: Any, touched: Any
) -> int:
    """As `add_listed`, counting rows and, once each, their owners: rows come in order of owner."""
    starts, row_start, before, weight, owner = rows
    used = 0
    for at in range(starts[mine], starts[mine + 1]):
        factor = np.float64(weight[at])
        behind = owner[at]
        begin = row_start[at]
        for place in range(begin, begin + before[at]):
            other = entry[2 * place]
            counted = cell[2 * other + 1]
            touched[used] = other
            used += counted == 0.0
            cell[2 * other] += factor * entry_weight[2 * place + 1]
            cell[2 * other + 1] = counted + 1.0 + NEW_OWNER * (last[other] != behind)
            last[other] = behind
    return used


@inlined
def surprise(both: int, first: int, second: int, trials: int, logs: Any) -> float:
    """Dunning's log-likelihood ratio, 0 when the two meet no more often than chance."""
    total = max(trials, first + second - both)
    found = 0.0
    if both * float(total) > first * float(second):
        found = 2.0 * (
            xlogx(total, logs)
            + xlogx(both, logs)
            + xlogx(first - both, logs)
            + xlogx(second - both, logs)
            + xlogx(total - first - second + both, logs)
            - xlogx(first, logs)
            - xlogx(second, logs)
            - xlogx(total - first, logs)
            - xlogx(total - second, logs)
        )
    return max(found, 0.0)


@inlined
def xlogx(count: int, logs: Any) -> float:
    return logs[count] if count < len(logs) else count * np.log(count)


@inlined
def offer(rank: int, new: int, behind: int, lists: Any, bits: Any, real: Any) -> None:
    """Put a key into an item's best list, if there is room or it beats the weakest."""
    room, size, key, counts, floor = lists
    base, count = room[rank], size[rank]
    capacity = room[rank + 1] - base
    if count < capacity:
        at = count
        while at > 0 and key[base + (at - 1) // 2] > new:
            key[base + at] = key[base + (at - 1) // 2]
            counts[base + at] = counts[base + (at - 1) // 2]
            at = (at - 1) // 2
        key[base + at] = new
        counts[base + at] = behind
        size[rank] = count + 1
    elif capacity > 0 and new > key[base]:
        sink(new, behind, base, count, key, counts)
    if size[rank] == capacity and capacity > 0:
        bits[0] = key[base] >> 32
        floor[rank] = real[0]


@inlined
def sink(new: int, behind: int, base: int, count: int, key: Any, counts: Any) -> None:
    """Replace the weakest key of a heap of `count`."""
    at = 0
    while 2 * at + 1 < count:
        below = 2 * at + 1
        if below + 1 < count and key[base + below + 1] < key[base + below]:
            below += 1
        if key[base + below] >= new:
            break
        key[base + at] = key[base + below]
        counts[base + at] = counts[base + below]
        at = below
    key[base + at] = new
    counts[base + at] = behind


@compiled
def merge(low: int, high: int, best: Best, met: Best, sums: Sums) -> None:
    """Offer what another thread has met to the best lists of the first."""
    room, size, key, counts, floor = best
    lists = (room, size, key, counts, floor)
    _, met_size, met_key, met_counts, _ = met
    bits, real = sums[3:]
    for rank in range(low, high):
        for at in range(room[rank], room[rank] + met_size[rank]):
            new, behind = met_key[at], met_counts[at]
            offer(rank, new, behind, lists, bits, real)


@compiled
def unload(
    low: int,
    high: int,
    table: Table,
    gates: Gates,
    best: Best,
    rank: Any,
    indptr: Any,
    item: Any,
    score_bits: Any,
    behind: Any,
    llr: Any,
) -> None:
    """Write out the best lists, best first, where `indptr` of each item's code says."""
    room, size, key, counts, _ = best
    code, item_trials, _, logs = table[7:]
    trials = gates[0]
    for mine in range(low, high):
        base = room[mine]
        for left in range(size[mine], 0, -1):
            weakest, both = key[base], counts[base] & ROWS
            place = indptr[code[mine]] + left - 1
            other = CODES - (weakest & CODES)
            item[place] = other
            score_bits[place] = weakest >> 32
            behind[place] = counts[base] >> ROW_BITS
            llr[place] = surprise(both, item_trials[mine], item_trials[rank[other]], trials, logs)
            last = base + left - 1
            sink(key[last], counts[last], base, left - 1, key, counts)
