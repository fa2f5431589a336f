"""Rows of the catalogue gathered by what they have in common, so that each cut is a slice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALL = np.iinfo(np.uint16).max


class Groups:
    """Rows by a code that each of them has, such as that of its category; ascending in each."""

    def __init__(self, rows: NDArray[np.int64], codes: NDArray[np.int32]) -> None:
        """`codes` by row of the catalogue, -1 for none; only the given rows are gathered."""
        code = codes[rows]
        rows, code = rows[code >= 0], code[code >= 0]
        highest = int(code.max(initial=-1))
        # Numbers of two bytes are sorted in a fourth of the time, and few shops need more.
        order = np.argsort(code.astype(np.uint16) if highest <= _SMALL else code, kind="stable")
        self._rows = rows[order].astype(np.int32)
        self._starts: list[int] = np.searchsorted(code[order], np.arange(highest + 2)).tolist()

    def of(self, code: int) -> NDArray[Any]:
        """(n,) int32, rows with this code, ascending; none for -1 and for a code of no row."""
        if not 0 <= code < len(self._starts) - 1:
            return self._rows[:0]
        return self._rows[self._starts[code] : self._starts[code + 1]]
