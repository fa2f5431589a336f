"""A file of what shoppers did, as columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_django.evaluation.catalogue import Catalogue, catalogue_of
from persona_django.evaluation.files import items_file, line_number, part_of, read_columns
from persona_django.evaluation.times import MICROSECONDS, microseconds, refuse_days
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]
STEP_SECONDS = 10
"""Without times a step takes so long, so that a file of half a million steps takes two months."""
NO_PURCHASE = ("return", "adjustment")
"""Events that are no interest in an item."""
LARGEST_PLACE = 2**31
"""Of a row: what is larger is no place but a time."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """Lines of a file, oldest first within a row.

    Parameters
    ----------
    row : (n,) int64, whose line it is: codes in the order in which they first occur
    item : (n,) int64, item code
    at : (n,) int64, seconds since 1970 UTC, or steps of `STEP_SECONDS` where the file has no times
    part : (n,) of str, `train`, `val`, `test` or what the file calls it; "" without parts
    names : of each row
    catalogue : the items
    timed : whether `at` is time
    """

    row: IntArray
    item: IntArray
    at: IntArray
    part: NDArray[np.str_]
    names: Sequence[str]
    catalogue: Catalogue
    timed: bool

    def __len__(self) -> int:
        return len(self.row)

    def steps(self) -> Steps:
        """The lines as rows in time."""
        counts = np.bincount(self.row, minlength=len(self.names))
        return Steps(
            indptr=np.concatenate([[0], np.cumsum(counts)]),
            item=self.item,
            at=self.at,
            owner=np.arange(len(self.names)),
            n_items=len(self.catalogue),
            n_owners=len(self.names),
        )


def read_log(
    path: Path, items: Path | None, *, by: Sequence[str], moments: str = "", in_turn: bool = False
) -> Log:
    """The lines of a file, by the first of the columns `by` that it has.

    With `moments`, such as "basket_id", lines of one value of it happened at once, in the order of
    `basket_no`, of time or of the file. With `in_turn`, rows without times come one after the
    other, as a shop writes down its visits; else all begin at once. Lines that are no interest in
    an item are left out.
    """
    wished = [*by, moments, "event", "timestamp", "position", "basket_no", "part"]
    columns = read_columns(path, needed=["item_id"], wished=[name for name in wished if name])
    row_column = next((name for name in by if name in columns), None)
    if row_column is None:
        raise BadEvaluation(f"{path.name} has no column {' or '.join(by)}.")
    needed = [name for name in dict.fromkeys([row_column, "item_id", moments]) if name in columns]
    kept = _kept(columns, needed)
    if not kept:
        raise BadEvaluation(
            f"{path.name} has no line with {' and '.join(needed)} that is no "
            f"{' or '.join(NO_PURCHASE)}."
        )
    _refuse_missing_times(path, columns, kept)
    if len(kept) < len(columns["item_id"]):
        columns = {name: [values[place] for place in kept] for name, values in columns.items()}
    catalogue = catalogue_of(columns["item_id"], items or items_file(path))
    parts = columns.get("part", [""] * len(columns["item_id"]))
    known: dict[tuple[str, str], int] = {}
    # A test visit may have the number of one to learn from.
    whose = [
        known.setdefault(
            (name, "test" if part == "test" and row_column == "session_id" else ""), len(known)
        )
        for name, part in zip(columns[row_column], parts, strict=True)
    ]
    row = np.array(whose, dtype=np.int64)
    at, fraction, timed = _times(path, columns, row, moments=moments, in_turn=in_turn)
    order = np.lexsort((np.arange(len(row)), fraction, at, row))
    return Log(
        row=row[order],
        item=catalogue.codes(columns["item_id"])[order],
        at=at[order],
        part=np.array([part_of(part) for part in parts])[order],
        names=[name for name, _ in known],
        catalogue=catalogue,
        timed=timed,
    )


def parts_of(log: Log, split: dict[str, set[str]]) -> NDArray[np.str_] | None:
    """Of each row, `train`, `val`, `test` or what else it is called: by the split file, else by
    the column part; None where neither tells rows to learn from and rows to be judged by."""
    if split:
        found = [next((part for part in split if name in split[part]), "") for name in log.names]
        if "test" not in found:
            raise BadEvaluation(
                f"The split file names none of the file's rows as test; its ids must look like "
                f"{log.names[0]!r}."
            )
        return np.array(found)
    if not {"train", "test"} <= set(np.unique(log.part)):
        return None
    part = np.full(len(log.names), "", dtype=log.part.dtype)
    part[log.row] = log.part
    return part


def _kept(columns: dict[str, list[str]], needed: Sequence[str]) -> list[int]:
    """Places of the lines that are an interest in an item, and have what is needed of them."""
    event = columns.get("event")
    return [
        place
        for place, values in enumerate(zip(*(columns[name] for name in needed), strict=True))
        if all(values) and (event is None or event[place] not in NO_PURCHASE)
    ]


def _refuse_missing_times(path: Path, columns: dict[str, list[str]], kept: list[int]) -> None:
    """One line without a time would silently take those of all with it. Public files tell the
    times of one part alone: they are not used, but nothing is missing from them."""
    written = columns.get("timestamp", [])
    if all(written):
        return
    parts = columns.get("part", [""] * len(written))
    timed = {parts[place] for place in kept if written[place]}
    missing = next((place for place in kept if not written[place] and parts[place] in timed), None)
    if missing is not None:
        others = f"others of the part {parts[missing]}" if parts[missing] else "others"
        raise BadEvaluation(
            f"{path.name}, line {line_number(path, missing)}: the timestamp is empty, but "
            f"{others} have one. Give each line its time, or leave the column out."
        )


def _times(
    path: Path, columns: dict[str, list[str]], row: IntArray, *, moments: str, in_turn: bool
) -> tuple[IntArray, IntArray, bool]:
    """Seconds, millionths of one that order what happened within it, and whether they are time."""
    written = columns.get("timestamp")
    if written is not None and all(written):
        refuse_days(path, written)
        at = np.fromiter((microseconds(path, text) for text in written), np.int64, len(row))
        if moments in columns:
            return _one_by_one(at, path, columns, row, moments), np.zeros_like(row), True
        return at // MICROSECONDS, at % MICROSECONDS, True
    place = _places(path, columns)
    if place is None:
        place = _groups(row, columns[moments]) if moments in columns else np.arange(len(row))
    begins = np.full(int(row.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins, row, place)
    place = place - begins[row]
    if in_turn:
        length = np.zeros(len(begins), np.int64)
        np.maximum.at(length, row, place + 1)
        place += (np.cumsum(length) - length)[row]
    return place * STEP_SECONDS, np.zeros_like(row), False


def _places(path: Path, columns: dict[str, list[str]]) -> IntArray | None:
    for name in ("basket_no", "position"):
        if name in columns:
            written = columns[name]
            return np.fromiter((_number(path, text) for text in written), np.int64, len(written))
    return None


def _one_by_one(
    at: IntArray, path: Path, columns: dict[str, list[str]], row: IntArray, moments: str
) -> IntArray:
    """Seconds, one for what was bought at once, and another for each basket of a row: one that
    began with another comes a second later, by its number or as the file has them. `at` is in
    microseconds."""
    group = _groups(row, columns[moments])
    _, first = np.unique(group, return_index=True)
    begun = np.full(len(first), np.iinfo(np.int64).max)
    np.minimum.at(begun, group, at)
    place = _places(path, columns)
    order = np.lexsort((group[first] if place is None else place[first], begun, row[first]))
    begun //= MICROSECONDS
    for one, after in pairwise(order):
        if row[first[one]] == row[first[after]]:
            begun[after] = max(begun[after], begun[one] + 1)
    return begun[group]


def _groups(row: IntArray, of: Sequence[str]) -> IntArray:
    """(n,) int64, numbers of the baskets in the order in which they first occur; two rows never
    share one."""
    known: dict[tuple[int, str], int] = {}
    pairs = zip(row.tolist(), of, strict=True)
    return np.array([known.setdefault(pair, len(known)) for pair in pairs], dtype=np.int64)


def _number(path: Path, text: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise BadEvaluation(
            f"{path.name}: {text!r} is no whole number, as position and basket_no must be."
        ) from error
    if not abs(number) < LARGEST_PLACE:
        raise BadEvaluation(
            f"{path.name}: {text!r} is no place in a row; call the column timestamp if it is time."
        )
    return number
