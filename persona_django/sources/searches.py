"""What was found useful after searches, as one process holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.artefacts.packing import text_at, unpack_texts
from persona_django.exceptions import BadArtefact

_OF_A_LIST = {"indptr": "iu", "item": "iu", "score": "f", "visitors": "iu"}
_NUMBERS = {
    "group_id": "iu",
    "is_dead": "b",
    "key_text": "u",
    "key_ends": "iu",
    "words_text": "u",
    "words_ends": "iu",
    **{f"found_{column}": kinds for column, kinds in _OF_A_LIST.items()},
    **{f"bought_{column}": kinds for column, kinds in _OF_A_LIST.items()},
}
"""By array, the kinds of numbers that it may hold, in numpy's letters."""
_CUT_BY = {
    "key_text": "key_ends",
    "words_text": "words_ends",
    "found_item": "found_indptr",
    "bought_item": "bought_indptr",
}
"""Arrays that hold something of each search, one behind the other, and the offsets between."""


@dataclass(frozen=True, kw_only=True)
class Finds:
    """Families as aligned columns, best first."""

    group_id: NDArray[np.int64]
    score: NDArray[np.float64]
    visitors: NDArray[np.int64]
    """Distinct visitors behind each, counted by whole crowds."""


class KnownSearches:
    """The searches of one version by their key, with what was found after them.

    Built once for each version and process; a look into it costs no query. Raises BadArtefact or
    KeyError for arrays that are none of these, so that no look has to.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        _check(arrays)
        self._arrays = arrays
        keys = unpack_texts(arrays["key_text"], arrays["key_ends"])
        self._row_of = {key: row for row, key in enumerate(keys)}

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: str) -> bool:
        return key in self._row_of

    def words(self, key: str) -> str:
        """The spelling that was asked for most."""
        row = self._row_of[key]
        return text_at(self._arrays["words_text"], self._arrays["words_ends"], row)

    def found_after(self, key: str) -> Finds:
        """What was found useful after a search, best first."""
        return self._list("found", key)

    def bought_in_the_end(self, key: str) -> Finds:
        """What those bought whom a search led nowhere, most buyers first; nothing of others."""
        return self._list("bought", key)

    def leads_nowhere(self, key: str) -> bool:
        """Whether most of those who made this search found nothing."""
        return bool(key in self._row_of and self._arrays["is_dead"][self._row_of[key]])

    def _list(self, name: str, key: str) -> Finds:
        row, arrays = self._row_of.get(key), self._arrays
        low, high = (0, 0) if row is None else arrays[f"{name}_indptr"][row : row + 2].tolist()
        return Finds(
            group_id=arrays["group_id"][arrays[f"{name}_item"][low:high]],
            score=arrays[f"{name}_score"][low:high],
            visitors=arrays[f"{name}_visitors"][low:high],
        )


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, kinds in _NUMBERS.items():
        if arrays[name].ndim != 1 or arrays[name].dtype.kind not in kinds:
            raise BadArtefact(f"{name} is no list of the numbers that it should hold.")
    for name, by in _CUT_BY.items():
        ends = arrays[by].astype(np.int64)
        is_whole = len(ends) == len(arrays["is_dead"]) + 1 and ends[0] == 0
        if not is_whole or ends[-1] != len(arrays[name]) or (np.diff(ends) < 0).any():
            raise BadArtefact(f"{by} does not cut {name} into one part for each of is_dead.")
    for name in ("found", "bought"):
        item = arrays[f"{name}_item"]
        if len(item) and not 0 <= item.min() <= item.max() < len(arrays["group_id"]):
            raise BadArtefact(f"{name}_item names families that group_id does not hold.")
        for column in (f"{name}_score", f"{name}_visitors"):
            if len(arrays[column]) != len(item) or not np.isfinite(arrays[column]).all():
                raise BadArtefact(f"{column} has no number for each of {name}_item.")
