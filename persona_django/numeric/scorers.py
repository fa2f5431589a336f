"""What was learnt about ranking as plain arrays, and back, never beside other columns.

A weight means nothing without the column it belongs to, and a matrix does not say what its columns
are. So their names are stored with what was fitted on them, and compared before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.linear import Linear
from persona_django.numeric.trees import Trees

Fitted = Trees | Linear

SCHEMA = 1
"""Raised whenever the arrays of a scorer come to mean something else."""
_KINDS: dict[str, type[Trees] | type[Linear]] = {"trees": Trees, "linear": Linear}
_ABOUT = ("schema", "kind", "columns")


def to_arrays(scorer: Fitted, *, columns: Sequence[str]) -> dict[str, NDArray[Any]]:
    """A scorer as arrays of plain numbers.

    Parameters
    ----------
    scorer : what was fitted
    columns : names of the columns it was fitted on, in their order

    Returns
    -------
    `schema` (1,) int64; `kind` and `columns` as UTF-8 in uint8, names one a line; the arrays of
    the scorer by the names of its attributes, its `base` as (1,) float64

    Raises
    ------
    ValueError : a name is empty, stands twice or holds a line break, or there are not as many as
        the scorer has columns

    >>> line = Linear(centre=np.zeros(1), scale=np.ones(1), weight=np.ones(1), base=0.5)
    >>> arrays = to_arrays(line, columns=["price"])
    >>> bytes(arrays["kind"]), bytes(arrays["columns"]), arrays["base"]
    (b'linear', b'price', array([0.5]))
    """
    if not all(columns) or len(set(columns)) != len(columns) or "\n" in "".join(columns):
        raise ValueError("columns are told apart by names of one line, none empty and none twice")
    _refuse_miscounted(scorer, len(columns))
    arrays = {field.name: np.asarray(getattr(scorer, field.name)) for field in fields(scorer)}
    return {
        **arrays,
        "base": np.array([scorer.base], dtype=np.float64),
        "schema": np.array([SCHEMA], dtype=np.int64),
        "kind": _bytes_of(next(name for name, kind in _KINDS.items() if type(scorer) is kind)),
        "columns": _bytes_of("\n".join(columns)),
    }


def from_arrays(arrays: Mapping[str, NDArray[Any]], *, columns: Sequence[str]) -> Fitted:
    """The scorer back, if it was fitted on these columns.

    Parameters
    ----------
    arrays : what `to_arrays` gave
    columns : names of the columns of the matrix that is to be scored, in their order

    Returns
    -------
    a scorer over the arrays themselves, not copies of them

    Raises
    ------
    ValueError : an array is missing, unknown, cut off or of another kind of number, the schema is
        not ours, or the columns are not those it was fitted on; the message says which

    >>> line = Linear(centre=np.zeros(1), scale=np.ones(1), weight=np.ones(1), base=0.5)
    >>> from_arrays(to_arrays(line, columns=["price"]), columns=["age"])
    Traceback (most recent call last):
        ...
    ValueError: fitted on other columns: without age, with price
    """
    _refuse_missing(arrays, _ABOUT)
    schema = _number_in(arrays, "schema", np.int64)
    if schema != SCHEMA:
        raise ValueError(f"stored under schema {schema}, but only {SCHEMA} can be read")
    name = _text_in(arrays, "kind")
    if name not in _KINDS:
        raise ValueError(f"stored as {name!r}, but only {', '.join(_KINDS)} can be read")
    kind = _KINDS[name]
    parts = [field.name for field in fields(kind)]
    _refuse_missing(arrays, parts)
    if unknown := sorted(set(arrays) - {*_ABOUT, *parts}):
        raise ValueError(f"stored with arrays that are unknown: {', '.join(unknown)}")
    text = _text_in(arrays, "columns")
    _refuse_others(text.split("\n") if text else [], list(columns))
    given = {part: arrays[part] for part in parts if part != "base"}
    scorer = kind(**given, base=float(_number_in(arrays, "base", np.float64)))
    _refuse_miscounted(scorer, len(columns))
    return scorer


def _refuse_miscounted(scorer: Fitted, names: int) -> None:
    # Trees may have had no use for the last columns; a line has a weight for each.
    if scorer.columns > names or (isinstance(scorer, Linear) and scorer.columns != names):
        raise ValueError(f"the scorer has {scorer.columns} columns, but {names} are named")


def _refuse_missing(arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> None:
    if missing := [name for name in names if name not in arrays]:
        raise ValueError(f"stored without {', '.join(missing)}")


def _refuse_others(fitted: list[str], asked: list[str]) -> None:
    if fitted == asked:
        return
    parts = [
        f"{word} {', '.join(names)}"
        for word, names in (
            ("without", [name for name in asked if name not in fitted]),
            ("with", [name for name in fitted if name not in asked]),
        )
        if names
    ]
    raise ValueError(
        f"fitted on other columns: {', '.join(parts)}"
        if parts
        else f"fitted on the same columns in another order: {', '.join(fitted)}"
    )


def _bytes_of(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _text_in(arrays: Mapping[str, NDArray[Any]], name: str) -> str:
    array = arrays[name]
    if array.ndim != 1 or array.dtype != np.uint8:
        raise ValueError(f"{name} must be text as uint8, got {array.dtype} of {array.shape}")
    try:
        return array.tobytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is cut off or damaged, for it is no UTF-8") from error


def _number_in(arrays: Mapping[str, NDArray[Any]], name: str, kind: type[np.number[Any]]) -> Any:
    array = arrays[name]
    if array.shape != (1,) or array.dtype != kind:
        raise ValueError(
            f"{name} must be one {np.dtype(kind)}, got {array.dtype} of shape {array.shape}"
        )
    return array[0]
