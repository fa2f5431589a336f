"""How many shoppers two items would have in common by chance: for staff alone.

What it takes is stored once a version, beside its reverse index. A process reads it when staff
first ask for a version, which takes two queries, and for shoppers' pages never.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import counters
from persona_django.artefacts import store as artefacts
from persona_django.exceptions import BadArtefact, Resting
from persona_django.model_registry.live import artefact_of
from persona_django.numeric.chance import met_by_chance
from persona_django.similarity.relations import RELATIONS
from persona_django.similarity.store import REVERSE_SCHEMA

RETRY_SECONDS = 60.0
"""Pause before figures that could not be read are tried again."""
MOST_KEPT = 20
"""Versions whose figures a process keeps mapped; there is one live one a relation."""

_KINDS = {number: kind for kind, number in RELATIONS.items()}
_kept: dict[int, Mapping[str, NDArray[Any]]] = {}
_refused: dict[int, float] = {}


def by_chance(
    version_id: int, item_id: int, others: NDArray[np.int64], support: NDArray[np.integer]
) -> NDArray[np.float64]:
    """How many would have the item and each of the others, had chance alone brought it about.

    0 where that is not known: the version has no such figures, or they cannot be read at the
    moment. Nothing is raised for it, because a page is to be shown all the same.
    """
    # Behind what only texts have in common stands nobody.
    known = _figures(version_id) if np.any(support) else None
    if known is None or "leading" not in known:
        return np.zeros(len(others))
    item_ids, asked = known["item_id"], np.append(item_id, others)
    place = np.searchsorted(item_ids, asked)
    place[place == len(item_ids)] = 0
    is_there = item_ids[place] == asked
    leading = known["leading"]
    following = known.get("following", leading)
    met = met_by_chance(support, leading[:, place[0]], following[:, place[1:]], known["everyone"])
    return np.where(is_there[0] & is_there[1:], met, 0.0)


def pair_by_chance(
    versions: Mapping[str, int], relation: int, item_id: int, other_id: int, support: int
) -> float:
    """The same of one pair, in the version of its relation that is live."""
    version_id = versions.get(_KINDS.get(relation, ""), 0)
    return float(by_chance(version_id, item_id, np.array([other_id]), np.array([support]))[0])


def _figures(version_id: int) -> Mapping[str, NDArray[Any]] | None:
    """The arrays of a version; None where there are none, or none that can be read now."""
    if not version_id or version_id in _kept:
        return _kept.get(version_id)
    refused = _refused.get(version_id)
    if refused is not None and time.monotonic() - refused < RETRY_SECONDS:
        return None
    try:
        artefact = artefact_of(version_id)
        arrays = artefacts.load(artefact, schema=REVERSE_SCHEMA) if artefact else None
    except Resting:
        return None
    except BadArtefact as error:
        _refused[version_id] = time.monotonic()
        counters.failed("chance_unusable", _ADVICE, error=error)
        return None
    if arrays is None:
        # Where a replica lags, a version may be known before its row is here.
        _refused[version_id] = time.monotonic()
        return None
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[version_id] = arrays
    return arrays


_ADVICE = (
    "What would meet by chance cannot be read, so staff are shown figures without it. It is tried "
    "again in a minute, and made again by: python manage.py persona_rebuild"
)


def forget() -> None:
    """Read the figures of every version again."""
    _kept.clear()
    _refused.clear()
