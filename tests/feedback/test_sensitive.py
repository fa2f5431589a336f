"""Items that became sensitive: nothing of what was kept before stays, in the log or in slates."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.db import connections, router, transaction
from django.db.models.signals import post_delete
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue import state
from persona_django.catalogue.models import Item
from persona_django.feedback import retention, sensitive, served
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.served import SlateNews
from persona_django.feedback.slates import read_slates
from persona_django.tracking import weeks
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.deriving.doings import DAY, ago, bits, did, saw
from tests.factories import item_id, product, read_catalogue
from tests.plans import analyse, walks_through_all

pytestmark = pytest.mark.django_db
TABLE = ServedSlate._meta.db_table


@pytest.fixture
def kit() -> int:
    return made("Kit")


@pytest.fixture
def tea() -> int:
    return made("Tea")


def made(name: str) -> int:
    shown = product(name)
    read_catalogue()
    return item_id(shown)


def mark(*items: int) -> None:
    Item.objects.filter(pk__in=items).update(sensitive=True)


def forget() -> int:
    return retention.delete_old(beat=lambda: None)


def slots_of(*items: int) -> int:
    return int(np.isin(read_slates([1, 2], since=0).item, items).sum())


@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.PURCHASE])
def test_what_was_kept_of_an_item_before_it_was_sensitive_goes(kind, kit, tea):
    for day in (0, 1, 30, 80):
        did(1, kind, kit, at=ago(day * DAY))
        did(2, kind, tea, at=ago(day * DAY))
    assert forget() == 0

    mark(kit)

    # Two of the views have been counted, too; purchases are not.
    assert forget() == (6 if kind == Kind.VIEW else 4)
    assert set(Event.objects.values_list("item_id", flat=True)) == {tea}
    assert {item for _, counts in weeks.read(1) for item in counts.item.tolist()} <= {tea}


def test_what_was_served_of_it_is_taken_out_of_its_slates(kit, tea):
    both = saw(1, [tea, kit, tea + 99], at=ago(DAY), seen=[0, 1, 2], chosen=[1], dismissed=[1, 2])
    last = saw(1, [0, tea, kit], at=ago(40 * DAY), seen=[1, 2], chosen=[2])
    other = saw(2, [tea], at=ago(DAY), seen=[0], chosen=[0])
    saw(2, [kit, 0, kit], at=ago(80 * DAY), seen=[0], chosen=[0], dismissed=[2])
    before = ServedSlate.objects.in_bulk()
    assert forget() == 0
    assert {pk: vars_of(row) for pk, row in ServedSlate.objects.in_bulk().items()} == {
        pk: vars_of(row) for pk, row in before.items()
    }

    mark(kit)

    assert forget() == 1
    left = ServedSlate.objects.in_bulk()
    assert left.keys() == {both.pk, last.pk, other.pk}
    assert slots_of(kit) == 0
    assert vars_of(left[both.pk])[1:] == (bits([0, 2]), 0, bits([2]))
    assert vars_of(left[last.pk])[1:] == (bits([1]), 0, 0)
    assert vars_of(left[other.pk]) == vars_of(before[other.pk])
    found = read_slates([1, 2], since=0)
    assert found.item[found.is_seen].tolist() == [tea, tea + 99, tea, tea]
    assert forget() == 0


def vars_of(row: ServedSlate) -> tuple[bytes, int, int, int]:
    return bytes(row.items), row.seen, row.clicked, row.dismissed


def test_a_slate_that_was_emptied_goes_on_with_what_may_be_kept(kit, tea):
    cake = made("Cake")
    mark(kit)
    news = SlateNews(
        uid=5,
        at=ago(60),
        context=0,
        block="similar-items",
        version=7,
        items={1: kit, 2: tea},
        seen=3,
    )
    served.merge(1, 1, [news])
    forget()

    assert served.merge(1, 1, [replace(news, items={2: tea, 3: cake}, seen=4)]) == [True]

    found = read_slates([1], since=0)
    assert found.item[found.is_seen].tolist() == [tea, cake]


def test_what_an_open_page_adds_meanwhile_is_not_lost(kit, tea, monkeypatch):
    row = saw(1, [kit], at=ago(60), seen=[0], chosen=[0])
    mark(kit)
    added = []

    def after_the_look(using):
        # Between the look at the slate and the write.
        if not added:
            both = np.array([kit, tea], dtype="<i8").tobytes()
            added.append(ServedSlate.objects.filter(pk=row.pk).update(items=both, seen=3))
        return transaction.atomic(using=using)

    monkeypatch.setattr(sensitive, "transaction", SimpleNamespace(atomic=after_the_look))

    assert forget() == 0

    assert added == [1]
    assert vars_of(ServedSlate.objects.get())[1:] == (bits([1]), 0, 0)
    assert (slots_of(kit), slots_of(tea)) == (0, 1)


def test_a_row_that_came_in_behind_a_pass_is_found_by_the_next(kit, tea):
    mark(kit)
    events = [did(1, Kind.VIEW, tea, at=ago(n)) for n in range(3)]
    slates = [saw(1, [tea], at=ago(n)) for n in range(3)]
    Event.objects.filter(pk=events[1].pk).delete()
    assert forget() == 0

    # A transaction that was committed late, by a process that had not heard of it.
    late = did(1, Kind.VIEW, kit, at=ago(5))
    Event.objects.filter(pk=late.pk).update(id=events[1].pk)
    held = np.array([kit], dtype="<i8").tobytes()
    ServedSlate.objects.filter(pk=slates[1].pk).update(items=held)

    assert forget() == 2
    assert not Event.objects.filter(item_id=kit).exists()
    assert slots_of(kit) == 0


def test_other_items_are_looked_for_from_the_beginning(kit, tea):
    for n in range(3):
        did(1, Kind.VIEW, tea, at=ago(n))
        saw(1, [tea, kit], at=ago(n))
    mark(kit)
    for _ in range(3):
        forget()

    mark(tea)

    assert forget() == 3 + 3
    assert not Event.objects.exists()
    assert not ServedSlate.objects.exists()


def test_what_was_looked_through_twice_is_not_read_again(kit, tea, monkeypatch):
    monkeypatch.setattr(sensitive, "EVENTS_AT_A_TIME", 5)
    monkeypatch.setattr(sensitive, "SLATES_AT_A_TIME", 10)
    mark(kit)
    for n in range(20):
        did(1, Kind.VIEW, tea, at=ago(n))
        saw(1, [tea], at=ago(2 * DAY + n))

    assert [pages_of_a_pass() for _ in range(3)] == [4 + 2, 4 + 2, 0]

    did(1, Kind.VIEW, tea, at=ago(0))
    assert [pages_of_a_pass() for _ in range(3)] == [1, 1, 0]


def test_a_slate_that_is_still_added_to_is_looked_at_in_every_pass(kit, tea):
    mark(kit)
    old, young = saw(1, [tea], at=ago(2 * DAY)), saw(1, [tea], at=ago(60))
    saw(2, [tea], at=ago(2 * DAY))
    for _ in range(3):
        forget()

    # By a process that has not heard of it for hours.
    more = np.array([tea, kit], dtype="<i8").tobytes()
    ServedSlate.objects.filter(pk__in=[old.pk, young.pk]).update(items=more, seen=3)
    forget()

    left = ServedSlate.objects.in_bulk()
    assert vars_of(left[young.pk])[:2] == (np.array([tea], dtype="<i8").tobytes(), 1)


def test_the_rows_of_a_quiet_store_are_passed_with_all_others(kit, tea, monkeypatch):
    monkeypatch.setattr(sensitive, "EVENTS_AT_A_TIME", 5)
    mark(kit)
    state.bump("catalogue", store=2)
    for n in range(9):
        did(1, Kind.VIEW, tea, at=ago(n), store=1 + n // 8)

    assert [pages_of_a_pass() for _ in range(3)] == [2, 2, 0]


def test_new_items_are_looked_for_in_everything_but_never_keep_a_pass_from_its_end(
    kit, tea, monkeypatch
):
    monkeypatch.setattr(sensitive, "EVENTS_AT_A_TIME", 3)
    others = [made(f"Other {n}") for n in range(12)]
    for n in range(6):
        did(1, Kind.VIEW, tea, at=ago(n))
    saw(1, [kit, tea], at=ago(0))
    mark(kit)
    done = []
    for other in others:
        # A feed that calls one more sensitive before each message.
        mark(other)
        done.append(retention.delete_some(seconds=0, beat=lambda: None))

    assert slots_of(kit) == 0
    did(1, Kind.VIEW, others[-1], at=ago(0))
    while not retention.delete_some(seconds=0, beat=lambda: None):
        pass
    assert set(Event.objects.values_list("item_id", flat=True)) == {tea}


def pages_of_a_pass() -> int:
    pages: list[None] = []
    sensitive.forget_marked(beat=lambda: None, on_page=lambda: pages.append(None))
    return len(pages)


def test_a_chunk_of_the_job_goes_on_where_the_last_one_stopped(kit, tea, monkeypatch):
    monkeypatch.setattr(sensitive, "EVENTS_AT_A_TIME", 3)
    monkeypatch.setattr(sensitive, "SLATES_AT_A_TIME", 4)
    mark(kit)
    for n in range(10):
        did(1, Kind.VIEW, kit, at=ago(n))
        saw(1, [kit, tea], at=ago(n))
    left = []

    def look() -> bool:
        is_done = retention.delete_some(seconds=0, beat=lambda: None)
        left.append((Event.objects.count(), slots_of(kit)))
        return is_done

    assert [look() for _ in range(8)] == [False] * 7 + [True]
    assert left == [(7, 10), (4, 10), (1, 10), (0, 10), (0, 6), (0, 2), (0, 0), (0, 0)]


def test_a_large_log_without_any_of_it_is_looked_through_in_chunks_too(kit, tea, monkeypatch):
    monkeypatch.setattr(sensitive, "EVENTS_AT_A_TIME", 3)
    mark(kit)
    for n in range(10):
        did(1, Kind.VIEW, tea, at=ago(n))

    done = [retention.delete_some(seconds=0, beat=lambda: None) for _ in range(5)]

    assert done == [False] * 4 + [True]


def test_both_tables_are_passed_along_their_keys(kit, monkeypatch):
    monkeypatch.setattr(sensitive, "EVENTS_AT_A_TIME", 100)
    monkeypatch.setattr(sensitive, "SLATES_AT_A_TIME", 100)
    mark(kit)
    Event.objects.bulk_create(
        Event(shopper=n, uid=n, kind=Kind.VIEW, item_id=1, at=ago(n * 2_000)) for n in range(3_000)
    )
    ServedSlate.objects.bulk_create(
        ServedSlate(shopper=n, uid=n, at=ago(n * 2_000), items=bytes(8)) for n in range(3_000)
    )
    analyse(Event, ServedSlate)

    with CaptureQueriesContext(connections[router.db_for_write(Event)]) as asked:
        assert pages_of_a_pass() == 60

    tables = (Event._meta.db_table, TABLE)
    reads = [one["sql"] for one in asked if any(table in one["sql"] for table in tables)]
    assert len(reads) > 2 * 60
    assert [one for one in reads if walks_through_all(one)] == []


@pytest.mark.django_db(transaction=True)
def test_a_shop_that_listens_to_all_deletions_does_not_make_it_read_before_it_writes(kit):
    """SQLite refuses the first write of a transaction that has read, where another one wrote."""
    saw(1, [kit], at=ago(60))
    mark(kit)

    def hear(**kwargs: Any) -> None:
        """A search index of the shop's."""

    post_delete.connect(hear)
    try:
        with CaptureQueriesContext(connections[router.db_for_write(ServedSlate)]) as asked:
            assert forget() == 1
    finally:
        post_delete.disconnect(hear)

    statements = [one["sql"] for one in asked]
    at = next(n for n, sql in enumerate(statements) if sql.startswith("DELETE") and TABLE in sql)
    assert statements[at - 1].startswith("BEGIN")
