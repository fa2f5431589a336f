"""What cannot be an item costs itself only: nonsense prices, impossible keys, doubles."""

from __future__ import annotations

import datetime as dt
import logging
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.db.models import QuerySet

from persona_django.catalogue import ItemMap, register, registry
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.sync import sync
from persona_django.exceptions import BrokenMap
from tests.catalogue.mirror import item_of, made, plain_map
from tests.shop.models import Brand, Gift, Product

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, tzinfo=dt.timezone.utc)


def test_one_product_with_a_nonsense_price_is_left_out_and_the_others_are_not(
    own_maps: None, caplog: pytest.LogCaptureFixture
):
    def price(self: ItemMap, product: Product) -> float:
        if product.stock == 0:
            raise RuntimeError("no\nprice list")
        return {"nan": float("nan"), "less": -1.0, "odd": 2}[product.colour]

    register(Product)(plain_map(price=price))
    made("a", colour="nan")
    made("b", colour="less")
    made("c", colour="odd", stock=0)
    good = made("d", colour="odd")

    with caplog.at_level(logging.WARNING):
        report = sync()

    assert report.added == 1
    assert item_of(good).price == 200
    assert report.rejected == {
        "its price is not finite": 1,
        "its price is negative": 1,
        "price failed with RuntimeError: no price list": 1,
    }
    assert len(report.examples) == 3
    assert "shop.product" in caplog.text


def test_an_item_whose_price_becomes_nonsense_keeps_its_last_good_row(own_maps: None):
    register(Product)(plain_map())
    product = made()
    sync()
    Product.objects.update(price=Decimal("-3"))

    report = sync()

    assert sum(report.rejected.values()) == 1
    assert (item_of(product).price, item_of(product).retired_at) == (450, None)


class Tickets(ItemMap):
    """Django's sessions stand in for a model whose keys are texts."""

    title, url = "session_key", "session_key"

    def price(self, ticket: Session) -> int:
        return 5


@pytest.mark.parametrize("key", ["🧥-1", "caf\u00e9", "a b'\"%s\\", "31"])
def test_a_text_key_of_any_letters_names_its_item(own_maps: None, key: str):
    register(Session)(Tickets)
    Session.objects.create(session_key=key, expire_date=NOW)

    assert sync().added == 1
    assert sync().unchanged == 1
    assert Item.objects.get(ref=ref_of("sessions.session", key)).key == key


@pytest.mark.skipif(
    connections["default"].vendor != "sqlite", reason="other databases refuse such keys themselves"
)
@pytest.mark.parametrize(("key", "reason"), [("x" * 129, "129"), ("a\0b", "NUL")])
def test_an_impossible_key_is_left_out_with_its_reason(own_maps: None, key: str, reason: str):
    register(Session)(Tickets)
    Session.objects.create(session_key=key, expire_date=NOW)
    Session.objects.create(session_key="good", expire_date=NOW)

    report = sync()

    assert report.added == 1
    assert reason in next(iter(report.rejected))


@pytest.mark.skipif(
    connections["default"].vendor != "sqlite", reason="other databases may hold them to be equal"
)
def test_two_spellings_of_one_key_are_one_item_and_the_second_is_left_out(own_maps: None):
    register(Session)(Tickets)
    for key in ("caf\u00e9", "cafe\u0301"):
        Session.objects.create(session_key=key, expire_date=NOW)

    assert sync().added == 1


def test_a_product_that_a_join_gives_twice_is_one_item(own_maps: None):
    brand = Brand.objects.create(name="Teahouse")
    for name in ("a", "b", "c"):
        made(name, brand=brand)

    @register(Brand)
    class Sold(ItemMap):
        title, price, url = "name", "pk", "name"

        def queryset(self) -> QuerySet[Brand]:
            return Brand.objects.filter(product__isnull=False)

    assert sync().added == 1
    assert sync().unchanged == 1


def test_a_number_that_two_rows_share_is_told_and_the_first_keeps_it(
    caplog: pytest.LogCaptureFixture,
):
    product = made()
    Item.objects.create(model="shop.gift", key="7", ref=ref_of("shop.product", product.pk))

    report = sync(models=[Product])

    assert report.added == 0
    assert list(report.rejected) == ["its number is taken by shop.gift '7'"]
    assert Item.objects.get().model == "shop.gift"
    assert "its number is taken" in caplog.text


def test_a_queryset_that_fails_changes_nothing_and_says_what_to_do(own_maps: None):
    register(Product)(plain_map())
    product = made()
    sync()
    register(Gift)(plain_map(title="label", price="cents"))
    gift = Gift.objects.create(label="Voucher", cents=5)
    item_map = registry.map_for(Product)
    item_map.queryset = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(BrokenMap, match="ZeroDivisionError"):
        sync(progress=lambda done, total: None)
    assert item_of(gift).title == "Voucher"
    item_map.queryset = lambda: [product]  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(BrokenMap, match="Return a queryset"):
        sync()

    assert item_of(product).retired_at is None


def test_a_thousand_kinds_of_trouble_are_counted_without_end(own_maps: None):
    def price(self: ItemMap, product: Product) -> float:
        raise KeyError(product.name)

    register(Product)(plain_map(price=price))
    for number in range(60):
        made(f"p{number}")

    report = sync()

    assert sum(report.rejected.values()) == 60
    assert report.rejected["other reasons"] == 10
    assert len(report.rejected) == 51
    assert len(report.examples) == 10


def test_a_long_reason_is_counted_under_its_beginning(own_maps: None):
    def price(self: ItemMap, product: Product) -> float:
        raise KeyError("words " * 50)

    register(Product)(plain_map(price=price))
    made()

    assert list(sync().rejected) == ["price failed with KeyError"]


def test_a_value_that_cannot_be_made_fit_costs_its_own_product_only(own_maps: None):
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no words for it")

    def brand(self: ItemMap, product: Product) -> object:
        return Odd() if product.name == "bad" else "Teahouse"

    register(Product)(plain_map(brand=brand))
    made("bad")
    made("good")

    report = sync()

    assert report.added == 1
    assert report.rejected == {"RuntimeError: no words for it": 1}
