"""The items of a file: their codes, and what is said about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_django.evaluation.files import read_columns
from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.steps import Steps

ORDER_SEED = 20_261_129
"""Draws the order in which equal scores stand; the same for every file, method and run."""
TEXTS = ("title", "brand", "description")
LABELS = ("category", "brand", "attribute_ids", "baseColour", "season", "usage")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Items by code. Codes are drawn by lot, so that the lower code, which comes first among equal
    scores everywhere, says nothing about an item: not its name, nor its place in the file.

    `texts` and `labels` hold one entry for each code.
    """

    code: Mapping[str, int]
    texts: Mapping[str, Sequence[str]]
    labels: Mapping[str, Sequence[Sequence[str]]]

    def __len__(self) -> int:
        return len(self.code)

    def codes(self, names: Sequence[str]) -> NDArray[np.int64]:
        """(n,) int64, the code of each name."""
        return np.fromiter((self.code[name] for name in names), np.int64, len(names))

    def lessons(self, steps: Steps) -> Lessons:
        """What may be learnt from: these rows, and all that is said about the items."""
        return Lessons(steps=steps, texts=self.texts, labels=self.labels)


def catalogue_of(names: Iterable[str], items: Path | None) -> Catalogue:
    """All items that a log names and, where there is a list of items, those of the list."""
    known = set(names)
    described: dict[str, list[str]] = {}
    if items is not None:
        described = read_columns(items, needed=["item_id"], wished=sorted({*TEXTS, *LABELS}))
        known.update(described["item_id"])
    ordered = sorted(known)
    drawn = np.random.default_rng(ORDER_SEED).permutation(len(ordered))
    code = {name: int(place) for name, place in zip(ordered, drawn, strict=True)}
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[Sequence[str]]] = {}
    for field, values in described.items():
        by_name = dict(zip(described["item_id"], values, strict=True))
        if field in TEXTS:
            texts[field] = [""] * len(ordered)
            for name, value in by_name.items():
                texts[field][code[name]] = value
        if field in LABELS:
            labels[field] = [()] * len(ordered)
            for name, value in by_name.items():
                labels[field][code[name]] = _words(field, value)
    return Catalogue(code=code, texts=texts, labels=labels)


def _words(field: str, value: str) -> Sequence[str]:
    """One label a word where the data set writes several, else the whole value."""
    if field == "attribute_ids":
        return tuple(value.split())
    return tuple(part.strip() for part in value.split("|") if part.strip())
