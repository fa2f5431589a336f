"""Where a field path leads: checked against the models, followed on an object."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import count

import pytest
from django.contrib.auth.models import Group, User
from django.db import models

from persona_django.catalogue.paths import explore, follow, settled
from persona_django.exceptions import BrokenMap
from tests.shop.models import Brand, Category, Order, OrderLine, Product


class Parcel(models.Model):
    """A model with a JSON value, for paths into it; it never has a table."""

    facts = models.JSONField(default=dict)

    class Meta:
        app_label = "shop"
        managed = False

    @property
    def broken(self) -> str:
        raise AttributeError("the shop's own mistake")


@pytest.mark.parametrize(
    "path", ["name", "pk", "category_id", "category", "category__path", "brand__name", "brand__pk"]
)
def test_a_path_of_columns_needs_no_objects(path: str):
    route = explore(Product, path)

    assert route.is_column
    assert not route.fault


@pytest.mark.parametrize(
    ("path", "joins", "fetches"),
    [
        ("get_absolute_url", "", ""),
        ("category__product_set", "category", "category__product_set"),
        ("category__product_set__name", "category", "category__product_set"),
        ("orderline_set", "", "orderline_set"),
    ],
)
def test_methods_and_relations_to_many_rows_need_objects(path: str, joins: str, fetches: str):
    route = explore(Product, path)

    assert not route.is_column
    assert not route.fault
    assert (route.joins, route.fetches) == (joins, fetches)


def test_a_path_may_step_into_a_json_value():
    assert not explore(Parcel, "facts__colour__name").fault
    assert follow(Parcel(facts={"colour": {"name": "red"}}), "facts__colour__name") == "red"
    assert follow(Parcel(facts={}), "facts__colour__name") is None


@pytest.mark.parametrize(
    ("model", "path", "told"),
    [
        (Product, "nmae", "no field or method 'nmae'"),
        (Product, "category__nmae", "Category has no field"),
        (Product, "name__length", "no relation"),
        (Product, "category_id__path", "no relation"),
        (Product, "get_absolute_url__x", "nothing can follow"),
        (Product, "_meta", "no field"),
        (Product, "orderline", "no field"),
        (Product, "", "no field"),
        (Category, "product_set__nmae", "Product has no field"),
        (Category, "product_set__brand__name", "nothing can follow 'brand' of many rows"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(
    model: type[models.Model], path: str, told: str
):
    route = explore(model, path)

    assert told in route.fault
    assert not route.is_column


def test_the_hint_names_what_there_is():
    assert "price" in explore(Product, "prise").hint
    assert "orderline_set" in explore(Product, "prise").hint


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("get_url", "get_absolute_url"),
        ("nmae", "name"),
        ("brand__nmae", "name"),
        ("orderline_set__quantiy", "quantity"),
    ],
)
def test_the_hint_begins_with_what_was_meant_be_it_a_field_or_a_method(path: str, meant: str):
    assert explore(Product, path).hint.startswith(f"Did you mean {meant}? It has: ")


@pytest.mark.parametrize("path", ["zzz", "save_it", "full_clea"])
def test_the_hint_offers_nothing_that_resembles_nothing_of_the_shop_s(path: str):
    assert explore(Product, path).hint.startswith("It has: ")


def test_no_method_is_offered_where_only_a_column_will_do():
    assert explore(Product, "get_url", only_columns=True).hint.startswith("It has: ")


def test_a_name_that_the_queryset_adds_is_a_column():
    assert explore(Product, "sold", annotations={"sold"}).is_column


@pytest.mark.django_db
def test_an_object_is_followed_to_values_methods_and_rows():
    category = Category.objects.create(path="Drinks > Tea")
    product = Product.objects.create(name="Sencha", price=4, category=category)
    order = Order.objects.create(created=datetime(2026, 5, 3, tzinfo=timezone.utc))
    OrderLine.objects.create(order=order, product=product, price=4)

    assert follow(product, "category__path") == "Drinks > Tea"
    assert follow(product, "get_absolute_url") == f"/product/{product.pk}/"
    assert follow(product, "brand__name") is None
    assert follow(category, "product_set__name") == ["Sencha"]
    assert follow(order, "lines") == list(order.lines.all())


@pytest.mark.django_db
def test_a_relation_that_points_at_nothing_is_empty():
    product = Product.objects.create(name="Sencha", price=4, brand=Brand.objects.create(name="x"))
    Brand.objects.all().delete()
    product = Product.objects.get()
    user = User.objects.create(username="ann")

    assert follow(product, "brand__name") is None
    assert follow(user, "groups") == []
    assert follow(Group(name="x"), "name") == "x"


@pytest.mark.django_db
def test_an_order_line_without_its_order_is_empty():
    assert follow(OrderLine(), "order__email") is None


def test_an_object_without_the_attribute_says_which_path_is_wrong():
    with pytest.raises(BrokenMap, match="Product has no 'nmae'"):
        follow(Product(), "nmae")


def test_the_shops_own_mistake_is_not_called_a_wrong_path():
    with pytest.raises(AttributeError, match="own mistake"):
        follow(Parcel(), "broken")


def test_a_generator_that_never_ends_is_the_shops_mistake_and_no_wait():
    assert settled(iter(["red", "blue"])) == ["red", "blue"]
    with pytest.raises(BrokenMap, match="Let it end"):
        settled(count())
