"""Writing the rows of one version, and taking them away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import router
from django.db.models import Q
from numpy.typing import NDArray

from persona_django import counters
from persona_django.artefacts import store as artefacts
from persona_django.columns.read import read_columns
from persona_django.columns.write import delete_rows, write_rows
from persona_django.exceptions import BadArtefact
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.packing import pack_rows, unpack

if TYPE_CHECKING:
    from persona_django.numeric.chance import People
    from persona_django.numeric.neighbours import Neighbours

_AT_ONCE = 500
"""Items asked for at once, which every database takes."""
REVERSE_SCHEMA = 1
"""Layout of the reverse index: item_id int64 ascending, indptr int64, listed_by int32 or int64.
Where people stand behind it also what `numeric.chance.People` holds, by the same names."""


def write(
    version_id: int,
    relation: int,
    neighbours: Neighbours,
    item_ids: NDArray[np.int64],
    *,
    start: int = 0,
    stop: int | None = None,
    on_chunk: Callable[[], None] | None = None,
) -> int:
    """Write one row for each item that has neighbours, from `start` to `stop` by position.

    Items without any get no row. `on_chunk` is called between transactions and may raise to stop.
    """
    stop = len(item_ids) if stop is None else min(stop, len(item_ids))
    packed = pack_rows(neighbours, item_ids, start=start, stop=stop)
    held = np.flatnonzero(np.diff(neighbours.indptr[start : stop + 1]))
    if not len(held):
        return 0
    columns: dict[str, Any] = {
        "version_id": np.full(len(held), version_id, dtype=np.int64),
        "relation": np.full(len(held), relation, dtype=np.int16),
        "item_id": item_ids[start:stop][held],
        "data": [packed[row] for row in held.tolist()],
    }
    return write_rows(_alias(), NeighbourRow, columns, on_chunk=on_chunk)


def save_reverse_index(
    name: str,
    neighbours: Neighbours,
    item_ids: NDArray[np.int64],
    *,
    people: People | None = None,
    on_part: Callable[[], None] | None = None,
) -> int:
    """Store "in whose lists is X" for every X, as an artefact; returns its id.

    With `people` also how many stand behind every X that has a list or is in one, for "by chance
    61". Of all others nothing is told: only what stands in a list has a crowd.
    """
    n = len(item_ids)
    lister = np.repeat(np.arange(n, dtype=np.int64), np.diff(neighbours.indptr))
    # Both numbers in one: sorting such a column is many times faster than finding its order.
    pair = np.sort(neighbours.item.astype(np.int64) * n + lister)
    counts = np.bincount(neighbours.item, minlength=n)
    # Half the bytes, for all shops whose ids are below 2 billion.
    narrow = item_ids.astype(np.int32) if n and item_ids.max() < 2**31 else item_ids
    arrays = {
        "item_id": item_ids,
        "indptr": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "listed_by": narrow[pair % n] if n else item_ids,
        **_told(people, has_list=np.diff(neighbours.indptr) > 0, is_listed=counts > 0),
    }
    return artefacts.save(name, arrays, schema=REVERSE_SCHEMA, on_part=on_part)


def _told(
    people: People | None, *, has_list: NDArray[np.bool_], is_listed: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """What may be told of the people behind items, as arrays; none where there are no people."""
    if people is None or not len(people.everyone):
        return {}
    if people.following is None:
        return {
            "leading": people.leading * (has_list | is_listed),
            "everyone": people.everyone,
        }
    return {
        "leading": people.leading * has_list,
        "following": people.following * is_listed,
        "everyone": people.everyone,
    }


def items_of(version_id: int) -> NDArray[np.int64]:
    """Items that have a row in a version, in no order."""
    table = NeighbourRow._meta.db_table
    sql = f"SELECT item_id FROM {table} WHERE version_id = %s"  # noqa: S608 - our own name
    return read_columns(_alias(), sql, [version_id], "i")[0]


def firsts_of(
    version_id: int, item_ids: NDArray[np.int64], *, k: int, taught: bool = False
) -> dict[int, NDArray[np.int64]]:
    """The first k of the lists of some items in a version; items without a list are left out.

    With `taught`, the first k that shoppers stand behind. A list that is damaged is counted and
    left out as well: the rebuild that asks is what makes it again, and must not fail over it.
    """
    rows = NeighbourRow.objects.using(_alias()).filter(version_id=version_id).order_by()
    found: dict[int, NDArray[np.int64]] = {}
    for low in range(0, len(item_ids), _AT_ONCE):
        some = item_ids[low : low + _AT_ONCE].tolist()
        for item_id, data in rows.filter(item_id__in=some).values_list("item_id", "data"):
            try:
                row = unpack(data)
            except BadArtefact as error:
                counters.failed("neighbours_unusable", _ADVICE, error=error)
                continue
            others = row.item_id[row.support > 0] if taught else row.item_id
            found[item_id] = np.asarray(others[:k])
    return found


_ADVICE = (
    "A list of the live version is damaged, so the new one is judged without it. Pages show their "
    "fallbacks in its place until the new version is live."
)


def stored_versions() -> set[int]:
    """Every version that has rows, also those of a dead builder that nobody knows any more."""
    rows = NeighbourRow.objects.using(_alias()).order_by().values_list("version_id", flat=True)
    return set(rows.distinct())


def delete_version(version_id: int, *, on_chunk: Callable[[], None] | None = None) -> int:
    """Delete the rows of one version, in chunks that hold up nobody."""
    return delete_rows(_alias(), NeighbourRow, Q(version_id=version_id), on_chunk=on_chunk)


def _alias() -> str:
    return router.db_for_write(NeighbourRow)
