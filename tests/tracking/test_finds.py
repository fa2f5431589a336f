"""What came of searches is counted in crowds, and until there is one it says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from persona_django import counters
from persona_django.catalogue.maps import OrderMap
from persona_django.catalogue.registry import order_maps
from persona_django.identity import restrictions
from persona_django.identity.models import Standing
from persona_django.tracking import finds, searches
from persona_django.tracking.finds import What, key_of, term_of_key
from persona_django.tracking.models import SearchFind, SearchTerm
from persona_django.tracking.orders import OrderLines, order_number, read_orders
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.search_marks import take_out
from tests.deriving.doings import DAY, HOUR, ago, did, now, searched, visitor
from tests.factories import family_of, products, read_catalogue
from tests.shop.models import Order, OrderLine, Product
from tests.training.searching import are_apart, numbers_of

pytestmark = pytest.mark.django_db
MINUTE = 60
SEARCHES = ("tea", "tee", "cafe cups", "?!")
"""All that is searched for here."""


@pytest.fixture
def shop():
    """Some products, at whose finds visitors 1 to 9 are told apart."""
    while True:
        made = products(4)
        read_catalogue()
        if are_apart(range(1, 10), numbers_of(SEARCHES, map(family_of, made))):
            return made


def count() -> None:
    searches.count_over(1, now=now())


def known_term(words: str = "tea", *, asked: int = 5) -> None:
    """A crowd has asked for this before."""
    SearchTerm.objects.create(
        term=searches.term_of(words), words=words, visitors=5, asked=asked, last_at=ago(DAY)
    )


def came_of_it(
    people: Sequence[int],
    product: Product,
    *,
    words: str = "tea",
    kind: Kind = Kind.VIEW,
    hours: int = 2,
) -> None:
    """Each of them searches, and does something with a product a minute later."""
    for key in people:
        visitor(key)
        searched(key, words, at=ago(hours * HOUR))
        did(key, kind, family_of(product), at=ago(hours * HOUR - MINUTE))


def found(words: str = "tea") -> dict[tuple[str, int], int]:
    """What crowds found after a search: what and family to how many."""
    rows = SearchFind.objects.filter(term=term_of_key(key_of(words)))
    return {(What(row.what).name, row.item_id): row.visitors for row in rows}


def ordered(key: int, items: Sequence[Product], *, at: int, seconds: int = 0) -> None:
    """A visitor places an order in the shop's own tables."""
    user = get_user_model().objects.create(username=f"customer {key}")
    placed = datetime.fromtimestamp(at, tz=timezone.utc)
    order = Order.objects.create(user=user, created=placed)
    for product in items:
        OrderLine.objects.create(order=order, product=product, price=product.price)
    (order_map,) = order_maps()
    did(key, Kind.ORDERED, at=at, order=order_number(order_map, str(order.pk)))


def test_what_a_crowd_looked_at_after_a_search_is_known(shop):
    known_term()
    came_of_it(range(1, 4), shop[0])

    count()

    assert found() == {("LOOKED", family_of(shop[0])): 3}


def test_what_one_visitor_fewer_found_says_neither_what_nor_after_which_search(shop):
    known_term()
    came_of_it(range(1, 3), shop[0])

    count()

    row = SearchFind.objects.get()
    assert (row.term, row.item_id, row.what, row.visitors) == (0, 0, 0, 0)
    assert len(bytes(row.marks)) == 4


def test_of_a_search_that_no_crowd_made_nothing_is_kept(shop):
    came_of_it(range(1, 5), shop[0])

    count()

    assert not SearchFind.objects.exists()
    came_of_it([5], shop[0])
    count()
    assert SearchFind.objects.count() == 1, "now five have asked for it"


def test_one_visitor_is_one_of_a_crowd_however_often_they_come(shop):
    known_term()
    came_of_it([1], shop[0], hours=60)
    for hours in range(2, 50, 2):
        searched(1, "tea", at=ago(hours * HOUR))
        did(1, Kind.VIEW, family_of(shop[0]), at=ago(hours * HOUR - MINUTE))
    came_of_it([2], shop[0])

    count()

    assert found() == {}
    came_of_it([3], shop[0])
    count()
    assert found() == {("LOOKED", family_of(shop[0])): 3}


def test_one_customer_is_one_of_a_crowd_under_however_many_pseudonyms(shop):
    known_term()
    for key in range(1, 6):
        visitor(key, account=777)
        searched(key, "tea", at=ago(key * DAY))
        did(key, Kind.PURCHASE, family_of(shop[0]), at=ago(key * DAY - MINUTE))
        did(key, Kind.VIEW, family_of(shop[1]), at=ago(key * DAY - MINUTE))

    count()

    assert found() == {}
    came_of_it(range(6, 8), shop[1])
    count()
    assert found() == {("LOOKED", family_of(shop[1])): 3}, "the customer and two others"


@pytest.mark.parametrize("paused", [3, 777], ids=["the visitor", "the customer"])
def test_what_those_found_who_paused_since_is_not_kept(shop, paused):
    known_term()
    came_of_it(range(1, 3), shop[0])
    visitor(3, account=777)
    searched(3, "tea", at=ago(2 * HOUR))
    did(3, Kind.VIEW, family_of(shop[0]), at=ago(2 * HOUR - MINUTE))
    restrictions.restrict([paused], restrictions.Kind.PAUSED)

    count()

    assert found() == {}
    assert len(bytes(SearchFind.objects.get().marks)) == 4


def test_who_comes_again_keeps_nobody_else_s_mark_from_growing_old(shop):
    known_term()
    came_of_it([1], shop[0], hours=80 * 24)
    count()
    came_of_it([2], shop[0], hours=40 * 24)
    count()
    first = SearchFind.objects.get().last_at
    searched(2, "tea", at=ago(2 * DAY))
    did(2, Kind.VIEW, family_of(shop[0]), at=ago(2 * DAY - MINUTE))

    count()

    assert SearchFind.objects.get().last_at == first < ago(79 * DAY)


def test_no_orders_are_read_but_those_of_about_the_time(shop, monkeypatch):
    known_term()
    lines: list[OrderLines] = []

    def reading(*args: Any, **options: Any) -> OrderLines:
        lines.append(read_orders(*args, **options))
        return lines[-1]

    monkeypatch.setattr(finds, "read_orders", reading)
    for key in (1, 2):
        visitor(key)
    ordered(1, shop[0:1], at=ago(50 * DAY))
    searched(2, "tea", at=ago(2 * HOUR))
    ordered(2, shop[0:2], at=ago(2 * HOUR - MINUTE))

    count()

    assert [len(found.order) for found in lines] == [2]


def test_after_a_crowd_the_next_one_is_counted_when_it_is_complete(shop):
    known_term()
    came_of_it(range(1, 4), shop[0])
    count()
    first = SearchFind.objects.get()
    came_of_it(range(4, 6), shop[0], hours=1)
    count()
    assert found() == {("LOOKED", family_of(shop[0])): 3}
    assert SearchFind.objects.get().last_at == first.last_at, "two keep nothing fresh"

    came_of_it([6], shop[0], hours=1)
    count()

    assert found() == {("LOOKED", family_of(shop[0])): 6}
    assert bytes(SearchFind.objects.get().marks) == b""
    assert SearchFind.objects.get().last_at > first.last_at


def test_plurals_accents_and_order_are_one_search(shop):
    for words in ("caf\u00e9 cups", "cup cafe", "cafe cup"):
        known_term(words)
    for key, words in enumerate(("caf\u00e9 cups", "cup cafe", "cafe cup"), 1):
        came_of_it([key], shop[0], words=words)

    count()

    assert found("Cups, caf\u00e9") == {("LOOKED", family_of(shop[0])): 3}


def test_a_purchase_needs_its_own_crowd_of_buyers(shop):
    known_term()
    came_of_it(range(1, 5), shop[0], kind=Kind.PURCHASE)
    came_of_it(range(5, 9), shop[0], kind=Kind.CART_ADD)
    count()
    assert found() == {("CHOSEN", family_of(shop[0])): 4}

    came_of_it([9], shop[0], kind=Kind.PURCHASE)
    count()

    assert found()["BOUGHT", family_of(shop[0])] == 5


def test_orders_of_the_shop_s_own_tables_are_what_was_bought(shop):
    known_term()
    for key in range(1, 6):
        visitor(key)
        searched(key, "tea", at=ago(2 * HOUR))
        did(key, Kind.VIEW, family_of(shop[0]), at=ago(2 * HOUR - MINUTE))
        ordered(key, shop[0:2], at=ago(2 * HOUR - 2 * MINUTE))

    count()

    assert found() == {
        ("LOOKED", family_of(shop[0])): 5,
        ("BOUGHT", family_of(shop[0])): 5,
        ("BOUGHT", family_of(shop[1])): 5,
    }


def test_orders_that_cannot_be_read_hold_up_no_words(shop, monkeypatch):
    known_term()
    visitor(1)
    searched(1, "tea", at=ago(2 * HOUR))
    ordered(1, shop[0:1], at=ago(2 * HOUR - MINUTE))
    monkeypatch.setattr(OrderMap, "lines", lambda self: 1 / 0)

    assert searches.count_over(1, now=now()) == 1

    assert not SearchFind.objects.exists()
    assert counters.counts()["search_orders_unread"] == 1


def test_what_is_called_sensitive_is_found_by_nobody_any_more(shop, settings):
    known_term()
    came_of_it(range(1, 4), shop[0])
    count()
    assert finds.forget_sensitive() == 0
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Drinks",)}
    read_catalogue()

    assert finds.forget_sensitive() == 1

    assert found() == {}
    came_of_it(range(4, 8), shop[0])
    count()
    assert found() == {}
    assert finds.forget_sensitive() == 0


def test_what_is_found_after_the_next_search_was_found_after_that_one(shop):
    known_term("tee")
    known_term("tea")
    for key in range(1, 4):
        visitor(key)
        searched(key, "tee", at=ago(2 * HOUR))
        searched(key, "tea", at=ago(2 * HOUR - MINUTE))
        did(key, Kind.VIEW, family_of(shop[0]), at=ago(2 * HOUR - 2 * MINUTE))
        did(key, Kind.VIEW, family_of(shop[1]), at=ago(HOUR))

    count()

    assert found("tee") == {}
    assert found("tea") == {("LOOKED", family_of(shop[0])): 3}, "the last look is another visit"


def test_what_those_bought_whom_a_search_led_nowhere_is_known_in_the_end(shop):
    known_term("tee")
    for key in range(1, 6):
        visitor(key)
        searched(key, "tee", at=ago(2 * HOUR), results=0)
        searched(key, "tea", at=ago(2 * HOUR - MINUTE))
        did(key, Kind.PURCHASE, family_of(shop[0]), at=ago(2 * HOUR - 2 * MINUTE))

    count()

    assert found("tee") == {("IN_THE_END", family_of(shop[0])): 5}


@pytest.mark.parametrize(
    "fields", [{"standing": Standing.ROBOT}, {"standing": Standing.NEW}, {"purposes": ""}]
)
def test_what_those_found_who_do_not_count_is_not_kept(shop, fields):
    known_term()
    for key in range(1, 9):
        visitor(key, **fields)
        searched(key, "tea", at=ago(2 * HOUR))
        did(key, Kind.VIEW, family_of(shop[0]), at=ago(2 * HOUR - MINUTE))

    count()

    assert not SearchFind.objects.exists()


def test_what_the_catalogue_does_not_know_or_names_nobody_is_found_by_nobody(shop):
    known_term()
    for key in range(1, 6):
        visitor(key)
        searched(key, "tea", at=ago(2 * HOUR))
        did(key, Kind.VIEW, 987_654, at=ago(2 * HOUR - MINUTE))
        did(
            key, Kind.PURCHASE, family_of(shop[0]), at=ago(2 * HOUR - MINUTE),
            basis=Basis.AGGREGATE,
        )  # fmt: skip

    count()

    assert not SearchFind.objects.exists()


def test_before_there_is_a_catalogue_words_are_forgotten_all_the_same(db):
    known_term()
    visitor(1)
    searched(1, "tea", at=ago(2 * HOUR))
    did(1, Kind.VIEW, 5, at=ago(2 * HOUR - MINUTE))

    assert searches.count_over(1, now=now()) == 1

    assert not SearchFind.objects.exists()


def test_nobody_looks_through_more_than_so_many_results(shop, monkeypatch):
    monkeypatch.setattr(finds, "MOST_FINDS", 2)
    known_term()
    visitor(1)
    searched(1, "tea", at=ago(2 * HOUR))
    for place, product in enumerate(shop):
        did(1, Kind.VIEW, family_of(product), at=ago(2 * HOUR - place - 1))

    count()

    assert SearchFind.objects.count() == 2


def test_a_search_of_signs_alone_asks_for_nothing(shop):
    known_term("?!")
    came_of_it(range(1, 6), shop[0], words="?!")

    count()

    assert not SearchFind.objects.exists()


def test_who_is_erased_is_taken_out_of_the_crowd_that_gathers_and_counts_of_crowds_stay(shop):
    known_term()
    came_of_it(range(1, 4), shop[0])
    came_of_it(range(4, 6), shop[1])
    count()

    assert take_out([1, 4]) == 1

    assert found() == {("LOOKED", family_of(shop[0])): 3}
    assert [len(bytes(row.marks)) for row in SearchFind.objects.order_by("-visitors")] == [0, 2]


def test_a_shop_that_asks_for_larger_crowds_forgets_what_smaller_ones_found(shop, settings):
    known_term()
    came_of_it(range(1, 4), shop[0])
    count()
    settings.PERSONA = {**settings.PERSONA, "MIN_SUPPORT": 4}

    assert finds.forget_small() == 1

    assert found() == {}
    came_of_it(range(4, 7), shop[0])
    count()
    assert found() == {}
    came_of_it([7], shop[0])
    count()
    assert found() == {("LOOKED", family_of(shop[0])): 4}
