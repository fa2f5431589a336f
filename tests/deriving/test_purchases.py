"""Orders as of the latest moment at which they may have been placed."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from django.db.models import DateField
from django.db.models.expressions import RawSQL
from django.utils.timezone import now

from persona_django.deriving.purchases import read_purchases
from persona_django.tracking.orders import own_purchases, read_orders
from tests.factories import product, read_catalogue
from tests.shop.models import OrderLine
from tests.tracking.buying import order, user, with_map

pytestmark = pytest.mark.django_db

ZONES = ["UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin"]
DAY = "DATE('2026-03-29')"
"""Has 23 hours in Berlin."""


@pytest.fixture(params=[(zone, use_tz) for zone in ZONES for use_tz in (True, False)], ids=str)
def zone(request, settings):
    settings.TIME_ZONE, settings.USE_TZ = request.param
    return ZoneInfo(settings.TIME_ZONE)


def seconds(zone: ZoneInfo, *clock: int) -> int:
    return int(datetime(*clock, tzinfo=zone).timestamp())


def test_an_order_of_which_the_day_is_kept_may_be_of_any_moment_of_the_shops_day(zone):
    tea = product("tea")
    read_catalogue()
    anna = user("anna")
    order(tea, user=anna, created=now())
    began, over = seconds(zone, 2026, 3, 29), seconds(zone, 2026, 3, 30)

    def queryset(self):
        return OrderLine.objects.annotate(day=RawSQL(DAY, [], output_field=DateField()))

    with with_map(placed_at="day", queryset=queryset):
        assert read_orders().at.tolist() == [began]
        assert read_purchases().at.tolist() == [over - 1]
        assert own_purchases(anna, since=began).last_at.tolist() == [began]
        # Whoever asks for what was bought since the evening hears of that day.
        for since, n in ((began, 1), (over - 3_600, 1), (over, 0)):
            assert len(read_orders(since=since)) == n


@pytest.mark.parametrize("zone", [("America/New_York", True), ("UTC", True)], indirect=True)
def test_an_order_placed_on_the_stroke_of_midnight_is_of_that_moment(zone):
    tea = product("tea")
    read_catalogue()
    midnight = datetime(2026, 3, 29, tzinfo=timezone.utc)
    order(tea, user=user("anna"), created=midnight)

    with with_map():
        assert read_purchases().at.tolist() == [int(midnight.timestamp())]
