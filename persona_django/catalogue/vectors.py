"""Vectors of the shop's own: read from its products when they are learnt from, never stored."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.catalogue import registry
from persona_django.catalogue.layout import Snapshot
from persona_django.catalogue.maps import ItemMap
from persona_django.catalogue.reading import Plan
from persona_django.catalogue.refs import key_text, refs_of

log = logging.getLogger("persona_django.catalogue")

MOST_NUMBERS = 4_096
"""More are no vector of a product; all of a shop are in memory at once."""
LEAST_LENGTH = 1e-6
"""A shorter sum of vectors is a rounding error."""
SHOWN = 3
"""Faults that the log names, the last ones."""


def read_vectors(
    store: int,
    snapshot: Snapshot,
    families: NDArray[np.int64],
    *,
    progress: Callable[[int], None],
) -> NDArray[np.float32]:
    """A row for each family, of length 1: the middle of those of its members; 0 where the shop
    says nothing. No column where no map declares any.

    A vector that is none, or has another length than most, is left out, which the log says.
    """
    found: dict[int, NDArray[np.float32]] = {}
    faults: list[str] = []
    done = 0
    for item_map in registry.item_maps().values():
        if item_map.declared("vector") is None:
            continue
        for label, keys, values in _pages(item_map):
            items = snapshot.items_of_refs(refs_of(label, keys))
            for key, item, value in zip(keys, items.tolist(), values, strict=True):
                vector = _checked(value, f"{label}:{key}", faults)
                if item and vector is not None:
                    found[item] = vector
            done += len(keys)
            progress(done)
    return _of_families(found, snapshot, families, faults)


def _pages(item_map: ItemMap) -> Iterator[tuple[str, list[str], list[Any]]]:
    for page in Plan(item_map, only=("vector",)).pages():
        good = [row for row in page if not row.fault]
        for row in page:
            if row.fault:
                log.warning("The vector of %s:%s: %s", item_map.label, row.pk, row.fault)
        yield item_map.label, [key_text(row.pk) for row in good], [row.values[0] for row in good]


def _checked(value: Any, product: str, faults: list[str]) -> NDArray[np.float32] | None:
    """The vector that a product's value is, of length 1; None where there is none of use."""
    if value is None:
        return None
    try:
        vector = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        faults.append(f"that of {product} is {type(value).__name__}, not a list of numbers")
        return None
    if vector.ndim != 1 or len(vector) > MOST_NUMBERS:
        faults.append(f"that of {product} has the shape {vector.shape}")
        return None
    length = float(np.linalg.norm(vector)) if np.isfinite(vector).all() else 0.0
    if not 0 < length < np.inf:
        if len(vector):
            faults.append(f"that of {product} points nowhere: all 0, or not finite")
        return None
    return (vector / length).astype(np.float32)


def _of_families(
    found: dict[int, NDArray[np.float32]],
    snapshot: Snapshot,
    families: NDArray[np.int64],
    faults: list[str],
) -> NDArray[np.float32]:
    lengths = Counter(map(len, found.values()))
    # Of two as frequent the longer, so that the order in which they were read says nothing.
    usual = max(lengths, key=lambda length: (lengths[length], length), default=0)
    if others := len(found) - lengths[usual]:
        faults.append(f"{others:,} have another length than the {usual} numbers that most have")
    if faults:
        log.warning(
            "Vectors of products are left out (%s): %s. Correct `vector` in persona.py.",
            f"{len(faults):,} faults" if len(faults) > 1 else "1 fault",
            "; ".join(faults[-SHOWN:]),
        )
    items = [item for item, vector in found.items() if len(vector) == usual]
    table = np.zeros((len(families), usual), dtype=np.float32)
    if not items or not len(families):
        return table
    family = snapshot.group_of(np.array(items, dtype=np.int64))
    place = np.minimum(np.searchsorted(families, family), len(families) - 1)
    known = families[place] == family
    vectors = np.stack([found[item] for item in items])
    np.add.at(table, place[known], vectors[known])
    length = np.linalg.norm(table, axis=1, keepdims=True)
    # Of opposite members nothing is left.
    return np.divide(table, length, out=np.zeros_like(table), where=length > LEAST_LENGTH)
