"""A shop that shows each audience little of what it has: blocks are full all the same."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from persona_django.serving.recommend import recommend
from tests.factories import mapped, products, publish_neighbours, publish_popular, read_catalogue
from tests.serving.test_page import statements
from tests.shop.models import Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    many = products(400)
    read_catalogue()
    publish_neighbours("similar", {many[0]: [(other, 0.9, 40) for other in many[1:50]]})
    # The least popular are what this audience may see.
    publish_popular(many)
    return many


@contextmanager
def only(*colours: str):
    def visible(self, queryset, audience):
        return queryset.filter(colour__in=colours)

    with mapped(Product, visible=visible):
        yield


def allow(things: list[Product]) -> None:
    Product.objects.filter(pk__in=[one.pk for one in things]).update(colour="ours")


@pytest.mark.parametrize("seeded", [True, False])
def test_a_block_is_filled_from_the_few_products_that_an_audience_may_see(shop, seeded):
    allow(shop[200:220])

    with only("ours"), statements() as found:
        slate = recommend(None, "similar-items", seeds=shop[:1] if seeded else ())

    assert [slot.product for slot in slate] == shop[200:206]
    assert len(found.products) <= 5


def test_what_was_learnt_still_comes_before_what_fills_up(shop):
    allow([shop[3], *shop[200:220]])

    with only("ours"):
        slate = recommend(None, "similar-items", seeds=shop[:1])

    assert [slot.product for slot in slate] == [shop[3], *shop[200:205]]
    assert [slot.reason.code for slot in slate][:2] == ["similar", "popular-nearby"]


def test_before_anything_is_popular_the_newest_that_may_be_seen_are_shown():
    many = products(200)
    read_catalogue()
    allow(many[10:14])

    with only("ours"):
        slate = recommend(None, "similar-items", seeds=many[:1])

    assert [slot.product for slot in slate] == many[13:9:-1]


def test_a_shop_that_was_looked_through_to_the_end_is_not_asked_again():
    many = products(4)
    read_catalogue()

    with statements() as found:
        slate = recommend(None, "similar-items", seeds=many[:1])

    assert len(slate) == 3
    assert len(found.products) == 1


def test_visible_that_cannot_be_put_in_order_costs_its_own_products_only(shop):
    def visible(self, queryset, audience):
        return queryset.none() if audience.language == "" else queryset.filter(pk=-1)[:5]

    with mapped(Product, visible=visible):
        assert not recommend(None, "similar-items", seeds=shop[:1])
