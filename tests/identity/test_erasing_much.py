"""However much is stored of others, and however many were erased, erasing stays bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django.identity import holdings, restrictions
from persona_django.identity.erasure import bury, erase, replay
from persona_django.identity.holdings import CHUNK_ROWS, of_table
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.subjects import subject_of_customer, subject_of_keys
from persona_django.tracking.models import Event, SearchTerm
from persona_django.tracking.search_marks import marks_of
from tests.api.test_mine import ME, told, visiting
from tests.browsing import FROM_COOKIE
from tests.identity.held import TERM, hold_everything, rows_of
from tests.shop.models import Order

pytestmark = pytest.mark.django_db

HERS, OTHERS = 4_711, 8_888


def asking(model: type) -> CaptureQueriesContext:
    return CaptureQueriesContext(connections[router.db_for_write(model)])


def that_read(captured: CaptureQueriesContext, model: type) -> int:
    name = model._meta.db_table
    said = [query["sql"] for query in captured.captured_queries]
    return sum(sql.startswith("SELECT") and f"FROM {name}" in _bare(sql) for sql in said)


def _bare(sql: str) -> str:
    return sql.replace('"', "").replace("`", "")


def terms(n: int, *shoppers: int) -> None:
    SearchTerm.objects.bulk_create(
        SearchTerm(term=number, marks=marks_of(shoppers, number).tobytes(), visitors=len(shoppers))
        for number in range(1, n + 1)
    )


def test_whoever_erases_their_own_waits_for_no_walk_through_what_others_searched_for(settings):
    cache.clear()
    settings.PERSONA = {**settings.PERSONA, **FROM_COOKIE}
    client, key = visiting()
    terms(3, key, OTHERS)

    with asking(SearchTerm) as captured:
        answer = client.delete(ME)

    assert that_read(captured, SearchTerm) == 0
    assert answer.status_code == 200
    assert answer.json()["later"] == ["evidence of weeks", "search counts", "work in progress"]
    assert rows_of(key) == 0 and not any(told(client.get(ME)).values())

    replay()

    assert [
        bytes(one.marks) for one in SearchTerm.objects.exclude(term=TERM).order_by("term")
    ] == [marks_of([OTHERS], number).tobytes() for number in (1, 2, 3)]


def test_of_a_long_history_as_much_goes_as_somebody_waits_for_and_the_rest_with_the_next_sweep():
    hold_everything(HERS, events=2 * CHUNK_ROWS + 3)

    done = erase(subject_of_keys([HERS]), seconds=0)

    assert done.rows["events"] == CHUNK_ROWS
    assert done.left == ("events", "evidence of weeks", "search counts", "work in progress")
    assert restrictions.is_erased(HERS)
    assert replay().rows["events"] == CHUNK_ROWS + 3
    assert not Event.objects.exists()


@pytest.mark.parametrize("goes_through_all", [False, True])
def test_tables_of_the_shops_are_emptied_however_long_that_takes(goes_through_all):
    anna = get_user_model().objects.create(username="anna")
    created = "2026-01-02T03:04:05Z"
    Order.objects.bulk_create(Order(user=anna, created=created) for _ in range(2 * CHUNK_ROWS + 3))
    table = of_table(Order, name="orders", about="Yours.", by="user_id", holds="customer")
    holdings.register(replace(table, goes_through_all=goes_through_all))
    hold_everything(HERS, account=keyed("customer", str(anna.pk)), events=2 * CHUNK_ROWS + 3)

    try:
        done = erase(subject_of_customer(anna.pk), seconds=0)
    finally:
        holdings.unregister("orders")

    assert done.rows["orders"] == 2 * CHUNK_ROWS + 3
    assert not Order.objects.exists()
    # No tombstone finds the shop's rows, so they wait for no sweep; ours do.
    assert done.left == ("events", "evidence of weeks", "search counts", "work in progress")


def test_a_replay_goes_through_all_searches_once_however_many_were_erased():
    bury(range(1, 2_001))
    terms(3, 7, OTHERS)

    with asking(SearchTerm) as captured:
        done = replay()

    # Once with what is there, once to see that nothing is left.
    assert that_read(captured, SearchTerm) == 2
    assert done.rows["search counts"] == 3
    assert {one.visitors for one in SearchTerm.objects.all()} == {1}


def test_a_replay_hears_once_of_all_whose_browsers_a_backup_linked_again():
    accounts = range(1, 2_001)
    bury(accounts)
    Visitor.objects.bulk_create(
        Visitor(key=10_000 + account, account=account, purposes="measure") for account in accounts
    )

    with asking(Restriction) as captured:
        replay()

    whole = [
        query["sql"]
        for query in captured.captured_queries
        if "FROM persona_restriction ORDER BY" in _bare(query["sql"])
    ]
    assert len(whole) <= 2
    assert not Visitor.objects.exists()
    assert restrictions.is_erased(10_001) and restrictions.is_erased(12_000)
