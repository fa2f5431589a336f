"""Artefacts: saved as rows, unpacked once a host into a private folder, mapped by each process.

The rows are the truth, and what an unfinished run keeps is nowhere else. A file in the cache
folder is believed only if it is ours, nobody else could write it, and its content has the checksum
of the row; otherwise it is made again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import connections, router, transaction
from numpy.typing import NDArray

from persona_django.artefacts import folder
from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.artefacts.packing import checksum, pack, unpack
from persona_django.breaker import database_call
from persona_django.columns.write import write_rows
from persona_django.exceptions import BadArtefact

log = logging.getLogger("persona_django.artefacts")

PART_BYTES = 4_000_000
"""Below the packet limit of every database, also after a driver has escaped each byte."""

READ_ONCE = "work/"
"""How the names begin of what unfinished runs keep. One process reads it again, and it may tell
what shoppers did, so it is never unpacked into the folder."""

OF_ANOTHER_SHAPE = (LookupError, TypeError, ValueError)
"""What is raised where arrays are put to use that earlier code kept under other names or in other
numbers: what they were of is begun anew."""

MOST_BYTES = 1 << 31
"""No artefact is larger; a row that claims so is not read."""


def save(
    name: str,
    arrays: Mapping[str, NDArray[Any]],
    *,
    schema: int,
    on_part: Callable[[], None] | None = None,
) -> int:
    """Store arrays under a name and return the artefact's id. It never changes afterwards.

    Parts are written one transaction each, so that on SQLite nobody waits for all of them;
    `on_part` is called between them. A save that dies leaves an artefact that `load` refuses and
    `prune` removes.
    """
    data = memoryview(pack(arrays))
    alias = router.db_for_write(Artefact)
    starts = range(0, len(data), PART_BYTES)
    artefact = Artefact.objects.using(alias).create(
        name=name, schema=schema, checksum=checksum(data), size=len(data), parts=len(starts)
    )
    for number, start in enumerate(starts):
        part = bytes(data[start : start + PART_BYTES])
        write_rows(
            alias,
            ArtefactPart,
            {"artefact": [artefact.pk], "number": [number], "data": [part]},
        )
        if on_part is not None:
            on_part()
    return artefact.pk


def load(artefact_id: int, *, schema: int) -> dict[str, NDArray[Any]]:
    """The arrays of one artefact, read-only; BadArtefact when they cannot be trusted.

    They are mapped from the folder, but for what is read once. Costs one query, because a page of
    the shop may be waiting for it.
    """
    alias = router.db_for_read(Artefact)
    row, data = _read(alias, artefact_id, schema)
    if row.schema != schema:
        raise BadArtefact(
            f"Artefact {artefact_id} ({row.name}) has layout {row.schema}, but this release reads "
            f"{schema}. It is made again by: python manage.py persona_rebuild"
        )
    if row.name.startswith(READ_ONCE):
        return _checked(row, data or _read_parts(alias, row))
    arrays = folder.read(row.checksum)
    if arrays is not None:
        return arrays
    data = data or _read_parts(alias, row)
    arrays = _checked(row, data)
    if folder.write(row.checksum, data):
        mapped = folder.read(row.checksum)
        if mapped is not None:
            return mapped
    # No usable cache folder: this process keeps its own copy.
    return arrays


def _read(alias: str, artefact_id: int, schema: int) -> tuple[Artefact, bytes]:
    """The row, and with it its bytes where this host has no file of them and they may be read."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    row, part = quote(Artefact._meta.db_table), quote(ArtefactPart._meta.db_table)
    here = folder.names()
    elsewhere = f"AND a.checksum NOT IN ({', '.join(['%s'] * len(here))}) " if here else ""
    # Only names of ours and placeholders are put into the text.
    sql = (
        f"SELECT a.name, a.{quote('schema')}, a.checksum, a.{quote('size')}, p.data "  # noqa: S608
        f"FROM {row} a LEFT JOIN {part} p ON p.artefact_id = a.id AND a.{quote('schema')} = %s "
        f"AND a.{quote('size')} <= %s {elsewhere}"
        f"WHERE a.id = %s ORDER BY p.{quote('number')}"
    )
    with database_call(alias, may_take_long=True), connection.cursor() as cursor:
        cursor.execute(sql, [schema, MOST_BYTES, *here, artefact_id])
        found = cursor.fetchall()
    if not found:
        raise BadArtefact(f"Artefact {artefact_id} does not exist (any more).")
    name, made_in, checksum_of_all, size, _ = found[0]
    artefact = Artefact(
        pk=artefact_id, name=name, schema=made_in, checksum=checksum_of_all, size=size
    )
    return artefact, b"".join(bytes(data) for *_, data in found if data is not None)


def _read_parts(alias: str, row: Artefact) -> bytes:
    if row.size > MOST_BYTES:
        raise BadArtefact(f"Artefact {row.pk} ({row.name}) claims {row.size} bytes; refused.")
    parts = ArtefactPart.objects.using(alias).filter(artefact_id=row.pk).order_by("number")
    with database_call(alias, may_take_long=True):
        return b"".join(bytes(part) for part in parts.values_list("data", flat=True))


def _checked(row: Artefact, data: bytes) -> dict[str, NDArray[Any]]:
    if len(data) != row.size:
        raise BadArtefact(
            f"Artefact {row.pk} ({row.name}) has {len(data)} of {row.size} bytes; its writing was "
            "cut off or it was damaged."
        )
    if checksum(data) != row.checksum:
        raise BadArtefact(f"Artefact {row.pk} ({row.name}) does not match its row's checksum.")
    return unpack(data)


def newest(name: str) -> int | None:
    """Id of the newest artefact of a name, None before the first."""
    alias = router.db_for_read(Artefact)
    return (
        Artefact.objects.using(alias)
        .filter(name=name)
        .order_by("-id")
        .values_list("pk", flat=True)
        .first()
    )


def prune(name: str, keep: int, protect: Collection[int] = ()) -> int:
    """Delete all but the newest `keep` of a name, never those in `protect`; how many went."""
    alias = router.db_for_write(Artefact)
    ids = Artefact.objects.using(alias).filter(name=name).order_by("-id")
    gone = [pk for pk in ids.values_list("pk", flat=True)[keep:] if pk not in protect]
    return sum(map(delete, gone))


def delete(artefact_id: int) -> bool:
    """Delete one artefact; whether it was still there."""
    alias = router.db_for_write(Artefact)
    with transaction.atomic(using=alias):
        ArtefactPart.objects.using(alias).filter(artefact_id=artefact_id).delete()
        return bool(Artefact.objects.using(alias).filter(pk=artefact_id).delete()[0])


def names(prefix: str) -> list[str]:
    """Names that begin so, of which there is an artefact."""
    rows = Artefact.objects.using(router.db_for_write(Artefact)).filter(name__startswith=prefix)
    return sorted(set(rows.values_list("name", flat=True)))
