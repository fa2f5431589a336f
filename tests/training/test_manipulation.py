"""Those who want to move what everybody is shown: threats 1, 3, 5 and 6."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
import time_machine
from django.db.models import F

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import state
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training.rebuild import rebuild_all
from tests.factories import family_of, item_id, products, read_catalogue
from tests.shop.models import Product
from tests.training.history import beside, look, rows_of_live

pytestmark = pytest.mark.django_db
_uids = count(10**12)


@pytest.fixture
def shop(settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    made = products(6)
    read_catalogue()
    for number in range(5):
        look(range(1 + 10 * number, 120 + 20 * number), made[number : number + 2])
    return made


def learnt() -> dict[str, object]:
    """Everything that pages show: lists of neighbours, and who stands before whom."""
    rebuild_all()
    state.forget()
    popular = artefacts.load(live_artefact("popular", 1), schema=POPULAR_SCHEMA)
    order = np.argsort(-popular["score"], kind="stable")
    return {
        "lists": {one.pk: beside(one) for one in Product.objects.all()},
        "rank": popular["group_id"][order].tolist(),
        "shoppers": popular["shoppers"].tolist(),
        "rows": rows_of_live("similar"),
    }


def flood(
    kind: Kind, items: list[int], *, shopper: int = 1, n: int = 10_000, days: int = 1
) -> None:
    """Events of one visitor, all at noon of the last days: as many of each item every day."""
    noon = int(time.time()) // 86_400 * 86_400 - 43_200
    Event.objects.bulk_create(
        Event(
            shopper=shopper, uid=next(_uids), kind=kind, item_id=items[number % len(items)],
            at=noon - number // len(items) % days * 86_400, value=1_000,
        )
        for number in range(n)
    )  # fmt: skip


@pytest.fixture
def clock() -> Iterator[None]:
    """The same moment all along: what is learnt fades with every second."""
    with time_machine.travel(time.time(), tick=False):
        yield


@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.CLICK, Kind.CART_ADD])
def test_ten_thousand_forged_events_of_one_visitor_say_what_one_says(shop, clock, kind):
    target = item_id(shop[0])
    flood(kind, [target], n=1)
    with_one = learnt()
    flood(kind, [target])

    assert learnt() == with_one


def test_ten_thousand_forged_clicks_of_one_visitor_move_no_list(shop, clock):
    """Not even spread over every item and a month, of which each day may count."""
    before = learnt()
    flood(Kind.CLICK, [item_id(one) for one in shop], shopper=10**6, days=30)

    after = learnt()

    assert after["rank"] == before["rank"]
    assert after["lists"] == before["lists"]


def test_of_one_visitor_no_more_events_count_than_the_setting_says(shop, clock, settings):
    """More items than that say no more, whatever came before the newest of them."""
    settings.PERSONA = {**settings.PERSONA, "EVENTS_PER_SHOPPER": 3}
    flood(Kind.VIEW, [item_id(one) for one in shop[:3]], shopper=10**6, n=3)
    Event.objects.filter(shopper=10**6).update(at=F("at") + 3_600)
    newest = learnt()
    flood(Kind.VIEW, [item_id(one) for one in shop[3:]], shopper=10**6)

    assert learnt()["rows"] == newest["rows"]


@pytest.mark.parametrize(
    "kind", [Kind.DISMISS, Kind.CART_REMOVE, Kind.SKIP, Kind.CART_ABANDONED, Kind.UNSAVE]
)
def test_ten_thousand_refusals_change_not_one_global_figure(shop, clock, kind):
    before = learnt()
    flood(kind, [item_id(shop[4])])

    assert learnt() == before


COATTAILS = {
    "a bot farm within an hour": [(range(10**6, 10**6 + 50), (0, 1), 2.0)],
    "new cookies over a month": [
        (range(10**6 + 5 * day, 10**6 + 5 * day + 5), (0, 1), 1.0 + day) for day in range(10)
    ],
    "accounts that return": [(range(10**6, 10**6 + 5), (0, 1), 1.0 + day) for day in range(10)],
    "one today and the other tomorrow": [
        (range(10**6, 10**6 + 50), (place,), 3.0 - place) for place in (0, 1)
    ],
}


@pytest.mark.parametrize("attack", COATTAILS)
@pytest.mark.parametrize("kind", ["similar", "viewed-next"])
def test_whoever_looks_at_a_popular_thing_and_their_own_in_turn_does_not_put_it_beside(
    clock, settings, kind, attack
):
    """Threat 3: more of them than any two things have visitors in common."""
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    popular, own, *others = products(14)
    read_catalogue()
    for number in range(12):
        some = [popular, others[number], others[(number + 1) % 12]]
        in_turn(range(100 * number, 100 * number + 12), some, days_ago=5 + number)
    in_turn(range(2_000, 2_010), [own, others[0], others[1]], days_ago=9)
    rebuild_all()
    before = {one.pk: beside(one, kind) for one in (popular, own, *others)}
    assert family_of(own) not in before[popular.pk]

    for people, places, days_ago in COATTAILS[attack]:
        in_turn(people, [(popular, own)[place] for place in places], days_ago=days_ago)
    rebuild_all()

    after = {one.pk: beside(one, kind) for one in (popular, own, *others)}
    assert family_of(own) not in after[popular.pk][:10]
    tens = [(set(before[one][:10]), set(after[one][:10])) for one in before if before[one]]
    assert len(tens) >= 12
    assert sum(len(was & now) / len(was) for was, now in tens) / len(tens) >= 0.9


def in_turn(people: range, some: list[Product], *, days_ago: float) -> None:
    """Each of them looks at one thing after the other, a minute apart."""
    for place, one in enumerate(some):
        look(people, [one], days_ago=days_ago - place / 1_440)


@pytest.fixture
def usual(settings) -> list[Product]:
    """Eight products, the first with ten shoppers a day, each following one with ten more."""
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3}
    made = products(8)
    read_catalogue()
    for day in range(1, 17):
        for number, one in enumerate(made):
            look(range(1_000 * day, 1_000 * day + 10 * (number + 1)), [one], days_ago=day)
    return made


@pytest.mark.parametrize(("times", "passed"), [(5, 0), (20, 1), (10**6, 6)])
def test_a_spike_of_a_hundred_times_moves_a_product_by_what_a_rush_may(
    usual, clock, settings, times, passed
):
    """Threat 5: from the rows of events to the order of what is popular."""
    settings.PERSONA = {**settings.PERSONA, "RUSH_TIMES": times}

    look(range(10**6, 10**6 + 1_000), usual[:1], days_ago=0.1)

    assert learnt()["rank"].index(family_of(usual[0])) == 7 - passed
