"""Inside the shop's own transaction: it is never spoilt, and costs no more than it must."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from persona_django.serving.guard import unharmed
from persona_django.serving.recommend import recommend
from tests.factories import product, products, publish_neighbours, read_catalogue
from tests.serving.test_page import ann, shop, statements, visit, warm  # noqa: F401
from tests.shop.models import Product

pytestmark = pytest.mark.django_db

IS_POSTGRESQL = connection.vendor == "postgresql"


def savepoints(found) -> int:
    return sum(sql.startswith("SAVEPOINT") for sql in found.others)


def test_a_page_of_several_blocks_makes_one_savepoint_on_postgresql_and_none_elsewhere(
    client,
    shop,  # noqa: F811
):
    warm(client, shop[0])

    html, found = visit(client, shop[1])

    assert html.count("<section") == 2
    assert savepoints(found) == (1 if IS_POSTGRESQL else 0)


def test_a_block_that_asks_nothing_makes_no_savepoint():
    products(3)
    read_catalogue()
    recommend(None, "reorder")

    with statements() as found:
        recommend(None, "reorder")

    assert found.others == []


def test_what_the_database_refused_inside_is_undone_and_the_shop_goes_on():
    product("Before")

    with pytest.raises(DatabaseError), unharmed(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")

    assert product("After").pk


def test_a_transaction_inside_ours_is_undone_with_it():
    def nested():
        with unharmed(), transaction.atomic():
            product("Inside")
            with transaction.atomic(savepoint=False), connection.cursor() as cursor:
                cursor.execute("SELECT * FROM no_such_table")

    with pytest.raises(DatabaseError):
        nested()

    assert not Product.objects.exists()


def test_what_went_well_inside_stays():
    with unharmed():
        product("Inside")

    assert Product.objects.count() == 1


@pytest.mark.skipif(not IS_POSTGRESQL, reason="elsewhere a failed statement spoils nothing")
def test_a_refusal_that_somebody_swallowed_is_noticed_at_the_end():
    def swallows():
        with unharmed(), connection.cursor() as cursor:
            try:
                cursor.execute("SELECT * FROM no_such_table")
            except DatabaseError:
                return

    with pytest.raises(DatabaseError):
        swallows()

    assert not Product.objects.exists()


def test_neighbours_that_cannot_be_read_leave_the_shop_s_transaction_usable(monkeypatch):
    tea, mug = products(2)
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40)]})

    def refuse(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    monkeypatch.setattr("persona_django.serving.page.neighbours_of", refuse)

    assert "migrate" in recommend(None, "similar-items", seeds=tea).why_empty
    assert Product.objects.count() == 2
