"""Erasing takes everything of one person and of nobody else, and nothing brings it back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django import counters
from persona_django.catalogue.state import read_state
from persona_django.identity import erasure, holdings, restrictions
from persona_django.identity.erasure import ERASURES, bury, erase, export, replay, tombstones
from persona_django.identity.holdings import CHUNK_ROWS, of_table
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.shoppers import Shopper
from persona_django.identity.subjects import Subject, subject_of_customer, subject_of_keys
from persona_django.tracking.ingest import NewEvent, insert
from persona_django.tracking.models import SearchTerm
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.shop_calls import track
from persona_django.tracking.writing import insert_columns
from tests.identity.held import counts_of, hold_everything, rows_of
from tests.second_writer import beside_a_second_writer
from tests.shop.models import Order, OrderLine, Product
from tests.tracking.catalogue import stocked
from tests.tracking.test_writing import columns

pytestmark = pytest.mark.django_db

HERS, ELSEWHERE, OTHERS, LATE = 4_711, 4_712, 8_888, 9_999


@pytest.fixture
def anna() -> Any:
    return get_user_model().objects.create(username="anna")


def two_people(anna: Any) -> Subject:
    customer = keyed("customer", str(anna.pk))
    hold_everything(HERS, account=customer)
    hold_everything(ELSEWHERE, account=customer)
    hold_everything(OTHERS)
    insert([NewEvent(shopper=customer, uid=1, kind=Kind.SAVE, item_id=1, at=1_800_000_000,
                     basis=Basis.CUSTOMER)])  # fmt: skip
    return subject_of_customer(anna.pk)


def test_everything_of_one_person_goes_and_nothing_of_another(anna):
    subject = two_people(anna)
    others = rows_of(OTHERS)

    done = erase(subject)

    assert rows_of(*subject.keys) == 0
    assert rows_of(OTHERS) == others
    assert done.rows == {
        "visitors": 2, "events": 7, "searches": 2, "evidence of weeks": 2, "search counts": 2,
        "recommendations": 2, "work in progress": 0,
    }  # fmt: skip
    assert not done.failed
    assert (counts_of(*subject.keys), counts_of(OTHERS)) == (0, 1)
    assert all(map(restrictions.is_erased, subject.keys))
    assert not restrictions.is_restricted(OTHERS)


def test_the_marks_of_searches_go_one_by_one_and_the_crowd_is_counted_right(anna):
    subject = two_people(anna)
    (before,) = SearchTerm.objects.all()
    assert before.visitors == 3

    erase(subject)

    (after,) = SearchTerm.objects.all()
    assert (after.visitors, len(bytes(after.marks))) == (1, 2)


def test_erasing_again_finds_nothing_and_moves_nothing(anna):
    subject = two_people(anna)
    erase(subject)
    stones, moved = list(tombstones()), read_state(fresh=True)[ERASURES]

    again = erase(subject)

    assert not any(again.rows.values())
    assert list(tombstones()) == stones
    assert read_state(fresh=True)[ERASURES] == moved


def test_nobody_is_erased_without_a_word():
    assert erase(Subject()).rows == {}
    assert not Restriction.objects.exists()


@pytest.mark.parametrize("at", range(1, 8))
def test_an_erasure_that_was_killed_is_finished_by_the_next_sweep(anna, at):
    subject = two_people(anna)
    others = rows_of(OTHERS)

    class Killed(BaseException):
        """What a signal or a power cut is to the code that it hits."""

    chunks = iter(range(1, 100))

    def beat() -> None:
        if next(chunks) == at:
            raise Killed

    try:
        erase(subject, on_chunk=beat)
    except Killed:
        assert all(map(restrictions.is_erased, subject.keys))
    replay()

    assert rows_of(*subject.keys) == 0
    assert rows_of(OTHERS) == others


def test_a_long_history_goes_in_chunks_that_let_others_write(anna):
    hold_everything(HERS, events=CHUNK_ROWS + 3)
    beats = []

    erase(subject_of_keys([HERS]), on_chunk=lambda: beats.append(rows_of(HERS)))

    assert rows_of(HERS) == 0
    assert len(beats) == 8  # seven holdings, one of them in two chunks


def test_what_comes_late_under_an_erased_number_is_dropped(
    anna, django_capture_on_commit_callbacks
):
    """A message that was on its way, an import that is repeated, the shop's own code."""
    tea, item = stocked()
    subject = two_people(anna)
    erase(subject)
    late = NewEvent(shopper=HERS, uid=99, kind=Kind.VIEW, item_id=item, at=1_800_000_000)
    also = NewEvent(shopper=OTHERS, uid=99, kind=Kind.VIEW, item_id=item, at=1_800_000_000)

    assert insert([late, also]) == 1
    stored = insert_columns(columns(2, shopper=[HERS, OTHERS], uid=[50, 51]))
    with django_capture_on_commit_callbacks(execute=True):
        track(Shopper(customer=keyed("customer", str(anna.pk))), "cart_add", tea)

    assert stored == 1
    assert rows_of(*subject.keys) == 0


def test_what_a_restored_backup_brought_back_goes_again(anna):
    subject = two_people(anna)
    erase(subject)
    kept = list(tombstones())
    Restriction.objects.all().delete()
    hold_everything(HERS, account=keyed("customer", str(anna.pk)))
    restrictions.forget()

    for key, at in kept:
        bury([key], at=at)
    done = replay()

    assert done.rows["events"] == 3
    assert rows_of(*subject.keys) == 0
    assert list(tombstones()) == kept


def test_a_sweep_may_be_of_late_tombstones_only():
    hold_everything(HERS)
    hold_everything(OTHERS)
    bury([HERS], at=100)
    bury([OTHERS], at=200)

    replay(since=150)

    assert rows_of(OTHERS) == 0
    assert rows_of(HERS) > 0


def test_a_table_of_the_shop_is_erased_on_sqlite_while_others_write(tmp_path):
    holding = holdings.register(
        of_table(Order, name="orders", about="What you ordered.", by="user_id", holds="customer")
    )
    try:
        with beside_a_second_writer(tmp_path):
            anna = get_user_model().objects.create(username="anna")
            order = Order.objects.create(
                user=anna, email="a@b.example", created="2026-01-02T03:04:05Z"
            )
            OrderLine.objects.create(
                order=order,
                product=Product.objects.create(name="Tea", price=4),
                quantity=1,
                price=4,
            )

            done = erase(subject_of_customer(anna.pk))

            assert (done.rows["orders"], done.failed) == (1, ())
            assert not OrderLine.objects.exists()
    finally:
        holdings.unregister(holding.name)


def test_a_shop_can_have_its_own_tables_told_and_erased(anna):
    holding = holdings.register(
        of_table(Order, name="orders", about="What you ordered.", by="user_id", holds="customer")
    )
    bert = get_user_model().objects.create(username="bert")
    for user in (anna, bert):
        Order.objects.create(user=user, email="a@b.example", created="2026-01-02T03:04:05Z")
    try:
        told = export(subject_of_customer(anna.pk))["data"][-1]
        done = erase(subject_of_customer(anna.pk))
    finally:
        holdings.unregister(holding.name)

    assert told["name"] == "orders"
    assert [row["email"] for row in told["rows"]] == ["a@b.example"]
    assert told["rows"][0]["created"].startswith("2026-01-02T03:04:05")
    assert set(told["rows"][0]) == set(told["fields"])
    assert done.rows["orders"] == 1
    assert [order.user for order in Order.objects.all()] == [bert]


def test_a_table_of_the_shops_that_fails_is_named_and_keeps_nothing_else_from_going(anna):
    def fail(subject: Subject, most: int) -> int:
        raise RuntimeError("no such table")

    holdings.register(
        holdings.Holding(
            name="broken", about="", fields={}, tell=lambda subject: iter(()), erase=fail
        )
    )
    subject = two_people(anna)
    try:
        done = erase(subject)
    finally:
        holdings.unregister("broken")

    assert done.failed == ("broken",)
    assert rows_of(*subject.keys) == 0
    assert counters.counts()["erasure_incomplete"] == 1


def test_a_table_of_ours_that_fails_is_an_error(monkeypatch, anna):
    subject = two_people(anna)
    monkeypatch.setattr(erasure, "_empty", _refuse)

    with pytest.raises(RuntimeError):
        erase(subject)

    assert Visitor.objects.exists()


def _refuse(*given: Any) -> int:
    raise RuntimeError("the database is away")


def test_a_visitor_who_was_linked_while_the_erasure_went_on_goes_with_the_next_sweep(anna):
    """By a process that had not heard of it yet."""
    subject = two_people(anna)
    erase(subject)
    hold_everything(LATE, account=keyed("customer", str(anna.pk)))
    moved = read_state(fresh=True)[ERASURES]

    done = replay()

    assert rows_of(LATE) == 0
    assert done.rows["events"] == 3
    assert restrictions.is_erased(LATE)
    assert read_state(fresh=True)[ERASURES] > moved
    assert rows_of(OTHERS) > 0


def test_a_visitor_who_was_linked_after_the_subject_was_found_goes_with_the_erasure(anna):
    subject = two_people(anna)
    hold_everything(LATE, account=keyed("customer", str(anna.pk)))

    erase(subject)

    assert rows_of(LATE) == 0
    assert restrictions.is_erased(LATE)


def test_a_file_of_many_tombstones_is_put_up_at_once_each_with_its_time():
    stones = {key: 1_700_000_000 + key for key in range(1, 2_001)}
    before = read_state(fresh=True).get(restrictions.REVISION, 0)

    with CaptureQueriesContext(connections[router.db_for_write(Restriction)]) as asked:
        assert bury(stones) == 2_000

    assert dict(tombstones()) == stones
    assert read_state(fresh=True)[restrictions.REVISION] == before + 1
    assert len(asked) < 40
    assert bury(stones) == 0


@pytest.mark.parametrize("kind", [restrictions.Kind.ERASED, restrictions.Kind.PAUSED])
@pytest.mark.django_db(transaction=True)
def test_no_transaction_of_a_tombstone_or_a_pause_begins_by_reading(kind):
    """SQLite refuses the first write of one that did, where another one wrote in between."""
    restrictions.restrict([1, 2], restrictions.Kind.PAUSED)

    with CaptureQueriesContext(connections[router.db_for_write(Restriction)]) as asked:
        restrictions.restrict([2, 3], kind, moving=[ERASURES])

    said = [query["sql"].split()[0].upper() for query in asked.captured_queries]
    assert next(word for word in said if word in ("SELECT", "INSERT", "UPDATE")) == "UPDATE"
