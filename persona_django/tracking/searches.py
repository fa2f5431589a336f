"""When a visit is over, what was searched for in it is counted under no name and forgotten.

Until a crowd has asked for the same, nothing is kept of the words but a keyed hash, and of those
who asked two bytes each: enough to tell one from another within one term, too little to tell who.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import router, transaction
from django.db.models import F, Q
from numpy.typing import NDArray

from persona_django import conf, counters
from persona_django.columns.read import read_queryset
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.standing import counts
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.visits import visits_of
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.schema import DERIVED, Kind
from persona_django.tracking.search_marks import apart, marks_of
from persona_django.tracking.visits import gap_seconds

IntArray = NDArray[np.int64]

SEARCHES_AT_A_TIME = 200
MOST_A_DAY = 100
"""Searches of one visitor in a day that are counted; nobody types more, and a program must not
fill the table with terms of its own making."""
TOO_MANY = -1
"""Stands for the visit of a search that comes after so many."""
CAME_OF_IT = (Kind.VIEW, Kind.CLICK, Kind.CART_ADD, Kind.SAVE, Kind.PLAY, Kind.PURCHASE)
"""A search after which one of these follows led somewhere."""


@dataclass
class _Term:
    """What is new about one term."""

    words: str
    askers: set[int] = field(default_factory=set)
    asked: int = 0
    dead: int = 0
    without_results: int = 0
    last_at: int = 0


@dataclass
class _Asked:
    """One term in one visit, however often it was typed."""

    words: str
    shopper: int
    last_at: int = 0
    led_somewhere: bool = False
    found_nothing: bool = False


def count_over(store: int, *, now: int, since: int = 0) -> int:
    """Count the searches made at `since` or later whose visit is over; how many words were
    forgotten.

    Each is counted in the transaction that forgets it, so it counts once wherever the job is
    killed. Words of visitors who do not count, such as robots, are only forgotten.
    """
    done, after = 0, (since - 1, 0)
    while batch := _batch(store, after, until=now - gap_seconds()):
        after = (batch[-1].at, batch[-1].pk)
        done += _count(_over(batch, now), store)
    return done


def _batch(store: int, after: tuple[int, int], *, until: int) -> list[Intent]:
    at, pk = after
    rows = Intent.objects.using(router.db_for_write(Intent)).filter(
        Q(at__gt=at) | Q(at=at, pk__gt=pk),
        store=store,
        kind=Intent.Kind.SEARCH,
        at__gte=at,
        at__lte=until,
    )
    return list(rows.exclude(words="").order_by("at", "pk")[:SEARCHES_AT_A_TIME])


def _over(batch: list[Intent], now: int) -> list[tuple[Intent, int, bool]]:
    """Searches whose visit is over, each with that visit and whether something came of it."""
    since = min(one.at for one in batch)
    person_of = _people({one.shopper for one in batch})
    shoppers = sorted(person_of)
    # Where they are written: a replica that lags does not know yet what came of a search.
    events = Event.objects.using(router.db_for_write(Event)).filter(
        shopper__in=shoppers, at__gte=since
    )
    columns = ("shopper", "uid", "at", "kind")
    rows = events.exclude(kind__in=DERIVED).order_by("shopper", "uid").values_list(*columns)
    who, uid, at, kind = read_queryset(rows, "iiii")
    asked = Intent.objects.using(router.db_for_write(Intent)).filter(
        shopper__in=shoppers, at__gte=since - DAY_SECONDS
    )
    asked_rows = list(asked.values_list("shopper", "uid", "at", "kind", "words"))
    n = len(who)
    numbers = np.array([row[:3] for row in asked_rows], dtype=np.int64).reshape(-1, 3)
    everybody = np.append(who, numbers[:, 0]).tolist()
    visits = visits_of(
        np.array([person_of[key] for key in everybody], dtype=np.int64),
        np.append(at, numbers[:, 2]),
        gap_seconds=gap_seconds(),
        tie=np.append(uid, numbers[:, 1]),
    )
    steps = _steps(visits.number[:n], at, kind)
    place_of: dict[tuple[int, int], int] = {}
    others: dict[int, list[tuple[int, str]]] = {}
    for place, row in zip(visits.number[n:].tolist(), asked_rows, strict=True):
        place_of[row[0], row[1]] = place
        if row[3] == Intent.Kind.SEARCH:
            others.setdefault(place, []).append((row[2], row[4]))
    over = []
    beyond = _beyond(asked_rows)
    for one in batch:
        visit = place_of.get((one.shopper, one.uid))
        # Without one it was erased since the batch was read.
        if visit is None or int(visits.end[visit]) + gap_seconds() > now:
            continue
        following = [t for t, words in others[visit] if t > one.at and words != one.words]
        until = min(following, default=now + 1)
        led = any(one.at <= t < until for t in steps.get(visit, ()))
        is_counted = (one.shopper, one.uid) not in beyond
        over.append((one, visit if is_counted else TOO_MANY, led))
    return over


def _people(shoppers: set[int]) -> dict[int, int]:
    """Everything that these shoppers are known by, each with the account that it is linked to,
    else with itself: who signs in after a search is in the same visit. Who took their consent
    back is in nobody's."""
    rows = Visitor.objects.using(router.db_for_write(Visitor)).exclude(purposes="")
    visitors = rows.filter(account__isnull=False)
    accounts = set(visitors.filter(key__in=sorted(shoppers)).values_list("account", flat=True))
    linked = visitors.filter(account__in=accounts).values_list("key", "account")
    known = {key: account for key, account in linked if account is not None}
    return {key: key for key in shoppers} | known


def _beyond(asked: list[tuple[Any, ...]]) -> set[tuple[int, int]]:
    """Shopper and uid of searches that come after the most that are counted in a day."""
    beyond: set[tuple[int, int]] = set()
    counted: dict[int, deque[int]] = {}
    for shopper, uid, at, kind, _ in sorted(asked, key=lambda row: (row[2], row[1])):
        if kind != Intent.Kind.SEARCH:
            continue
        times = counted.setdefault(shopper, deque())
        while times and times[0] <= at - DAY_SECONDS:
            times.popleft()
        if len(times) < MOST_A_DAY:
            times.append(at)
        else:
            beyond.add((shopper, uid))
    return beyond


def _steps(visit: IntArray, at: IntArray, kind: IntArray) -> dict[int, list[int]]:
    """When something was looked at or chosen, by visit."""
    told = np.isin(kind, CAME_OF_IT)
    steps: dict[int, list[int]] = {}
    for place, moment in zip(visit[told].tolist(), at[told].tolist(), strict=True):
        steps.setdefault(place, []).append(moment)
    return steps


def _count(over: list[tuple[Intent, int, bool]], store: int) -> int:
    """Count and forget some searches, in one transaction."""
    if not over:
        return 0
    alias = router.db_for_write(SearchTerm)
    keys = [one.pk for one, _, _ in over]
    with transaction.atomic(using=alias):
        still = Intent.objects.using(alias).filter(pk__in=keys).exclude(words="").order_by("pk")
        # Written to first: SQLite refuses the first write of a transaction that began by reading,
        # where another one wrote in between.
        still.update(at=F("at"))
        # Another job that took this one for dead may have counted some of them.
        left = set(still.select_for_update().values_list("pk", flat=True))
        mine = [row for row in over if row[0].pk in left]
        _add(alias, _terms(mine, store), store)
        Intent.objects.using(alias).filter(pk__in=left).update(words="")
    return len(left)


def _terms(over: list[tuple[Intent, int, bool]], store: int) -> dict[int, _Term]:
    visits: dict[tuple[int, str], _Asked] = {}
    trusted = _who_count({one.shopper for one, _, _ in over})
    for one, visit, led in over:
        if one.shopper not in trusted:
            counters.count("search_of_nobody_counted")
            continue
        if visit == TOO_MANY:
            counters.count("search_over_limit")
            continue
        asked = visits.setdefault((visit, one.words), _Asked(words=one.words, shopper=one.shopper))
        asked.last_at = max(asked.last_at, one.at)
        asked.led_somewhere |= led
        asked.found_nothing |= one.results == 0
    terms: dict[int, _Term] = {}
    for asked in visits.values():
        term = terms.setdefault(term_of(asked.words), _Term(words=asked.words))
        term.askers.add(asked.shopper)
        term.asked += 1
        term.dead += not asked.led_somewhere
        term.without_results += asked.found_nothing
        term.last_at = max(term.last_at, asked.last_at)
    return terms


def term_of(words: str) -> int:
    """The number that stands for normalised words."""
    return keyed("search", words)


def _who_count(shoppers: set[int]) -> set[int]:
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(key__in=sorted(shoppers))
    return set(rows.filter(counts()).values_list("key", flat=True))


def _add(alias: str, terms: dict[int, _Term], store: int) -> None:
    """Add to the rows of some terms, in order, so that no two writers wait in a circle."""
    rows = SearchTerm.objects.using(alias)
    wanted = sorted(terms)
    rows.bulk_create(
        [SearchTerm(store=store, term=term, marks=b"") for term in wanted], ignore_conflicts=True
    )
    there = rows.filter(store=store, term__in=wanted).order_by("term").select_for_update()
    changed = list(there)
    for row in changed:
        _add_to(row, terms[row.term])
    fields = ("words", "visitors", "marks", "asked", "dead", "without_results", "last_at")
    rows.bulk_update(changed, fields)


def _add_to(row: SearchTerm, new: _Term) -> None:
    crowd = conf.current().min_askers
    row.asked += new.asked
    row.dead += new.dead
    row.without_results += new.without_results
    row.last_at = max(row.last_at, new.last_at)
    if row.visitors < crowd:
        # Fewer than the shop asks for by now: they are counted afresh, and the words must go.
        kept = apart(bytes(row.marks)) | apart(marks_of(new.askers, row.term).tobytes())
        row.visitors, row.marks, row.words = len(kept), b"".join(sorted(kept)), ""
    if row.visitors >= crowd:
        row.words, row.marks = new.words, b""


def forget_small() -> int:
    """Forget words that fewer have asked for than the shop wants by now; how many there were."""
    # Not `exclude(words="")`, for which no index is used.
    known = SearchTerm.objects.using(router.db_for_write(SearchTerm)).filter(words__gt="")
    return int(known.filter(visitors__lt=conf.current().min_askers).update(words="", visitors=0))
