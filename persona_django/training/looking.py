"""Learning from what visitors look at in order: `viewed-next` from visits, `viewed-then-bought`
from what they bought in the end.

What is looked at counts once `MIN_SUPPORT` visitors agree, as for `similar`. What is bought counts
behind a crowd of buyers, and nothing that fewer of them did moves any figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.identity.keys import keyed
from persona_django.numeric.chance import People
from persona_django.numeric.followers import backed_steps, followers
from persona_django.numeric.interactions import Interactions
from persona_django.numeric.journeys import view_purchase_steps, view_steps
from persona_django.numeric.sorting import coded, count_distinct, distinct
from persona_django.numeric.steps import Steps
from persona_django.ranking.stored import pipeline_arrays
from persona_django.ranking.visits import learn_visits
from persona_django.tracking.schema import LOOKS
from persona_django.tracking.visits import gap_seconds
from persona_django.training.evidence import Evidence
from persona_django.training.similarity import Arrays, Beat, arrays_of
from persona_django.training.steps_kept import steps_in, steps_packed

REACH_VIEWS = 5
"""What is looked at more than five pages later has little to do with it."""
FADE_A_VIEW = 0.7
"""What the page after next says less than the next one."""
MAKES_UP_ONE_S_MIND = timedelta(days=1)
"""Who looks at nothing for so long has stopped looking for what they bought later."""
MOST_LOOKS = 50
"""What was looked at further back than so many pages did not lead to a purchase."""
ALL_OF_THEM = 2_000
"""Moments of one row: looks are bounded before, and a purchase must push none out of reach."""
MOST_VISITS = 1_000_000
"""The newest, which the visits that come are compared with."""


def steps_of_visits(evidence: Evidence) -> Arrays:
    """What was looked at one after the other: one row a visit."""
    views = _views(evidence)
    arrays: Arrays = {"people": _people(views)}
    if not len(views):
        return arrays
    steps, item_ids = view_steps(
        views, gap_seconds=gap_seconds(), cap=conf.current().events_per_shopper
    )
    return {**arrays, **steps_packed(steps, item_ids)}


def learn_viewed_next(arrays: Mapping[str, NDArray[Any]], beat: Beat) -> Arrays:
    """What is looked at after every family."""
    settings = conf.current()
    steps, item_ids = steps_in(arrays)
    found = followers(
        steps,
        k=settings.neighbours_kept,
        reach=REACH_VIEWS,
        fade=FADE_A_VIEW,
        min_support=settings.min_support,
        min_llr=settings.min_log_likelihood,
        prior=settings.support_prior,
        discount=min(settings.popularity_discount, 1.0),
        progress=beat,
    )
    # How many seconds lie between two pages tells nobody anything.
    found = replace(found, gap=None)
    people = People.of_one_kind(found.item_support, steps.n_owners, crowd=settings.min_support)
    return arrays_of(found, item_ids, people=people, shoppers_with_two=_went_on(steps))


def whole_visits(evidence: Evidence) -> Arrays:
    """The visits with two things or more, without what fewer than `MIN_SUPPORT` visitors looked
    at, and without anybody's name or number."""
    arrays = steps_of_visits(evidence)
    steps, item_ids = steps_in(arrays)
    # What fewer visitors looked at can be proposed to nobody, so it need not be kept.
    by = count_distinct(steps.item, steps.owner[steps.row], n_items=steps.n_items)
    steps = steps.only((by >= conf.current().min_support)[steps.item])
    useful = np.flatnonzero(np.diff(steps.as_rows().indptr) > 1)
    newest = np.sort(np.argsort(steps.ended()[useful], kind="stable")[-MOST_VISITS:])
    steps = steps.take(useful[newest])
    code, used = coded(steps.item)
    owner, owners = coded(steps.owner)
    steps = replace(steps, item=code, owner=owner, n_items=len(used), n_owners=len(owners))
    return {**arrays, **steps_packed(steps, item_ids[used])}


def learn_visit_next(arrays: Mapping[str, NDArray[Any]], beat: Beat) -> Arrays:
    """What visits go on to: sources, and a ranker that learnt how much to make of each.

    The visits themselves are part of it, for pages to find those that are like the present one.
    """
    steps, item_ids = steps_in(arrays)
    pipeline = learn_visits(
        steps,
        min_support=conf.current().min_support,
        beat=lambda: beat(0, 0),
        # The same each time, and nobody's to guess: who knew it could come to be drawn.
        seed=keyed("draw", "visits") % 2**32,
    )
    learnt: Arrays = {
        **pipeline_arrays(pipeline),
        "group_id": item_ids,
        "shoppers_with_two": np.array([steps.n_owners], dtype=np.int64),
    }
    if pipeline.worth:
        learnt["quality"] = np.array([pipeline.worth[pipeline.chosen]])
    return learnt


def steps_to_purchases(evidence: Evidence) -> Arrays:
    """What was looked at, and what was bought meanwhile or soon after: one row each time."""
    settings, views, bought = conf.current(), _views(evidence), evidence.bought
    arrays: Arrays = {"people": _people(views)}
    if not len(views) or not len(bought):
        return arrays
    steps, is_bought, item_ids = view_purchase_steps(
        views,
        bought,
        gap_seconds=int(MAKES_UP_ONE_S_MIND.total_seconds()),
        cap=settings.events_per_shopper,
        most_items=settings.basket_items,
        most_looks=MOST_LOOKS,
    )
    return {**arrays, **steps_packed(steps, item_ids), "is_bought": is_bought}


def learn_viewed_then_bought(arrays: Mapping[str, NDArray[Any]], beat: Beat) -> Arrays:
    """What those who looked at each family bought in the end, behind a crowd of buyers."""
    settings = conf.current()
    crowd = max(settings.min_buyers, settings.min_support)
    steps, item_ids = steps_in(arrays)
    is_bought = np.asarray(arrays.get("is_bought", np.zeros(len(steps.item))), dtype=bool)
    shared = backed_steps(
        steps,
        reach=ALL_OF_THEM,
        min_support=crowd,
        leads=~is_bought,
        follows=is_bought,
        progress=beat,
    )
    left = ~is_bought | shared
    steps, is_bought = steps.only(left), is_bought[left]
    found = followers(
        steps,
        k=settings.neighbours_kept,
        reach=ALL_OF_THEM,
        fade=1.0,
        min_support=crowd,
        min_llr=settings.min_log_likelihood,
        prior=settings.support_prior,
        discount=min(settings.popularity_discount, 1.0),
        leads=~is_bought,
        follows=is_bought,
        progress=beat,
    )
    buyer = steps.owner[steps.row[is_bought]]
    people = People.of_one_kind(
        found.item_support,
        steps.n_owners,
        crowd=crowd,
        following=count_distinct(steps.item[is_bought], buyer, n_items=steps.n_items),
    )
    return arrays_of(found, item_ids, people=people, shoppers_with_two=len(distinct(buyer)))


def _views(evidence: Evidence) -> Interactions:
    """Looks alone: what else a page reports, such as how long it was open, comes when it is left,
    and says nothing about what came first."""
    browsed = evidence.browsed
    assert browsed.kind is not None, "events have a kind"
    return browsed.take(np.isin(browsed.kind, LOOKS))


def _people(views: Interactions) -> NDArray[np.int64]:
    return np.array([len(distinct(views.shopper))], dtype=np.int64)


def _went_on(steps: Steps) -> int:
    """Visitors who looked at two things in one visit: those that teach this relation anything."""
    return len(distinct(steps.owner[steps.row[steps.to_end() > 0]]))
