"""All neighbours of one item as one short value: a header record, then one record for each.

A row of 50 takes 816 bytes. Records of header and neighbours have the same size, so that all rows
of a version are laid out in one array without a loop, and one row is read without a copy.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_django.exceptions import BadArtefact
from persona_django.numeric.durations import DAY_SECONDS

if TYPE_CHECKING:
    from persona_django.numeric.neighbours import Neighbours

_SMALL = np.dtype([("item", "<i4"), ("score", "<f4"), ("support", "<i4"), ("llr", "<f4")])
_LARGE = np.dtype(
    [("item", "<i8"), ("score", "<f4"), ("support", "<i4"), ("llr", "<f4"), ("free", "<i4")]
)
_SMALL_GAP = np.dtype([*_SMALL.descr, ("gap_days", "<f4")])
_LARGE_GAP = np.dtype([*_LARGE.descr[:-1], ("gap_days", "<f4")])
_HEAD = np.dtype("<i4")
_START = struct.Struct("<iii")
_LAYOUTS = {
    0x70310001: _SMALL,
    0x70310002: _LARGE,
    0x70310003: _SMALL_GAP,
    0x70310004: _LARGE_GAP,
}
"""Layout by the first four bytes: large ones are for shops whose item ids passed 2 billion, those
with a gap for relations in time."""
_WITH_GAP = (_SMALL_GAP, _LARGE_GAP)
_NUMBERS = {layout: number for number, layout in _LAYOUTS.items()}


@dataclass(frozen=True, kw_only=True)
class NeighbourList:
    """The neighbours of one item, best first. Arrays are read-only and must not be changed."""

    item_id: NDArray[np.int64]
    score: NDArray[np.float32]
    support: NDArray[np.int32]
    """Distinct shoppers behind each pair."""
    llr: NDArray[np.float32]
    item_support: int
    """Distinct shoppers of the item itself, the 3,050 of "214 of 3,050"."""
    gap_days: NDArray[np.float32] | None = None
    """How long afterwards each one typically comes; None for relations without an order."""

    def __len__(self) -> int:
        return len(self.item_id)


def pack_rows(
    neighbours: Neighbours,
    item_ids: NDArray[np.int64],
    *,
    start: int = 0,
    stop: int | None = None,
) -> list[bytes]:
    """One packed value for each item of `item_ids[start:stop]`, in their order."""
    stop = len(item_ids) if stop is None else stop
    small = not len(item_ids) or int(item_ids.max()) < 2**31
    if neighbours.gap is None:
        layout = _SMALL if small else _LARGE
    else:
        layout = _SMALL_GAP if small else _LARGE_GAP
    ends = neighbours.indptr[start : stop + 1]
    part = slice(int(ends[0]), int(ends[-1]))
    n_items = stop - start
    records = np.zeros(n_items + part.stop - part.start, dtype=layout)
    heads = ends[:-1] - part.start + np.arange(n_items)
    words = records.view(_HEAD).reshape(-1, layout.itemsize // 4)
    words[heads, 0] = _NUMBERS[layout]
    words[heads, 1] = np.diff(ends)
    words[heads, 2] = neighbours.item_support[start:stop]
    body = np.ones(len(records), dtype=bool)
    body[heads] = False
    records["item"][body] = item_ids[neighbours.item[part]]
    records["score"][body] = neighbours.score[part]
    records["support"][body] = neighbours.support[part]
    records["llr"][body] = neighbours.llr[part]
    if neighbours.gap is not None:
        records["gap_days"][body] = neighbours.gap[part] / np.float32(DAY_SECONDS)
    data = records.tobytes()
    at = (np.append(heads, len(records)) * layout.itemsize).tolist()
    return [data[begin:end] for begin, end in pairwise(at)]


def unpack(data: bytes | memoryview) -> NeighbourList:
    """The neighbours of one packed value. Raises BadArtefact when it is damaged."""
    magic, n, item_support = _START.unpack_from(data) if len(data) >= _START.size else (0, 0, 0)
    layout = _LAYOUTS.get(magic)
    if layout is None or len(data) != (n + 1) * layout.itemsize:
        raise BadArtefact(
            "A row of neighbours is damaged or of another release. It is made again by: "
            "python manage.py persona_rebuild"
        )
    records: NDArray[Any] = np.frombuffer(data, dtype=layout)[1:]
    return NeighbourList(
        item_id=records["item"].astype(np.int64),
        score=records["score"],
        support=records["support"],
        llr=records["llr"],
        item_support=item_support,
        gap_days=records["gap_days"] if layout in _WITH_GAP else None,
    )


def _nothing() -> NeighbourList:
    return NeighbourList(
        item_id=np.empty(0, dtype=np.int64),
        score=np.empty(0, dtype=np.float32),
        support=np.empty(0, dtype=np.int32),
        llr=np.empty(0, dtype=np.float32),
        item_support=0,
    )


NO_NEIGHBOURS = _nothing()
"""What an item has that is in no pair."""
