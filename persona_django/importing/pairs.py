"""Suggested pairs as a file of their own, for whoever keeps them in a spreadsheet."""

from __future__ import annotations

import csv
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from django.core.exceptions import ValidationError
from django.db import connections, router
from django.utils.dateparse import parse_datetime

from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import parse_seed, ref_of
from persona_django.columns.write import chunk_rows, give_way
from persona_django.exceptions import BadImport, NotRegistered
from persona_django.importing.records import NUL, NUL_READ_AS
from persona_django.importing.rejects import safe
from persona_django.importing.values import text_fault
from persona_django.merchandising.models import SuggestedPair
from persona_django.merchandising.suggestions import faults_of
from persona_django.similarity.relations import RELATIONS, SUGGESTIBLE
from persona_django.tracking.items import REFS_AT_A_TIME
from persona_django.tracking.lines import as_stored

COLUMNS = ("list", "beside", "suggested", "strength", "reason", "expires_at")
NAMES = {number: name for name, number in RELATIONS.items() if number in SUGGESTIBLE}
MOST_FAULTS = 10
"""Lines that an error names; whoever reads it goes back to the file after the first."""
PAIRS_AT_ONCE = 100
"""Written in one transaction: on SQLite the shop waits for it. More would be several statements
there, of at most 999 values each."""


def write_pairs(file: TextIO, *, store: int = 1) -> int:
    """Write every suggested pair of a store as CSV, expired ones too; how many there are."""
    alias = router.db_for_read(SuggestedPair)
    rows = (
        SuggestedPair.objects.using(alias)
        .filter(item__store=store, item__ref__isnull=False, other__ref__isnull=False)
        .select_related("item", "other")
        .order_by("pk")
    )
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for pair in rows:
        expiry = pair.expires_at.isoformat() if pair.expires_at else ""
        named = [safe(f"{one.model}:{one.key}") for one in (pair.item, pair.other)]
        writer.writerow([NAMES[pair.relation], *named, pair.strength, safe(pair.reason), expiry])
    return len(rows)


def read_pairs(path: Path, *, store: int = 1) -> int:
    """Take in the pairs of a CSV file; how many. One that is there gets the strength, reason and
    expiry of the file, and none is taken away.

    All of it is looked through first, and nothing is written where a line is wrong. Killed while
    it writes, it has written some of the pairs: reading the file again writes the rest.

    Raises BadImport, which names the lines that are wrong.
    """
    alias = router.db_for_write(SuggestedPair)
    faults: dict[int, str] = {}
    lines = []
    for number, cells in _rows(path):
        try:
            lines.append(_line_of(number, cells))
        except (ValueError, NotRegistered) as error:
            faults[number] = str(error)
        except ValidationError as error:
            faults[number] = " ".join(error.messages)
    known = _with_items(lines, faults, alias, store)
    _refuse_unshown(known, faults, alias, store)
    if faults:
        raise BadImport(_told(faults))
    # Of two lines about one pair the last one counts; no database takes both in one statement.
    # Always in the same order, so that two files never wait for each other in a circle.
    pairs = {line.key: line.pair for line in known}
    _write([pairs[key] for key in sorted(pairs)], alias)
    return len(pairs)


def _write(pairs: Sequence[SuggestedPair], alias: str) -> None:
    connection = connections[alias]
    size = min(chunk_rows(connection), PAIRS_AT_ONCE)
    # MySQL and MariaDB are not told which constraint is meant, and here is only one.
    is_told = connection.features.supports_update_conflicts_with_target
    unique = ["relation", "item", "other"] if is_told else None
    for start in range(0, len(pairs), size):
        began = time.monotonic()
        # One statement, with nothing read before it: SQLite refuses the first write of a
        # transaction that began by reading, where another one wrote in between.
        SuggestedPair.objects.using(alias).bulk_create(
            pairs[start : start + size],
            update_conflicts=True,
            update_fields=["strength", "reason", "expires_at"],
            unique_fields=unique,
        )
        give_way(connection, time.monotonic() - began)


def _told(faults: Mapping[int, str]) -> str:
    named = [f"Line {number}: {faults[number]}" for number in sorted(faults)]
    more = [f"and {len(named) - MOST_FAULTS:,} more"] if len(named) > MOST_FAULTS else []
    return "\n".join([*named[:MOST_FAULTS], *more, "Nothing was taken in."])


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        # Bytes that are no text stay recognisable, so that their line can be named.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(line.replace(NUL, NUL_READ_AS) for line in file)
            header = [name.strip() for name in next(reader, [])]
            if header[:3] != list(COLUMNS[:3]) or not set(header) <= set(COLUMNS):
                raise BadImport(f"{path} begins with the columns {','.join(COLUMNS)}.")
            for row in reader:
                if row:
                    cells = (cell.replace(NUL_READ_AS, NUL).strip() for cell in row)
                    yield reader.line_num, dict(zip(header, cells, strict=False))
    except (OSError, csv.Error) as error:
        raise BadImport(f"{path} cannot be read: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a file, whose items are named and not found yet."""

    number: int
    names: tuple[str, str]
    refs: tuple[int, int]
    pair: SuggestedPair

    @property
    def key(self) -> tuple[int, int, int]:
        """What there may be one of."""
        return self.pair.relation, self.pair.item_id, self.pair.other_id


def _line_of(number: int, cells: Mapping[str, str]) -> _Line:
    """What one line says. Raises what says in a sentence why it is no pair."""
    numbers = {name: number for number, name in NAMES.items()}
    if cells["list"] not in numbers:
        raise ValueError(f"list is one of {', '.join(numbers)}, not {cells['list']!r}.")
    strength = cells.get("strength") or "20"
    if not strength.isdecimal():
        raise ValueError(f"strength is a number of customers, not {strength!r}.")
    names = (cells.get("beside", ""), cells.get("suggested", ""))
    beside, suggested = (ref_of(*parse_seed(_plain(name))) for name in names)
    pair = SuggestedPair(
        relation=numbers[cells["list"]],
        strength=int(strength),
        reason=_reason(cells.get("reason", "")),
        expires_at=_moment(cells.get("expires_at", "")),
    )
    pair.clean_fields(exclude=["item", "other"])
    if beside == suggested:
        raise ValueError("nothing is suggested beside itself.")
    return _Line(number=number, names=names, refs=(beside, suggested), pair=pair)


def _with_items(
    lines: Sequence[_Line], faults: dict[int, str], alias: str, store: int
) -> list[_Line]:
    """The lines whose pair has its items now. The others have a fault."""
    items = _items_of({ref for line in lines for ref in line.refs}, alias, store)
    known = []
    for line in lines:
        unknown = [
            name for name, ref in zip(line.names, line.refs, strict=True) if ref not in items
        ]
        if unknown:
            faults[line.number] = f"there is no {unknown[0]} in the catalogue."
        else:
            line.pair.item, line.pair.other = (items[ref] for ref in line.refs)
            known.append(line)
    return known


def _refuse_unshown(
    lines: Sequence[_Line], faults: dict[int, str], alias: str, store: int
) -> None:
    """Give each line whose pair no page would ever show a fault.

    Not what was suggested while it could be shown: a file that was written is read again, and
    merchants may not know which of a thousand pairs have left the catalogue since.
    """
    found = faults_of([(line.pair.item, line.pair.other) for line in lines], store=store)
    if any(found):
        rows = SuggestedPair.objects.using(alias).values_list("relation", "item_id", "other_id")
        there = set(rows)
        for line, fault in zip(lines, found, strict=True):
            if fault and line.key not in there:
                faults[line.number] = fault


_READ = ("ref", "store", "group_ref", "retired_at")
"""What it takes to tell whether an item is ever shown."""


def _items_of(refs: Collection[int], alias: str, store: int) -> dict[int, Item]:
    """Each ref's item, as far as there is one; a query for some hundred of them."""
    found: dict[int, Item] = {}
    asked, every = list(refs), Item.objects.using(alias).filter(store=store)
    for start in range(0, len(asked), REFS_AT_A_TIME):
        rows = every.filter(ref__in=asked[start : start + REFS_AT_A_TIME]).only(*_READ)
        found.update((row.ref, row) for row in rows if row.ref is not None)
    return found


def _reason(written: str) -> str:
    if fault := text_fault(written, "reason", encoding="utf-8"):
        raise ValueError(f"{fault}.")
    return _plain(written)


def _moment(written: str) -> datetime | None:
    if not written:
        return None
    try:
        found = parse_datetime(written)
        kept = as_stored(found) if found else None
    except (ValueError, OverflowError):
        kept = None
    if kept is None:
        raise ValueError(f"expires_at is a moment such as 2031-05-01T00:00, not {written!r}.")
    return kept


def _plain(cell: str) -> str:
    """A cell without the mark that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell.startswith("'") and safe(cell[1:]) == cell else cell
