"""Maps read paths, methods and constants from the shop's own objects."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import override_settings

from persona_django.catalogue import Audience, ItemMap, OrderMap
from persona_django.catalogue.maps import is_currency_code
from persona_django.exceptions import BrokenMap
from tests.shop.models import Gift, OrderLine, Product


class Described(ItemMap):
    title = "name"
    price = "price"
    url = "get_absolute_url"

    def images(self, product: Product) -> Iterator[str]:
        yield f"/{product.name}.png"
        yield "/back.png"

    def margin(self, product: Product) -> float:
        return 0.25


def test_paths_and_methods_give_values_and_the_rest_is_left_out():
    item_map = Described(Product)
    product = Product(pk=3, name="Sencha", price=Decimal("4.50"))

    assert item_map.value(product, "title") == "Sencha"
    assert item_map.value(product, "url") == "/product/3/"
    assert item_map.value(product, "margin") == 0.25
    assert item_map.value(product, "images") == ["/Sencha.png", "/back.png"]
    assert item_map.value(product, "brand") is None
    assert item_map.key(product) == "3"
    assert repr(item_map) == "<Described of shop.product>"


def test_an_attribute_that_is_neither_path_nor_method_says_so():
    class Odd(ItemMap):
        title = 42

    with pytest.raises(BrokenMap, match="field path"):
        Odd(Product).value(Product(), "title")


def test_the_currency_is_constant_by_object_or_the_shops():
    class Constant(Described):
        currency = "JPY"

    class Own(Described):
        currency = "colour"

    yen, own = Constant(Product), Own(Product)

    assert yen.currency_of(Product()) == yen.value(Product(), "currency") == "JPY"
    assert yen.minor_units(Decimal(1500)) == 1500
    assert own.currency_of(Product(colour="KWD")) == "KWD"
    assert own.currency_of(Product(colour="")) == "EUR"
    assert own.minor_units(1, "KWD") == 1000
    with override_settings(PERSONA={"CURRENCY": "KWD"}):
        assert Described(Product).currency_of(Product()) == "KWD"
        assert Described(Product).minor_units(1) == 1000


@pytest.mark.parametrize("declared", ["eur", "EURO", "price", None, 3])
def test_only_three_capitals_are_a_currency(declared: object):
    assert not is_currency_code(declared)


@pytest.mark.django_db
def test_everything_is_visible_unless_the_shop_says_otherwise():
    Gift.objects.create(label="Voucher")
    item_map = Described(Gift)

    assert item_map.visible(item_map.queryset(), Audience()).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("audience", "seen"),
    [
        (Audience(language="de"), {"Tee"}),
        (Audience(language="en"), {"Tea", "Club tea"}),
        (Audience(language="en", user=AnonymousUser()), {"Tea"}),
        (Audience(language="en", account="Blue Ltd"), {"Tea", "Club tea"}),
    ],
)
def test_each_audience_sees_its_own_part(audience: Audience, seen: set[str]):
    class ByLanguage(Described):
        def visible(self, queryset, audience):
            shown = queryset.filter(colour=audience.language)
            if audience.user is not None and audience.user.is_anonymous:
                shown = shown.exclude(family="club")
            return shown

    for name, language, family in (
        ("Tee", "de", ""),
        ("Tea", "en", ""),
        ("Club tea", "en", "club"),
    ):
        Product.objects.create(name=name, colour=language, family=family, price=1)
    item_map = ByLanguage(Product)

    found = item_map.visible(item_map.queryset(), audience)

    assert set(found.values_list("name", flat=True)) == seen


@pytest.mark.django_db
def test_without_a_customer_column_nobody_has_lines_of_their_own():
    class Guests(OrderMap):
        item, order, placed_at = "product_id", "order_id", "order__created"
        guest_key = "order__email"

    user = User.objects.create(username="ann")

    assert Guests(OrderLine).own(OrderLine.objects.all(), user).query.is_empty()
    assert Guests(OrderLine).lines().count() == 0
