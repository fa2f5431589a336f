"""A cart of thousands of lines makes no page slow, and no order makes every pair."""

from __future__ import annotations

import time

import numpy as np
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from persona_django import conf
from persona_django.numeric.interactions import Interactions, basket_rows
from persona_django.serving.asks import MOST_SEEDS
from persona_django.serving.recommend import recommend
from tests.factories import products, publish_popular, read_catalogue

pytestmark = pytest.mark.django_db

LINES = 10_000


def test_a_cart_of_ten_thousand_lines_costs_a_page_no_more_than_one_of_a_hundred():
    many = products(12)
    read_catalogue()
    publish_popular(many)
    cart = [f"shop.product:{key}" for key in range(1, LINES + 1)]
    recommend(None, "bought-together", seeds=cart[:MOST_SEEDS], cart=cart[:MOST_SEEDS])

    def asked(lines: list[str]) -> tuple[int, float]:
        with CaptureQueriesContext(connections["default"]) as queries:
            began = time.perf_counter()
            recommend(None, "bought-together", seeds=lines, cart=lines)
        return len(queries), time.perf_counter() - began

    short, _ = asked(cart[:MOST_SEEDS])
    long, seconds = asked(cart)

    assert long == short
    assert seconds < 1


def test_an_order_of_ten_thousand_items_is_learnt_from_as_one_of_a_hundred():
    order = Interactions(
        shopper=np.ones(LINES, dtype=np.int64),
        item=np.arange(1, LINES + 1),
        at=np.full(LINES, 1_700_000_000),
        weight=np.ones(LINES, dtype=np.float32),
        basket=np.ones(LINES, dtype=np.int64),
    )
    began = time.perf_counter()

    rows, item_ids, _ = basket_rows(
        order, now=1_700_000_000, half_life_days=365.0, cap=conf.current().basket_items
    )

    assert len(item_ids) == LINES
    assert len(rows.item) == 100
    assert time.perf_counter() - began < 1
