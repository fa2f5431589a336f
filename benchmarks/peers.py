"""Ways of finding similar items that the kernel is compared with, each as its users call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from persona_django.numeric.neighbours import Neighbours, top_neighbours
from persona_django.numeric.rows import Rows

TOP, THREADS = 50, 2
GATES = {"k": TOP, "min_support": 3, "min_llr": 3.84, "prior": 10.0, "discount": 0.5}


def as_matrix(rows: Rows) -> Any:
    """The rows as scipy knows them."""
    from scipy.sparse import csr_matrix

    return csr_matrix((rows.weight, rows.item, rows.indptr), shape=(len(rows), rows.n_items))


def ours(rows: Rows) -> Callable[[], Neighbours]:
    """The compiled kernel, with distinct counts, support and likelihood gates."""
    return lambda: top_neighbours(rows, backend="numba", threads=THREADS, **GATES)


def fallback(rows: Rows) -> Callable[[], Neighbours]:
    """The same without numba."""
    return lambda: top_neighbours(rows, backend="scipy", **GATES)


def implicit(rows: Rows) -> Callable[[], Any]:
    """implicit's CosineRecommender: cosine of all pairs, no counts and no gates."""
    from implicit.nearest_neighbours import CosineRecommender

    matrix = as_matrix(rows)

    def fit() -> Any:
        model = CosineRecommender(K=TOP, num_threads=THREADS)
        model.fit(matrix, show_progress=False)
        return model

    return fit


def sparse_dot_topn(rows: Rows) -> Callable[[], Any]:
    """sparse_dot_topn: cosine of all pairs, no counts and no gates."""
    from sparse_dot_topn import sp_matmul_topn

    matrix = as_matrix(rows)

    def fit() -> Any:
        unit = _unit(matrix)
        transposed = unit.T.tocsr()
        return sp_matmul_topn(transposed, unit, top_n=TOP, sort=True, n_threads=THREADS)

    return fit


def plain_scipy(rows: Rows) -> Callable[[], Any]:
    """What a page of Python does: normalised products of 2,000 items, the best 50 of each."""
    matrix = as_matrix(rows)

    def fit() -> list[Any]:
        unit = _unit(matrix)
        transposed, best = unit.T.tocsr(), []
        for low in range(0, unit.shape[1], 2_000):
            block = transposed[low : low + 2_000] @ unit
            for row in range(block.shape[0]):
                scores = block.data[block.indptr[row] : block.indptr[row + 1]]
                codes = block.indices[block.indptr[row] : block.indptr[row + 1]]
                if len(scores) > TOP:
                    top = np.argpartition(-scores, TOP)[:TOP]
                    scores, codes = scores[top], codes[top]
                order = np.argsort(-scores)
                best.append((codes[order], scores[order]))
        return best

    return fit


def _unit(matrix: Any) -> Any:
    """Every item's column with length 1."""
    found = matrix.copy()
    norm = np.sqrt(np.bincount(found.indices, weights=found.data**2, minlength=found.shape[1]))
    found.data = (found.data / np.maximum(norm, 1e-12)[found.indices]).astype(np.float32)
    return found


PEERS: dict[str, Callable[[Rows], Callable[[], Any]]] = {
    "ours, compiled": ours,
    "implicit": implicit,
    "sparse_dot_topn": sparse_dot_topn,
    "ours, fallback": fallback,
    "plain scipy": plain_scipy,
}
