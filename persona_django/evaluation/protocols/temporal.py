"""temporal: what the shop's own shoppers did after a day, from all that was known before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.evaluation.catalogue import catalogue_of
from persona_django.evaluation.task import Options, Task, all_wanted, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.sorting import coded
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam
from persona_django.tracking.events import read_events
from persona_django.tracking.orders import read_orders
from persona_django.tracking.schema import AGAINST, Kind

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
    shopper, family, at, bought = _history()
    is_wanted = bought if bought.any() else ~bought
    steps = _steps(shopper, family, at)
    wanted = _steps(shopper, family, at, only=is_wanted)
    days = np.sort(at)
    last = int(days[int(len(days) * (1 - TEST_SHARE))])
    before = int(days[int(len(days) * (1 - TEST_SHARE) * (1 - REHEARSED_SHARE))])
    exam = _exam(steps, wanted, since=last, until=int(days[-1]) + 1)
    if not len(exam.questions):
        raise BadEvaluation(
            "Nobody who was known before did anything in the newest tenth of the history, so "
            "there is nothing to be judged by yet."
        )
    return task(
        exam,
        _exam(steps, wanted, since=before, until=last),
        {
            "History": f"{len(at):,} interactions of {len(steps):,} shoppers",
            "Judged by": f"the newest {TEST_SHARE:.0%}, of {len(exam.questions):,} shoppers",
            "Wanted": "what they bought" if bought.any() else "what they looked at",
            "Items of the history": "may be recommended",
        },
    )


def _history() -> tuple[IntArray, IntArray, IntArray, NDArray[np.bool_]]:
    """Shopper, family code, time, and whether it was bought, of all interest."""
    snapshot = current_snapshot(STORE)
    if snapshot is None:
        raise BadEvaluation("The catalogue was not read yet. Run: python manage.py persona_sync")
    liked = {
        int(kind)
        for kind in set(Kind) - AGAINST
        if conf.current().event_weights.get(kind.name.lower(), 0) > 0
    }
    events = read_events(STORE, sorted(liked | {int(Kind.PURCHASE)}))
    lines = read_orders(STORE)
    shopper = np.concatenate([events.shopper, lines.shopper])
    group = snapshot.group_of(np.concatenate([events.item, lines.item]))
    at = np.concatenate([events.at, lines.at])
    bought = np.concatenate([events.kind == Kind.PURCHASE, np.ones(len(lines), dtype=bool)])
    known = group > 0
    if not known.any():
        raise BadEvaluation("No event and no order is known yet, so nothing can be judged.")
    names = [str(one) for one in group[known]]
    code = catalogue_of(names, None).codes(names)
    return shopper[known], code, at[known], bought[known]


def _steps(
    shopper: IntArray, item: IntArray, at: IntArray, *, only: NDArray[np.bool_] | None = None
) -> Steps:
    """One row for each shopper, the oldest first."""
    who, people = coded(shopper)
    chosen = np.arange(len(who)) if only is None else np.flatnonzero(only)
    order = chosen[np.lexsort((item[chosen], at[chosen], who[chosen]))]
    return Steps(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(who[order], minlength=len(people)))]),
        item=item[order],
        at=at[order],
        owner=np.arange(len(people)),
        n_items=int(item.max()) + 1,
        n_owners=len(people),
    )


def _exam(steps: Steps, wanted: Steps, *, since: int, until: int) -> Exam:
    known = steps.only(steps.at < since)
    then = wanted.only((wanted.at >= since) & (wanted.at < until))
    return all_wanted(Lessons(steps=known), known, then, masked=False)
