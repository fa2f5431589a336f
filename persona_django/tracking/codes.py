"""Columns with many repeats, worked on once for each distinct value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def factorise(values: NDArray[Any] | Sequence[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """The distinct values, and for each place the position of its value among them.

    >>> distinct, at = factorise(["tea", "mug", "tea"])
    >>> distinct, at.tolist()
    (['tea', 'mug'], [0, 1, 0])
    """
    if isinstance(values, np.ndarray) and values.dtype != object:
        distinct, at = np.unique(values, return_inverse=True)
        return distinct.tolist(), at.astype(np.int64, copy=False)
    given = values.tolist() if isinstance(values, np.ndarray) else values
    places = {value: place for place, value in enumerate(dict.fromkeys(given))}
    at = np.fromiter(map(places.__getitem__, given), dtype=np.int64, count=len(given))
    return list(places), at


def mixed(numbers: NDArray[np.int64], *, seed: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Other numbers for these, 1 or more, that look random and repeat exactly as these do. Several
    seeds are broadcast against the numbers.

    The finaliser of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014). Not secret: for telling apart within one computation only.
    """
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) ^ np.asarray(seed).astype(np.uint64)
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return np.maximum((z >> np.uint64(1)).astype(np.int64), 1)
