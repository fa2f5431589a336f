"""Rows of a database as arrays, on whichever database the suite runs on."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, router
from django.db.models import Count
from django.test import TestCase, override_settings

from persona_django.columns import dialects
from persona_django.columns.kinds import local_to_utc, parse_kinds
from persona_django.columns.read import read_columns, read_queryset
from persona_django.identity.models import Visitor
from tests.shop.models import Brand, Category, Gift, Order, OrderLine, Product

NOON = datetime(2024, 7, 1, 12, 0, 0, 500_000, tzinfo=timezone.utc)


def brands(count, **options):
    return Brand.objects.bulk_create([Brand(name=f"brand {n}", **options) for n in range(count)])


class ReadingAQueryset(TestCase):
    def test_columns_come_aligned_in_the_wanted_types(self):
        user = get_user_model().objects.create(username="ada")
        Order.objects.create(user=user, created=NOON, email="ada@example.org")
        Order.objects.create(created=NOON + timedelta(days=1), paid=False)

        user_id, created, paid, email = read_queryset(
            Order.objects.order_by("pk").values_list("user_id", "created", "paid", "email"),
            ["i:-1", "t", "i", "s"],
        )

        assert user_id.tolist() == [user.pk, -1]
        assert created.tolist() == [int(NOON.timestamp()), int(NOON.timestamp()) + 86_400]
        assert paid.tolist() == [1, 0]
        assert email.tolist() == ["ada@example.org", ""]
        assert (user_id.dtype, created.dtype, email.dtype) == (np.int64, np.int64, object)

    def test_whole_numbers_alone_take_the_fast_way_and_give_the_same(self):
        orders = [Order.objects.create(created=NOON) for _ in range(3)]
        product = Product.objects.create(name="mug", price="2.50")
        for order in orders:
            OrderLine.objects.create(order=order, product=product, price=2, quantity=order.pk)

        order_id, quantity, placed, refunded = read_queryset(
            OrderLine.objects.values_list("order_id", "quantity", "order__created", "refunded_at"),
            ["i", "i", "t", "t:-1"],
        )

        assert sorted(order_id.tolist()) == [order.pk for order in orders]
        assert quantity.tolist() == order_id.tolist()
        assert set(placed.tolist()) == {int(NOON.timestamp())}
        assert refunded.tolist() == [-1, -1, -1]

    def test_decimals_and_missing_numbers_become_floats(self):
        Product.objects.create(name="mug", price="2.55")

        price, list_price = read_queryset(Product.objects.values_list("price", "list_price"), "df")

        assert price.tolist() == [2.55]
        assert math.isnan(list_price[0])

    def test_keys_are_spelled_as_the_shops_objects_spell_them(self):
        gift = Gift.objects.create(label="voucher")
        brand = brands(1)[0]

        uuids = read_queryset(Gift.objects.values_list("pk"), "k")[0]
        numbers = read_queryset(Brand.objects.values_list("pk"), "k")[0]

        assert uuids.tolist() == [str(gift.pk)]
        assert numbers.tolist() == [brand.pk]
        assert numbers.dtype == np.int64

    def test_a_key_that_nobody_has_is_none(self):
        Product.objects.create(name="mug", price=1)

        assert read_queryset(Product.objects.values_list("brand__name"), "k")[0].tolist() == [None]

    def test_an_asked_for_order_is_kept(self):
        brands(50)

        names = read_queryset(Brand.objects.order_by("-pk").values_list("pk", "name"), "is")

        assert names[0].tolist() == sorted(names[0].tolist(), reverse=True)

    def test_order_by_whole_numbers_is_kept_too(self):
        brands(50)

        pks = read_queryset(Brand.objects.order_by("-pk").values_list("pk"), "i")[0]

        assert pks.tolist() == sorted(pks.tolist(), reverse=True)

    def test_small_chunks_and_gaps_lose_nothing(self):
        made = brands(300)
        Brand.objects.filter(pk__in=[brand.pk for brand in made[20:280]]).delete()
        told = []

        for kinds in ("i", "k"):
            found = read_queryset(
                Brand.objects.values_list("pk"), kinds, chunk=7, progress=told.append
            )

            assert sorted(found[0].tolist()) == sorted(Brand.objects.values_list("pk", flat=True))
            assert told[-1] == 40

    def test_a_slice_and_a_count_are_read_whole(self):
        category = Category.objects.create(path="Mugs")
        for name in ("red", "blue"):
            Product.objects.create(name=name, price=1, category=category)

        sliced = read_queryset(Product.objects.order_by("pk").values_list("pk")[:1], "i")
        counted = read_queryset(
            Category.objects.values("path").annotate(n=Count("product")).values_list("n"), "i"
        )

        assert len(sliced[0]) == 1
        assert counted[0].tolist() == [2]

    def test_a_condition_nothing_can_meet_gives_empty_columns(self):
        found = read_queryset(Brand.objects.filter(pk__in=[]).values_list("pk", "name"), "is")

        assert [len(column) for column in found] == [0, 0]

    def test_an_empty_table_gives_empty_columns(self):
        assert [len(c) for c in read_queryset(Brand.objects.values_list("pk", "pk"), "ii")] == [
            0,
            0,
        ]

    def test_texts_with_signs_that_sql_knows_pass_unharmed(self):
        Brand.objects.create(name="50 % off {all} 'n' \"more\"; ☕")

        names = read_queryset(Brand.objects.filter(name__contains="%").values_list("name"), "s")[0]

        assert names.tolist() == ["50 % off {all} 'n' \"more\"; ☕"]

    def test_a_read_leaves_the_callers_transaction_usable(self):
        brand = brands(1)[0]

        read_queryset(Brand.objects.values_list("pk"), "i")
        read_queryset(Brand.objects.values_list("name"), "s")
        brand.delete()

        assert read_queryset(Brand.objects.values_list("pk"), "i")[0].tolist() == []


class ReadingSql(TestCase):
    def test_ranges_of_a_key_give_what_one_read_gives(self):
        made = brands(120)
        table = Brand._meta.db_table
        sql = f"SELECT id, id + 1 FROM {table} WHERE id > %s"
        params = [made[9].pk]

        whole = read_columns("default", sql, params, "ii")
        ranged = read_columns("default", sql, params, "ii", by=0, chunk=11)
        cut_only = read_columns("default", sql, params, "i", by=1, chunk=11)

        assert len(whole[0]) == 110
        assert sorted(whole[1].tolist()) == sorted(ranged[1].tolist())
        assert sorted(cut_only[0].tolist()) == sorted(ranged[0].tolist())

    def test_ranges_of_nothing_are_nothing(self):
        found = read_columns("default", f"SELECT id FROM {Brand._meta.db_table}", [], "i", by=0)

        assert found[0].tolist() == []

    def test_sixty_three_bits_arrive_whole(self):
        # A key that is given, not counted: a counter at its end would stay there on MariaDB.
        largest, smallest = 2**63 - 1, -(2**63) + 1
        for key in (largest, smallest):
            Visitor.objects.create(key=key)
        alias, table = router.db_for_read(Visitor), Visitor._meta.db_table
        name = connections[alias].ops.quote_name("key")

        for by in (None, 0):
            found = read_columns(alias, f"SELECT {name} FROM {table}", [], "i", by=by)

            assert sorted(found[0].tolist()) == [smallest, largest]

    def test_more_rows_than_one_value_holds_are_read_in_smaller_ranges(self):
        brands(400)
        known = type(dialects.dialect_of(connection))
        if not known(connection).collects:
            self.skipTest("this database hands over row by row")
        before = known.longest_text
        known.longest_text = 100
        try:
            found = read_queryset(Brand.objects.values_list("pk"), "i")
        finally:
            known.longest_text = before

        assert len(found[0]) == 400

    def test_server_side_cursors_can_be_switched_off(self):
        brands(3)
        before = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS", False)
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
        try:
            names = read_queryset(Brand.objects.values_list("name"), "s")[0]
        finally:
            connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = before

        assert len(names) == 3

    def test_a_date_is_midnight_of_the_shops_zone(self):
        get_user_model().objects.create(username="ada", date_joined=NOON)
        table = get_user_model()._meta.db_table

        at = read_columns("default", f"SELECT date(date_joined) FROM {table}", [], "t")[0]

        assert at.tolist() == [int(NOON.timestamp()) // 86_400 * 86_400]


def test_an_unknown_kind_of_column_is_refused():
    with pytest.raises(ValueError, match="say i, n, f, d, t, y, s or k"):
        parse_kinds("ix")


def test_clock_readings_follow_summer_time():
    from zoneinfo import ZoneInfo

    winter, summer = 1_704_110_400, 1_719_835_200  # noon of 2024-01-01 and 2024-07-01, UTC

    found = local_to_utc(np.array([winter, summer]), ZoneInfo("Europe/Berlin"))

    assert (np.array([winter, summer]) - found).tolist() == [3_600, 7_200]
    assert local_to_utc(found, None) is found


@override_settings(USE_TZ=False)
def test_an_unknown_database_says_so():
    class Unknown:
        vendor = "abacus"

    dialect = dialects.dialect_of(Unknown())

    assert not dialect.collects
    for call in (lambda: dialect.epoch("c"), lambda: dialect.collected("c")):
        with pytest.raises(NotImplementedError, match="abacus"):
            call()
