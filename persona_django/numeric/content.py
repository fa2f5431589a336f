"""What items are about, by their texts: they can be compared before anybody came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
MOST_ITEMS = 1_000
"""What more items have in common tells them from nothing, and comparing all of them with each
other would take the square of their number."""
FEW_ITEMS = 10
"""Where half of the items are fewer than so many, so many may have something in common."""
TOLD_EVERY = 1_000
"""Texts between two signs of life: some seconds, where they are long."""
WORDS = r"(?u)\b\w+\b"
"""Words of one letter count, too: sizes, and most of what some languages write."""


def most_in_common(n_items: int) -> int:
    """How many of so many items may have a word or a label that makes them alike: the `most` both
    of what is shown and of what is judged.

    >>> most_in_common(8), most_in_common(100), most_in_common(50_000)
    (10, 50, 1000)
    """
    return min(MOST_ITEMS, max(n_items // 2, FEW_ITEMS))


def text_vectors(
    fields: Mapping[str, Sequence[str]],
    *,
    weights: Mapping[str, float],
    fewest: int = 2,
    most: int | None = None,
    progress: Callable[[int, int], None] | None = None,
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
    most : items that may have one, or it counts for nothing; None: all
    progress : told the texts counted and all texts of a field, every so often; what it raises
        stops the work

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
    from scipy.sparse import csr_matrix

    sizes = {len(texts) for texts in fields.values()}
    if len(sizes) > 1:
        raise ValueError(f"all fields tell of the same items, got lengths {sorted(sizes)}")
    if min(weights.values(), default=0) < 0:
        raise ValueError(f"a field weighs 0 or more, got {dict(weights)}")
    parts = [
        (vectors, weights[name])
        for name, texts in sorted(fields.items())
        if weights.get(name, 0) > 0
        for vectors in [_vectors_of(texts, fewest=fewest, most=most, progress=progress)]
        if vectors is not None
    ]
    if not parts:
        return csr_matrix((max(sizes, default=0), 0), dtype=np.float64)
    return joined_vectors(*parts)


def joined_vectors(*parts: tuple[Any, float]) -> Any:
    """Vectors of the same items side by side, so that each part counts as its weight says.

    Parameters
    ----------
    parts : scipy CSR matrix of n rows, and a weight of 0 or more, for each

    Returns
    -------
    (n, sum of columns) scipy CSR matrix of float64; rows have length 1, or 0 where all are empty

    >>> from scipy.sparse import csr_matrix
    >>> one, other = csr_matrix([[1.0], [1.0]]), csr_matrix([[1.0], [0.0]])
    >>> joined_vectors((one, 3.0), (other, 1.0)).toarray().round(2).tolist()
    [[0.87, 0.5], [1.0, 0.0]]
    """
    from scipy.sparse import hstack
    from sklearn.preprocessing import normalize

    weighed = hstack([weight**0.5 * vectors for vectors, weight in parts], format="csr")
    # Without a column there is nothing to make equally long, which scikit-learn refuses to do.
    return normalize(weighed, copy=False) if weighed.shape[1] else weighed


def label_vectors(
    labels: Sequence[Sequence[str]], *, fewest: int = 2, most: int | None = None
) -> Any:
    """A vector for each item by its labels, its brand and categories say; rare ones count more.

    Parameters
    ----------
    labels : of each of n items; one that stands twice counts once
    fewest : items that must have a label for it to count, 1 or more
    most : items that may have one, or it counts for nothing; None: all

    Returns
    -------
    (n, labels) scipy CSR matrix of float64; rows have length 1, or 0 where no label counts

    References
    ----------
    Salton and Buckley 1988 as in `text_vectors`; here it does not matter how often a label stands.

    >>> vectors = label_vectors([["tea", "red"], ["tea"], []], fewest=1)
    >>> (vectors @ vectors.T).toarray().round(2)[0]
    array([1.  , 0.61, 0.  ])
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    kinds = TfidfVectorizer(
        analyzer=_as_they_are, binary=True, **_counted(len(labels), fewest, most)
    )
    vectors = _fitted(kinds, labels)
    return csr_matrix((len(labels), 0), dtype=np.float64) if vectors is None else vectors


def _as_they_are(labels: Sequence[str]) -> Sequence[str]:
    return labels


def _vectors_of(
    texts: Sequence[str],
    *,
    fewest: int,
    most: int | None,
    progress: Callable[[int, int], None] | None,
) -> Any | None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        sublinear_tf=True,
        strip_accents="unicode",
        token_pattern=WORDS,
        ngram_range=(1, 2),
        **_counted(len(texts), fewest, most),
    )
    return _fitted(words, texts if progress is None else _counted_out(texts, progress))


def _counted_out(texts: Sequence[str], progress: Callable[[int, int], None]) -> Iterator[str]:
    for done, text in enumerate(texts):
        if done % TOLD_EVERY == 0:
            progress(done, len(texts))
        yield text


def _counted(n: int, fewest: int, most: int | None) -> dict[str, Any]:
    """How many items must have a term, and how many may, as scikit-learn takes them."""
    least = min(fewest, max(n, 1))
    return {"min_df": least, "max_df": max(n if most is None else most, least)}


def _fitted(kinds: Any, said: Iterable[Any]) -> Any | None:
    try:
        return kinds.fit_transform(said)
    except ValueError as error:
        # Nothing that is said counts.
        if "vocabulary" not in str(error) and "no terms" not in str(error):
            raise
        return None


def beside_own(
    vectors: Any, own: NDArray[np.float32], *, weights: tuple[float, float]
) -> tuple[Any, NDArray[np.float32]]:
    """Vectors of what is said about items, and vectors of the shop's own, so that each counts as
    its weight says, and an item's two together have length 1.

    Parameters
    ----------
    vectors : (n, d) scipy CSR matrix; rows have length 1, or 0 where nothing is said
    own : (n, e) float32; rows have length 1, or 0 where there is none; e may be 0
    weights : of the two, 0 or more

    Returns
    -------
    The same two, scaled

    >>> from scipy.sparse import csr_matrix
    >>> said, own = beside_own(csr_matrix([[1.0], [1.0]]), np.array([[1], [0]], np.float32),
    ...     weights=(1.0, 3.0))
    >>> said.toarray().ravel().round(2).tolist(), own.ravel().round(2)
    ([0.5, 1.0], array([0.87, 0.  ], dtype=float32))
    """
    from scipy.sparse import diags

    if not own.shape[1]:
        return vectors, own
    said = np.diff(vectors.indptr) > 0
    length = np.sqrt(weights[0] * said + weights[1] * own.any(axis=1))
    scale = np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0)
    mine = (weights[1] ** 0.5 * scale).astype(np.float32)
    return (diags(weights[0] ** 0.5 * scale) @ vectors).tocsr(), own * mine[:, None]


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
