"""Suggested pairs as a file of their own, for whoever keeps them in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.utils.dateparse import parse_datetime

from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import parse_seed, ref_of
from persona_django.exceptions import BadImport, NotRegistered
from persona_django.importing.records import NUL, NUL_READ_AS
from persona_django.importing.rejects import safe
from persona_django.importing.values import text_fault
from persona_django.merchandising.models import SuggestedPair
from persona_django.similarity.relations import RELATIONS, SUGGESTIBLE
from persona_django.tracking.lines import as_stored

COLUMNS = ("list", "beside", "suggested", "strength", "reason", "expires_at")
NAMES = {number: name for name, number in RELATIONS.items() if number in SUGGESTIBLE}
MOST_FAULTS = 10
"""Lines that an error names; whoever reads it goes back to the file after the first."""


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
    """Take in the pairs of a CSV file, all or none; how many. One that is there gets the strength,
    reason and expiry of the file, and none is taken away.

    Raises BadImport, which names the lines that are wrong.
    """
    alias = router.db_for_write(SuggestedPair)
    faults: list[str] = []
    pairs = []
    for number, line in _lines(path):
        try:
            pairs.append(_pair_of(line, alias, store))
        except (ValueError, NotRegistered) as error:
            faults.append(f"Line {number}: {error}")
        except ValidationError as error:
            faults.append(f"Line {number}: {' '.join(error.messages)}")
    if faults:
        more = [f"and {len(faults) - MOST_FAULTS:,} more"] if len(faults) > MOST_FAULTS else []
        raise BadImport("\n".join([*faults[:MOST_FAULTS], *more, "Nothing was taken in."]))
    with transaction.atomic(using=alias):
        for pair in pairs:
            said = {name: getattr(pair, name) for name in ("strength", "reason", "expires_at")}
            SuggestedPair.objects.using(alias).update_or_create(
                relation=pair.relation, item_id=pair.item_id, other_id=pair.other_id, defaults=said
            )
    return len(pairs)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        # Bytes that are no text stay recognisable, so that their line can be named.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(line.replace(NUL, NUL_READ_AS) for line in file)
            header = [name.strip() for name in next(reader, [])]
            if header[:3] != list(COLUMNS[:3]) or not set(header) <= set(COLUMNS):
                raise BadImport(f"{path} begins with the columns {','.join(COLUMNS)}.")
            for line in reader:
                if line:
                    cells = (cell.replace(NUL_READ_AS, NUL).strip() for cell in line)
                    yield reader.line_num, dict(zip(header, cells, strict=False))
    except (OSError, csv.Error) as error:
        raise BadImport(f"{path} cannot be read: {error}") from error


def _pair_of(line: dict[str, str], alias: str, store: int) -> SuggestedPair:
    """The pair of one line. Raises what says in a sentence why it is none."""
    numbers = {name: number for number, name in NAMES.items()}
    if line["list"] not in numbers:
        raise ValueError(f"list is one of {', '.join(numbers)}, not {line['list']!r}.")
    strength = line.get("strength") or "20"
    if not strength.isdecimal():
        raise ValueError(f"strength is a number of customers, not {strength!r}.")
    pair = SuggestedPair(
        relation=numbers[line["list"]],
        item_id=_item_of(line.get("beside", ""), alias, store),
        other_id=_item_of(line.get("suggested", ""), alias, store),
        strength=int(strength),
        reason=_reason(line.get("reason", "")),
        expires_at=_moment(line.get("expires_at", "")),
    )
    pair.clean_fields(exclude=["item", "other"])
    if pair.item_id == pair.other_id:
        raise ValueError("nothing is suggested beside itself.")
    return pair


def _item_of(written: str, alias: str, store: int) -> int:
    ref = ref_of(*parse_seed(_plain(written)))
    items = Item.objects.using(alias).filter(store=store, ref=ref)
    item = items.values_list("pk", flat=True).first()
    if item is None:
        raise ValueError(f"there is no {written} in the catalogue.")
    return int(item)


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
