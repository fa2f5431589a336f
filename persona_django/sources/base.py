"""Where candidates come from: the interface, and the columns that flow through the pipeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.levels import NO_LEVEL, Level
from persona_django.sources.query import Query


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Families proposed for a slate, as aligned columns."""

    item_id: NDArray[np.int64]
    """The family."""
    score: NDArray[np.float64]
    """Higher is better; comparable only within one source."""
    item: NDArray[np.int64]
    """The very item to show; 0: whichever of the family is best to show."""
    because: NDArray[np.int64]
    """The seed behind it; 0: none."""
    support: NDArray[np.int64]
    """The first figure of "214 of 3,050"; 0: none."""
    support_of: NDArray[np.int64]
    """The second figure; 0: none."""
    source: NDArray[np.int16]
    """Place in `sources` of the one that proposed it."""
    level: NDArray[np.int16]
    """Place in `levels` of how near to what was asked about it was found."""
    sources: tuple[str, ...] = field(default=())
    levels: tuple[Level, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.item_id)

    @classmethod
    def empty(cls) -> Candidates:
        """No candidates at all."""
        return _NONE

    @classmethod
    def of(
        cls,
        item_id: Sequence[int] | NDArray[np.int64],
        score: Sequence[float] | NDArray[Any],
        *,
        source: str,
        item: Sequence[int] | NDArray[Any] | int = 0,
        because: Sequence[int] | NDArray[Any] | int = 0,
        support: Sequence[int] | NDArray[Any] | int = 0,
        support_of: Sequence[int] | NDArray[Any] | int = 0,
        level: Sequence[int] | NDArray[Any] | None = None,
        levels: tuple[Level, ...] = (NO_LEVEL,),
    ) -> Candidates:
        """Candidates of one source; single numbers stand for every row, and the first of `levels`
        does where `level` names none."""
        ids = np.asarray(item_id, dtype=np.int64)
        n = len(ids)

        def column(values: Any) -> NDArray[np.int64]:
            if isinstance(values, int):
                # Several times faster than broadcast_to, which matters four times a block.
                return np.zeros(n, np.int64) if not values else np.full(n, values, np.int64)
            return np.asarray(values, dtype=np.int64)

        return cls(
            item_id=ids,
            score=np.asarray(score, dtype=np.float64),
            item=column(item),
            because=column(because),
            support=column(support),
            support_of=column(support_of),
            source=np.zeros(n, dtype=np.int16),
            level=np.zeros(n, np.int16) if level is None else np.asarray(level, dtype=np.int16),
            sources=(source,),
            levels=levels,
        )

    @classmethod
    def join(cls, parts: Sequence[Candidates]) -> Candidates:
        """Candidates of several sources one below the other; the same family may appear twice."""
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in _PLAIN
        }
        source, sources = _named_anew([(part.source, part.sources) for part in parts])
        level, levels = _named_anew([(part.level, part.levels) for part in parts])
        return cls(**columns, source=source, sources=sources, level=level, levels=levels)

    def take(self, rows: NDArray[Any] | slice) -> Candidates:
        """The given rows, by position, mask or slice, in the order given."""
        return Candidates(
            item_id=self.item_id[rows],
            score=self.score[rows],
            item=self.item[rows],
            because=self.because[rows],
            support=self.support[rows],
            support_of=self.support_of[rows],
            source=self.source[rows],
            level=self.level[rows],
            sources=self.sources,
            levels=self.levels,
        )


_Name = TypeVar("_Name")


def _named_anew(
    parts: Sequence[tuple[NDArray[np.int16], tuple[_Name, ...]]],
) -> tuple[NDArray[np.int16], tuple[_Name, ...]]:
    """Columns that name something by its place in a list of their own, as one with one list."""
    names = tuple(dict.fromkeys(name for _, own in parts for name in own))
    place = {name: number for number, name in enumerate(names)}
    columns = [
        np.array([place[name] for name in own], dtype=np.int16)[column] for column, own in parts
    ]
    return np.concatenate(columns), names


_CODED = ("source", "sources", "level", "levels")
_PLAIN = tuple(f.name for f in fields(Candidates) if f.name not in _CODED)
_NONE = Candidates.of([], [], source="")


class Source(ABC):
    """Proposes items for one query. An extension point: one method, and flags for its needs."""

    name: str
    """Stands in the slate's explanation; unique among the sources of a block."""
    reason: str = ""
    """Code of the sentence in `blocks.reasons` that says why its items are shown."""
    relation: int = 0
    """The relation whose neighbours of the seeds it reads; 0: none."""
    needs_seeds: ClassVar[bool] = False
    needs_customer: ClassVar[bool] = False
    needs_visit: ClassVar[bool] = False
    """Looks at what the visitor looked at in this visit, where they agreed to that. None of it is
    shown in its block."""
    is_endless: ClassVar[bool] = False
    """Could propose the whole catalogue, and heeds `Query.among` when the first are too few."""

    def __init__(self, *, limit: int = 100) -> None:
        self.limit = limit

    @abstractmethod
    def retrieve(self, query: Query) -> Candidates:
        """Families for this query, best first, at most `limit`. Reads only the query."""
