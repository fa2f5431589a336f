"""Products are read in columns where the map allows it, and as objects where it does not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.db.models import F

from persona_django.catalogue import ItemMap
from persona_django.catalogue.reading import MIRRORED, Plan, plan_of
from tests.shop.models import Brand, Category, Product


def plan(model: type[models.Model] = Product, **attributes: Any) -> Plan:
    needed = {"title": "name", "price": "price", "url": "get_absolute_url"}
    return Plan(type("Plain", (ItemMap,), {**needed, **attributes})(model))


class Pictured(models.Model):
    """A product with a file, and variants that name their parent; it never has a table."""

    name = models.CharField(max_length=20)
    price = models.IntegerField()
    file = models.FileField(storage=FileSystemStorage(base_url="/media/"))
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"
        managed = False


@pytest.mark.parametrize(
    ("attributes", "in_columns"),
    [
        ({}, True),
        ({"category": "category__path", "attributes": ("colour",), "currency": "JPY"}, True),
        ({"category": "get_absolute_url"}, False),
        ({"images": "orderline_set"}, False),
        ({"stock": lambda self, product: 1}, False),
        ({"attributes": ("season",), "season": lambda self, product: 1}, False),
    ],
)
def test_only_paths_of_columns_are_read_without_objects(
    attributes: dict[str, Any], in_columns: bool
):
    assert plan(**attributes).in_columns == in_columns


def test_what_the_mirror_does_not_keep_is_not_read():
    assert plan(url="get_absolute_url").names == ("title", "price")
    assert "url" not in MIRRORED


@pytest.mark.django_db
def test_both_ways_read_the_same():
    product = Product.objects.create(
        name="Sencha",
        price=4,
        category=Category.objects.create(path="Tea"),
        brand=Brand.objects.create(name="Teahouse"),
    )
    Product.objects.create(name="Nothing else", price=1)
    paths = {"category": "category__path", "brand": "brand__name", "group": "brand"}
    columns = plan(**paths)
    objects = plan(**paths, text=lambda self, product: None)

    (by_column,) = columns.pages()
    (by_object,) = objects.pages()
    (some,) = columns.pages(keys=[product.pk])

    at = objects.names.index("text")
    assert [row.values for row in by_column] == [
        (*_plain(row.values[:at]), *row.values[at + 1 :]) for row in by_object
    ]
    assert [row.pk for row in some] == [product.pk]


def _plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Objects give the related row where a column gives its key; cleaning makes them one."""
    return tuple(value.pk if isinstance(value, models.Model) else value for value in values)


@pytest.mark.django_db
def test_a_method_that_raises_costs_its_own_product_only():
    for name in ("good", "bad"):
        Product.objects.create(name=name, price=1)

    def text(self: ItemMap, product: Product) -> str:
        if product.name == "bad":
            raise KeyError("no such text")
        return "words"

    (rows,) = plan(text=text).pages()

    assert [row.fault for row in rows] == ["", "text failed with KeyError: 'no such text'"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "narrow",
    [
        lambda rows: rows.order_by("-name")[:2],
        lambda rows: rows.filter(name="a").union(rows.filter(name="b")),
        lambda rows: rows.filter(name__in="ab").order_by("-pk"),
        lambda rows: rows.filter(name__in="ab").only("name"),
        lambda rows: rows.filter(name__in="ab").annotate(costs=F("price")),
    ],
)
def test_any_queryset_can_be_read(narrow: Any):
    for name in ("a", "b", "c"):
        Product.objects.create(name=name, price=1, category=Category.objects.create(path=name))
    found = plan(queryset=lambda self: narrow(Product.objects.all()))

    rows = [row for page in found.pages() for row in page]

    assert len(rows) == 2


@pytest.mark.django_db
def test_deferred_columns_of_the_shop_are_left_deferred():
    Product.objects.create(name="a", price=1, category=Category.objects.create(path="Tea"))
    found = plan(
        queryset=lambda self: Product.objects.only("name"),
        category="category__path",
        stock=lambda self, product: 3,
    )

    (rows,) = found.pages()

    assert rows[0].values == ("a", "Tea", 1, 3)


@pytest.mark.django_db
def test_attributes_are_paths_or_methods_of_the_map():
    Product.objects.create(name="a", price=1, brand=Brand.objects.create(name="Teahouse"))
    found = plan(attributes=("brand__name", "season"), season=lambda self, product: "summer")

    (rows,) = found.pages()

    assert found.names[2:] == ("attributes.brand__name", "attributes.season")
    assert rows[0].values[2:] == ("Teahouse", "summer")


class Car(models.Model):
    """A product whose columns are called as the maps' own names are; it never has a table."""

    name = models.CharField(max_length=20)
    price = models.IntegerField()
    model = models.CharField(max_length=20)
    key = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"
        managed = False


def test_columns_called_like_our_own_names_are_the_shops():
    columns = plan(Car, url="name", attributes=("model", "key"))
    method = {"model": lambda self, car: "a method"}
    shops = type("Own", (ItemMap,), {"title": "name", "attributes": ("model",), **method})
    own = Plan(shops(Car))

    assert columns.in_columns
    assert [read(Car(model="911", key="k")) for read in columns._readers[2:]] == ["911", "k"]
    assert [read(Car(model="911")) for read in own._readers[1:]] == ["a method"]


@pytest.mark.django_db
def test_an_empty_shop_has_no_pages():
    assert list(plan().pages()) == []


@pytest.mark.django_db
def test_rows_of_a_relation_are_fetched_beside_the_objects():
    for number in range(3):
        group = Group.objects.create(name=f"g{number}")
        group.permissions.set(Permission.objects.all()[:2])
    found = plan(Group, price=lambda self, group: 1, images="permissions__codename")

    (rows,) = found.pages()

    assert [len(row.values[2]) for row in rows] == [2, 2, 2]


class Rows(list):
    """Rows of a model that has no table, as its queryset would give them."""

    def values_list(self, *paths: str) -> list[tuple[Any, ...]]:
        assert paths == ("pk", "name", "price", "file")
        return self


def test_a_file_is_read_as_its_address():
    found = plan(Pictured, images="file")

    rows = found._rows_from_columns(Rows([(1, "a", 1, "a b.png"), (2, "b", 1, "")]))  # type: ignore[arg-type]

    assert [row.values[2] for row in rows] == ["/media/a%20b.png", None]


def test_a_signature_that_changes_is_no_part_of_an_address_and_a_lost_file_costs_itself(
    monkeypatch: pytest.MonkeyPatch,
):
    def url(self: FileSystemStorage, name: str) -> str:
        if name == "lost":
            raise OSError("no such bucket")
        return f"https://files.example/{name}?signature={id(object())}"

    monkeypatch.setattr(FileSystemStorage, "url", url)
    found = plan(Pictured, images="file")

    rows = found._rows_from_columns(Rows([(1, "a", 1, "a.png"), (2, "b", 1, "lost")]))  # type: ignore[arg-type]

    assert rows[0].values[2] == "https://files.example/a.png"
    assert "no such bucket" in rows[1].fault


@pytest.mark.parametrize(
    ("model", "group", "is_parent"),
    [
        (Pictured, "parent", True),
        (Pictured, "parent_id", True),
        (Pictured, "name", False),
        (Product, "family", False),
        (Product, "brand_id", False),
        (Product, "brand__name", False),
        (Product, "", False),
    ],
)
def test_variants_that_name_a_parent_are_recognised(
    model: type[models.Model], group: str, is_parent: bool
):
    assert plan(model, group=group).groups_by_parent == is_parent


def test_a_plan_is_made_once():
    item_map = plan().item_map

    assert plan_of(item_map) is plan_of(item_map)
