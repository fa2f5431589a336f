"""What is looked at next, and what is bought in the end: learnt from visits, shown in their
blocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from persona_django.exceptions import PersonaError
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.publish import roll_back
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.relations import VIEWED_THEN_BOUGHT
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training import looking
from persona_django.training.cleaning import clean
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, products, read_catalogue
from tests.training.history import beside, buy, customers, keys_of, live, look, rows_of_live

K = 5
MINUTE = 1 / 24 / 60
pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    """Products, and enough other visits that nothing meets by chance."""
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0.5,
    }  # fmt: skip
    made = products(6)
    read_catalogue()
    look(range(9_000, 9_040), made[5:6])
    return made


def one_after_the_other(people, shop, *places, days_ago=2.0, apart=MINUTE):
    for number, place in enumerate(places):
        look(people, shop[place : place + 1], days_ago=days_ago - number * apart)


def test_what_is_looked_at_next_is_learnt_in_its_direction(shop):
    one_after_the_other(range(1, 9), shop, 0, 1)

    outcome = rebuild("viewed-next")

    assert outcome.live, outcome.reason
    assert beside(shop[0], "viewed-next") == [family_of(shop[1])]
    assert beside(shop[1], "viewed-next") == []


def test_another_visit_begins_anew(shop):
    one_after_the_other(range(1, 9), shop, 0, 1, apart=31 * MINUTE)

    rebuild("viewed-next", force=True)

    assert beside(shop[0], "viewed-next") == []


def test_how_long_a_page_was_open_is_no_second_look(shop):
    one_after_the_other(range(1, 9), shop, 0, 1)
    look(range(1, 9), shop[0:1], kind=Kind.DWELL, days_ago=2 - 3 * MINUTE)

    rebuild("viewed-next", force=True)

    assert beside(shop[1], "viewed-next") == []


def test_it_takes_as_many_visitors_as_a_pair_of_items_needs(shop):
    one_after_the_other(range(1, 3), shop, 0, 1)
    rebuild("viewed-next", force=True)
    assert beside(shop[0], "viewed-next") == []

    one_after_the_other(range(3, 4), shop, 0, 1)
    rebuild("viewed-next", force=True)

    assert beside(shop[0], "viewed-next") == [family_of(shop[1])]


def test_what_is_bought_in_the_end_is_shown_beside_what_was_looked_at(shop):
    people = customers(12)
    one_after_the_other(keys_of(people), shop, 0, 1)
    one_after_the_other(range(1, 9), shop, 0)
    buy(people, shop[2:3], days_ago=2 - 20 * MINUTE)

    outcome = rebuild("viewed-then-bought")

    assert outcome.live, outcome.reason
    assert beside(shop[0], "viewed-then-bought") == [family_of(shop[2])]
    assert beside(shop[1], "viewed-then-bought") == [family_of(shop[2])]
    assert beside(shop[2], "viewed-then-bought") == []
    family = family_of(shop[0])
    row = neighbours_of([family])[VIEWED_THEN_BOUGHT, family]
    assert (row.support.tolist(), row.item_support) == ([12], 20), "12 of the 20 who looked"


def test_what_was_bought_days_later_or_before_says_nothing(shop):
    people = customers(12)
    one_after_the_other(keys_of(people), shop, 0, days_ago=9)
    buy(people, shop[2:3], days_ago=7)
    buy(people, shop[3:4], days_ago=10)

    rebuild("viewed-then-bought", force=True)

    assert beside(shop[0], "viewed-then-bought") == []


def test_what_fewer_than_a_crowd_bought_changes_no_row(shop):
    people = customers(12)
    one_after_the_other(keys_of(people), shop, 0)
    one_after_the_other(range(1, 9), shop, 1, 0)
    buy(people, shop[2:3], days_ago=2 - 20 * MINUTE)
    few = customers(K - 1)
    one_after_the_other(keys_of(few), shop, 0, 1)
    rebuild("viewed-then-bought", force=True)
    before = rows_of_live("viewed-then-bought")

    buy(few, shop[3:4], days_ago=2 - 20 * MINUTE)
    rebuild("viewed-then-bought", force=True)

    assert before
    assert rows_of_live("viewed-then-bought") == before
    # The next one makes it a crowd.
    one = customers(1)
    one_after_the_other(keys_of(one), shop, 0, 1)
    buy(one, shop[3:4], days_ago=2 - 20 * MINUTE)
    rebuild("viewed-then-bought", force=True)
    assert family_of(shop[3]) in beside(shop[1], "viewed-then-bought")


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("viewed-next", "Looked at next by more than 10 shoppers"),
        ("viewed-then-bought", "More than 10 customers bought this in the end"),
    ],
)
def test_the_block_shows_it_with_its_reason(shop, slug, said):
    people = customers(12)
    one_after_the_other(keys_of(people), shop, 0, 2)
    buy(people, shop[2:3], days_ago=2 - 20 * MINUTE)
    rebuild(slug)

    seed = {"seed": f"shop.product:{shop[0].pk}"}
    answer = Client().get(f"/persona/api/v1/blocks/{slug}/", seed).json()

    assert answer["slots"][0]["item"] == f"shop.product:{shop[2].pk}"
    assert answer["slots"][0]["reason"]["text"] == said


@pytest.mark.parametrize("kind", ["viewed-next", "viewed-then-bought"])
def test_without_anybody_who_looked_it_says_what_is_missing(db, settings, kind):
    products(2)
    read_catalogue()

    outcome = rebuild(kind)

    assert not outcome.live
    assert "0 shoppers" in outcome.reason
    assert live(kind) is None


def test_one_customer_s_other_purchase_pushes_no_look_out_of_reach(shop, monkeypatch):
    monkeypatch.setattr(looking, "MOST_LOOKS", 2)
    people = customers(K)
    one_after_the_other(keys_of(people), shop, 0, 1)
    one_after_the_other(range(1, 9), shop, 0)
    buy(people, shop[2:3], days_ago=2 - 20 * MINUTE)
    rebuild("viewed-then-bought", force=True)
    before = rows_of_live("viewed-then-bought")
    assert beside(shop[0], "viewed-then-bought") == [family_of(shop[2])]

    buy(people[:1], shop[3:4], days_ago=2 - 10 * MINUTE)
    rebuild("viewed-then-bought", force=True)

    assert rows_of_live("viewed-then-bought") == before


def test_visits_do_not_stay_in_what_was_learnt_when_the_next_rebuild_finds_none(shop):
    one_after_the_other(range(1, 40), shop, 0, 1)
    assert rebuild("visit-next").live
    assert rebuild("visit-next").live
    Event.objects.all().delete()
    assert not rebuild("visit-next").live, "one day without visits is no reason to forget them"
    ModelVersion.objects.update(created_at=F("created_at") - timedelta(days=8))

    outcome = rebuild("visit-next")

    assert outcome.live and outcome.is_empty
    clean(1)
    with pytest.raises(PersonaError):
        roll_back("visit-next")
