"""Laying out who touched what for the compiled pass: rows by rank, and the rows of each rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from persona_django.numeric.kernel_cache import compiled, inlined

FEW = 48
"""Numbers that are sorted sooner by hand."""


@compiled
def count_entries(item: Any, rank: Any, starts: Any) -> None:
    """Turn zeros into beginnings: `starts[r + 1]` becomes the number of entries below rank r."""
    for code in item:
        if rank[code] >= 0:
            starts[rank[code] + 2] += 1
    for place in range(2, len(starts)):
        starts[place] += starts[place - 1]


@compiled
def fill(
    indptr: Any,
    item: Any,
    bits: Any,
    rank: Any,
    starts: Any,
    room: Any,
    entry: Any,
    row_of: Any,
    row_start: Any,
    before: Any,
    bits_of: Any,
    reach: Any,
) -> None:
    """Write each row by rank, and into the list of each of its ranks, which begin at `starts[r]`
    afterwards. `reach` counts the entries that share a row with each rank.

    One row after the other: what is read lies side by side, what is written goes on where it left
    off, so that a table ten times as large takes ten times as long. `room` holds one row.
    """
    place = 0
    for row in range(len(indptr) - 1):
        n = 0
        for at in range(indptr[row], indptr[row + 1]):
            found = rank[item[at]]
            if found >= 0:
                room[n] = (np.int64(found) << 32) | np.int64(bits[at])
                n += 1
        put_in_order(room, n)
        begin = place
        for nth in range(n):
            found = room[nth] >> 32
            weight = room[nth] & 0xFFFFFFFF
            entry[2 * place] = found
            entry[2 * place + 1] = weight
            place += 1
            at = starts[found + 1]
            starts[found + 1] = at + 1
            row_of[at] = row
            row_start[at] = begin
            before[at] = nth
            bits_of[at] = weight
            reach[found] += n - 1


@inlined
def put_in_order(numbers: Any, n: int) -> None:
    """Sort the first n numbers; most rows are short."""
    if n > FEW:
        numbers[:n].sort()
        return
    for at in range(1, n):
        number = numbers[at]
        gap = at
        while gap > 0 and numbers[gap - 1] > number:
            numbers[gap] = numbers[gap - 1]
            gap -= 1
        numbers[gap] = number
