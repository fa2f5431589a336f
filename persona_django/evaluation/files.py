"""Files of recommender data: CSV and CSV.gz with a header, and who belongs to which part."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

from persona_django.exceptions import BadEvaluation

VALIDATION = ("val", "valid", "validate", "validation")
"""Names of the part that is neither learnt from nor judged by."""


def read_columns(
    path: Path, *, needed: Sequence[str], wished: Sequence[str]
) -> dict[str, list[str]]:
    """Columns of a CSV file as texts, in the order of its lines; of those wished what is there.

    Raises BadEvaluation for a file that cannot be read, lacks a column that is needed, has a line
    of another length, or has no line at all.
    """
    with _opened(path) as text:
        reader = csv.reader(text)
        header = next(reader, [])
        missing = [name for name in needed if name not in header]
        if missing:
            raise BadEvaluation(
                f"{path.name} has no column {' and no column '.join(missing)}; "
                f"it has {', '.join(header) or 'nothing'}."
            )
        wanted = [name for name in (*needed, *wished) if name in header]
        places = [header.index(name) for name in wanted]
        columns: list[list[str]] = [[] for _ in wanted]
        for row in reader:
            if len(row) != len(header):
                if not row:
                    continue
                raise BadEvaluation(
                    f"{path.name}, line {reader.line_num}: {len(row)} values instead of "
                    f"{len(header)}."
                )
            for column, place in zip(columns, places, strict=True):
                column.append(row[place])
    if not columns[0]:
        raise BadEvaluation(f"{path.name} has no lines beneath its header.")
    return dict(zip(wanted, columns, strict=True))


def line_number(path: Path, place: int) -> int:
    """The line on which a row that `read_columns` gave ends, 0 being the first beneath the header.

    Only a sentence about what is wrong asks for it, so the file is read again instead of keeping
    the numbers of all.
    """
    with _opened(path) as text:
        reader = csv.reader(text)
        next(reader)
        numbers = (reader.line_num for row in reader if row)
        return next(islice(numbers, place, None))


def read_split(path: Path) -> dict[str, set[str]]:
    """Which users or visits are `train`, `val` and `test`: a JSON object of lists of their ids, or
    of objects whose keys they are."""
    with _opened(path) as text:
        try:
            found = json.load(text)
        except ValueError as error:
            raise BadEvaluation(f"{path.name} is no JSON: {error}.") from error
    if not isinstance(found, Mapping):
        raise BadEvaluation(f"{path.name} must be an object with the parts train, val and test.")
    parts: dict[str, set[str]] = {}
    for name, ids in found.items():
        if isinstance(ids, list | Mapping):
            parts.setdefault(part_of(name), set()).update(str(one) for one in ids)
    if not {"train", "test"} <= set(parts):
        raise BadEvaluation(
            f"{path.name} must name the parts train and test, it has "
            f"{', '.join(found) or 'nothing'}."
        )
    return parts


def part_of(name: str) -> str:
    """`train`, `val` or `test`, whatever a data set calls its validation part."""
    return "val" if name in VALIDATION else name


def items_file(path: Path) -> Path | None:
    """The list of items that lies beside a file, if there is one."""
    stem = path.name.removesuffix(".gz").removesuffix(".csv").removesuffix(".examples")
    beside = path.with_name(f"{stem}.items.csv.gz")
    return beside if beside.exists() else None


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as text:
            yield text
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadEvaluation(f"{path.name} is a broken gzip, fetch it again: {error}.") from error
    except OSError as error:
        raise BadEvaluation(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise BadEvaluation(f"{path.name} is not UTF-8, save it as that: {error}.") from error
    except csv.Error as error:
        raise BadEvaluation(f"{path.name} is no CSV that can be read: {error}.") from error
