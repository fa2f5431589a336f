"""What items are about, by their texts: they can be compared before anybody came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import best_of_each

FloatArray = NDArray[np.float64]
BLOCK_ITEMS = 512
"""Items compared with all others at once, which bounds memory."""
WORDS = r"(?u)\b\w+\b"
"""Words of one letter count, too: sizes, and most of what some languages write."""


def text_vectors(
    fields: Mapping[str, Sequence[str]], *, weights: Mapping[str, float], fewest: int = 2
) -> Any:
    """A vector for each item whose products are how alike the texts of two items are.

    Each field is compared by itself, so that a brand is not drowned by a long description; then a
    field counts as its weight says. Words of an item count by the logarithm of how often they
    stand there, and the less the more items have them.

    Parameters
    ----------
    fields : texts of the same n items by name of the field; "" where there is none
    weights : of each field, 0 or more; a field without one is left out
    fewest : items that must have a word or a pair of words, 1 or more, for it to count: what only
        one has makes it like nothing else

    Returns
    -------
    (n, terms) scipy CSR matrix of float64; rows have length 1, or 0 where no word counts

    Raises
    ------
    ValueError : the fields differ in length, or a weight is below 0

    References
    ----------
    Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988.

    >>> vectors = text_vectors({"title": ["red tea", "green tea", "blue cup"]},
    ...     weights={"title": 1.0}, fewest=1)
    >>> (vectors @ vectors.T).toarray().round(2)[0]
    array([1.  , 0.22, 0.  ])
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.preprocessing import normalize

    sizes = {len(texts) for texts in fields.values()}
    if len(sizes) > 1:
        raise ValueError(f"all fields tell of the same items, got lengths {sorted(sizes)}")
    if min(weights.values(), default=0) < 0:
        raise ValueError(f"a field weighs 0 or more, got {dict(weights)}")
    parts = [
        weights[name] ** 0.5 * vectors
        for name, texts in sorted(fields.items())
        if weights.get(name, 0) > 0
        for vectors in [_vectors_of(texts, fewest=fewest)]
        if vectors is not None
    ]
    if not parts:
        return csr_matrix((max(sizes, default=0), 0), dtype=np.float64)
    return normalize(hstack(parts, format="csr"), copy=False)


def _vectors_of(texts: Sequence[str], *, fewest: int) -> Any | None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        sublinear_tf=True,
        strip_accents="unicode",
        token_pattern=WORDS,
        ngram_range=(1, 2),
        min_df=min(fewest, max(len(texts), 1)),
    )
    try:
        return words.fit_transform(texts)
    except ValueError as error:
        # No text holds a word that counts.
        if "vocabulary" not in str(error) and "no terms" not in str(error):
            raise
        return None


def most_alike(vectors: Any, *, k: int) -> tuple[NDArray[np.int64], NDArray[np.int32], FloatArray]:
    """The items whose vectors are most alike, of each item.

    Parameters
    ----------
    vectors : (n, d) scipy CSR matrix as of `text_vectors`, or float64 array of a shop's own
    k : kept of each item, 1 or more

    Returns
    -------
    indptr : (n + 1,) int64, where those of each item begin
    item : (m,) int32, best first; equally alike ones by number
    score : (m,) float64, above 0

    >>> most_alike(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), k=1)[:2]
    (array([0, 1, 2, 2]), array([1, 0], dtype=int32))
    """
    from scipy.sparse import csr_matrix

    if k < 1:
        raise ValueError(f"at least one item must be kept, got k={k}")
    table = csr_matrix(vectors)
    n, across = table.shape[0], table.T.tocsr()
    counts, items, scores = np.zeros(n, np.int64), [np.empty(0, np.int32)], [np.empty(0)]
    for low in range(0, n, BLOCK_ITEMS):
        block = (table[low : low + BLOCK_ITEMS] @ across).tocsr()
        block.sort_indices()
        own = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        kept = np.flatnonzero((block.data > 0) & (block.indices != own + low))
        order = kept[best_of_each(own[kept], block.data[kept], k=k)]
        counts[low : low + BLOCK_ITEMS] = np.bincount(own[order], minlength=block.shape[0])
        items.append(block.indices[order].astype(np.int32))
        scores.append(block.data[order])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return indptr, np.concatenate(items), np.concatenate(scores)


def called_for(vectors: Any, history: NDArray[np.integer], *, fade: float) -> FloatArray:
    """How much each item is like what somebody looked at, the last of it most.

    Parameters
    ----------
    vectors : (n, d) scipy CSR matrix or float64 array
    history : (s,) item codes, oldest first
    fade : above 0, to 1: what an item counts less for each one that came after it

    Returns
    -------
    (n,) float64

    >>> called_for(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1]), fade=0.5)
    array([0.5, 1. ])
    """
    if not 0 < fade <= 1:
        raise ValueError(f"fade must be above 0 and at most 1, got {fade}")
    weight = fade ** np.arange(len(history) - 1, -1, -1.0)
    wanted = vectors[history].T @ weight if len(history) else np.zeros(vectors.shape[1])
    return np.asarray(vectors @ wanted, dtype=np.float64)
