"""What the ranker of visits finds of what shoppers looked at next, and what that decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from persona_django.model_registry.live import VISIT_NEXT
from persona_django.tracking.models import Event
from persona_django.training.rebuild import rebuild
from tests.factories import products, read_catalogue
from tests.shop.models import Product
from tests.training.history import live, look

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_thread")]

THINGS, VISITORS = 16, 1_500
Next = Callable[[int], int]


@pytest.fixture
def shop() -> list[Product]:
    made = products(THINGS)
    read_catalogue()
    return made


def visited(shop: list[Product], then: Next) -> None:
    """Each looks at one thing and at another a minute later, a group an hour."""
    Event.objects.all().delete()
    for group in range(VISITORS // 25):
        first = group % THINGS
        for place, person in enumerate(range(25 * group + 1, 25 * group + 26)):
            # Each of a group begins elsewhere, so that no hour is about one thing.
            begin = (first + place) % THINGS
            look([person], [shop[begin]], days_ago=9 - group / 24)
            look([person], [shop[then(begin)]], days_ago=9 - group / 24 - 1 / 1440)


def the_next(begin: int) -> int:
    return (begin + 1) % THINGS


def anything() -> Next:
    rng = np.random.default_rng(3)
    return lambda begin: int((begin + rng.integers(1, THINGS)) % THINGS)


def test_a_version_says_how_much_of_what_was_wanted_it_finds(shop):
    visited(shop, the_next)

    outcome = rebuild(VISIT_NEXT)

    assert outcome.live
    assert outcome.figures["quality"] > 0.95


def test_a_version_that_finds_half_of_what_the_live_one_found_is_held_back(shop, settings):
    visited(shop, the_next)
    before = rebuild(VISIT_NEXT).version_id
    visited(shop, anything())

    outcome = rebuild(VISIT_NEXT)

    assert not outcome.live
    assert "MIN_QUALITY_KEPT" in outcome.reason and "at least 50%" in outcome.reason
    assert live(VISIT_NEXT).pk == before

    settings.PERSONA = {**settings.PERSONA, "MIN_QUALITY_KEPT": 0.1}
    assert rebuild(VISIT_NEXT).live


def test_a_shop_with_few_visits_is_judged_by_none(shop):
    look(range(1, 30), [shop[0]], days_ago=1)
    look(range(1, 30), [shop[1]], days_ago=1 - 1 / 1440)

    outcome = rebuild(VISIT_NEXT)

    assert outcome.live
    assert "quality" not in outcome.figures
