"""Rows that are inserted once, and writers who are told which of them were new."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    DataError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from persona_django import counters
from persona_django.tracking.inserting import again_on_deadlock, insert_new, is_deadlock
from persona_django.tracking.intake import _INTENT_FIELDS as INTENT_NAMES
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.writing import FIELDS

NAMES = ("shopper", "uid", *(name for name in FIELDS if name not in ("shopper", "uid")))


def row(shopper: int, uid: int) -> tuple[Any, ...]:
    given = {"shopper": shopper, "uid": uid, "kind": 3, "item_id": 7, "at": 99, "store": 1}
    given |= {"order": 0, "quantity": 1, "basis": 1, "value": 0, "context": 0, "price": None}
    return tuple(given[name] for name in NAMES)


@pytest.mark.django_db
def test_the_keys_of_new_rows_are_told_and_no_others():
    assert insert_new(Event, NAMES, [row(1, 2), row(1, 1)]) == {(1, 1), (1, 2)}
    assert insert_new(Event, NAMES, [row(1, 2), row(1, 3), row(2, 2)]) == {(1, 3), (2, 2)}
    assert insert_new(Event, NAMES, []) == set()
    assert Event.objects.count() == 4


def intent(uid: int, words: str) -> tuple[Any, ...]:
    return (1, uid, 1, Intent.Kind.SEARCH, 99, "", words, None, None, None, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite's columns have no length, and MariaDB cuts what it may IGNORE",
)
def test_what_is_too_long_for_its_column_is_refused_however_many_rows_there_are(rows):
    with pytest.raises(DataError), transaction.atomic():
        insert_new(Intent, INTENT_NAMES, [intent(uid, "x" * 500) for uid in range(rows)])

    assert not Intent.objects.exists()


@pytest.mark.django_db
def test_texts_of_several_rows_are_stored_as_they_are():
    given = [intent(1, "x" * 64), intent(2, 'tea, "green" {NULL} \\ é'), intent(3, "NULL")]

    insert_new(Intent, INTENT_NAMES, given)

    stored = list(Intent.objects.order_by("uid").values_list("words", flat=True))
    assert stored == [row[6] for row in given]


@pytest.mark.django_db
def test_many_rows_take_several_statements():
    rows = [row(1, uid) for uid in range(1, 131)]

    assert len(insert_new(Event, NAMES, rows)) == 130
    assert insert_new(Event, NAMES, rows) == set()


@pytest.mark.django_db
def test_a_database_that_only_counts_is_asked_row_by_row(monkeypatch):
    # The statement for one row is put together once, and here it must not be that of a database
    # which tells keys.
    assert insert_new(Event, NAMES, [row(9, 9)]) == {(9, 9)}
    features = type(connection.features)
    monkeypatch.setattr(features, "can_return_columns_from_insert", False)

    assert insert_new(Event, NAMES, [row(1, 1)]) == {(1, 1)}
    assert insert_new(Event, NAMES, [row(1, 1), row(1, 2)]) == {(1, 2)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="threads share a database in memory")
def test_fault_13_writers_in_opposite_order_never_fail_and_every_row_is_told_once():
    told: list[set[tuple[int, int]]] = []
    faults: list[Exception] = []

    def write(seed: int) -> None:
        mixed = random.Random(seed)
        try:
            for turn in range(60):
                rows = [row(shopper, turn) for shopper in range(1, 21)]
                mixed.shuffle(rows)
                told.append(again_on_deadlock(lambda rows=rows: _written(rows), alias="default"))
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is told below
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not faults
    assert sum(map(len, told)) == len(set().union(*told)) == Event.objects.count() == 1_200


def _written(rows: list[tuple[Any, ...]]) -> set[tuple[int, int]]:
    with transaction.atomic():
        return insert_new(Event, NAMES, rows)


class _Given(Exception):
    sqlstate = "40P01"


def deadlock() -> DatabaseError:
    error = OperationalError("deadlock detected")
    error.__cause__ = _Given()
    return error


def test_what_a_deadlock_gave_up_is_done_again():
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise deadlock()
        return "done"

    assert again_on_deadlock(work, alias="default") == "done"
    assert counters.counts()["deadlock_retried"] == 2


@pytest.mark.parametrize("error", [deadlock(), OperationalError(1213, "Deadlock found")])
def test_not_for_ever(error):
    def work() -> None:
        raise error

    with pytest.raises(OperationalError):
        again_on_deadlock(work, alias="default")
    assert counters.counts()["deadlock_retried"] == 3


def test_every_other_fault_is_told_at_once():
    assert not is_deadlock(OperationalError("the disk is full"))
    assert not is_deadlock(DatabaseError())

    def work() -> None:
        raise OperationalError(2006, "gone away")

    with pytest.raises(OperationalError):
        again_on_deadlock(work, alias="default")
    assert "deadlock_retried" not in counters.counts()


@pytest.mark.django_db
def test_within_somebody_else_s_transaction_nothing_is_tried_again():
    def work() -> None:
        raise deadlock()

    with transaction.atomic(), pytest.raises(OperationalError):
        again_on_deadlock(work, alias="default")
    assert "deadlock_retried" not in counters.counts()
