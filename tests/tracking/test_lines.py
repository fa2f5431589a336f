"""One order map's lines, with whatever its columns may hold."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import DecimalField, FloatField, IntegerField, Value
from django.db.models.functions import Cast

from persona_django.tracking.orders import own_purchases, read_orders
from tests.shop.models import OrderLine
from tests.tracking.buying import order, user, with_map
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "field", [IntegerField(), FloatField(), DecimalField(max_digits=9, decimal_places=3)]
)
def test_a_line_without_a_quantity_is_one_piece_and_without_a_refund_all_of_it_is_kept(field):
    tea, item = stocked()
    anna = user("anna")
    order(tea, user=anna)

    def queryset(self: Any) -> Any:
        return OrderLine.objects.annotate(unknown=Cast(Value(None), output_field=field))

    with with_map(quantity="unknown", refunded_quantity="unknown", queryset=queryset):
        lines = read_orders()
        own = own_purchases(anna, since=0)

    assert (lines.item.tolist(), lines.quantity.tolist()) == ([item], [1])
    assert (own.item.tolist(), own.quantity.tolist()) == ([item], [1])
