"""Learning what items are alike in what the shop says about them: `content`, for what is so new
that nobody has come to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.descriptions import Descriptions, read_descriptions
from persona_django.catalogue.snapshot import Snapshot
from persona_django.catalogue.state import read_state
from persona_django.catalogue.vectors import read_vectors
from persona_django.identity.erasure import ERASURES
from persona_django.numeric.alike import most_alike
from persona_django.numeric.content import (
    beside_own,
    joined_vectors,
    label_vectors,
    most_in_common,
    text_vectors,
)
from persona_django.training.evidence import Progress
from persona_django.training.similarity import Arrays, Beat

TEXTS = {"title": 1.0, "text": 0.5}
"""What is said in the name of a thing says more than what is said at length."""
LABELS = 1.0
"""What brand, categories and attributes count, beside the words."""
OWN = 2.5
"""What vectors of the shop's own count: as much as all that is said in words."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What was read of the catalogue, in the place of a history."""

    told: Descriptions
    own: NDArray[np.float32]
    """Vectors of the shop's own, a row for each family of which it tells; no column without."""
    rows_read: int
    seconds: float
    erasures: int
    hear: Progress
    """Told how far the work on it has come, which keeps the lease."""


def gather(store: int, snapshot: Snapshot, *, progress: Progress) -> Catalogue:
    """Read what the mirror says about every product."""
    began = time.perf_counter()
    erasures = read_state(fresh=True).get(ERASURES, 0)
    told = read_descriptions(
        store, snapshot, progress=lambda done, all_: progress("reading products", done, all_)
    )
    own = read_vectors(
        store, snapshot, told.group_id, progress=lambda done: progress("reading vectors", done, 0)
    )
    return Catalogue(
        told=told,
        own=own,
        rows_read=told.rows_read,
        seconds=time.perf_counter() - began,
        erasures=erasures,
        hear=progress,
    )


def vectors_of(catalogue: Catalogue) -> Arrays:
    """A vector for each family; no words are kept."""
    told = catalogue.told
    if not len(told.group_id):
        return {"item_ids": told.group_id}
    most = most_in_common(len(told.group_id))
    words = text_vectors(
        told.texts,
        weights=TEXTS,
        most=most,
        progress=lambda done, total: catalogue.hear("counting words", done, total),
    )
    labels = label_vectors(told.labels, most=most)
    said = sum(TEXTS.values())
    vectors = joined_vectors((words, said), (labels, LABELS))
    vectors, own = beside_own(vectors, catalogue.own, weights=(said + LABELS, OWN))
    return {
        "item_ids": told.group_id,
        "own": own,
        "indptr": vectors.indptr.astype(np.int64),
        "indices": vectors.indices.astype(np.int32),
        "data": vectors.data.astype(np.float64),
        "columns": np.array([vectors.shape[1]], dtype=np.int64),
    }


def learn(arrays: Mapping[str, NDArray[Any]], beat: Beat) -> Arrays:
    """The families most alike, of each family."""
    from scipy.sparse import csr_matrix

    item_ids = arrays["item_ids"]
    n = len(item_ids)
    vectors = csr_matrix((n, 0))
    if n:
        shape = (n, int(arrays["columns"][0]))
        vectors = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    indptr, item, score = most_alike(
        vectors, k=conf.current().neighbours_kept, own=arrays.get("own"), progress=beat
    )
    return {
        "item_ids": item_ids,
        "indptr": indptr,
        "item": item,
        "score": score.astype(np.float32),
        # Nobody stands behind it, and chance has no part in it.
        "support": np.zeros(len(item), np.int32),
        "llr": np.zeros(len(item), np.float32),
        "item_support": np.zeros(n, np.int32),
        "owners": np.zeros(1, np.int64),
    }
