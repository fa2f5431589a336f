"""Neighbours of the live version, for at most one query, and never of two versions at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections, router, transaction

from persona_django.catalogue import state
from persona_django.catalogue.models import State
from persona_django.similarity import lookup
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.relations import BOUGHT_TOGETHER, SIMILAR
from tests.similarity.made import go_live

pytestmark = pytest.mark.django_db

OLD = {1: [(2, 0.5, 9)], 2: [(1, 0.5, 9)]}
NEW = {1: [(3, 0.7, 12)], 3: [(1, 0.7, 12)]}


def found(*item_ids: int, relation: int = SIMILAR) -> dict[int, list[int]]:
    answer = neighbours_of(item_ids)
    return {item: row.item_id.tolist() for (kind, item), row in answer.items() if kind == relation}


def test_the_neighbours_of_the_live_version_are_found_best_first():
    go_live({1: [(2, 0.9, 9), (3, 0.5, 8), (4, 0.1, 7)]}, version=5)

    assert found(1) == {1: [2, 3, 4]}


def test_an_item_without_neighbours_is_left_out():
    go_live(OLD, version=5)

    assert found(1, 99) == {1: [2]}


def test_before_the_first_version_nothing_is_found():
    assert found(1) == {}


def test_both_relations_come_with_one_query_and_so_does_the_state(django_assert_num_queries):
    go_live(OLD, version=5)
    go_live({1: [(9, 0.3, 6)]}, version=6, kind="bought-together")
    neighbours_of([77])
    state.forget()
    lookup.forget()
    lookup._table_seen.set()

    with django_assert_num_queries(1):
        answer = neighbours_of([1, 2])
        versions = dict(state.read_state())

    assert set(answer) == {(SIMILAR, 1), (SIMILAR, 2), (BOUGHT_TOGETHER, 1)}
    assert versions == {"similar": 5, "bought-together": 6}


def test_only_the_relations_asked_for_are_read():
    go_live(OLD, version=5)
    go_live({1: [(9, 0.3, 6)]}, version=6, kind="bought-together")

    assert set(neighbours_of([1], relations=[BOUGHT_TOGETHER])) == {(BOUGHT_TOGETHER, 1)}


def test_what_was_read_is_remembered_also_that_there_is_nothing(django_assert_num_queries):
    go_live(OLD, version=5)
    first = found(1, 2, 99)

    with django_assert_num_queries(0):
        assert found(1, 2, 99) == first


def test_only_what_is_missing_is_read_again(django_assert_num_queries):
    go_live(OLD, version=5)
    found(1)

    with django_assert_num_queries(1):
        assert found(1, 2) == {1: [2], 2: [1]}


def test_a_publish_is_seen_once_the_state_is_read_again():
    go_live(OLD, version=5)
    assert found(1, 3) == {1: [2]}

    go_live(NEW, version=6, fence=2)
    state.forget()

    assert found(1, 3) == {1: [3], 3: [1]}


def test_memory_is_bounded_and_the_longest_unused_goes_first(settings):
    settings.PERSONA = {**settings.PERSONA, "PROCESS_CACHE_MB": 1}
    go_live({item: [(1 + item % 2000, 0.5, 9)] for item in range(1, 2001)}, version=5)

    for start in range(1, 2001, 100):
        neighbours_of(range(start, start + 100))

    assert 0 < lookup.remembered_bytes() <= 1_000_000


def test_a_damaged_row_is_reported_and_shows_nothing(caplog):
    go_live(OLD, version=5)
    NeighbourRow.objects.filter(item_id=1).update(data=b"damaged")

    assert found(1, 2) == {2: [1]}
    assert any("persona_rebuild" in message for message in caplog.messages)


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_is_an_empty_answer_and_one_line_in_the_log(caplog):
    with no_table_of_neighbours():
        assert [found(1), found(1)] == [{}, {}]

    assert sum("migrate" in message for message in caplog.messages) == 1


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_does_not_spoil_the_shops_transaction():
    with no_table_of_neighbours(), transaction.atomic():
        assert found(1) == {}
        assert not State.objects.exists()


@contextmanager
def no_table_of_neighbours() -> Iterator[None]:
    table = NeighbourRow._meta.db_table
    rows = connections[router.db_for_write(NeighbourRow)]
    with rows.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO not_migrated")
    try:
        yield
    finally:
        with rows.cursor() as cursor:
            cursor.execute(f"ALTER TABLE not_migrated RENAME TO {table}")


def test_asking_for_nothing_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert neighbours_of([]) == {}
        assert neighbours_of([1], relations=[]) == {}


def test_threads_may_ask_at_the_same_time():
    go_live(OLD, version=5)
    neighbours_of([1, 2])
    wrong: list[object] = []

    def ask() -> None:
        for _ in range(300):
            answer = lookup._memory.find({SIMILAR: 5}, [1, 2])[0]
            if {key: row.item_id.tolist() for key, row in answer.items()} != {
                (SIMILAR, 1): [2],
                (SIMILAR, 2): [1],
            }:
                wrong.append(answer)
            lookup._memory.keep({SIMILAR: 6}, [7], {})

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
