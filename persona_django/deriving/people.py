"""Whose browsers belong together, and who may be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.db import router
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from persona_django.identity.models import Restriction, Visitor
from persona_django.numeric.sorting import distinct

IntArray = NDArray[np.int64]
KEYS_AT_A_TIME = 1_000


@dataclass(frozen=True, kw_only=True)
class People:
    """Shoppers, each with its person: the account that a visitor is linked to, else itself. A
    visitor who took their consent back belongs to nobody."""

    shopper: IntArray
    """Keyed hashes as events carry them, ascending."""
    person: IntArray

    def of(self, shopper: IntArray) -> IntArray:
        """The person behind each of these shoppers, all of whom are known here."""
        return self.person[np.searchsorted(self.shopper, shopper)]


def persons_of(shoppers: IntArray) -> IntArray:
    """The persons behind some shoppers, each once and ascending."""
    persons = distinct(shoppers)
    links: list[tuple[int, int | None]] = []
    for keys in _some(persons):
        rows = _visitors().filter(key__in=keys, account__isnull=False).exclude(purposes="")
        links += rows.values_list("key", "account")
    if not links:
        return persons
    visitor, account = np.array(links, dtype=np.int64).T
    return distinct(np.append(np.setdiff1d(persons, visitor), account))


def people_of(persons: IntArray) -> People:
    """Everything that these persons are known by, but for who took their consent back or must be
    left alone."""
    # Whoever was linked a moment ago counts as the account already.
    persons = persons_of(persons)
    person_of = {int(person): int(person) for person in persons}
    left_alone: set[int] = set()
    for keys in _some(persons):
        rows = _visitors().filter(Q(key__in=keys) | Q(account__in=keys))
        for key, account, purposes in rows.values_list("key", "account", "purposes"):
            person_of[key] = key if account is None else account
            if not purposes:
                left_alone.add(key)
    restricted = _restricted(set(person_of) | set(person_of.values()))
    kept = sorted(
        key
        for key, person in person_of.items()
        if key not in left_alone and key not in restricted and person not in restricted
    )
    return People(
        shopper=np.array(kept, dtype=np.int64),
        person=np.array([person_of[key] for key in kept], dtype=np.int64),
    )


def linked(accounts: IntArray) -> IntArray:
    """Those of these accounts that a visitor is linked to who still agrees."""
    found: set[int | None] = set()
    for keys in _some(accounts):
        rows = _visitors().filter(account__in=keys).exclude(purposes="")
        found.update(rows.values_list("account", flat=True))
    return distinct(np.array(list(found), dtype=np.int64))


def home_of(people: People) -> dict[int, int]:
    """The shopper with whom is kept what a person bought, on whatever device: the lowest of the
    visitors that still agree, or the person's own number where there are none."""
    found: dict[int, int] = {}
    columns = (people.shopper.tolist(), people.person.tolist())
    for shopper, person in zip(*columns, strict=True):
        if found.get(person, person) == person:
            found[person] = shopper
    return found


def _restricted(keys: set[int]) -> set[int]:
    alias = router.db_for_write(Restriction)
    found: set[int] = set()
    for some in _some(np.array(sorted(keys), dtype=np.int64)):
        rows = Restriction.objects.using(alias).filter(key__in=some)
        found.update(rows.values_list("key", flat=True))
    return found


def _visitors() -> QuerySet[Visitor]:
    # Where they are written: a replica that lags does not know yet who took their consent back.
    return Visitor.objects.using(router.db_for_write(Visitor))


def _some(keys: IntArray) -> Iterator[list[int]]:
    for start in range(0, len(keys), KEYS_AT_A_TIME):
        yield keys[start : start + KEYS_AT_A_TIME].tolist()
