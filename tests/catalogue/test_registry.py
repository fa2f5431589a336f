"""Registration collects what is wrong instead of stopping the shop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.db import models
from django.db.models import F, Q

from persona_django.catalogue import ItemMap, OrderMap, register, registry
from persona_django.exceptions import NotRegistered
from tests.shop.models import Gift, Order, OrderLine, Product


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with registry.isolated():
        yield


class Sound(ItemMap):
    title, price, url = "name", "price", "get_absolute_url"


class SoundGifts(ItemMap):
    title, price, url = "label", "cents", "get_absolute_url"


def item_faults(**attributes: Any) -> dict[str, str]:
    """Check id to message of a map of Product with these attributes besides the needed ones."""
    register(Product)(type("Products", (Sound,), attributes))
    return {fault.id: f"{fault.message} {fault.hint}" for fault in registry.faults()}


def order_faults(**attributes: Any) -> dict[str, str]:
    declared = {
        "item": "product_id",
        "order": "order_id",
        "customer": "order__user_id",
        "placed_at": "order__created",
        **attributes,
    }
    register(OrderLine)(type("Lines", (OrderMap,), declared))
    return {fault.id: f"{fault.message} {fault.hint}" for fault in registry.faults()}


def test_a_sound_map_is_registered_by_class_or_by_name():
    register(Product)(Sound)
    register("shop.Gift")(SoundGifts)

    assert list(registry.item_maps()) == ["shop.product", "shop.gift"]
    assert registry.faults() == []
    assert registry.map_for(Gift()).model is Gift
    assert registry.map_for(Product).label == "shop.product"
    assert registry.map_for("shop.Product").label == "shop.product"


def test_registering_the_same_map_twice_is_no_second_map():
    register(Product)(Sound)
    register("shop.Product")(Sound)

    assert registry.faults() == []


@pytest.mark.parametrize("asked", ["shop.product", Product, Product(), Order()])
def test_what_is_not_registered_says_what_to_do(asked: Any):
    with pytest.raises(NotRegistered, match=r"persona\.py"):
        registry.map_for(asked)


def test_what_is_no_model_at_all_says_so():
    with pytest.raises(NotRegistered, match="is no product"):
        registry.map_for(42)


def test_two_maps_for_one_model_are_a_fault_and_the_first_serves():
    register(Product)(Sound)
    second = type("Second", (Sound,), {})
    register(Product)(second)

    (fault,) = registry.faults()

    assert fault.id == "persona.E013"
    assert type(registry.map_for(Product)) is Sound


def test_two_maps_whose_models_share_a_table_are_told_because_every_product_is_there_twice():
    class OnSale(Product):
        class Meta:
            proxy = True
            app_label = "shop"

    register(Product)(Sound)
    register(Gift)(SoundGifts)
    register(OnSale)(type("SoundToo", (Sound,), {}))

    (fault,) = registry.faults()

    assert fault.id == "persona.W027"
    assert "shop.Product and shop.OnSale" in fault.message
    assert len(registry.item_maps()) == 3


@pytest.mark.parametrize("missing", ["shop.Nothing", "nowhere.Product", "nonsense", 42, str])
def test_a_model_that_does_not_exist_is_a_fault(missing: Any):
    register(missing)(Sound)

    (fault,) = registry.faults()

    assert fault.id == "persona.E011"
    assert registry.item_maps() == {}


def test_an_abstract_model_is_a_fault():
    from django.contrib.auth.models import AbstractUser

    register(AbstractUser)(Sound)

    assert [fault.id for fault in registry.faults()] == ["persona.E011"]


@pytest.mark.parametrize("odd", [object, Product, "text", lambda: None])
def test_what_is_no_map_is_a_fault(odd: Any):
    register(Product)(odd)

    assert [fault.id for fault in registry.faults()] == ["persona.E012"]


@pytest.mark.parametrize("needed", ["title", "price", "url"])
def test_each_needed_attribute_is_asked_for(needed: str):
    found = item_faults(**{needed: None})

    assert needed in found["persona.E014"]
    assert registry.item_maps() == {}


@pytest.mark.parametrize(
    ("attribute", "declared", "check", "told"),
    [
        ("title", "nmae", "persona.E015", "no field or method 'nmae'"),
        ("brand", "brand__nmae", "persona.E015", "Brand has no field"),
        ("category", "category__path__x", "persona.E015", "no relation"),
        ("attributes", ("colour", "size"), "persona.E015", "'size'"),
        ("attributes", "colour", "persona.E016", '("colour",)'),
        ("stock", 7, "persona.E016", "is 7"),
        ("brand", "brand", "persona.E017", "brand__name"),
        ("brand", "category__product_set", "persona.E017", "relation"),
        ("category", "category", "persona.E017", 'such as "category__path"'),
        ("titel", "name", "persona.W022", "title"),
        ("value", lambda self, product: 1, "persona.E016", "another name"),
        ("attributes", ("model",), "persona.E015", "'model'"),
    ],
)
def test_a_misdeclared_attribute_is_told_with_what_to_do(
    attribute: str, declared: Any, check: str, told: str
):
    found = item_faults(**{attribute: declared})

    assert list(found) == [check]
    assert told in found[check]
    assert ("shop.product" in registry.item_maps()) == (".W" in check)


def test_methods_constants_annotations_and_relations_are_fine():
    found = item_faults(
        stock=lambda self, product: 3,
        currency="JPY",
        group="brand",
        images="orderline_set",
        attributes=("colour", "season"),
        season=lambda self, product: "summer",
        margin="earned",
        queryset=lambda self: Product.objects.annotate(earned=F("price")),
        _private="name",
        season_of_year="a helper of the shop",
    )

    assert found == {}
    assert "shop.product" in registry.item_maps()


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("visble", "visible"), ("is_visible", "visible"), ("get_queryset", "queryset")],
)
def test_a_method_that_nobody_calls_is_told_with_the_one_that_was_meant(misspelt: str, meant: str):
    found = item_faults(**{misspelt: lambda self, *given: given[0]})

    assert list(found) == ["persona.W022"]
    assert f"Products.{misspelt}() is not called. Did you mean {meant}?" in found["persona.W022"]


def test_a_misspelt_method_is_told_also_where_a_base_class_of_the_shop_has_it():
    base = type("Shown", (Sound,), {"visibel": lambda self, queryset, audience: queryset})
    register(Product)(type("Products", (base,), {}))

    (fault,) = registry.faults()

    assert "Shown.visibel()" in fault.message


def test_helpers_of_a_map_are_its_own_affair():
    found = item_faults(
        visible=lambda self, queryset, audience: self.is_visible(queryset),
        is_visible=lambda self, queryset: queryset,
        attributes=("brands",),
        brands=lambda self, product: [],
        season_of=lambda self, product: "summer",
        _visble=lambda self, queryset: queryset,
    )

    assert found == {}


def _raise(self: Any) -> Any:
    raise RuntimeError("the shop's own")


@pytest.mark.parametrize(
    ("queryset", "told"),
    [
        (_raise, "RuntimeError"),
        (lambda self: [], "does not return a queryset"),
        (lambda self: Gift.objects.all(), "does not return a queryset of shop.Product"),
        (lambda self: Product.objects.union(Product.objects.all()), "a union of querysets"),
        (lambda self: Product.objects.order_by("pk")[:50], "a slice"),
        (lambda self: Product.objects.values("name"), "made of values"),
    ],
)
def test_a_queryset_that_cannot_be_used_is_a_fault(queryset: Any, told: str):
    found = item_faults(queryset=queryset)

    assert told in found["persona.E018"]
    assert registry.item_maps() == {}


def test_a_queryset_that_may_be_filtered_further_is_none():
    found = item_faults(
        queryset=lambda self: Product.objects.filter(Q(name="a") | Q(name="b")).distinct().none()
    )

    assert found == {}


def test_order_lines_that_cannot_be_filtered_are_a_fault():
    register(Product)(Sound)
    found = order_faults(queryset=lambda self: OrderLine.objects.all()[:9], counts=Q(quantity=1))

    assert "a slice" in found["persona.E018"]


def test_a_sound_order_map_finds_its_items_by_the_relation():
    register(Product)(Sound)
    register(Gift)(SoundGifts)

    assert order_faults() == {}
    assert registry.order_maps()[0].item_label == "shop.product"


@pytest.mark.parametrize(
    ("model", "map_class", "told"),
    [
        (Product, type("Products", (OrderMap,), {"title": "name", "price": "price"}), "ItemMap"),
        (Product, type("Products", (OrderMap,), {"visible": lambda self, q, a: q}), "ItemMap"),
        (OrderLine, type("Lines", (ItemMap,), {"item": "product", "order": "order"}), "OrderMap"),
    ],
)
def test_a_map_that_inherits_from_the_wrong_class_is_one_fault(
    model: Any, map_class: Any, told: str
):
    register(model)(map_class)

    (fault,) = registry.faults()

    assert fault.id == "persona.E014"
    assert f"says what an {told} says: " in fault.message
    assert f"Did you mean catalogue.{told}?" in fault.hint


def test_an_order_map_without_any_item_map_is_told_that_it_waits_for_one():
    found = order_faults(item="quantity", item_model="shop.Product")

    assert "Lines is left out because no item map is registered" in found["persona.E020"]


def test_an_order_map_may_be_registered_before_the_items():
    assert list(order_faults()) == ["persona.E020"]
    register(Product)(Sound)

    assert registry.faults() == []


@pytest.mark.parametrize(
    "attributes", [{}, {"item": "quantity"}, {"item": "quantity", "item_model": "shop.Product"}]
)
def test_a_typo_in_the_item_map_is_no_second_mistake_in_the_order_map(attributes: dict[str, Any]):
    register(Product)(type("Misspelt", (Sound,), {"title": "nmae"}))

    found = order_faults(**attributes)

    assert "shop.product has an error" in found["persona.E020"]
    assert "item_model" not in found["persona.E020"]
    assert registry.order_maps() == []


@pytest.mark.parametrize("named", ["shop.Product", Product])
def test_an_order_map_may_name_its_items(named: Any):
    register(Product)(Sound)
    register(Gift)(SoundGifts)

    assert order_faults(item="quantity", item_model=named) == {}
    assert registry.order_maps()[0].item_label == "shop.product"


def test_two_order_maps_of_the_same_items_are_a_fault_and_the_first_serves():
    register(Product)(Sound)
    assert order_faults(counts=Q(order__paid=True)) == {}
    first = type(registry.order_maps()[0])

    register(OrderLine)(type("Again", (first,), {"counts": None}))

    (fault,) = registry.faults()
    assert fault.id == "persona.E013"
    assert "shop.OrderLine has two order maps about the same items" in fault.message
    assert "Again" in fault.message
    assert [type(one) for one in registry.order_maps()] == [first]


def test_order_maps_of_one_model_about_different_items_are_none():
    register(Product)(Sound)
    register(Gift)(SoundGifts)
    assert order_faults(item="quantity", item_model=Product) == {}
    first = type(registry.order_maps()[0])

    register(OrderLine)(type("GiftLines", (first,), {"item_model": Gift}))

    assert registry.faults() == []
    assert [one.item_label for one in registry.order_maps()] == ["shop.product", "shop.gift"]


@pytest.mark.parametrize("item", ["quantity", "pk"])
def test_a_key_column_belongs_to_the_only_item_model(item: str):
    register(Product)(Sound)

    assert order_faults(item=item) == {}


class TwoKeys(models.Model):
    """A model that no single key names; it never has a table."""

    pk = models.CompositePrimaryKey("name", "price")
    name = models.CharField(max_length=20)
    price = models.IntegerField()

    class Meta:
        app_label = "shop"
        managed = False


def test_a_primary_key_of_several_columns_is_a_fault():
    register(TwoKeys)(type("Two", (Sound,), {"url": "name"}))

    assert [fault.id for fault in registry.faults()] == ["persona.E021"]


@pytest.mark.parametrize(
    ("attributes", "check", "told"),
    [
        ({"item": "quantity"}, "persona.E020", "item_model"),
        ({"item_model": "shop.Nothing"}, "persona.E020", "shop.Nothing"),
        ({"item": "order_id"}, "persona.E020", "does not say which items"),
        ({"placed_at": ""}, "persona.E014", "placed_at"),
        ({"customer": ""}, "persona.E014", "guest_key"),
        ({"quantity": "amount"}, "persona.E015", "amount"),
        ({"quantity": lambda self, line: 1}, "persona.E019", "columns"),
        ({"quantity": "order__lines"}, "persona.E019", "no column"),
        ({"quantity": "product"}, "persona.E017", "product__name"),
        ({"counts": "paid"}, "persona.E016", "Q object"),
        ({"counts": Q(nowhere=True)}, "persona.E015", "counts"),
        ({"queryset": _raise, "counts": Q(order__paid=True)}, "persona.E018", "RuntimeError"),
        (
            {"item": "product__name", "item_model": "shop.Product"},
            "persona.E029",
            'item = "product"',
        ),
        ({"refunded_quantiy": "refunded"}, "persona.W022", "refunded_quantity"),
        ({"owns": lambda self, queryset, user: queryset}, "persona.W022", "Did you mean own?"),
    ],
)
def test_a_misdeclared_order_map_is_told_with_what_to_do(
    attributes: dict[str, Any], check: str, told: str
):
    register(Product)(Sound)
    register(Gift)(SoundGifts)

    found = order_faults(**attributes)

    assert told in found[check]
    assert bool(registry.order_maps()) == (".W" in check)


def test_a_condition_that_nothing_meets_is_no_fault():
    register(Product)(Sound)

    assert order_faults(counts=Q(pk__in=[])) == {}


@pytest.fixture
def broken_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    home = tmp_path / "brokenshop"
    home.mkdir()
    (home / "__init__.py").write_text("")
    (home / "persona.py").write_text("import decimal\nimport no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = AppConfig("brokenshop", __import__("brokenshop"))
    config.path = str(home)
    monkeypatch.setitem(apps.app_configs, "brokenshop", config)
    yield "brokenshop.persona"
    for name in [name for name in sys.modules if name.startswith("brokenshop")]:
        del sys.modules[name]


def test_a_persona_py_that_cannot_be_imported_is_a_fault_with_its_line(
    broken_app: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    registry.discover()

    (fault,) = [fault for fault in registry.faults() if fault.id == "persona.E010"]

    assert "no_such_module_anywhere" in fault.message
    assert f"line 2 of {tmp_path / 'brokenshop' / 'persona.py'}" in fault.hint
    assert "manage.py check" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        "@catalogue.register('shop.Product')\nclass Items(catalogue.ItemMapp): pass",
        "from fractions import Fraction\nFraction('x')",
        "from django.utils.module_loading import import_string\nimport_string('no.such')",
    ],
)
def test_what_a_library_refuses_is_a_fault_of_the_line_that_asked_it(
    broken_app: str, tmp_path: Path, wrong: str
):
    home = tmp_path / "brokenshop"
    (home / "persona.py").write_text(f"from persona_django import catalogue\n\n{wrong}\n")

    registry.discover()

    (fault,) = [fault for fault in registry.faults() if fault.id == "persona.E010"]
    assert f"line 4 of {home / 'persona.py'}" in fault.hint


def test_a_persona_py_that_does_not_parse_is_a_fault_with_its_own_line(
    broken_app: str, tmp_path: Path
):
    home = tmp_path / "brokenshop"
    (home / "persona.py").write_text("import decimal\n\nclass Items(:\n    pass\n")

    registry.discover()

    (fault,) = [fault for fault in registry.faults() if fault.id == "persona.E010"]
    assert f"line 3 of {home / 'persona.py'}" in fault.hint


def test_the_package_offers_what_a_persona_py_needs_and_nothing_else():
    from persona_django import catalogue

    assert catalogue.OrderMap is OrderMap
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        catalogue.Nothing  # noqa: B018
