"""Learning what is popular: distinct shoppers, fading with age, never a small cell."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.interactions import Interactions
from persona_django.numeric.lifts import lifts
from persona_django.numeric.popularity import popularity
from persona_django.numeric.sorting import coded, count_distinct, paired
from persona_django.numeric.trending import trending
from persona_django.tracking.situations import KINDS, SITUATIONS, situations_of
from persona_django.training.evidence import Evidence
from persona_django.training.similarity import Arrays

DAY = timedelta(days=1)


RECENT_DAYS = 1.0
"""Days that count as now: a whole one, so that no hour of the day is compared with another."""
WEEK_DAYS = 7
USUAL_DAYS = 4 * WEEK_DAYS
"""Days before it that say what is usual: whole weeks. Of a shorter history those that there are;
with not one nobody knows what is usual."""
READ_DAYS = RECENT_DAYS + USUAL_DAYS + 1
"""Days of history that are read: one more, because the oldest event among them is younger than the
moment from which they are read."""
LIFT_PRIOR = 20.0
"""With as many shoppers expected in a situation, what was seen there is half of what is told."""


def popular(evidence: Evidence) -> Arrays:
    """Families that at least `min_buyers` shoppers took an interest in, in order of family.

    Here an item needs its crowd, and that is enough: no pair is told. Purchases, and interest
    imported without consent, of a family with a smaller crowd of their own were left out before,
    so no mixture of planted viewers and one buyer makes it appear. A kind of event that weighs
    nothing is no interest.

    Beside the whole stands how many times as much each is wanted in each of the situations that
    people come in.
    """
    shopper, item, at = _interest(evidence.browsed, evidence.aggregated, evidence.bought)
    code, group_id = coded(item)
    who, people = coded(shopper)
    n = len(group_id)
    shoppers = count_distinct(code, who, n_items=n)
    score = popularity(
        who,
        code,
        at,
        now=evidence.now,
        half_life_days=conf.current().interest_half_life / DAY,
        n_items=n,
        most_times=conf.current().rush_times,
    )
    enough = shoppers >= conf.current().min_buyers
    return {
        "group_id": group_id[enough],
        "score": score[enough].astype(np.float64),
        "shoppers": shoppers[enough],
        "lift": _lift(evidence, group_id[enough]),
        "people": evidence.people(people),
    }


def _lift(evidence: Evidence, group_id: NDArray[np.int64]) -> NDArray[np.float32]:
    """Row by family and column by situation, how many times as much it is wanted there as
    everywhere; see `numeric.lifts`.

    Learnt from what consenting visitors came to, who alone come in a situation that is known. A
    cell counts from `min_buyers` distinct shoppers on, by their newest interest of the kind, and
    less than that is as nobody: it moves neither its own figure nor what is expected of others.
    """
    settings, browsed = conf.current(), evidence.browsed
    lift = np.ones((len(group_id), len(SITUATIONS)), dtype=np.float32)
    if browsed.context is None or not len(group_id):
        return lift
    row = np.minimum(np.searchsorted(group_id, browsed.item), len(group_id) - 1)
    counts = (group_id[row] == browsed.item) & (browsed.weight > 0)
    shopper, _ = coded(browsed.shopper)
    start = 0
    for names, place in zip(KINDS, situations_of(browsed.context), strict=True):
        known = counts & (place >= 0)
        cell, n_cells = row[known] * len(names) + place[known], len(group_id) * len(names)
        who = shopper[known]
        came = popularity(
            who,
            cell,
            browsed.at[known],
            now=evidence.now,
            half_life_days=settings.interest_half_life / DAY,
            n_items=n_cells,
            most_times=settings.rush_times,
        )
        enough = count_distinct(cell, who, n_items=n_cells) >= settings.min_buyers
        shoppers = np.where(enough, np.expm1(came), 0.0).reshape(-1, len(names))
        lift[:, start : start + len(names)] = lifts(shoppers, prior=LIFT_PRIOR)
        start += len(names)
    return lift


def trending_now(evidence: Evidence) -> Arrays:
    """Families that more shoppers came to in the last day than is usual for them, in order of
    family; at least `min_buyers` of them. A shop of a few days has nothing usual yet.

    What was bought, or imported without consent, counts on the days on which a crowd did the same
    alone: a list that changes each hour would tell of a single order.
    """
    settings = conf.current()
    parts = [
        _of_days_with_a_crowd(evidence.aggregated, now=evidence.now, crowd=settings.min_buyers),
        _of_days_with_a_crowd(evidence.bought, now=evidence.now, crowd=settings.min_buyers),
    ]
    shopper, item, at = _interest(evidence.browsed, *parts)
    code, group_id = coded(item)
    who, people = coded(shopper)
    n = len(group_id)
    days = _usual_days(evidence.now - int(at.min(initial=evidence.now)))
    score = np.zeros(n)
    if days:
        score = trending(
            who,
            code,
            at,
            now=evidence.now,
            n_items=n,
            recent_days=RECENT_DAYS,
            usual_days=days,
            floor=settings.min_buyers,
            most_times=max(settings.rush_times, 1.001),
        )
    recent = evidence.now - at < RECENT_DAYS * DAY_SECONDS
    shoppers = count_distinct(code[recent], who[recent], n_items=n)
    rising = score > 0
    return {
        "group_id": group_id[rising],
        "score": score[rising],
        "shoppers": shoppers[rising],
        "made_at": np.array([evidence.now], dtype=np.int64),
        "people": evidence.people(people),
    }


def _usual_days(history_seconds: int) -> int:
    """Days of a history that say what is usual: whole weeks, so that no weekday is in them more
    often than another; 0 where there is not one."""
    days = min(int(history_seconds // DAY_SECONDS - RECENT_DAYS), USUAL_DAYS)
    return max(days // WEEK_DAYS, 0) * WEEK_DAYS


def _of_days_with_a_crowd(part: Interactions, *, now: int, crowd: int) -> Interactions:
    """What at least `crowd` shoppers did with the same family on the same day before now."""
    if not len(part):
        return part
    cell = paired(part.item, (now - part.at) // DAY_SECONDS)
    who = count_distinct(cell, part.shopper, n_items=int(cell.max()) + 1)
    return part.take((who >= crowd)[cell])


def _interest(*parts: Interactions) -> tuple[NDArray[np.int64], ...]:
    """Shopper, family and time of everything that weighs anything."""
    wanted = [part.take(part.weight > 0) for part in parts]
    columns = ([part.shopper, part.item, part.at] for part in wanted)
    return tuple(np.concatenate(column) for column in zip(*columns, strict=True))
