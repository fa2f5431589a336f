"""What a shop demands of every version before anybody sees it, in its own words: `ASSERTIONS`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persona_django.catalogue.categories import is_under
from persona_django.catalogue.layout import Snapshot
from persona_django.catalogue.refs import parse_seed
from persona_django.exceptions import NotRegistered
from persona_django.plurals import counted
from persona_django.similarity.relations import RELATIONS

FIRST = 10
"""Places of a list that most blocks show."""


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The lists of one version: for each family those that go with it, best first.

    Parameters
    ----------
    kind : of version
    item_ids : (n,) int64, families by code
    indptr : (n + 1,) int64, where the list of each code begins in `item`
    item : (m,) codes
    """

    kind: str
    item_ids: NDArray[np.int64]
    indptr: NDArray[np.int64]
    item: NDArray[np.integer]

    @property
    def owner(self) -> NDArray[np.int64]:
        """(m,) int64, code of the family in whose list each entry stands."""
        return np.repeat(np.arange(len(self.item_ids)), np.diff(self.indptr))

    @property
    def place(self) -> NDArray[np.int64]:
        """(m,) int64, place of each entry in its list, from 0."""
        return np.arange(len(self.item)) - self.indptr[self.owner]


class Assertion(ABC):
    """One demand."""

    name: ClassVar[str]
    """The key that stands for it in the setting."""
    keys: ClassVar[tuple[str, ...]] = ()
    """Other keys that it may have, besides `kind`."""
    kind: str
    """The relation it speaks of; empty: all."""

    @abstractmethod
    def broken_by(self, lists: Lists, snapshot: Snapshot) -> str:
        """What is wrong with these lists, as a sentence; empty: nothing."""


@dataclass(frozen=True, kw_only=True)
class InStock(Assertion):
    """So large a share of the first ten of all lists can be bought."""

    name = "in_stock"
    share: float
    kind: str = ""

    def broken_by(self, lists: Lists, snapshot: Snapshot) -> str:
        shown = lists.item[lists.place < FIRST]
        rows = snapshot.group_rows(lists.item_ids[shown])
        known = rows[rows >= 0]
        sellable = int((snapshot.available[known] & (snapshot.stock[known] != 0)).sum())
        share = sellable / max(len(shown), 1)
        if not len(shown) or share >= self.share:
            return ""
        return (
            f"Only {share:.0%} of what stands in the first {FIRST} places of its lists is in "
            f"stock; ASSERTIONS wants {self.share:.0%}."
        )


@dataclass(frozen=True, kw_only=True)
class NeverBeside(Assertion):
    """Nothing of the one category in the list of anything of the other."""

    name = "never_beside"
    one: str
    other: str
    kind: str = ""

    def broken_by(self, lists: Lists, snapshot: Snapshot) -> str:
        rows = snapshot.group_rows(lists.item_ids)
        category = np.where(rows >= 0, snapshot.category[rows], -1) if len(snapshot) else rows
        below = {path: _below(path, snapshot) for path in (self.one, self.other)}
        for path, codes in below.items():
            if not codes.any():
                return f"ASSERTIONS names {path}, which is no category of the catalogue."
        first, second = (codes[category] for codes in below.values())
        left, right = lists.owner, lists.item
        beside = (first[left] & second[right]) | (second[left] & first[right])
        if not beside.any():
            return ""
        at = int(np.argmax(beside))
        names = [_named(int(lists.item_ids[code]), snapshot) for code in (left[at], right[at])]
        return (
            f"{counted(int(beside.sum()), 'pair')} of {self.one} and {self.other} in its lists, "
            f"such as {names[1]} beside {names[0]}; ASSERTIONS wants none."
        )


@dataclass(frozen=True, kw_only=True)
class Golden(Assertion):
    """A pair that everybody in the shop knows: the second in the list of the first."""

    name = "golden"
    keys = ("within",)
    item: str
    beside: str
    kind: str
    within: int = FIRST

    def broken_by(self, lists: Lists, snapshot: Snapshot) -> str:
        codes = []
        for written in (self.item, self.beside):
            family = int(snapshot.group_of([snapshot.item_of(*parse_seed(written))])[0])
            if not family:
                return f"ASSERTIONS names {written}, which is not in the catalogue."
            codes.append(np.flatnonzero(lists.item_ids == family))
        where = (lists.place < self.within) & np.isin(lists.owner, codes[0])
        if np.isin(lists.item[where], codes[1]).any():
            return ""
        return (
            f"{self.beside} is not among the first {self.within} beside {self.item}, where "
            "ASSERTIONS wants it."
        )


def broken(value: Sequence[Mapping[str, Any]], lists: Lists, snapshot: Snapshot) -> list[str]:
    """A sentence for each of the shop's demands that these lists do not meet, or that cannot be
    understood: what nobody understands nobody can have met."""
    unclear = [f"ASSERTIONS: {fault}" for fault in faults(value)]
    meant = (one for one in _sound(value) if one.kind in ("", lists.kind))
    found = (one.broken_by(lists, snapshot) for one in meant)
    return [*unclear, *(sentence for sentence in found if sentence)]


def faults(value: Sequence[Any]) -> Iterator[str]:
    """What is wrong with the setting, each as a sentence."""
    for number, written in enumerate(value, 1):
        try:
            assertion_of(written)
        except ValueError as error:
            yield f"Number {number}: {error}"


def _sound(value: Sequence[Any]) -> Iterator[Assertion]:
    for written in value:
        with suppress(ValueError):
            yield assertion_of(written)


def assertion_of(written: Any) -> Assertion:
    """One demand from its dict. Raises ValueError, saying how it is written."""
    if not isinstance(written, Mapping):
        raise ValueError(f"it is a dict, such as {{'in_stock': 0.8}}, not {written!r}.")
    names = [name for name in _MADE if name in written]
    if len(names) != 1:
        raise ValueError(f"it has one of {', '.join(_MADE)}, and says what that one wants.")
    (name,) = names
    made = _MADE[name]
    if unknown := set(written) - {name, "kind", *made.keys}:
        raise ValueError(f"{name} has {sorted(map(str, unknown))}, which nobody reads.")
    kind = written.get("kind", "")
    if kind not in ("", *RELATIONS):
        raise ValueError(f"there is no kind {kind!r}; there are {', '.join(RELATIONS)}.")
    return _READ[name](written[name], kind, written)


def _in_stock(value: Any, kind: str, written: Mapping[str, Any]) -> Assertion:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ValueError(f"in_stock is a share above 0, to 1, not {value!r}.")
    return InStock(share=float(value), kind=kind)


def _never_beside(value: Any, kind: str, written: Mapping[str, Any]) -> Assertion:
    one, other = _two(value, "never_beside", "two categories")
    return NeverBeside(one=one, other=other, kind=kind)


def _golden(value: Any, kind: str, written: Mapping[str, Any]) -> Assertion:
    item, beside = _two(value, "golden", 'two products, such as "shop.product:31"')
    if not kind:
        raise ValueError("golden says in which lists: kind.")
    within = written.get("within", FIRST)
    if isinstance(within, bool) or not isinstance(within, int) or within < 1:
        raise ValueError(f"within is a number of places, 1 or more, not {within!r}.")
    for one in (item, beside):
        try:
            parse_seed(one)
        except NotRegistered as error:
            raise ValueError(str(error)) from error
    return Golden(item=item, beside=beside, kind=kind, within=within)


def _two(value: Any, name: str, what: str) -> tuple[str, str]:
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    if not is_pair or not all(isinstance(one, str) and one for one in value):
        raise ValueError(f"{name} is a list of {what}, not {value!r}.")
    return value[0], value[1]


def _below(path: str, snapshot: Snapshot) -> NDArray[np.bool_]:
    """By code of category, and False for the last, which stands for none."""
    return np.array([*(is_under(one, path) for one in snapshot.categories), False], dtype=bool)


def _named(family: int, snapshot: Snapshot) -> str:
    """The shop's own words for a family's best member."""
    row = int(snapshot.group_rows([family])[0])
    return f"{snapshot.label_of(row)}:{snapshot.key_of(row)}" if row >= 0 else f"item {family}"


_MADE: Mapping[str, type[Assertion]] = {one.name: one for one in (InStock, NeverBeside, Golden)}
_READ = {"in_stock": _in_stock, "never_beside": _never_beside, "golden": _golden}
