"""A fitted pipeline as arrays, and back: so one process learns, and every other answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from numpy.typing import NDArray

from persona_django.numeric.proposers.base import Kept
from persona_django.numeric.scorers import Fitted, from_arrays, to_arrays
from persona_django.ranking.features import ItemFacts, columns_of
from persona_django.ranking.pipeline import Added, Pipeline
from persona_django.ranking.weighted import Weighted

Arrays = Mapping[str, NDArray[Any]]
FACTS, SCORER = "facts", "scorer"
"""How the names of what belongs to no source begin."""


def pipeline_arrays(pipeline: Pipeline) -> dict[str, NDArray[Any]]:
    """What a fitted pipeline knows, by name; what two of its sources share stands there once.

    Raises
    ------
    TypeError : a source cannot be stored
    """
    assert pipeline.facts is not None and pipeline.scorer is not None, "fit before it is stored"
    found: dict[str, NDArray[Any]] = {}
    for name, (proposer, twin) in zip(pipeline.ways, pipeline.twins(), strict=True):
        if not isinstance(proposer, Kept):
            raise TypeError(f"{type(proposer).__name__} cannot be stored: it is no Kept")
        if twin is None:
            found |= _named(name, proposer.as_arrays())
    found |= _named(FACTS, pipeline.facts.as_arrays())
    scorer, columns = pipeline.scorer, columns_of([*pipeline.ways])
    # What the sources say, added up, was never fitted, so there is nothing to be stored.
    parts = () if isinstance(scorer, Weighted) else getattr(scorer, "parts", (scorer,))
    for number, part in enumerate(parts):
        found |= _named(f"{SCORER}-{number}", to_arrays(cast(Fitted, part), columns=columns))
    return found


def take_over(pipeline: Pipeline, arrays: Arrays) -> None:
    """Know what `pipeline_arrays` gave of a pipeline of the same sources, over the arrays
    themselves.

    Raises
    ------
    KeyError : an array is missing
    ValueError : what was stored is of other columns, or is damaged
    """
    for name, (proposer, twin) in zip(pipeline.ways, pipeline.twins(), strict=True):
        proposer.take_over(twin.as_arrays() if twin else _within(name, arrays))
    pipeline.facts = ItemFacts.of_arrays(_within(FACTS, arrays))
    columns = columns_of([*pipeline.ways])
    parts: list[Fitted] = []
    while part := _within(f"{SCORER}-{len(parts)}", arrays):
        parts.append(from_arrays(part, columns=columns))
    if not parts:
        pipeline.scorer = Weighted.of_sources([*pipeline.ways])
    else:
        pipeline.scorer = Added(parts=tuple(parts)) if len(parts) > 1 else parts[0]


def _named(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _within(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    start = f"{prefix}/"
    return {name[len(start) :]: a for name, a in arrays.items() if name.startswith(start)}
