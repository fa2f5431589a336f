"""Which arrays belong to the live version of a kind, for readers in every process."""

from __future__ import annotations

from django.db import router

from persona_django.breaker import database_call
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.publish import live_version

POPULAR = "popular"
"""Kind whose version is one artefact: group_id int64, score float64, shoppers int64, by group, and
`lift` float32, one row a group and one column for each of `tracking.situations`."""
POPULAR_SCHEMA = 2
"""Layout of that artefact."""
TRENDING = "trending"
"""The same without `lift` of what more people want now than usual, and `made_at` int64, in seconds
since 1970."""
TRENDING_SCHEMA = 1
"""Layout of that artefact."""
VISIT_NEXT = "visit-next"
"""Kind whose version is one artefact: group_id int64 by item code, and a fitted pipeline."""
VISITS_SCHEMA = 1
"""Layout of that artefact."""
SEARCH_FINDS = "search-finds"
"""Kind whose version is one artefact: group_id int64 by item code, and searches by their key with
lists of what was found after them. It holds what crowds did, and nothing of single visitors."""
SEARCHES_SCHEMA = 1
"""Layout of that artefact."""
HOLD_VISITS = frozenset({VISIT_NEXT})
"""Kinds that hold what single visitors did, and not only what a crowd has in common."""

_artefacts: dict[int, int] = {}


def live_artefact(kind: str, store: int = 1) -> int:
    """Id of the artefact of the live version; 0 while there is none."""
    return artefact_of(live_version(kind, store))


def artefact_of(version_id: int) -> int:
    """Id of the artefact of a version; 0 where there is none, or none has arrived here yet.

    A live version never changes, so each process asks once for each artefact it has found.
    """
    if not version_id:
        return 0
    if version_id not in _artefacts:
        alias = router.db_for_read(ModelVersion)
        rows = ModelVersion.objects.using(alias).filter(pk=version_id)
        with database_call(alias):
            found = rows.values_list("artefact_id", flat=True).first()
        if not found:
            return 0
        if len(_artefacts) > _MOST_REMEMBERED:
            _artefacts.clear()
        _artefacts[version_id] = found
    return _artefacts[version_id]


_MOST_REMEMBERED = 100


def forget() -> None:
    """Ask again for every version."""
    _artefacts.clear()
