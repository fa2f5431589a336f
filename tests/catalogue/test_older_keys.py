"""Items whose keys are older than the shop's present idea of a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import QuerySet

from persona_django.catalogue import ItemMap, register, registry
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.sync import sync
from tests.shop.models import Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def _own_registry() -> Iterator[None]:
    with registry.isolated():
        yield


def item_of(obj: Any) -> Item:
    return Item.objects.get(ref=ref_of(obj._meta.label_lower, obj.pk))


class Coded(models.Model):
    """A product that is named by a code, whose rule is younger than some of its rows."""

    code = models.CharField(
        max_length=20, primary_key=True, validators=[RegexValidator(r"^[A-Z]{3}-[0-9]+$")]
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        app_label = "shop"


def test_a_key_that_the_shops_validators_refuse_today_is_hidden_not_deleted(_own_registry: None):
    @register(Coded)
    class Shown(ItemMap):
        title, url = "code", "code"

        def price(self, coded: Coded) -> int:
            return 1

        def queryset(self) -> QuerySet[Coded]:
            return Coded.objects.filter(is_active=True)

    old = Coded.objects.create(code="tea 1")
    sync()
    first = item_of(old).pk
    Coded.objects.update(is_active=False)
    hidden = sync()
    Coded.objects.update(is_active=True)
    sync()

    assert hidden.retired == 1
    assert (item_of(old).pk, item_of(old).retired_at) == (first, None)


@pytest.mark.parametrize("key", ["tea-1", "9" * 20, "9" * 100, "-" + "9" * 20])
def test_a_key_from_before_the_shop_numbered_its_products_is_gone(key: str):
    product = Product.objects.create(name="Sencha", price=4)
    sync()
    Item.objects.update(key=key, ref=ref_of("shop.product", key))

    report = sync()

    assert (report.added, report.retired) == (1, 1)
    assert Item.objects.get(ref=ref_of("shop.product", product.pk)).retired_at is None
    assert Item.objects.get(key=key).ref is None
