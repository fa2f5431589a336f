"""Who must be left alone, because they paused or were erased. Every process knows them by heart.

No page may ask the database for it, so each process keeps all their numbers, eight bytes each,
and reads them again when the revision in the state has moved. That is looked at once a second at
most, and never before a response: what pages know is brought up to date by what they write.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import connections, router, transaction
from django.db.models import F
from numpy.typing import NDArray

from persona_django import conf
from persona_django.breaker import database_call
from persona_django.catalogue.state import bump, read_state
from persona_django.exceptions import Resting
from persona_django.identity.cookies import LONGEST_LIFE
from persona_django.identity.keys import keyed_many
from persona_django.identity.models import Restriction

Kind = Restriction.Kind

REVISION = "restrictions"
"""Name of the state that moves when somebody is restricted or no longer so."""
AT_ONCE = 400
"""Rows of one statement. Some name them twice, and older SQLite takes 999 values in one."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    """All restrictions as of one revision, in order of their keys."""

    revision: int = 0
    tentative: bool = False
    """Read within a transaction, which may yet be rolled back: read again after it."""
    key: NDArray[np.int64]
    kind: NDArray[np.int8]

    def kind_of(self, key: int | None) -> int:
        """Number of the kind; 0 for who is not restricted."""
        if not len(self.key) or key is None:
            return 0
        place = int(np.searchsorted(self.key, key))
        return int(self.kind[place]) if place < len(self.key) and self.key[place] == key else 0


_NONE = _Known(key=np.empty(0, dtype=np.int64), kind=np.empty(0, dtype=np.int8))
_known = _NONE


def refresh() -> None:
    """Hear what is new, if that was not asked within the last second.

    Before a transaction of ours: one that begins by reading may be refused its first write.
    """
    _up_to_date()


def is_restricted(key: int | None) -> bool:
    """Whether nothing may be stored of this visitor or customer, nor shown for them alone.

    Asks the database at most once a second whether anything is new.
    """
    return _up_to_date().kind_of(key) != 0


def is_erased(key: int | None) -> bool:
    """As `is_restricted`, for those only who are gone for good."""
    return _up_to_date().kind_of(key) == Kind.ERASED


def are_any() -> bool:
    """Whether there is anybody at all."""
    return bool(len(_up_to_date().key))


def are_any_known() -> bool:
    """Whether this process has heard of anybody at all. Asks nothing."""
    return bool(len(_known.key))


def are_known(*keys: int | None, kind: Restriction.Kind | None = None) -> bool:
    """Whether one of these is restricted, in this way if one is given, as far as this process
    has heard. Asks nothing."""
    found = {_known.kind_of(key) for key in keys} - {0}
    return bool(found) if kind is None else int(kind) in found


def restricted_keys() -> NDArray[np.int64]:
    """All of them in ascending order, for learning, which leaves them out."""
    return _up_to_date().key


def are_restricted(purpose: str, texts: Sequence[str]) -> NDArray[np.bool_]:
    """For each customer or guest, named as in the shop's own tables, whether they are.

    Whoever paused before SECRET_KEY was rotated is known by the number of then.
    """
    known = restricted_keys()
    found = np.zeros(len(texts), dtype=bool)
    if len(known):
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            found |= np.isin(keyed_many(purpose, texts, secret=secret), known)
    return found


def numbers_of(purpose: str, texts: Sequence[str]) -> NDArray[np.int64]:
    """The number of each customer, named as in the shop's own tables. Whoever paused before
    SECRET_KEY was rotated keeps that of then, so that nothing is stored of them."""
    numbers, known = keyed_many(purpose, texts), restricted_keys()
    if len(known):
        for secret in settings.SECRET_KEY_FALLBACKS:
            once = keyed_many(purpose, texts, secret=secret)
            numbers = np.where(np.isin(once, known), once, numbers)
    return numbers


def restrict(
    keys: Collection[int],
    kind: Restriction.Kind,
    *,
    at: int | None = None,
    until: int | None = None,
    moving: Collection[str] = (),
) -> int:
    """Leave these alone from now on, in every process within a second; how many are new to it.

    A mapping of keys tells of each since when, else all are left alone since `at`, or now; and
    `until` a moment, as `end_of_strangers` tells it, or for good. Whoever was erased stays so.
    States named by `moving` move with it where anything is new. Harmless when repeated.
    """
    alias = router.db_for_write(Restriction)
    rows = Restriction.objects.using(alias)
    moment = int(time.time()) if at is None else at
    since = keys if isinstance(keys, Mapping) else dict.fromkeys(keys, moment)
    new = revision = 0
    with transaction.atomic(using=alias):
        for part in _parts(since):
            # Written to first: SQLite refuses the first write of a transaction that began by
            # reading, where another one wrote in between.
            paused = rows.filter(key__in=part, kind=Kind.PAUSED)
            if kind == Kind.ERASED:
                new += paused.update(kind=kind, at=moment, until=until)
            else:
                paused.update(at=F("at"))
            there = set(rows.filter(key__in=part).values_list("key", flat=True))
            made = [
                Restriction(key=key, kind=kind, at=since[key], until=until)
                for key in part
                if key not in there
            ]
            rows.bulk_create(made, ignore_conflicts=True)
            new += len(made)
        if new:
            revision = bump(REVISION)
            # Together with it: what claims to know of them all is never younger than it says.
            for name in moving:
                bump(name)
    if new:
        _reload(revision)
    return new


def end_of_strangers() -> int:
    """Until when who is a stranger now must be left alone: nobody can come with their cookie or
    token after that, whatever the settings will be, and what a page of theirs may just be writing
    is too old to be kept."""
    life = max(LONGEST_LIFE, conf.current().visitors_kept)
    return int(time.time() + life.total_seconds())


def lift(keys: Collection[int], kinds: Collection[Restriction.Kind] = (Kind.PAUSED,)) -> int:
    """Stop leaving these alone; how many were."""
    alias = router.db_for_write(Restriction)
    rows = Restriction.objects.using(alias).filter(kind__in=kinds)
    lifted = revision = 0
    with transaction.atomic(using=alias):
        for part in _parts(keys):
            lifted += rows.filter(key__in=part).delete()[0]
        if lifted:
            revision = bump(REVISION)
    if lifted:
        _reload(revision)
    return lifted


def _parts(keys: Collection[int]) -> Iterable[list[int]]:
    # In order, so that two writers cannot wait for each other in a circle.
    ordered = sorted(set(keys))
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


def _up_to_date() -> _Known:
    # Not from a replica: one that lags would let them be recorded for as long.
    revision = read_state(first_hand=True).get(REVISION, 0)
    if revision != _known.revision or (_known.tentative and not _is_in_transaction()):
        with suppress(Resting):
            _reload(revision)
    return _known


def _reload(revision: int) -> None:
    global _known
    _known = _read(revision) if revision else _NONE


def _is_in_transaction() -> bool:
    return connections[router.db_for_write(Restriction)].in_atomic_block


def _read(revision: int) -> _Known:
    # Where they are written: a replica that lags would still let them be recorded.
    alias = router.db_for_write(Restriction)
    rows = Restriction.objects.using(alias).order_by("key")
    with database_call(alias):
        found = list(rows.values_list("key", "kind"))
    return _Known(
        revision=revision,
        tentative=_is_in_transaction(),
        key=np.array([key for key, _ in found], dtype=np.int64),
        kind=np.array([kind for _, kind in found], dtype=np.int8),
    )


def forget() -> None:
    """Know of nobody; the next question reads them again."""
    global _known
    _known = _NONE
