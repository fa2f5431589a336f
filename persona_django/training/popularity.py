"""Learning what is popular: distinct shoppers, fading with age, never a small cell."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.numeric.popularity import popularity
from persona_django.numeric.sorting import coded, count_distinct
from persona_django.training.evidence import Evidence

DAY = timedelta(days=1)


def popular(evidence: Evidence) -> dict[str, NDArray]:
    """Families that at least `min_buyers` shoppers took an interest in, in order of family.

    Here an item needs its crowd, and that is enough: no pair is told. Purchases, and interest
    imported without consent, of a family with a smaller crowd of their own were left out before,
    so no mixture of planted viewers and one buyer makes it appear. A kind of event that weighs
    nothing is no interest.
    """
    parts = [
        (part.shopper[wanted], part.item[wanted], part.at[wanted])
        for part in (evidence.browsed, evidence.aggregated, evidence.bought)
        for wanted in (part.weight > 0,)
    ]
    shopper, item, at = (np.concatenate(column) for column in zip(*parts, strict=True))
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
        "people": evidence.people(people),
    }
