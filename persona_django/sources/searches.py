"""What was found useful after searches, as one process holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.artefacts.packing import text_at, unpack_texts


@dataclass(frozen=True, kw_only=True)
class Finds:
    """Families as aligned columns, best first."""

    group_id: NDArray[np.int64]
    score: NDArray[np.float64]
    visitors: NDArray[np.int64]
    """Distinct visitors behind each, counted by whole crowds."""


class KnownSearches:
    """The searches of one version by their key, with what was found after them.

    Built once for each version and process; a look into it costs no query. Raises ValueError or
    KeyError for arrays that are none of these.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        keys = unpack_texts(arrays["key_text"], arrays["key_ends"])
        self._row_of = {key: row for row, key in enumerate(keys)}
        if not len(keys) == len(arrays["is_dead"]) == len(arrays["found_indptr"]) - 1:
            raise ValueError("there must be one list for each search")

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
