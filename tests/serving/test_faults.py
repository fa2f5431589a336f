"""Whatever breaks, the page goes on without the block, and the log says what to do."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from persona_django import counters
from persona_django.artefacts.models import ArtefactPart
from persona_django.catalogue import registry, state
from persona_django.catalogue.maps import ItemMap
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.serving.recommend import recommend
from tests.catalogue.tables import without_tables
from tests.factories import mapped, product, publish_neighbours, publish_popular, read_catalogue
from tests.shop.models import Brand, Category, Product

pytestmark = pytest.mark.django_db
NAMES = (
    "similar-items, bought-together, bought-after, viewed-next, viewed-then-bought, for-you, "
    "trending, popular, new-arrivals, reorder"
)


@pytest.fixture
def shop():
    tea, pot, mug = product("Tea"), product("Pot"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40), (pot, 0.5, 30)]})
    return tea, pot, mug


def asked(seed: Any, slug: str = "similar-items"):
    return recommend(None, slug, seeds=[seed])


def test_an_unknown_block_is_empty_and_the_log_names_the_known_ones(shop, caplog):
    slate = asked(shop[0], "similar-itmes")

    assert not slate
    assert NAMES in slate.why_empty
    assert NAMES in caplog.text
    assert counters.counts() == {"unknown_block": 1}


def test_an_item_that_is_not_registered_is_empty_and_the_log_says_where_to_register(shop, caplog):
    slate = asked(Brand.objects.create(name="Leaf"))

    assert not slate
    assert "shop.Brand" in slate.why_empty
    assert "persona.py" in caplog.text
    assert counters.counts() == {"not_registered": 1}


@pytest.mark.parametrize("seed", ["", None])
def test_a_variable_that_is_misspelt_in_a_template_is_said_to_be_empty(shop, seed):
    assert "variable in the template" in asked(seed).why_empty


@pytest.mark.parametrize("seed", [31, object(), 1.5, {"pk": 3}, "no.model:3", ("x.y", 3), "a\0b"])
def test_a_seed_that_is_no_product_is_refused_in_words(shop, seed):
    slate = asked(seed)

    assert not slate
    assert slate.why_empty


def test_a_size_that_is_no_number_costs_the_block(shop):
    slate = recommend(None, "similar-items", seeds=[shop[0]], size="six")

    assert "size='six' is no number of items. Write a whole number" in slate.why_empty
    assert counters.counts() == {"not_possible": 1}


def test_an_empty_shop_is_told_to_read_its_catalogue():
    slate = recommend(None, "similar-items")

    assert not slate
    assert "persona_sync" in slate.why_empty


def test_a_shop_without_products_is_told_that_nothing_is_on_sale():
    read_catalogue()

    assert "persona_sync" in recommend(None, "similar-items").why_empty


def test_a_shop_that_sold_out_is_told_so():
    product("Tea", stock=0)
    read_catalogue()

    assert "on sale" in recommend(None, "similar-items").why_empty


def test_visible_that_leaves_nothing_is_named_as_the_reason(shop):
    Product.objects.update(is_active=False)

    assert "visible()" in asked(shop[0]).why_empty


def test_a_block_whose_items_are_all_left_out_says_so():
    tea, pot = product("Tea"), product("Pot")
    read_catalogue()

    assert "left out" in recommend(None, "similar-items", seeds=tea, cart=pot).why_empty


def test_a_shop_of_one_product_has_nothing_to_show_beside_it():
    tea = product("Tea")
    read_catalogue()

    assert "only this product" in asked(tea).why_empty


@pytest.mark.parametrize("already_there", [0, 1])
def test_products_that_came_after_the_last_snapshot_are_waited_for(already_there):
    tea = [product("Tea") for _ in range(already_there)]
    read_catalogue()
    product("Pot")
    sync()

    told = recommend(None, "similar-items", seeds=tea).why_empty

    assert "changed since its last snapshot" in told
    assert "persona_sync" in told


@pytest.mark.django_db(transaction=True)
def test_before_migrate_the_page_is_told_to_migrate_and_afterwards_no_more(caplog):
    state.forget()
    with without_tables():
        before = recommend(None, "similar-items").why_empty
    with override_settings(PERSONA={"STATE_MAX_AGE": timedelta(0)}):
        after = recommend(None, "similar-items").why_empty

    assert "manage.py migrate" in before
    assert "persona_sync" not in before
    assert "persona_sync" in after


# -- the shop's own code raises, at every hook ---------------------------------------------------


class Weird(Exception):
    """Nothing that anybody expects."""


def raises(*args: Any) -> Any:
    raise Weird("the shop's own fault")


HOOKS = {
    "queryset": lambda self: raises(),
    "visible": lambda self, queryset, audience: raises(),
    "title": lambda self, obj: raises(),
    "price": lambda self, obj: raises(),
    "compare_at_price": lambda self, obj: raises(),
    "url": lambda self, obj: raises(),
    "images": lambda self, obj: raises(),
    "available": lambda self, obj: raises(),
    "stock": lambda self, obj: raises(),
    "currency": lambda self, obj: raises(),
}
ANSWERS = {
    "visible_none": {"visible": lambda self, queryset, audience: None},
    "visible_list": {"visible": lambda self, queryset, audience: [1, 2]},
    "title_none": {"title": lambda self, obj: None},
    "title_blank": {"title": lambda self, obj: "  "},
    "stock_text": {"stock": lambda self, obj: "plenty"},
    "price_unlike": {"compare_at_price": lambda self, obj: "free"},
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_map_that_raises_costs_its_items_and_is_named_in_the_log(shop, caplog, hook):
    with mapped(Product, **{hook: HOOKS[hook]}):
        slate = asked(shop[0])

    assert not slate
    assert sum(counters.counts().values()) >= 1
    assert "persona.py" in caplog.text


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_map_that_answers_nonsense_costs_its_items(shop, answer):
    with mapped(Product, **ANSWERS[answer]):
        assert not asked(shop[0])
    assert counters.counts()["broken_map"] >= 1


def test_one_odd_product_costs_its_own_place_only(shop):
    def title(self, obj):
        return raises() if obj.name == "Mug" else obj.name

    with mapped(Product, title=title):
        assert [slot.title for slot in asked(shop[0])] == ["Pot"]


def test_a_broken_map_of_one_model_leaves_the_others_alone(shop):
    with mapped(Product):
        registry.register(Category)(
            type("Broken", (ItemMap,), {"title": "path", "price": "pk", "url": "pk", **_BROKEN})
        )
        read_catalogue()
        assert len(asked(shop[0])) == 2


_BROKEN = {"visible": lambda self, queryset, audience: raises()}


def test_the_same_fault_is_logged_once_a_minute_and_counted_every_time(shop, caplog):
    for _ in range(5):
        asked(shop[0], "no-such-block")

    assert counters.counts()["unknown_block"] == 5
    assert len([r for r in caplog.records if "no-such-block" in r.getMessage()]) == 1


def test_a_log_that_cannot_be_written_does_not_reach_the_page(shop):
    class Full(logging.Handler):
        def emit(self, record):
            raise OSError("disk full")

    logger = logging.getLogger("persona_django")
    logger.addHandler(handler := Full())
    try:
        assert not asked(shop[0], "no-such-block")
    finally:
        logger.removeHandler(handler)


# -- the database ---------------------------------------------------------------------------------


def test_a_failing_database_costs_the_block_and_not_the_shop_s_transaction(shop):
    def fail(execute, sql, params, many, context):
        if "shop_product" in sql and "IN (" in sql:
            # A statement that fails in the database itself, not only in Python.
            return execute("SELECT * FROM there_is_no_such_table", (), many, context)
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(fail):
            slate = asked(shop[0])
        Product.objects.filter(pk=shop[0].pk).update(name="Still sold")

    assert not slate
    assert counters.counts()["database"] == 1
    assert Product.objects.get(pk=shop[0].pk).name == "Still sold"


def test_a_database_that_is_away_costs_the_block(shop):
    def away(execute, sql, params, many, context):
        raise DatabaseError("server closed the connection unexpectedly")

    state.forget()
    with connection.execute_wrapper(away):
        slate = asked(shop[0])

    assert not slate
    assert "server closed the connection" in slate.why_empty


def test_a_product_deleted_between_its_number_and_its_render_makes_room(shop):
    """The products are asked for after the neighbours; whatever went in between is gone."""
    tea, _, mug = shop
    deleted = threading.Event()

    def delete_first(execute, sql, params, many, context):
        if "shop_product" in sql and "IN (" in sql and not deleted.is_set():
            deleted.set()
            Product.objects.filter(pk=mug.pk).delete()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(delete_first):
        slate = asked(tea)

    assert [slot.title for slot in slate] == ["Pot"]


def test_keys_that_changed_their_type_name_nothing_and_break_nothing(shop):
    Item.objects.filter(title="Mug").update(key="c0ffee", ref=ref_of("shop.product", "c0ffee"))
    build_snapshot()
    state.forget()

    assert [slot.title for slot in asked(shop[0])] == ["Pot"]


# -- switched off ---------------------------------------------------------------------------------


@override_settings(PERSONA={"ENABLED": False})
def test_switched_off_nothing_is_asked_and_nothing_is_shown(shop, django_assert_num_queries):
    with django_assert_num_queries(0):
        slate = asked(shop[0])

    assert not slate
    assert slate.why_empty == ""
    assert counters.counts() == {}


def test_what_is_popular_being_unreadable_falls_back_to_the_newest():
    tea, pot = product("Tea"), product("Pot")
    read_catalogue()
    version = publish_popular([tea, pot])
    ArtefactPart.objects.filter(artefact_id=version.artefact_id).update(data=b"damaged")

    slate = recommend(None, "similar-items")

    assert [slot.reason.code for slot in slate] == ["newest", "newest"]
    assert counters.counts()["popular_unusable"] == 1
