"""Bulk changes come in small transactions, so that the shop's own writers get their turn."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import override_settings

from persona_django.catalogue.paced import CHUNK_ROWS, in_chunks

SLOW = {"WRITE_CHUNK_ROWS": 2, "WRITE_PAUSE": timedelta(milliseconds=30)}


@pytest.mark.django_db(transaction=True)
@override_settings(PERSONA=SLOW)
def test_each_chunk_is_a_transaction_of_its_own():
    chunks: list[list[int]] = []
    started = time.perf_counter()

    def write(chunk: object) -> None:
        assert connection.in_atomic_block
        chunks.append(list(chunk))  # type: ignore[call-overload]

    in_chunks("default", [1, 2, 3, 4, 5], write)

    assert not connection.in_atomic_block
    if connection.vendor == "sqlite":
        assert chunks == [[1, 2], [3, 4], [5]]
        assert time.perf_counter() - started >= 0.06
    else:
        assert chunks == [[1, 2, 3, 4, 5]]
        assert CHUNK_ROWS > 5


@pytest.mark.django_db
@override_settings(PERSONA={"WRITE_CHUNK_ROWS": 1, "WRITE_PAUSE": timedelta(seconds=5)})
def test_within_the_callers_transaction_nothing_pauses():
    started = time.perf_counter()

    with transaction.atomic():
        in_chunks("default", [1, 2, 3], lambda chunk: None)

    assert time.perf_counter() - started < 2


@pytest.mark.django_db(transaction=True)
def test_a_chunk_that_fails_is_undone_and_the_error_goes_on():
    with pytest.raises(RuntimeError):
        in_chunks("default", [1], lambda chunk: (_ for _ in ()).throw(RuntimeError))

    assert not connection.in_atomic_block
