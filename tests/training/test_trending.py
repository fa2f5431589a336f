"""What more people want now than usual: learnt each hour, shown, and empty on a quiet day."""

from __future__ import annotations

import math
import time
from datetime import timedelta

import pytest
from django.test import Client

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import state
from persona_django.model_registry.live import TRENDING, TRENDING_SCHEMA, live_artefact
from persona_django.serving import knowledge
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training.rebuild import due_every, rebuild
from tests.factories import family_of, item_id, products, read_catalogue
from tests.training.history import buy, customers, live, look

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    """The first sells every day, the second nobody looked at before."""
    made = products(4)
    read_catalogue()
    for day in range(1, 29):
        look(range(100 * day, 100 * day + 10), made[0:1], days_ago=day + 0.5)
    return made


def today(shop, place: int, n: int) -> None:
    look(range(9_000, 9_000 + n), shop[place : place + 1], days_ago=0.3)


def rising() -> list[int]:
    state.forget()
    return artefacts.load(live_artefact(TRENDING), schema=TRENDING_SCHEMA)["group_id"].tolist()


def shown() -> list[tuple[str, str]]:
    for _ in range(4):
        state.forget()
        answer = Client().get("/persona/api/v1/blocks/trending/", {"size": 2}).json()
    return [(slot["item"], slot["reason"]["text"]) for slot in answer["slots"]]


def test_what_goes_beyond_its_own_usual_stands_first_and_a_best_seller_as_ever_does_not(shop):
    today(shop, 0, 10)
    today(shop, 1, 6)

    outcome = rebuild(TRENDING)

    assert outcome.live, outcome.reason
    assert rising() == [family_of(shop[1])]
    assert shown()[0] == (f"shop.product:{shop[1].pk}", "Sought after right now")


def test_it_takes_a_crowd_of_one_day(shop):
    today(shop, 1, 4)
    rebuild(TRENDING)
    assert rising() == []

    today(shop, 1, 5)
    rebuild(TRENDING)

    assert rising() == [family_of(shop[1])]


def test_orders_count_too(shop):
    buy(customers(6), shop[2:3], days_ago=0.3)

    rebuild(TRENDING)

    assert rising() == [family_of(shop[2])]


def test_a_quiet_day_takes_down_what_was_sought_after_yesterday(shop):
    today(shop, 1, 6)
    rebuild(TRENDING)
    assert rising()

    Event.objects.filter(item_id=family_of(shop[1])).update(at=1_700_000_000)
    outcome = rebuild(TRENDING)

    assert outcome.live
    assert rising() == []
    assert "pages show their fallbacks" in outcome.reason


def test_it_is_learnt_every_hour_once_there_is_one(shop):
    today(shop, 1, 6)
    rebuild(TRENDING)

    assert live(TRENDING) is not None
    assert due_every(TRENDING) == timedelta(hours=1)
    assert due_every("popular") == timedelta(hours=1), "nothing of it is live yet"
    rebuild("popular")
    assert due_every("popular") > timedelta(hours=1)


def test_it_reads_no_further_back_than_it_looks(shop):
    assert rebuild(TRENDING).figures["rows_read"] == 28 * 10
    look(range(50), shop[3:4], days_ago=40)

    assert rebuild(TRENDING).figures["rows_read"] == 28 * 10


def test_a_single_order_takes_nothing_into_the_list(shop):
    """Four planted viewers and the buyers of three weeks ago are no crowd of today."""
    regulars = customers(5)
    buy(regulars, shop[2:3], days_ago=20)
    today(shop, 2, 4)
    rebuild(TRENDING)
    assert rising() == []

    buy(regulars[:1], shop[2:3], days_ago=0.3)
    rebuild(TRENDING)

    assert rising() == []


def test_a_shop_of_a_few_days_does_not_know_yet_what_is_usual(db):
    made = products(2)
    read_catalogue()
    for day in range(3):
        look(range(100 * day, 100 * day + 10), made, days_ago=day + 0.5)

    rebuild(TRENDING)

    assert rising() == []


@pytest.mark.parametrize(
    ("history", "days_ago", "usual"),
    [
        pytest.param(40, 28.5, 28 / 28, id="the same weekday four weeks ago counts"),
        pytest.param(40, 29.1, 0, id="what is older does not"),
        pytest.param(20, 14.5, 28 / 14, id="of twenty days two weeks count"),
        pytest.param(20, 16.5, 0, id="and not the days before them"),
        pytest.param(8.1, 7.5, 28 / 7, id="one week is enough"),
    ],
)
def test_usual_is_what_whole_weeks_say(db, history, days_ago, usual):
    """Of no weekday are there more than of another, wherever the history begins."""
    thing, other = products(2)
    read_catalogue()
    every_hour(other, days=history)
    look(range(28), [thing], days_ago=days_ago)
    look(range(28, 33), [thing], days_ago=0.3)

    rebuild(TRENDING)

    expected = (5 - usual) / math.sqrt(usual + 1) * math.log1p(5)
    assert score_of(thing) == pytest.approx(expected)


@pytest.mark.parametrize("history", [2, 7.9])
def test_in_less_than_a_week_nothing_is_usual(db, history):
    thing, other = products(2)
    read_catalogue()
    every_hour(other, days=history)
    look(range(40), [thing], days_ago=0.3)

    rebuild(TRENDING)

    assert rising() == []


def every_hour(product, *, days: float) -> None:
    """Somebody looks at it each hour, from so many days ago on."""
    now, family = int(time.time()), item_id(product)
    Event.objects.bulk_create(
        Event(shopper=1, uid=-1 - at, kind=Kind.VIEW, item_id=family, at=at)
        for at in range(now - int(days * 86_400) + 60, now, 3_600)
    )


def score_of(product) -> float:
    found = artefacts.load(live_artefact(TRENDING), schema=TRENDING_SCHEMA)
    return float(found["score"][found["group_id"] == family_of(product)].sum())


def test_what_was_sought_after_days_ago_is_not_sought_after_now(shop, monkeypatch):
    today(shop, 1, 6)
    rebuild(TRENDING)
    assert shown()[0][1] == "Sought after right now"

    monkeypatch.setattr(knowledge, "LASTS_SECONDS", -60)

    assert "Sought after right now" not in [reason for _, reason in shown()]
