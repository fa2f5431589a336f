"""The mirror follows the shop: what is new, changed, hidden, back or gone."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest
from django.db import connections, router
from django.db.models import F, QuerySet
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue import ItemMap, register, registry
from persona_django.catalogue.models import Item
from persona_django.catalogue.reading import PAGE_ROWS
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.state import read_state
from persona_django.catalogue.sync import reconcile, sync, sync_objects
from persona_django.exceptions import NotRegistered
from tests.catalogue.mirror import item_of, made, plain_map
from tests.shop.models import Brand, Category, Gift, Product

pytestmark = pytest.mark.django_db


def revision() -> int:
    return read_state(fresh=True).get("catalogue", 0)


def test_every_declared_column_reaches_the_mirror():
    product = made(
        category=Category.objects.create(path="Drinks > Tea"),
        brand=Brand.objects.create(name="Teahouse"),
        list_price=Decimal("6"),
        colour="green",
        picture="/sencha.png",
        stock=3,
        family="sencha",
    )
    gift = Gift.objects.create(label="Voucher 🎁", cents=2550)

    report = sync()

    assert (report.added, report.changed, report.retired) == (2, 0, 0)
    item = item_of(product)
    assert (item.model, item.key) == ("shop.product", str(product.pk))
    assert (item.title, item.category, item.brand) == ("Sencha", "Drinks > Tea", "Teahouse")
    assert (item.price, item.list_price, item.currency) == (450, 600, "EUR")
    assert (item.available, item.stock, item.sensitive) == (True, 3, False)
    assert item.published_at == int(product.created.timestamp())
    assert (item.attributes, item.images) == ({"colour": "green"}, ["/sencha.png"])
    assert item.group_ref != 0
    other = item_of(gift)
    assert (other.title, other.price, other.key) == ("Voucher 🎁", 2550, str(gift.pk))


def test_an_object_whose_key_is_still_text_is_followed_like_any_other():
    gift = Gift.objects.create(pk="27b7aec192064b148b8c6aa23ab47ce4", label="Voucher")
    sync_objects([gift])

    gift.label = "Gift voucher"
    gift.save()
    changed = sync_objects([gift])
    Gift.objects.all().delete()
    gone = sync_objects([gift])

    assert (changed.added, changed.changed, gone.retired) == (0, 1, 1)


def test_a_second_sync_finds_nothing_to_do_and_writes_nothing():
    made()
    Gift.objects.create(label="Voucher", cents=100)
    sync()
    before = revision()

    with CaptureQueriesContext(connections[router.db_for_write(Item)]) as queries:
        report = sync()

    assert (report.added, report.changed, report.retired, report.unchanged) == (0, 0, 0, 2)
    assert revision() == before
    assert not [q for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_what_changed_is_written_and_keeps_its_item():
    product, same = made(), made("Other")
    sync()
    before = item_of(product).pk, revision()
    Product.objects.filter(pk=product.pk).update(name="Gyokuro", price=F("price") + 1)

    report = reconcile()

    assert (report.changed, report.unchanged) == (1, 1)
    assert (item_of(product).pk, item_of(product).title) == (before[0], "Gyokuro")
    assert item_of(product).price == 550
    assert item_of(same).title == "Other"
    assert revision() == before[1] + 1


def test_an_item_that_left_the_queryset_is_retired_and_comes_back_as_itself(own_maps: None):
    @register(Product)
    class Shown(ItemMap):
        title, price, url = "name", "price", "get_absolute_url"

        def queryset(self) -> QuerySet[Product]:
            return Product.objects.filter(is_active=True)

    product = made()
    sync()
    first = item_of(product).pk
    Product.objects.update(is_active=False)
    hidden = sync()
    assert (hidden.retired, item_of(product).retired_at is None) == (1, False)
    again = sync()
    assert (again.retired, again.changed) == (0, 0)
    Product.objects.update(is_active=True)

    shown = sync()

    assert shown.changed == 1
    assert (item_of(product).pk, item_of(product).retired_at) == (first, None)


def test_a_row_that_the_shop_deleted_ends_its_item_and_a_recycled_key_begins_a_new_one():
    product = made()
    sync()
    first = item_of(product).pk
    key = product.pk
    Product.objects.filter(pk=key)._raw_delete("default")

    gone = reconcile()
    Product.objects.create(pk=key, name="Quite another thing", price=1)
    back = reconcile()

    assert (gone.retired, back.added) == (1, 1)
    old = Item.objects.get(pk=first)
    assert (old.ref, old.group_ref, old.retired_at is None) == (None, 0, False)
    assert Item.objects.get(ref=ref_of("shop.product", key)).pk != first


def test_items_of_a_model_that_is_no_longer_registered_are_retired(own_maps: None):
    product = made()
    with registry.isolated():
        register(Product)(plain_map())
        sync()

    report = sync()

    assert report.retired == 1
    assert item_of(product).retired_at is not None


def test_switched_off_where_no_persona_py_is_read_nothing_is_retired(own_maps: None):
    product = made()
    with registry.isolated():
        register(Product)(plain_map())
        sync()

    with override_settings(PERSONA={"ENABLED": False}):
        report = sync()

    assert report.retired == 0
    assert item_of(product).retired_at is None


def test_a_broken_persona_py_retires_nothing(own_maps: None):
    product = made()
    with registry.isolated():
        register(Product)(plain_map())
        sync()
    register(Product)(plain_map(title="nmae"))

    report = sync()

    assert report.retired == 0
    assert item_of(product).retired_at is None


def test_variants_that_name_a_parent_are_one_family_with_it(own_maps: None):
    @register(Product)
    class Grouped(ItemMap):
        title, price, url, group = "name", "price", "get_absolute_url", "family"

    made("a", family="x")
    made("b", family="x")
    made("c")

    sync()

    refs = list(Item.objects.order_by("id").values_list("group_ref", flat=True))
    assert refs[0] == refs[1] != 0
    assert refs[2] == 0


def test_objects_are_read_in_few_queries_however_many_there_are(own_maps: None):
    @register(Product)
    class WithMethods(ItemMap):
        title, price, url = "name", "price", "get_absolute_url"
        category, images = "category__path", "category__product_set"

        def brand(self, product: Product) -> str:
            return product.brand.name.upper()

    brand = Brand.objects.create(name="Teahouse")
    category = Category.objects.create(path="Tea")
    for number in range(20):
        made(f"p{number}", brand=brand, category=category)

    with CaptureQueriesContext(connections["default"]) as queries:
        sync()

    reads = [q for q in queries if "shop_brand" in q["sql"] and "shop_product" not in q["sql"]]
    assert len(reads) <= 20
    assert Item.objects.filter(brand="TEAHOUSE", category="Tea").count() == 20


def test_a_catalogue_of_several_pages_is_read_whole():
    Product.objects.bulk_create(
        [Product(name=f"p{n}", price=1) for n in range(PAGE_ROWS + 3)], batch_size=500
    )
    seen: list[tuple[int, int]] = []

    report = sync(progress=lambda done, total: seen.append((done, total)))

    assert report.added == PAGE_ROWS + 3
    assert seen[-1] == (PAGE_ROWS + 3, PAGE_ROWS + 3)
    assert sync().unchanged == PAGE_ROWS + 3


def test_only_the_models_asked_for_are_read():
    made()
    Gift.objects.create(label="Voucher", cents=1)

    assert sync(models=["shop.Gift"]).added == 1
    assert Item.objects.get().model == "shop.gift"
    with pytest.raises(NotRegistered):
        sync(models=["shop.Nothing"])


def test_a_few_saved_objects_are_brought_in_as_the_database_has_them():
    product, gift = made(), Gift.objects.create(label="Voucher", cents=1)
    Product.objects.update(name="Gyokuro")

    report = sync_objects([product, gift, product])

    assert report.added == 2
    assert item_of(product).title == "Gyokuro"


@override_settings(PERSONA={"SENSITIVE_CATEGORIES": ("Health",)})
def test_a_sensitive_category_marks_its_items():
    product = made(category=Category.objects.create(path="Health > Tests"))

    sync()

    assert item_of(product).sensitive


def test_reconcile_says_in_the_log_what_signals_missed(caplog: pytest.LogCaptureFixture):
    made()

    with caplog.at_level(logging.INFO, "persona_django.catalogue"):
        reconcile()
        reconcile()

    assert caplog.text.count("Signals had missed") == 1


def test_a_key_of_another_type_is_from_before_the_shop_changed_it(own_maps: None):
    register(Gift)(plain_map(title="label", price="cents"))
    for key in ("31", "9" * 40, "not a uuid"):
        ref = ref_of("shop.gift", key)
        Item.objects.create(model="shop.gift", key=key, ref=ref, title="Old")

    report = sync()

    assert report.retired == 3
    assert not Item.objects.filter(ref__isnull=False).exists()
