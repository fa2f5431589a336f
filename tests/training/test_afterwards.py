"""What is bought after something else, learnt from the shop's orders and shown in its block."""

from __future__ import annotations

import pytest
from django.test import Client

from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.relations import BOUGHT_AFTER
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, products, read_catalogue
from tests.training.history import beside, buy, customers, live, rows_of_live

K = 5


@pytest.fixture
def shop(db, settings):
    """A phone, a case, a kettle, and enough other orders that nothing meets by chance."""
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0.5,
    }  # fmt: skip
    made = products(6)
    read_catalogue()
    buy(customers(30), made[5:6], days_ago=50)
    return made


def phones_and_then_cases(shop, n: int, *, gap_days: float = 12) -> None:
    people = customers(n)
    buy(people, shop[0:1], days_ago=40)
    buy(people, shop[1:2], days_ago=40 - gap_days)


def test_the_case_comes_after_the_phone_and_not_before_it(shop):
    phones_and_then_cases(shop, 9)

    outcome = rebuild("bought-after")

    assert outcome.live, outcome.reason
    assert beside(shop[0], "bought-after") == [family_of(shop[1])]
    assert beside(shop[1], "bought-after") == []


def test_what_is_in_the_same_order_comes_after_nothing(shop):
    buy(customers(9), shop[0:2])

    rebuild("bought-after", force=True)

    assert beside(shop[0], "bought-after") == []


def test_it_takes_a_crowd_of_buyers(shop):
    phones_and_then_cases(shop, K - 1)
    rebuild("bought-after", force=True)
    assert beside(shop[0], "bought-after") == []

    phones_and_then_cases(shop, 1)
    rebuild("bought-after", force=True)

    assert beside(shop[0], "bought-after") == [family_of(shop[1])]


def test_one_customer_who_does_it_again_and_again_is_no_crowd(shop):
    (person,) = customers(1)
    for days_ago in range(40, 0, -2):
        buy([person], shop[0:1], days_ago=days_ago)
        buy([person], shop[1:2], days_ago=days_ago - 1)

    rebuild("bought-after", force=True)

    assert beside(shop[0], "bought-after") == []


def test_the_row_says_how_many_did_so_and_how_long_it_took(shop):
    phones_and_then_cases(shop, 9, gap_days=12)

    rebuild("bought-after")

    family = family_of(shop[0])
    row = neighbours_of([family])[BOUGHT_AFTER, family]
    assert (row.support.tolist(), row.item_support) == ([9], 9)
    assert row.gap_days.tolist() == pytest.approx([12], abs=0.1)


def test_the_block_shows_it_with_its_reason(shop):
    phones_and_then_cases(shop, 12)
    rebuild("bought-after")

    answer = (
        Client()
        .get("/persona/api/v1/blocks/bought-after/", {"seed": f"shop.product:{shop[0].pk}"})
        .json()
    )

    assert answer["slots"][0]["item"] == f"shop.product:{shop[1].pk}"
    assert answer["slots"][0]["reason"]["text"] == "Bought later by more than 10 customers"


def test_without_customers_who_came_again_it_says_what_is_missing(shop):
    outcome = rebuild("bought-after")

    assert not outcome.live
    assert "0 shoppers" in outcome.reason
    assert live("bought-after") is None


def test_what_fewer_than_a_crowd_did_next_changes_no_row(shop):
    phones_and_then_cases(shop, 9)
    rebuild("bought-after", force=True)
    before = rows_of_live("bought-after")

    people = customers(K - 1)
    buy(people, shop[0:1], days_ago=30)
    buy(people, shop[3:4], days_ago=20)
    rebuild("bought-after", force=True)

    assert before
    assert rows_of_live("bought-after") == before


def test_a_wholesale_order_counts_with_a_sample_of_its_items(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "BASKET_ITEMS": 1}
    people = customers(9)
    buy(people, shop[0:1], days_ago=40)
    buy(people, shop[1:5], days_ago=20)

    rebuild("bought-after", force=True)

    assert len(beside(shop[0], "bought-after")) < 4


def test_all_evidence_of_it_stops_with_the_shop_s_word(shop, settings):
    phones_and_then_cases(shop, 9)
    rebuild("bought-after")
    assert beside(shop[0], "bought-after")

    settings.PERSONA = {**settings.PERSONA, "LEARN_FROM_ORDERS": False}
    outcome = rebuild("bought-after")

    assert outcome.live, "an empty version replaces what was built from orders"
    assert beside(shop[0], "bought-after") == []
