"""temporal: what the shop's own shoppers did after a day, from all that was known before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.evaluation.catalogue import catalogue_of
from persona_django.evaluation.task import Options, Task, all_wanted, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.sorting import coded, distinct
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam
from persona_django.tracking.events import read_events
from persona_django.tracking.orders import read_orders
from persona_django.tracking.schema import AGAINST, Basis, Kind

IntArray = NDArray[np.int64]
STORE = 1
TEST_SHARE = 0.1
"""Of what happened, the newest part is what the methods are judged by."""
REHEARSED_SHARE = 0.1
"""Of the rest, the newest part teaches the ranker."""


def read(
    path: Path | None, items: Path | None, parts: dict[str, set[str]], options: Options
) -> Task:
    """Everybody with a history before the day as a case; what they bought from then on is wanted,
    or what they looked at, in a shop that knows no purchases."""
    if path is not None or items is not None or parts:
        raise BadEvaluation("temporal reads the shop's own history, so it takes no file.")
    history = _history()
    own, bought = history.is_own, history.bought & history.is_own
    is_wanted = bought if bought.any() else own
    rows = _Rows(
        all=history.steps(np.ones_like(own)),
        own=history.steps(own),
        wanted=history.steps(is_wanted),
    )
    days = np.sort(history.at[own])
    last = int(days[int(len(days) * (1 - TEST_SHARE))])
    before = int(days[int(len(days) * (1 - TEST_SHARE) * (1 - REHEARSED_SHARE))])
    exam = rows.exam(since=last, until=int(days[-1]) + 1)
    if not len(exam.questions):
        raise BadEvaluation(
            "Nobody who was known before did anything in the newest tenth of the history, so "
            "there is nothing to be judged by yet."
        )
    crowd = conf.current().min_support
    if len(exam.questions) < crowd:
        # Figures of one are what that one did.
        raise BadEvaluation(
            f"Fewer than {crowd} shoppers who were known before did anything in the newest tenth "
            f"of the history (MIN_SUPPORT), and figures would tell what each of them did."
        )
    people, imported = len(distinct(history.shopper[own])), int((~own).sum())
    said = f"{imported:,} interactions, which teach the sources and describe nobody"
    return task(
        exam,
        rows.exam(since=before, until=last),
        {
            "History": f"{len(days):,} interactions of {people:,} shoppers",
            "Judged by": f"the newest {TEST_SHARE:.0%}, of {len(exam.questions):,} shoppers",
            "Wanted": "what they bought" if bought.any() else "what they looked at",
            "Items of the history": "may be recommended",
            **({"Imported without consent": said} if imported else {}),
        },
    )


@dataclass(frozen=True, kw_only=True)
class _History:
    """All interest, by line: shopper, family code, time, whether it was bought, and whether it may
    describe the shopper; what was imported without consent may not."""

    shopper: IntArray
    item: IntArray
    at: IntArray
    bought: NDArray[np.bool_]
    is_own: NDArray[np.bool_]

    def steps(self, kept: NDArray[np.bool_]) -> Steps:
        """One row for each shopper, the oldest first, and in it what is kept."""
        who, people = coded(self.shopper)
        chosen = np.flatnonzero(kept)
        order = chosen[np.lexsort((self.item[chosen], self.at[chosen], who[chosen]))]
        counts = np.bincount(who[order], minlength=len(people))
        return Steps(
            indptr=np.concatenate([[0], np.cumsum(counts)]),
            item=self.item[order],
            at=self.at[order],
            owner=np.arange(len(people)),
            n_items=int(self.item.max()) + 1,
            n_owners=len(people),
        )


def _history() -> _History:
    snapshot = current_snapshot(STORE)
    if snapshot is None:
        raise BadEvaluation("The catalogue was not read yet. Run: python manage.py persona_sync")
    liked = {
        int(kind)
        for kind in set(Kind) - AGAINST
        if conf.current().event_weights.get(kind.name.lower(), 0) > 0
    }
    events = read_events(STORE, sorted(liked | {int(Kind.PURCHASE)}))
    # Of an order of which the day is kept nothing of that day was foreseen by it.
    lines = read_orders(STORE, latest=True)
    group = snapshot.group_of(np.concatenate([events.item, lines.item]))
    of_orders = np.ones(len(lines), dtype=bool)
    known = group > 0
    is_own = np.concatenate([events.basis != Basis.AGGREGATE, of_orders])[known]
    if not is_own.any():
        raise BadEvaluation("No event and no order is known yet, so nothing can be judged.")
    code, families = coded(group[known])
    names = [str(family) for family in families]
    return _History(
        shopper=np.concatenate([events.shopper, lines.shopper])[known],
        item=catalogue_of(names, None).codes(names)[code],
        at=np.concatenate([events.at, lines.at])[known],
        bought=np.concatenate([events.kind == Kind.PURCHASE, of_orders])[known],
        is_own=is_own,
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """The same shoppers three times: all that is known, what may be a history, and what may be
    wanted."""

    all: Steps
    own: Steps
    wanted: Steps

    def exam(self, *, since: int, until: int) -> Exam:
        """What was known before a moment, and what is wanted from then on."""
        lessons = Lessons(steps=self.all.only(self.all.at < since))
        then = (self.wanted.at >= since) & (self.wanted.at < until)
        known = self.own.only(self.own.at < since)
        return all_wanted(lessons, known, self.wanted.only(then), masked=False)
