"""When a visit is over, what was searched for in it is counted under no name and forgotten.

Until a crowd has asked for the same, nothing is kept of the words but a keyed hash, and of those
who asked two bytes each: enough to tell one from another within one term, too little to tell who.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from django.db import connections, router, transaction
from django.db.models import F, Q
from numpy.typing import NDArray

from persona_django import conf, counters
from persona_django.columns.ageing import UNHURRIED
from persona_django.columns.read import read_queryset
from persona_django.columns.write import give_way, update_rows
from persona_django.identity import restrictions
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.standing import counts
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.visits import visits_of
from persona_django.tracking import finds
from persona_django.tracking.finds import CAME_OF_IT, Finds, What
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.schema import DERIVED
from persona_django.tracking.search_marks import apart, marks_of
from persona_django.tracking.visits import gap_seconds

IntArray = NDArray[np.int64]

SEARCHES_AT_A_TIME = 200
ROWS_AT_A_TIME = 100
"""Rows about terms and finds that one transaction writes, or a little more: an SQLite file is
held by it."""
MOST_A_DAY = 100
"""Searches of one visitor in a day that are counted; nobody types more, and a program must not
fill the table with terms of its own making."""
TOO_MANY = -1
"""Stands for the visit of a search that comes after so many."""


@dataclass(frozen=True, kw_only=True)
class _Over:
    """One search whose visit is over."""

    intent: Intent
    person: int
    """The account that the visitor is linked to, else the visitor: a pseudonym changes with every
    sign-in, and one customer is no crowd."""
    visit: int
    led: bool
    """Whether something came of it."""
    found: list[tuple[What, int]]


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
    person: int
    last_at: int = 0
    led_somewhere: bool = False
    found_nothing: bool = False


def count_over(store: int, *, now: int, since: int = 0) -> int:
    """Count the searches made at `since` or later whose visit is over; how many words were
    forgotten.

    Each is counted in the transaction that forgets it, so it counts once wherever the job is
    killed. Words of visitors who do not count, such as robots, are only forgotten.
    """
    alias = router.db_for_write(SearchTerm)
    done, after = 0, (since - 1, 0)
    while batch := _batch(store, after, until=now - gap_seconds()):
        after = (batch[-1].at, batch[-1].pk)
        for part in _parts(_over(batch, now, store)):
            began = time.monotonic()
            done += _count(part, store)
            give_way(connections[alias], time.monotonic() - began, times=UNHURRIED)
    return done


def _parts(over: list[_Over]) -> Iterator[list[_Over]]:
    """The searches of one transaction after another: few, for each may have led to many things.

    The same words of one visit are never apart, and those of several visits mostly together: a
    crowd that they make counts what all of them found.
    """
    part: list[_Over] = []
    rows = 0
    over = sorted(over, key=lambda one: (one.intent.words, one.visit))
    for _, group in groupby(over, key=lambda one: (one.intent.words, one.visit)):
        part += (same := list(group))
        rows += 1 + sum(len(one.found) for one in same)
        if rows >= ROWS_AT_A_TIME:
            yield part
            part, rows = [], 0
    if part:
        yield part


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


def _over(batch: list[Intent], now: int, store: int) -> list[_Over]:
    """Searches whose visit is over, each with that visit and what came of it."""
    since = min(one.at for one in batch)
    person_of = _people({one.shopper for one in batch})
    shoppers = sorted(person_of)
    # Where they are written: a replica that lags does not know yet what came of a search.
    events = Event.objects.using(router.db_for_write(Event)).filter(
        shopper__in=shoppers, at__gte=since
    )
    columns = ("shopper", "uid", "at", "kind", "item_id", "order", "basis")
    rows = events.exclude(kind__in=DERIVED).order_by("shopper", "uid").values_list(*columns)
    who, uid, at, *did = read_queryset(rows, "i" * len(columns))
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
    steps = finds.steps_of(visits.number[:n], at, *did, store=store)
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
        done = steps.get(visit, [])
        led = any(one.at <= step.at < until and step.kind in CAME_OF_IT for step in done)
        led_to = finds.found_after(done, since=one.at, until=until, led=led and one.results != 0)
        is_counted = (one.shopper, one.uid) not in beyond
        visit = visit if is_counted else TOO_MANY
        person = person_of[one.shopper]
        over.append(_Over(intent=one, person=person, visit=visit, led=led, found=led_to))
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


def _count(over: list[_Over], store: int) -> int:
    """Count and forget some searches, in one transaction."""
    alias = router.db_for_write(SearchTerm)
    keys = [one.intent.pk for one in over]
    with transaction.atomic(using=alias):
        still = Intent.objects.using(alias).filter(pk__in=keys).exclude(words="").order_by("pk")
        # Written to first: SQLite refuses the first write of a transaction that began by reading,
        # where another one wrote in between.
        still.update(at=F("at"))
        # Another job that took this one for dead may have counted some of them.
        left = set(still.select_for_update().values_list("pk", flat=True))
        mine = [one for one in over if one.intent.pk in left]
        counted = _who_counts(mine)
        known = _add(alias, _terms(counted), store)
        _finds(counted, known).write(alias, store)
        Intent.objects.using(alias).filter(pk__in=left).update(words="")
    return len(left)


def _who_counts(over: list[_Over]) -> list[_Over]:
    """Those of visitors who count, without those that come after the most of a day."""
    trusted = _who_count({one.intent.shopper for one in over})
    alone = set(restrictions.restricted_keys().tolist())
    counted = []
    for one in over:
        shopper = one.intent.shopper
        if shopper not in trusted or not alone.isdisjoint((shopper, one.person)):
            counters.count("search_of_nobody_counted")
        elif one.visit == TOO_MANY:
            counters.count("search_over_limit")
        else:
            counted.append(one)
    return counted


def _terms(over: list[_Over]) -> dict[int, _Term]:
    visits: dict[tuple[int, str], _Asked] = {}
    for one in over:
        words = one.intent.words
        asked = visits.setdefault((one.visit, words), _Asked(words=words, person=one.person))
        asked.last_at = max(asked.last_at, one.intent.at)
        asked.led_somewhere |= one.led
        asked.found_nothing |= one.intent.results == 0
    terms: dict[int, _Term] = {}
    for asked in visits.values():
        term = terms.setdefault(term_of(asked.words), _Term(words=asked.words))
        term.askers.add(asked.person)
        term.asked += 1
        term.dead += not asked.led_somewhere
        term.without_results += asked.found_nothing
        term.last_at = max(term.last_at, asked.last_at)
    return terms


def _finds(over: list[_Over], known: set[int]) -> Finds:
    """What was found after those searches whose words a crowd asked for."""
    new = Finds()
    for one in over:
        intent = one.intent
        if one.found and term_of(intent.words) in known:
            new.add(intent.words, one.found, person=one.person, at=intent.at)
    return new


def term_of(words: str) -> int:
    """The number that stands for normalised words."""
    return keyed("search", words)


def _who_count(shoppers: set[int]) -> set[int]:
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(key__in=sorted(shoppers))
    return set(rows.filter(counts()).values_list("key", flat=True))


def _add(alias: str, terms: dict[int, _Term], store: int) -> set[int]:
    """Add to the rows of some terms, in order, so that no two writers wait in a circle; those
    that a crowd asked for."""
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
    update_rows(alias, changed, fields)
    return {row.term for row in changed if row.words}


def _add_to(row: SearchTerm, new: _Term) -> None:
    crowd = conf.current().min_askers
    row.asked += new.asked
    row.dead += new.dead
    row.without_results += new.without_results
    # Until there is a crowd as old as its first mark: who comes again must not keep the marks of
    # others.
    row.last_at = max(row.last_at, new.last_at) if row.words else row.last_at or new.last_at
    if row.visitors < crowd:
        # Fewer than the shop asks for by now: they are counted afresh, and the words must go.
        kept = apart(bytes(row.marks)) | apart(marks_of(new.askers, row.term).tobytes())
        row.visitors, row.marks, row.words = len(kept), b"".join(sorted(kept)), ""
    if row.visitors >= crowd:
        row.words, row.marks, row.last_at = new.words, b"", max(row.last_at, new.last_at)


def forget_small() -> int:
    """Forget words that fewer have asked for than the shop wants by now; how many there were."""
    # Not `exclude(words="")`, for which no index is used.
    known = SearchTerm.objects.using(router.db_for_write(SearchTerm)).filter(words__gt="")
    return int(known.filter(visitors__lt=conf.current().min_askers).update(words="", visitors=0))
