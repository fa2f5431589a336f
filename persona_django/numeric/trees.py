"""Many small questions about a candidate, whose answers add up to how likely it is to be wanted.

The trees are fitted by scikit-learn and walked by numpy, so that a process that answers requests
loads neither scikit-learn nor anything that could run code.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persona_django.numeric.labelled import labelled

PAIRS = 12_000
"""Rows times trees that are walked at once: some 100 kB an array, which a core's cache holds."""
AGREEMENT = 1e-3
"""Share of the largest leaf that walked trees may be off from scikit-learn's own, whose leaves are
float64."""
ALONE = 20_000_000
"""Cells of a matrix that one thread learns from, in some seconds: on a busy machine several wait
for each other longer than the work takes, of a small matrix a hundred times as long."""
_COMPARED = 1_000
_MOST_COLUMNS = np.iinfo(np.int16).max


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Trees whose every branch is equally long, level by level from the root.

    The branches of node i lead to nodes 2i + 1 and 2i + 2, those of the last level to the leaves
    in order. A row goes left where its feature is at most the threshold, and where it is NaN.

    Parameters
    ----------
    feature : (t, 2**depth - 1) int16, column that each node asks about, 0 or more
    threshold : (t, 2**depth - 1) float32, in units of its column; never NaN
    value : (t, 2**depth) float32, finite, log-odds that each leaf adds
    base : finite, log-odds before any tree is asked

    Raises
    ------
    ValueError : the shapes are not those of complete trees, or a number is not as said above

    >>> one = Trees(feature=np.array([[0]], np.int16), threshold=np.array([[2.5]], np.float32),
    ...     value=np.array([[-1.0, 1.0]], np.float32), base=0.5)
    >>> one.score(np.array([[2.5], [3.0]], np.float32))
    array([-0.5,  1.5])
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    value: NDArray[np.float32]
    base: float

    def __post_init__(self) -> None:
        for name, kind in (
            ("feature", np.int16),
            ("threshold", np.float32),
            ("value", np.float32),
        ):
            array = getattr(self, name)
            if array.ndim != 2 or array.dtype != kind:
                raise ValueError(
                    f"{name} must be two-dimensional {np.dtype(kind)}, "
                    f"got {array.ndim} dimensions of {array.dtype}"
                )
        trees, leaves = self.value.shape
        if leaves < 1 or leaves & (leaves - 1):
            raise ValueError(f"a complete tree has 1, 2, 4, 8... leaves, got {leaves}")
        for name in ("feature", "threshold"):
            shape = getattr(self, name).shape
            if shape != (trees, leaves - 1):
                raise ValueError(
                    f"{trees} trees of {leaves} leaves have {name} of shape "
                    f"{(trees, leaves - 1)}, got {shape}"
                )
        if self.feature.min(initial=0) < 0:
            raise ValueError("feature numbers columns, so it cannot be negative")
        if np.isnan(self.threshold).any():
            raise ValueError("a threshold cannot be NaN")
        if not (np.isfinite(self.value).all() and np.isfinite(self.base)):
            raise ValueError("values and base must be finite")

    @property
    def depth(self) -> int:
        """Questions from the root to a leaf."""
        return self.value.shape[1].bit_length() - 1

    @property
    def columns(self) -> int:
        """Columns that a matrix must have at least."""
        return int(self.feature.max(initial=-1)) + 1

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds of each row; rows that are alike score alike to the last bit.

        Parameters
        ----------
        matrix : (n, f) float32, columns as those the trees were fitted on

        Returns
        -------
        (n,) float64

        Raises
        ------
        ValueError : the matrix has too few columns
        """
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] < self.columns:
            raise ValueError(
                f"the trees ask about {self.columns} columns, got a matrix of {rows.shape}"
            )
        trees = len(self.value)
        # Each level on its own: then the branches of its node i lead to 2i and 2i + 1 of the next,
        # whatever tree it belongs to.
        ends = [(1 << level) - 1 for level in range(self.depth + 1)]
        levels = [
            (self.feature[:, a:b].astype(np.intp).ravel(), self.threshold[:, a:b].ravel())
            for a, b in itertools.pairwise(ends)
        ]
        value = self.value.astype(np.float64).ravel()
        score = np.empty(len(rows))
        step = max(1, PAIRS // max(trees, 1))
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            leaf = _leaves(block, levels, trees)
            score[start : start + step] = value.take(leaf, mode="clip").sum(axis=1)
        return score + self.base


def _leaves(
    rows: NDArray[np.float32],
    levels: list[tuple[NDArray[np.intp], NDArray[np.float32]]],
    trees: int,
) -> NDArray[np.intp]:
    """(n, t) leaf that each row reaches in each tree, counted through all trees.

    Places are in range by what was checked before; `mode="clip"` only spares looking again, which
    costs more than the look-up itself.
    """
    cells = rows.ravel()
    begins = np.arange(len(rows), dtype=np.intp)[:, None] * rows.shape[1]
    node = np.broadcast_to(np.arange(trees, dtype=np.intp), (len(rows), trees)).copy()
    for feature, threshold in levels:
        cell = feature.take(node, mode="clip")
        cell += begins
        # "Above" rather than "not at most", so that NaN goes left.
        right = cells.take(cell, mode="clip") > threshold.take(node, mode="clip")
        node += node
        node += right
    return node


def fit_trees(
    matrix: ArrayLike,
    label: ArrayLike,
    *,
    trees: int = 200,
    depth: int = 4,
    rate: float = 0.05,
    least_leaf: int = 50,
    l2: float = 1.0,
    seed: int = 0,
    weight: ArrayLike | None = None,
) -> Trees:
    """Learn from cases which questions tell those that ended well from the others.

    Parameters
    ----------
    matrix : (n, f) float32, finite; a row is a case
    label : (n,) bool, or 0 and 1: whether it ended well
    trees : 1 or more
    depth : questions from a root to a leaf, 1 to 12; a tree is stored with 2**depth leaves
    rate : above 0; the share of what a tree found that is added
    least_leaf : cases that a leaf rests on, 1 or more
    l2 : 0 or more, doubt about each leaf; 1 is that of four cases more that ended either way
    seed : matters from 200,000 cases on, where thresholds are sought among a sample
    weight : (n,) 0 or more, as how many cases each counts; None for 1 each

    Returns
    -------
    Trees; none of them, only the log-odds of all, where nothing can be told apart

    Raises
    ------
    ValueError : the cases are malformed, or an option is out of its range
    RuntimeError : the walked trees do not say what scikit-learn's own say

    References
    ----------
    Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics
    2001; Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", NIPS 2017, for
    thresholds from histograms.

    >>> x = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    >>> low, high = fit_trees(x, x[:, 0] > 0.5, trees=20, depth=1).score(x[[0, -1]])
    >>> bool(low < 0 < high)
    True
    """
    _refuse_options(trees=trees, depth=depth, rate=rate, least_leaf=least_leaf, l2=l2)
    cases = labelled(matrix, label, weight)
    if cases.matrix.shape[1] > _MOST_COLUMNS:
        raise ValueError(f"at most {_MOST_COLUMNS} columns, got {cases.matrix.shape[1]}")
    if not cases.has_both or not cases.matrix.shape[1]:
        return _complete([], depth=depth, base=cases.log_odds)

    # scikit-learn needs threadpoolctl itself, so it is there.
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        loss="log_loss",
        learning_rate=rate,
        max_iter=trees,
        # The depth alone bounds a tree: a complete one has room for every leaf it may grow.
        max_leaf_nodes=None,
        max_depth=depth,
        min_samples_leaf=least_leaf,
        l2_regularization=l2,
        early_stopping=False,
        random_state=seed,
    )
    few = cases.matrix[:_COMPARED]
    threads = 1 if cases.matrix.size <= ALONE else None
    with threadpool_limits(threads, user_api="openmp"):
        model.fit(cases.matrix, cases.label, sample_weight=cases.weight)
        wanted = model.decision_function(few)
    # scikit-learn has no public way to its trees.
    grown = [one.nodes for (one,) in model._predictors]
    fitted = _complete(grown, depth=depth, base=float(model._baseline_prediction.item()))
    largest = max(1.0, float(np.abs(fitted.value).max()))
    if not (np.abs(fitted.score(few) - wanted) <= AGREEMENT * largest).all():
        raise RuntimeError(
            "this version of scikit-learn keeps its trees otherwise than is read here; use one "
            "that persona-django was tested with"
        )
    return fitted


def _refuse_options(*, trees: int, depth: int, rate: float, least_leaf: int, l2: float) -> None:
    for name, count in (("trees", trees), ("least_leaf", least_leaf)):
        if count < 1:
            raise ValueError(f"{name} must be 1 or more, got {count}")
    if not 1 <= depth <= 12:
        raise ValueError(f"depth must be 1 to 12, got {depth}")
    if not 0 < rate < np.inf:
        raise ValueError(f"rate must be above 0, got {rate}")
    if not 0 <= l2 < np.inf:
        raise ValueError(f"l2 must be 0 or more, got {l2}")


def _complete(grown: list[Any], *, depth: int, base: float) -> Trees:
    """Trees as scikit-learn grew them, a leaf that came early repeated in all places below it."""
    nodes = (1 << depth) - 1
    feature = np.zeros((len(grown), nodes), dtype=np.int16)
    # Above every number: what a leaf that came early asks has one answer.
    threshold = np.full((len(grown), nodes), np.finfo(np.float32).max, dtype=np.float32)
    value = np.empty((len(grown), nodes + 1), dtype=np.float32)
    for tree, known in enumerate(grown):
        at = np.zeros(1, dtype=np.intp)
        for level in range(depth):
            first = (1 << level) - 1
            asks = np.flatnonzero(known["is_leaf"][at] == 0)
            node = at[asks]
            feature[tree, first + asks] = known["feature_idx"][node]
            threshold[tree, first + asks] = _rounded_down(known["num_threshold"][node])
            at = np.repeat(at, 2)
            at[2 * asks], at[2 * asks + 1] = known["left"][node], known["right"][node]
        value[tree] = known["value"][at]
    return Trees(feature=feature, threshold=threshold, value=value, base=base)


def _rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 that is not above: no float32 lies between, so none changes sides."""
    nearest = threshold.astype(np.float32)
    lower = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > threshold, lower, nearest)
