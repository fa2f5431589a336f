"""Tells visitors who came to stay from those who only passed, and both from programs.

By what they do, not by what they call themselves: that is asked before anything is stored. A
verdict says why in words, and a person may take it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from django.db import router
from django.db.models import Q
from numpy.typing import NDArray

from persona_django import conf, counters
from persona_django.artefacts import notes
from persona_django.artefacts.store import READ_ONCE
from persona_django.columns.read import read_queryset
from persona_django.deriving import marks as kept_marks
from persona_django.deriving.marks import TABLES, Marks, came_in, reported, shoppers_of
from persona_django.identity import standing
from persona_django.identity.models import Standing, Visitor
from persona_django.numeric.bursts import busiest
from persona_django.numeric.durations import DAY_SECONDS, MINUTE_SECONDS
from persona_django.numeric.sorting import distinct
from persona_django.tracking.context import Sender, sender_of
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Kind

IntArray = NDArray[np.int64]

VISITORS_AT_A_TIME = 500
FEWEST_OTHERS = 5
"""Other visitors who must have opened two pages before their scripts' silence or speech says
anything about anybody."""
REPORTING_SHARE = 0.5
"""Share of the others whose script must have reported: where the shop has the script on some
pages only, its silence says nothing."""
MOST_OTHERS = 1_000
"""So many others tell what share of them reports as well as all would."""
VIEWS_AT_ONCE, MOST_VIEWS = 20_000, 200_000
"""Of the newest views, among which others are looked for."""
FROM_SERVERS = (Sender.SHOP, Sender.SERVER)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of one look."""

    qualified: int = 0
    robots: int = 0


@dataclass(frozen=True, kw_only=True)
class _Traces:
    """What some visitors did, as aligned columns: events and what they asked for."""

    visitor: IntArray
    at: IntArray
    kind: IntArray
    """0 for what was asked for."""
    value: IntArray
    sender: IntArray

    @property
    def is_page(self) -> NDArray[np.bool_]:
        """Views, and searches, which have a page of their own."""
        return (self.kind == Kind.VIEW) | (self.kind == 0)


def judge(store: int = 1, *, beat: Callable[[], None]) -> Judged:
    """Judge everybody of whom something came in since the last time. Harmless when repeated."""
    now, name = int(time.time()), f"{READ_ONCE}judged/{store}"
    marks = kept_marks.unpacked(notes.recall(name).get("marks"))
    following = marks.moved(now)
    # What lasted longer than since the last look is judged by its last day.
    since = max(min(marks.until, now) - DAY_SECONDS, 0) if marks.until else now - DAY_SECONDS
    qualified = 0
    robots: dict[int, str] = {}
    silent: dict[int, int] = {}
    for keys in _some(distinct(np.concatenate(list(_heard_of(marks, store))))):
        rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(key__in=keys)
        rows = rows.filter(standing__in=(Standing.NEW, Standing.QUALIFIED)).exclude(purposes="")
        found = dict(rows.values_list("key", "standing"))
        new = [key for key, stands in found.items() if stands == Standing.NEW]
        qualified += standing.qualify(_qualified(_traces(new, store, since=0)))
        traces = _traces(list(found), store, since=since)
        robots.update(_hasty(traces))
        silent.update(_silent(traces, store, since))
        beat()
    if silent:
        robots.update(_mute({k: n for k, n in silent.items() if k not in robots}, store, since))
    judged = standing.suspect(robots)
    if judged:
        counters.count("visitor_taken_for_robot", judged)
    notes.keep(name, {"marks": kept_marks.packed(following)})
    return Judged(qualified=qualified, robots=judged)


def _heard_of(marks: Marks, store: int) -> Iterator[IntArray]:
    yield np.empty(0, dtype=np.int64)
    for _, rows in came_in(marks, store):
        yield shoppers_of(rows)


def _some(keys: IntArray) -> Iterator[list[int]]:
    for start in range(0, len(keys), VISITORS_AT_A_TIME):
        yield keys[start : start + VISITORS_AT_A_TIME].tolist()


def _traces(visitors: list[int], store: int, *, since: int) -> _Traces:
    which = {"shopper__in": visitors, "at__gte": since}
    names = ("shopper", "at", "kind", "value", "context")
    events = reported(Event, store).filter(**which).order_by("shopper", "uid")
    found = read_queryset(events.values_list(*names), "iiiii")
    asked = reported(Intent, store).filter(kind=Intent.Kind.SEARCH, **which)
    rows = asked.order_by("shopper", "uid").values_list("shopper", "at", "context")
    who, at, context = read_queryset(rows, "iii")
    nothing = np.zeros_like(who)
    more = (who, at, nothing, nothing, context)
    both = [np.concatenate(pair) for pair in zip(found, more, strict=True)]
    return _Traces(
        visitor=both[0], at=both[1], kind=both[2], value=both[3], sender=sender_of(both[4])
    )


def _qualified(traces: _Traces) -> list[int]:
    """Who opened a second page, stayed for a while on the first, or bought something."""
    stay = conf.current().qualify_after.total_seconds()
    visitors, code = np.unique(traces.visitor, return_inverse=True)
    n = len(visitors)
    pages = np.bincount(code[traces.is_page], minlength=n)
    dwelt = traces.kind == Kind.DWELL
    seconds = np.bincount(code[dwelt], weights=traces.value[dwelt], minlength=n)
    first = np.full(n, np.iinfo(np.int64).max)
    last = np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, code, traces.at)
    np.maximum.at(last, code, traces.at)
    bought = np.isin(traces.kind, (Kind.PURCHASE, Kind.ORDERED))
    bought &= np.isin(traces.sender, FROM_SERVERS)
    is_buyer = np.bincount(code[bought], minlength=n) > 0
    stayed = (seconds >= stay) | ((n > 0) & (last - first >= stay))
    return visitors[(pages >= 2) | stayed | is_buyer].tolist()


def _hasty(traces: _Traces) -> dict[int, str]:
    """Who opened more pages in a minute than a person reads."""
    views = traces.kind == Kind.VIEW
    found = busiest(traces.visitor[views], traces.at[views], span_seconds=MINUTE_SECONDS)
    return {
        visitor: f"{most:,} pages within one minute, from {_when(began)} on."
        for visitor, most, began in zip(*(column.tolist() for column in found), strict=True)
        if most >= conf.current().robot_views
    }


def _silent(traces: _Traces, store: int, since: int) -> dict[int, int]:
    """Who opened that many pages of which the script said nothing at all: visitor to pages."""
    views = (traces.kind == Kind.VIEW) & (traces.sender == Sender.PAGE)
    who, pages = np.unique(traces.visitor[views], return_counts=True)
    heard = set(traces.visitor[traces.sender == Sender.SCRIPT].tolist())
    many = dict(zip(who.tolist(), pages.tolist(), strict=True))
    silent = {
        visitor: n
        for visitor, n in many.items()
        if n >= conf.current().robot_views and visitor not in heard
    }
    if silent:
        for visitor in _with_script(Q(shopper__in=sorted(silent)), store, since):
            silent.pop(visitor, None)
    return silent


def _mute(silent: dict[int, int], store: int, since: int) -> dict[int, str]:
    """Reasons against those without script, where the scripts of most others reported."""
    others = _some_others(set(silent), store, since)
    reporting = sum(
        len(_with_script(Q(shopper__in=some), store, since)) for some in _some(np.array(others))
    )
    if len(others) < FEWEST_OTHERS or reporting < REPORTING_SHARE * len(others):
        return {}
    share = round(100 * reporting / len(others))
    return {
        visitor: f"{n:,} pages in a day without a word of the script, "
        f"which reported of {share} % of the others."
        for visitor, n in silent.items()
    }


def _some_others(silent: set[int], store: int, since: int) -> list[int]:
    """Some of the other visitors who opened two pages or more lately."""
    views = reported(Event, store).filter(at__gte=since, kind=Kind.VIEW).order_by("-at", "-pk")
    seen = np.empty(0, dtype=np.int64)
    others: list[int] = []
    for start in range(0, MOST_VIEWS, VIEWS_AT_ONCE):
        found = views[start : start + VIEWS_AT_ONCE].values_list("shopper", flat=True)
        more = np.fromiter(found, dtype=np.int64)
        seen = np.append(seen, more)
        who, pages = np.unique(seen, return_counts=True)
        # In order of their keyed hashes, which is as good as drawing lots.
        others = [key for key in who[pages >= 2].tolist() if key not in silent]
        if len(more) < VIEWS_AT_ONCE or len(others) >= MOST_OTHERS:
            break
    return others[:MOST_OTHERS]


def _with_script(which: Q, store: int, since: int) -> set[int]:
    """Visitors of whom the script reported something."""
    found: set[int] = set()
    for model in TABLES:
        rows = reported(model, store).filter(which, at__gte=since)
        if model is Event:
            names = ("shopper", "context")
            who, context = read_queryset(rows.order_by("at").values_list(*names), "ii")
            found.update(distinct(who[sender_of(context) == Sender.SCRIPT]).tolist())
        else:
            found.update(shoppers_of(rows).tolist())
    return found


def _when(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=timezone.utc):%Y-%m-%d %H:%M} UTC"
