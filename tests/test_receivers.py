"""A saved product is in the mirror after its commit, and the shop's save never fails for it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.db import connections, models, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from persona_django import commits, counters, receivers
from persona_django.catalogue import registry
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.state import read_state
from tests.catalogue import tables
from tests.shop.models import Gift, Product

pytestmark = pytest.mark.django_db(transaction=True)


def made(name: str = "Sencha", **fields: Any) -> Product:
    return Product.objects.create(**{"name": name, "price": 4, **fields})


def titles() -> list[str]:
    rows = Item.objects.filter(retired_at=None).order_by("id")
    return list(rows.values_list("title", flat=True))


def test_a_saved_product_is_there_after_the_commit_and_a_deleted_one_is_not():
    product = made()
    assert titles() == ["Sencha"]

    product.name = "Gyokuro"
    product.save()
    assert titles() == ["Gyokuro"]

    product.delete()
    assert titles() == []
    assert read_state(fresh=True)["catalogue"] == 3


def test_a_rolled_back_transaction_leaves_nothing():
    with pytest.raises(RuntimeError), transaction.atomic():
        made()
        raise RuntimeError("the checkout failed")

    assert titles() == []
    assert Item.objects.count() == 0


def test_a_rolled_back_deletion_ends_no_item():
    product = made()
    before = Item.objects.get().pk
    with pytest.raises(RuntimeError), transaction.atomic():
        Product.objects.filter(pk=product.pk).delete()
        raise RuntimeError("changed our mind")
    made("Other")

    assert Item.objects.get(ref=ref_of("shop.product", product.pk)).pk == before


def test_a_rolled_back_savepoint_loses_only_its_own_products():
    product = made()
    before = Item.objects.get().pk
    with transaction.atomic():
        made("Kept")
        with pytest.raises(RuntimeError), transaction.atomic():
            Product.objects.filter(pk=product.pk).delete()
            made("Lost")
            raise RuntimeError("this part failed")
        made("Also kept")

    assert titles() == ["Sencha", "Kept", "Also kept"]
    assert Item.objects.get(ref=ref_of("shop.product", product.pk)).pk == before


def test_a_key_that_is_deleted_and_used_again_at_once_is_a_new_item():
    product = made()
    before = Item.objects.get().pk
    with transaction.atomic():
        key = product.pk
        product.delete()
        made("Something else", pk=key)

    assert titles() == ["Something else"]
    assert Item.objects.get(ref=ref_of("shop.product", key)).pk != before


def test_many_products_of_one_transaction_are_brought_in_at_once():
    counted = CaptureQueriesContext(connections["default"])
    with counted as queries, transaction.atomic():
        for number in range(30):
            made(f"p{number}")

    reads = [q for q in queries if "SELECT" in q["sql"] and "shop_product" in q["sql"]]
    assert len(titles()) == 30
    assert len(reads) == 1


def test_a_transaction_with_many_hooks_of_the_shops_own_still_works():
    with transaction.atomic():
        made("first")
        for _ in range(commits.LOOKED_BACK + 5):
            transaction.on_commit(lambda: None)
        made("second")

    assert titles() == ["first", "second"]


def test_products_of_two_models_with_any_key_are_followed():
    gift = Gift.objects.create(label="Voucher", cents=100)
    made()

    gift.delete()

    assert titles() == ["Sencha"]


def test_a_fixture_is_left_to_reconcile():
    data = serializers.serialize("json", [Product(pk=5, name="From a fixture", price=1)])
    data = data.replace('"created": null', '"created": "2026-01-01T00:00:00Z"')
    for loaded in serializers.deserialize("json", data):
        loaded.save()

    assert Product.objects.count() == 1
    assert titles() == []


def test_a_proxy_of_a_registered_model_is_followed():
    class Featured(Product):
        class Meta:
            proxy = True
            app_label = "shop"

    receivers.connect()
    try:
        Featured.objects.create(name="Featured", price=1)
        assert titles() == ["Featured"]
    finally:
        receivers.disconnect()
        del apps.all_models["shop"]["featured"]
        apps.clear_cache()
        receivers.connect()


def test_what_goes_wrong_here_never_reaches_the_shop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    item_map = registry.map_for(Product)
    monkeypatch.setattr(item_map, "queryset", lambda: 1 / 0)

    with caplog.at_level(logging.ERROR):
        made()
        with transaction.atomic():
            made("second")

    assert Product.objects.count() == 2
    assert counters.counts() == {"product_unsynced": 2}
    assert "persona_sync" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_object_whose_map_was_withdrawn_is_counted_not_raised():
    with registry.isolated():
        made()

    assert counters.counts() == {"product_unsynced": 1}
    assert titles() == []


def test_nothing_happens_while_the_app_is_switched_off():
    with override_settings(PERSONA={"ENABLED": False}):
        made()

    assert titles() == []


def test_missing_tables_are_said_once_and_the_shop_goes_on(
    caplog: pytest.LogCaptureFixture,
):
    with tables.without_tables(), caplog.at_level(logging.WARNING):
        made()
        with transaction.atomic():
            made("second")

    assert Product.objects.count() == 2
    assert counters.counts() == {"tables_missing": 2}
    assert caplog.text.count("manage.py migrate") == 1


class Replica:
    """Sends the shop's reads to a database that lags so far behind that it is not even there."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return "replica" if model is Product else None


def test_what_was_just_committed_is_not_read_from_a_replica():
    routers = [Replica(), *settings.DATABASE_ROUTERS]
    with override_settings(DATABASE_ROUTERS=routers):
        product = made()
        product.delete()
        made("Gyokuro")

    assert counters.counts() == {}
    assert titles() == ["Gyokuro"]
