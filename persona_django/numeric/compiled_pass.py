"""Neighbours by the compiled kernel: what it is given, its threads, and what it hands back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric import kernel, kernel_table
from persona_django.numeric.neighbours import (
    Neighbours,
    Progress,
    Trials,
    Wish,
    item_owners,
    repeats_owners,
)
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import norm_scale, norms

KNOWN_LOGARITHMS = 1_000_000
"""Counts below it are looked up, 8 MB at most; larger ones are computed."""
TELL_SECONDS = 0.5
"""Pause between two calls of `progress`."""
TASK_COST = 20_000_000
"""Multiply-adds of one task, some hundredths of a second: how often progress can be told."""

Tasks = Iterator[tuple[int, int]]


def compiled_neighbours(
    rows: Rows, wish: Wish, trials: Trials, *, threads: int, progress: Progress | None
) -> Neighbours:
    """As `neighbours.top_neighbours`; the rows of an owner stand side by side.

    >>> rows = Rows.empty(n_items=2)
    >>> compiled_neighbours(rows, Wish(k=1, min_support=1, min_llr=0.0, prior=0.0, discount=0.5),
    ...     Trials.of(rows), threads=1, progress=None).item.tolist()
    []
    """
    support = item_owners(rows)
    order = np.argsort(-np.bincount(rows.item, minlength=rows.n_items), kind="stable")
    # An item with too few owners cannot be in any pair that passes.
    order = order[support[order] >= wish.min_support]
    if len(order) == 0:
        empty = Neighbours.empty(n_items=rows.n_items, owners=rows.n_owners)
        return Neighbours(**{**vars(empty), "item_support": support.astype(np.int32)})
    table, reach = _table(rows, order, wish, trials)
    gates = kernel.Gates(trials.rows, wish.min_support, float(wish.min_llr), float(wish.prior))
    room = np.concatenate([[0], np.cumsum(np.minimum(reach // wish.min_support, wish.k))])
    found: list[tuple[kernel.Best, kernel.Sums]] = []

    def meet(tasks: Tasks) -> None:
        best, sums = _best(room), _sums(len(order))
        found.append((best, sums))
        for low, high in tasks:
            kernel.scan(low, high, table, gates, sums, best)

    _in_threads(meet, _cuts(table), threads=threads, progress=progress)
    best = found[0][0]

    def gather(tasks: Tasks) -> None:
        sums = _sums(0)
        for low, high in tasks:
            for other, _ in found[1:]:
                kernel.merge(low, high, best, other, sums)

    even = np.linspace(0, len(order), 4 * threads + 1).astype(np.int64)
    _in_threads(gather, even, threads=threads)
    del found[1:]
    result, rank = _room_for_result(rows, table, best, support)
    columns = (result.item, result.score.view(np.int32), result.support, result.llr)

    def write(tasks: Tasks) -> None:
        for low, high in tasks:
            kernel.unload(low, high, table, gates, best, rank, result.indptr, *columns)

    _in_threads(write, even, threads=threads)
    return result


def _table(
    rows: Rows, order: NDArray[np.int64], wish: Wish, trials: Trials
) -> tuple[kernel.Table, NDArray[np.int64]]:
    """The rows by rank, and how many entries share a row with each rank."""
    rank = np.full(rows.n_items, -1, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    starts = np.zeros(len(order) + 2, np.int64)
    kernel_table.count_entries(rows.item, rank, starts)
    size = int(starts[-1])
    entry, bits = np.empty(2 * size, np.int32), np.empty(size, np.int32)
    row_start, before = np.empty(size, np.uint32), np.empty(size, np.int32)
    row_of, reach = np.empty(size, np.int32), np.zeros(len(order), np.int64)
    room = np.empty(int(np.diff(rows.indptr).max()), np.int64)
    kernel_table.fill(
        rows.indptr,
        rows.item,
        rows.weight.view(np.int32),
        rank,
        starts,
        room,
        entry,
        row_of,
        row_start,
        before,
        bits,
        reach,
    )
    starts = starts[:-1].copy()
    norm = norms(rows.item, rows.weight, n_items=rows.n_items)
    # Scaled before it is reordered, so that the last bits are those of the other backend.
    scale = norm_scale(norm, discount=wish.discount)
    counts = np.arange(min(trials.rows + 1, KNOWN_LOGARITHMS), dtype=np.float64)
    table = kernel.Table(
        starts=starts,
        row_start=row_start,
        before=before,
        weight=bits.view(np.float32),
        owner=rows.owner[row_of] if repeats_owners(rows) else np.empty(0, np.int32),
        entry=entry,
        entry_weight=entry.view(np.float32),
        code=order.astype(np.int32),
        trials=trials.of_item[order],
        scale=scale[order],
        xlogx=counts * np.log(np.maximum(counts, 1.0)),
    )
    return table, reach


def _best(room: NDArray[np.int64]) -> kernel.Best:
    ranks = len(room) - 1
    return kernel.Best(
        starts=room,
        size=np.zeros(ranks, np.int32),
        key=np.empty(room[-1], np.int64),
        behind=np.empty(room[-1], np.int64),
        floor=np.zeros(ranks, np.float32),
    )


def _sums(ranks: int) -> kernel.Sums:
    bits = np.zeros(1, np.int32)
    return kernel.Sums(
        cell=np.zeros(2 * ranks),
        last=np.full(ranks, -1, np.int32),
        touched=np.empty(ranks + 1, np.int32),
        bits=bits,
        real=bits.view(np.float32),
    )


def _cuts(table: kernel.Table) -> NDArray[np.int64]:
    """Ranks at which tasks of about equal cost begin."""
    ranks = len(table.code)
    before = np.concatenate([[0], np.cumsum(table.before, dtype=np.int64)])[table.starts]
    cost = before + 4 * table.starts + np.minimum(before, np.arange(ranks + 1))
    tasks = max(32, int(cost[-1] // TASK_COST))
    inner = np.searchsorted(cost, np.linspace(0, cost[-1], tasks + 1)[1:-1])
    return np.unique(np.concatenate([[0], inner, [ranks]]))


def _in_threads(
    work: Callable[[Tasks], None],
    cuts: NDArray[np.int64],
    *,
    threads: int,
    progress: Progress | None = None,
) -> None:
    """Let threads take the ranges between cuts in turn; an error anywhere stops them all."""
    numbers = itertools.count()
    stop = threading.Event()
    total = len(cuts) - 1
    taken = [0]

    def tasks() -> Tasks:
        while (number := next(numbers)) < total and not stop.is_set():
            taken[0] = number
            yield int(cuts[number]), int(cuts[number + 1])

    with ThreadPoolExecutor(threads, thread_name_prefix="persona-kernel") as pool:
        pending = {pool.submit(work, tasks()) for _ in range(min(threads, total))}
        try:
            while pending:
                done, pending = wait(pending, timeout=TELL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                if progress is not None:
                    progress(taken[0] if pending else total, total)
        finally:
            stop.set()


def _room_for_result(
    rows: Rows, table: kernel.Table, best: kernel.Best, support: NDArray[np.int64]
) -> tuple[Neighbours, NDArray[np.int32]]:
    """Columns yet to be written, and the rank of each item code."""
    size = np.zeros(rows.n_items, np.int64)
    size[table.code] = best.size
    rank = np.full(rows.n_items, -1, np.int32)
    rank[table.code] = np.arange(len(table.code), dtype=np.int32)
    indptr = np.concatenate([[0], np.cumsum(size)])
    count = int(indptr[-1])
    result = Neighbours(
        indptr=indptr,
        item=np.empty(count, np.int32),
        score=np.empty(count, np.float32),
        support=np.empty(count, np.int32),
        llr=np.empty(count, np.float32),
        item_support=support.astype(np.int32),
        owners=rows.n_owners,
    )
    return result, rank
