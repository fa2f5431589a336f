"""Learning what is bought after something else: `bought-after`, from customers' orders in time.

As for `bought-together`, nothing counts that fewer buyers than a crowd did, see
`training.similarity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.numeric.chance import People
from persona_django.numeric.crowds import in_fine_steps
from persona_django.numeric.followers import backed_steps, followers
from persona_django.numeric.orders import order_steps
from persona_django.numeric.sorting import distinct
from persona_django.numeric.steps import Steps
from persona_django.training import suggested
from persona_django.training.evidence import Evidence
from persona_django.training.similarity import Arrays, Beat, arrays_of
from persona_django.training.steps_kept import steps_in, steps_packed

REACH_ORDERS = 3
"""What comes more than three orders later has little to do with it."""
FADE_AN_ORDER = 0.7
"""What the order after next says less than the next one."""


def steps_of_orders(evidence: Evidence) -> Arrays:
    """What was ordered one after the other: one row a customer."""
    settings, bought = conf.current(), evidence.bought
    people = np.array([evidence.bought_seen.shoppers], dtype=np.int64)
    if not len(bought.item):
        return {"people": people}
    steps, item_ids, _ = order_steps(
        bought, cap=settings.events_per_shopper, most_items=settings.basket_items
    )
    return {"people": people, "seen": people, **steps_packed(steps, item_ids)}


def learn(arrays: Mapping[str, NDArray[Any]], beat: Beat) -> Arrays:
    """What follows every family, behind a crowd of buyers."""
    settings = conf.current()
    crowd, tilt = max(settings.min_buyers, settings.min_support), settings.popularity_discount
    steps, item_ids = steps_in(arrays)
    came_again = _came_again(steps)
    if suggested.stands_alone(arrays, came_again):
        steps = steps.take(np.empty(0, np.int64))
    among = backed_steps(steps, reach=REACH_ORDERS, min_support=crowd, progress=beat)
    seen = in_fine_steps(int(arrays["seen"][0]), least=crowd) if len(steps) else 0
    found = followers(
        steps,
        k=settings.neighbours_kept,
        reach=REACH_ORDERS,
        fade=FADE_AN_ORDER,
        min_support=crowd,
        min_llr=settings.min_log_likelihood,
        prior=settings.support_prior,
        discount=tilt,
        leads=among,
        follows=among,
        rows_seen=seen,
        progress=beat,
    )
    # A row is a customer, so that chance is reckoned in people as it is.
    everyone = max(seen, len(distinct(steps.row[among])))
    families = suggested.families_in(arrays)
    if len(families):
        who_came, who_came_again = _met(families, arrays, least=crowd)
        found, item_ids = suggested.mixed_in(
            (found, item_ids), arrays, met=who_came_again, second_met=who_came, tilt=tilt
        )
    people = People.of_one_kind(found.item_support, everyone, crowd=crowd)
    return arrays_of(found, item_ids, people=people, shoppers_with_two=came_again)


def _met(
    families: NDArray[np.int64], arrays: Mapping[str, NDArray[Any]], *, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Customers who ordered each family, and those of them who came again: whoever did not could
    order nothing after it."""
    steps, item_ids = steps_in(arrays)
    owner = steps.owner[steps.row]
    came, again = (
        suggested.met(families, steps.item[some], owner[some], item_ids, least=least)
        for some in (slice(None), steps.to_end() > 0)
    )
    return came, again


def _came_again(steps: Steps) -> int:
    """Customers with two or more orders: those that teach this relation anything."""
    return len(distinct(steps.row[steps.to_end() > 0]))
