"""Searches and what came of them, in a line each, counted as the job counts them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import count, product

from persona_django.identity.models import Visitor
from persona_django.tracking import searches
from persona_django.tracking.finds import What, key_of, number_of
from persona_django.tracking.schema import Kind
from persona_django.tracking.search_marks import marks_of
from persona_django.tracking.searches import term_of
from tests.deriving.doings import HOUR, ago, did, now, searched
from tests.factories import family_of
from tests.shop.models import Product

MINUTE = 60
_keys = count(7_000_001)


def search(
    askers: int,
    words: str,
    *items: Product,
    kind: Kind = Kind.VIEW,
    results: int | None = 3,
    and_then: str = "",
) -> list[int]:
    """So many visitors, whom nobody has met before, search and do something with each of the
    products; `and_then` they search for something else before. Their keys."""
    families = [family_of(product) for product in items]
    keys = people(askers, *numbers_of([words, and_then], families))
    for key in keys:
        searched(key, words, at=ago(2 * HOUR), results=results)
        if and_then:
            searched(key, and_then, at=ago(2 * HOUR - MINUTE))
        for place, family in enumerate(families):
            did(key, kind, family, at=ago(2 * HOUR - 2 * MINUTE - place))
    return keys


def people(n: int, *numbers: int) -> list[int]:
    """Visitors who agreed and count, each told from the others at the rows of these numbers."""
    keys: list[int] = []
    while len(keys) < n:
        key = next(_keys)
        if are_apart([*keys, key], numbers):
            keys.append(key)
    Visitor.objects.bulk_create(Visitor(key=key, purposes="measure", standing=1) for key in keys)
    return keys


def numbers_of(searches: Iterable[str], families: Iterable[int]) -> list[int]:
    """The rows of these words, and of all that can come of a search for them."""
    words = [one for one in searches if one]
    rows = product(words, What, families)
    found = [number_of(key_of(one), what, family) for one, what, family in rows]
    return [*map(term_of, words), *found]


def are_apart(keys: Collection[int], numbers: Iterable[int]) -> bool:
    """Whether these visitors leave different marks at each of these rows. One pair in 65,536 does
    not, which a crowd is meant to bear and a test of how many there were is not."""
    return all(len(set(marks_of(keys, number).tolist())) == len(keys) for number in numbers)


def visits_are_over() -> None:
    """The job counts what was searched for, and forgets the words."""
    searches.count_over(1, now=now())
