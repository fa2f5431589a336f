"""Searches and what came of them, in a line each, counted as the job counts them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from persona_django.identity.models import Visitor
from persona_django.tracking import searches
from persona_django.tracking.schema import Kind
from tests.deriving.doings import HOUR, ago, did, now, searched
from tests.factories import family_of
from tests.shop.models import Product

MINUTE = 60
_keys = count(7_000_001)


def people(n: int) -> list[int]:
    """Visitors who agreed and count, and whom nobody has met before."""
    keys = [next(_keys) for _ in range(n)]
    Visitor.objects.bulk_create(Visitor(key=key, purposes="measure", standing=1) for key in keys)
    return keys


def search(
    askers: Sequence[int],
    words: str,
    *items: Product,
    kind: Kind = Kind.VIEW,
    results: int | None = 3,
    and_then: str = "",
) -> None:
    """Each of them searches and does something with each of the products; `and_then` they search
    for something else before."""
    for key in askers:
        searched(key, words, at=ago(2 * HOUR), results=results)
        if and_then:
            searched(key, and_then, at=ago(2 * HOUR - MINUTE))
        for place, product in enumerate(items):
            did(key, kind, family_of(product), at=ago(2 * HOUR - 2 * MINUTE - place))


def visits_are_over() -> None:
    """The job counts what was searched for, and forgets the words."""
    searches.count_over(1, now=now())
