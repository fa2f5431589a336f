"""Finds and reads the files of the public data sets, which are never part of this project."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from example_shop.progress import Progress, silent

Ints = NDArray[np.int64]

DAY = 86_400
WEEK = 7 * DAY
ROWS_BETWEEN_REPORTS = 5_000
USUAL_PLACE = Path(__file__).resolve().parents[3] / "shared" / "data"


class DataMissingError(Exception):
    """The files asked for are not on this machine; the message says where they should be."""


def data_folder(given: str = "") -> Path:
    """The folder with the sets: as given, else PERSONA_DATA, else `../shared/data`."""
    folder = Path(given or os.environ.get("PERSONA_DATA", "") or USUAL_PLACE)
    if not folder.is_dir():
        raise DataMissingError(
            f"There is no folder {folder}. Name the folder with the public data sets by "
            f"--data-folder or PERSONA_DATA, or leave out --data for the invented shop."
        )
    return folder


def read_columns(
    path: Path, names: Sequence[str], *, progress: Progress = silent
) -> dict[str, list[str]]:
    """Columns of a gzipped CSV file as text, by name."""
    if not path.is_file():
        raise DataMissingError(
            f"There is no file {path}. Get the set, or choose another by --data."
        )
    size = path.stat().st_size
    with path.open("rb") as file, gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        header = next(rows, [])
        absent = [name for name in names if name not in header]
        if absent:
            raise DataMissingError(f"{path.name} has no column {', '.join(absent)}.")
        places = [header.index(name) for name in names]
        width = max(places) + 1
        kept = []
        for number, row in enumerate(rows):
            if len(row) >= width:
                kept.append(row)
            if number % ROWS_BETWEEN_REPORTS == 0:
                # How many rows there are is known only at the end; how many bytes at once.
                progress("rows", file.tell(), size)
        progress("rows", size, size)
    return {name: [row[at] for row in kept] for name, at in zip(names, places, strict=True)}


def seconds(texts: Sequence[str]) -> Ints:
    """ISO 8601 texts, with or without Z, as seconds since 1970, UTC."""
    plain = [text.removesuffix("Z") for text in texts]
    return np.array(plain, dtype="datetime64[s]").astype(np.int64)


def cents(texts: Sequence[str]) -> Ints:
    """Prices as text in whole cents; empty ones are 0."""
    return np.round(np.array([float(text or 0) for text in texts]) * 100).astype(np.int64)


def whole_weeks_until(newest: int, today: int) -> int:
    """Seconds by which a history moves so that it ends in the last week before today.

    Whole weeks, so that Saturdays stay Saturdays.
    """
    return max((today - newest) // WEEK, 0) * WEEK


def numbered(values: Sequence[str]) -> tuple[list[str], Ints]:
    """Different values in order of first appearance, and the number of each row's value."""
    number: dict[str, int] = {}
    rows = [number.setdefault(value, len(number)) for value in values]
    return list(number), np.array(rows, dtype=np.int64)
