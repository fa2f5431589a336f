"""A rebuild as stages: what it keeps while it works, and what it judges by at the end."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from persona_django.catalogue import snapshot, state
from persona_django.catalogue.models import Item
from persona_django.model_registry.leases import hold
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training import stages
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, item_id, products, read_catalogue
from tests.training.history import beside, buy, customers, live, look

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_shop_may_learn(settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}


@pytest.fixture
def shop():
    """Eight products in pairs; the first is looked at by ten shoppers, the others by four."""
    made = products(8)
    read_catalogue()
    for start in range(0, 8, 2):
        first = 1 + 100 * start
        look(range(first, first + (4 if start else 10)), made[start : start + 2])
    return made


def test_reading_a_long_history_keeps_the_lease(shop, settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "LEASE_FOR": timedelta(seconds=2)}
    really = stages.gather
    taken: list[bool] = []

    def slow(*args: Any, progress: Any, **kwargs: Any) -> Any:
        for done in range(7):
            time.sleep(0.5)
            progress("reading orders", done, 7)
        with hold("rebuild/similar/1") as other:
            taken.append(other is not None)
        return really(*args, progress=progress, **kwargs)

    monkeypatch.setattr(stages, "gather", slow)

    assert rebuild("similar").live
    assert taken == [False]


def test_reading_tells_how_many_events_it_has_read(shop):
    said: list[tuple[str, int, int]] = []

    rebuild("similar", progress=lambda *heard: said.append(heard))

    assert ("reading events", Event.objects.count(), 0) in said


def test_marking_most_of_the_catalogue_sensitive_takes_it_off_the_pages(shop):
    rebuild("similar")
    Item.objects.filter(id__in=[item_id(one) for one in shop[2:]]).update(sensitive=True)
    state.bump("catalogue")
    snapshot.build_snapshot()
    snapshot.forget()
    state.forget()

    assert rebuild("similar").live

    assert beside(shop[0]) == [family_of(shop[1])]
    assert beside(shop[2]) == []


@pytest.mark.parametrize("change", [{"LEARN_FROM_ORDERS": False}, {"MIN_BUYERS": 1_000}])
def test_what_was_learnt_from_orders_goes_with_the_leave_to_read_them(shop, settings, change):
    buy(customers(6), shop[4:6])
    buy(customers(6), shop[6:8])
    assert rebuild("bought-together", force=True).live
    assert beside(shop[4], "bought-together") == [family_of(shop[5])]
    settings.PERSONA = {**settings.PERSONA, **change}

    outcome = rebuild("bought-together")

    assert outcome.live, outcome.reason
    assert beside(shop[4], "bought-together") == []
    assert rebuild("bought-together").live is False, "there is nothing more to take away"


@pytest.mark.parametrize("name", ["MIN_SUPPORT", "MIN_BUYERS"])
def test_asking_for_more_people_behind_a_pair_is_obeyed_however_much_it_hides(
    shop, settings, name
):
    rebuild("similar")
    before = live("similar").figures["crowd"]
    settings.PERSONA = {**settings.PERSONA, name: 8}
    if name == "MIN_BUYERS":
        # Fewer looks have the same effect here, and are no reason to hold the new version back.
        Event.objects.exclude(item_id__in=[item_id(one) for one in shop[:2]]).delete()

    outcome = rebuild("similar")

    assert outcome.live, outcome.reason
    assert before[name.lower()] < live("similar").figures["crowd"][name.lower()] == 8
    assert beside(shop[0]) == [family_of(shop[1])]
    assert beside(shop[2]) == []


def test_asking_for_more_buyers_lets_nothing_past_that_no_buyer_stands_behind(shop, settings):
    for place, person in enumerate(range(1, 9)):
        for minute, thing in enumerate(shop[:6]):
            look([person], [thing], days_ago=3 - place / 24 - minute / 1_440)
    assert rebuild("viewed-next").live
    settings.PERSONA = {**settings.PERSONA, "MIN_BUYERS": 8}
    Event.objects.exclude(item_id__in=[item_id(one) for one in shop[:2]]).delete()

    outcome = rebuild("viewed-next")

    assert not outcome.live
    assert "covers only" in outcome.reason


def test_an_empty_version_that_goes_live_says_what_it_lacks(shop, settings):
    buy(customers(6), shop[4:6])
    rebuild("bought-together", force=True)
    settings.PERSONA = {**settings.PERSONA, "MIN_BUYERS": 100}

    outcome = rebuild("bought-together")

    assert outcome.live and outcome.is_empty
    assert outcome.reason == (
        "Nothing reached the 100 distinct buyers that a pair of items needs (MIN_BUYERS), so "
        "pages show their fallbacks."
    )
    assert outcome.figures["shoppers"] == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"LEARN_FROM_ORDERS": False}, "Nothing is learnt from orders (LEARN_FROM_ORDERS)"),
        ({"MIN_SUPPORT": 50}, "the 50 distinct buyers that a pair of items needs (MIN_SUPPORT)"),
    ],
)
def test_an_empty_version_names_the_setting_that_emptied_it(shop, settings, change, said):
    buy(customers(6), shop[4:6])
    rebuild("bought-together", force=True)
    settings.PERSONA = {**settings.PERSONA, **change}

    assert said in rebuild("bought-together").reason


def test_shoppers_who_looked_and_bought_are_counted_once(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_BUYERS": 100}
    look([1, 2, 3], shop[4:6], kind=Kind.PURCHASE)

    assert rebuild("similar", force=True).figures["shoppers"] == 22
    assert rebuild("bought-together", force=True).figures["shoppers"] == 3
