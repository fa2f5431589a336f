"""Many rows at once, beside a shop that writes too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connections, router, transaction

from persona_django.tracking import writing
from persona_django.tracking.models import Event


def columns(n: int, **given: Any) -> dict[str, Any]:
    made = {name: np.ones(n, dtype=np.int64) for name in writing.FIELDS}
    made["uid"] = np.arange(1, n + 1)
    return {**made, **{name: np.asarray(values) for name, values in given.items()}}


@pytest.mark.django_db(transaction=True)
def test_rows_are_stored_once_in_transactions_that_know_what_they_added(settings):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 100}
    added: list[int] = []

    first = writing.insert_columns(columns(3_000), within=added.append)
    again = writing.insert_columns(columns(3_001), within=added.append)

    assert (first, again) == (3_000, 1)
    assert sum(added) == 3_001
    assert Event.objects.count() == 3_001


@pytest.mark.django_db(transaction=True)
def test_what_fails_within_a_transaction_takes_its_rows_back():
    def fail(added: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writing.insert_columns(columns(10), within=fail)

    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_price_below_nothing_is_no_price():
    writing.insert_columns(columns(2, price=[-1, 250]))

    assert list(Event.objects.order_by("uid").values_list("price", flat=True)) == [None, 250]


@pytest.mark.django_db
def test_no_rows_are_no_work():
    assert writing.insert_columns(columns(0)) == 0


@pytest.mark.django_db(transaction=True)
def test_one_statement_needs_no_transaction_unless_there_is_one():
    connection = connections[router.db_for_write(Event)]

    with writing.contained(one_statement=True) as alone_is_ours:
        alone = connection.in_atomic_block
    with writing.contained(one_statement=False) as several_are_ours:
        several = connection.in_atomic_block
    with transaction.atomic(using=connection.alias):
        before = len(connection.savepoint_ids)
        with writing.contained(one_statement=True) as within_is_ours:
            within = len(connection.savepoint_ids)

    assert (alone, several) == (False, True)
    assert (alone_is_ours, several_are_ours, within_is_ours) == (True, True, False)
    assert within == before + 1


def test_the_next_turn_fits_the_time_that_one_may_take(settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 500}
    slept: list[float] = []
    monkeypatch.setattr(writing.time, "sleep", slept.append)

    sizes = [writing._give_way(1_000, held_seconds=held) for held in (0.1, 0.012, 0.006, 0.0)]

    assert sizes == [500, 1_000, 2_000, 2_000]
    assert writing._give_way(4_000, held_seconds=0.001) == 4_000
    assert slept == [0.02] * 5
