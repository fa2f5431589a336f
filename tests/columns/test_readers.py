"""A long table, read on several connections at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from persona_django.columns import dialects
from persona_django.columns.read import read_columns
from persona_django.columns.readers import readers

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 3_000
SQL = "SELECT id, value FROM numbers"


@pytest.fixture
def alias(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with a table of rows 1 to 3,000."""
    if connection.vendor == "sqlite":
        # In the suite it is in memory but shared, so that other connections may be opened to it.
        monkeypatch.setattr(type(connections["default"]), "is_in_memory_db", lambda self: False)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE numbers (id bigint PRIMARY KEY, value bigint NOT NULL)")
        cursor.executemany(
            "INSERT INTO numbers VALUES (%s, %s)", [(n, 7 * n) for n in range(1, ROWS + 1)]
        )
    yield connection.alias
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE numbers")


@pytest.fixture
def opened() -> Iterator[list[BaseDatabaseWrapper]]:
    """Further connections opened meanwhile."""
    heard: list[BaseDatabaseWrapper] = []
    own = connections["default"]

    def hear(*, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
        if connection is not own:
            heard.append(connection)

    connection_created.connect(hear)
    yield heard
    connection_created.disconnect(hear)


def read(alias: str, **options: object) -> list[np.ndarray]:
    return read_columns(alias, SQL, [], "nn", by=0, chunk=100, **options)


def is_closed(other: BaseDatabaseWrapper) -> bool:
    return other.connection is None


def test_rows_read_side_by_side_are_those_read_one_by_one_and_in_their_order(alias, opened):
    done: list[int] = []

    number, value = read(alias, threads=2, progress=done.append)

    assert number.tolist() == list(range(1, ROWS + 1))
    assert value.tolist() == (7 * number).tolist()
    assert done == sorted(done) and done[-1] == ROWS
    if dialects.dialect_of(connections[alias]).collects:
        assert len(opened) == 2
    assert all(is_closed(one) for one in opened), "none is left open"


def test_a_range_too_long_for_one_value_is_read_in_smaller_ones(alias, monkeypatch):
    monkeypatch.setattr(dialects.Dialect, "longest_text", 300)
    monkeypatch.setattr(dialects.Mysql, "longest_text", 300)

    number, value = read(alias, threads=2)

    assert number.tolist() == list(range(1, ROWS + 1))
    assert value.tolist() == (7 * number).tolist()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_long_gap_is_crossed_without_a_range_that_holds_all_that_follows(
    alias, threads, monkeypatch
):
    with connections[alias].cursor() as cursor:
        cursor.execute("DELETE FROM numbers WHERE id BETWEEN 50 AND 2900")
        cursor.execute("INSERT INTO numbers VALUES (%s, 1)", [2**62])
    sizes: list[int] = []

    number, _ = read_columns(
        alias, SQL, [], "nn", by=0, chunk=10, threads=threads, progress=sizes.append
    )

    assert number.tolist() == [*range(1, 50), *range(2901, ROWS + 1), 2**62]
    assert max(np.diff(sizes)) <= 16 * 10


def test_a_caller_may_know_the_ends_better_than_its_query(alias):
    query = f"{SQL} WHERE id > 2990"

    number, _ = read_columns(alias, query, [], "nn", by=0, chunk=10, ends=(1, ROWS), threads=2)

    assert number.tolist() == list(range(2991, ROWS + 1))


def test_inside_a_transaction_its_own_connection_reads_what_it_wrote(alias, opened):
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("INSERT INTO numbers VALUES (%s, %s)", (ROWS + 1, 1))

        number, _ = read(alias, threads=2)

    assert len(number) == ROWS + 1
    assert opened == []


def test_a_short_table_opens_no_further_connection(alias, opened):
    read_columns(alias, SQL, [], "nn", by=0, chunk=ROWS, threads=2)

    assert opened == []


def test_a_database_that_gives_no_second_connection_is_read_on_the_first(alias, monkeypatch):
    really = BaseDatabaseWrapper.connect
    known = connections[alias]

    def refuse(self: BaseDatabaseWrapper) -> None:
        if self is not known:
            raise OperationalError("too many connections")
        really(self)

    monkeypatch.setattr(BaseDatabaseWrapper, "connect", refuse)

    number, _ = read(alias, threads=2)

    assert len(number) == ROWS


def test_a_fault_of_one_reader_is_raised_and_leaves_no_connection_open(alias, opened):
    with (
        pytest.raises(ZeroDivisionError),
        readers(connections[alias], 3) as found,
    ):
        assert found is not None
        for _ in found.answers(iter([lambda other: 1, lambda other: 1 // 0, lambda other: 2])):
            pass

    assert all(is_closed(one) for one in opened)


def test_answers_come_in_the_order_of_the_questions(alias):
    first_may_go = threading.Event()

    def slow(_: BaseDatabaseWrapper) -> str:
        assert first_may_go.wait(10)
        return "slow"

    def quick(_: BaseDatabaseWrapper) -> str:
        first_may_go.set()
        return "quick"

    with readers(connections[alias], 2) as found:
        assert found is not None
        assert list(found.answers(iter([slow, quick, quick]))) == ["slow", "quick", "quick"]


def test_no_crowd_of_readers_keeps_the_shop_s_pages_from_the_database(alias, opened):
    with readers(connections[alias], 50) as found:
        assert found is not None

    assert len(opened) == 4
