"""Arrays into rows of a database, and chunks that leave others their turn."""

from __future__ import annotations

import sqlite3
import threading
import time
from datetime import datetime, timezone

import numpy as np
import pytest
from django.db import (
    DataError,
    IntegrityError,
    connection,
    connections,
    router,
    transaction,
)
from django.db.models import Q
from django.test import TestCase, override_settings

from persona_django import conf
from persona_django.columns.write import chunk_rows, delete_rows, update_rows, write_rows
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import Event
from tests.shop.models import Brand, Category, Gift, Order, Product

OURS = "default"
NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)


def neighbour_rows(count, *, version=1):
    return {
        "version_id": np.full(count, version),
        "relation": np.ones(count, np.int16),
        "item_id": np.arange(count),
        "data": [bytes([n % 256]) * 5 for n in range(count)],
    }


class WritingRows(TestCase):
    def test_numbers_and_bytes_arrive_as_they_were(self):
        written = write_rows(_alias(), NeighbourRow, neighbour_rows(300))

        row = NeighbourRow.objects.get(item_id=255)
        assert written == NeighbourRow.objects.count() == 300
        assert (row.version_id, row.relation, bytes(row.data)) == (1, 1, b"\xff" * 5)

    def test_some_fields_of_rows_that_are_there_are_written_and_no_others(self):
        write_rows(_alias(), NeighbourRow, neighbour_rows(3))
        rows = list(NeighbourRow.objects.order_by("item_id"))
        for row in rows[1:]:
            row.relation, row.data, row.version_id = 7, b"\x00\xfenew", 99

        update_rows(_alias(), rows[1:], ("relation", "data"))
        update_rows(_alias(), [], ("data",))

        found = NeighbourRow.objects.order_by("item_id")
        assert [(row.version_id, row.relation, bytes(row.data)) for row in found] == [
            (1, 1, bytes([0]) * 5),
            (1, 7, b"\x00\xfenew"),
            (1, 7, b"\x00\xfenew"),
        ]

    def test_fields_left_out_take_their_defaults(self):
        write_rows(
            OURS,
            Product,
            {"name": ["é ☕ 50 %", "plain"], "price": ["1.50", "2"], "colour": ["red", ""]},
        )

        product = Product.objects.get(colour="red")
        assert product.name == "é ☕ 50 %"
        assert str(product.price) == "1.50"
        assert (product.is_active, product.stock, product.list_price) == (True, 10, None)
        assert product.created is not None

    def test_empty_values_stay_empty(self):
        write_rows(
            _alias(),
            Event,
            {
                "shopper": np.array([1, 2]),
                "uid": np.array([1, 2]),
                "kind": np.array([6, 6]),
                "item_id": np.array([7, 7]),
                "at": np.array([0, 0]),
                "price": [None, 250],
            },
        )

        assert set(Event.objects.values_list("shopper", "price", "order")) == {
            (1, None, 0),
            (2, 250, 0),
        }

    def test_texts_may_be_empty_too(self):
        write_rows(OURS, Brand, {"name": ["", "b"]})

        assert set(Brand.objects.values_list("name", flat=True)) == {"", "b"}

    def test_keys_of_any_type_are_written(self):
        import uuid

        keys = [uuid.uuid4() for _ in range(3)]

        write_rows(OURS, Gift, {"id": keys, "label": ["x"] * 3})

        assert set(Gift.objects.values_list("pk", flat=True)) == set(keys)

    def test_rows_already_there_are_passed_over_when_asked(self):
        write_rows(_alias(), NeighbourRow, neighbour_rows(10))

        written = write_rows(_alias(), NeighbourRow, neighbour_rows(15), ignore_conflicts=True)

        assert written == 5
        assert NeighbourRow.objects.count() == 15

    def test_rows_already_there_are_an_error_otherwise(self):
        write_rows(_alias(), NeighbourRow, neighbour_rows(2))

        with pytest.raises(IntegrityError), transaction.atomic(using=_alias()):
            write_rows(_alias(), NeighbourRow, neighbour_rows(2))

    def test_nothing_to_write_is_no_error(self):
        assert write_rows(_alias(), NeighbourRow, neighbour_rows(0)) == 0
        assert write_rows(_alias(), NeighbourRow, {}) == 0

    def test_columns_of_unequal_length_are_refused(self):
        with pytest.raises(ValueError, match="equally long"):
            write_rows(OURS, Brand, {"name": ["a"], "id": [1, 2]})

    def test_a_number_too_large_is_refused_rather_than_cut(self):
        if connection.vendor == "sqlite":
            self.skipTest("SQLite has one size of whole number")
        columns = {**neighbour_rows(1), "relation": np.array([70_000])}

        with pytest.raises(DataError), transaction.atomic(using=_alias()):
            write_rows(_alias(), NeighbourRow, columns)

    def test_numbers_alone_arrive_as_they_were(self):
        columns = {name: np.arange(5) for name in ("version_id", "relation", "item_id")}

        write_rows(_alias(), NeighbourRow, {**columns, "data": [b""] * 5})
        write_rows(
            OURS, Order, {"created": ["2024-07-01T12:00:00+00:00"], "paid": np.array([True])}
        )

        assert NeighbourRow.objects.filter(version_id=4, relation=4, item_id=4).exists()
        assert Order.objects.get().paid is True

    def test_chunks_are_told_and_what_is_raised_stops_the_write(self):
        told, chunks = [], []
        size = _chunk_rows()

        def lose_the_lease():
            chunks.append(NeighbourRow.objects.count())
            if len(chunks) == 2:
                raise LookupError("another worker took over")

        with pytest.raises(LookupError, match="took over"):
            write_rows(
                _alias(),
                NeighbourRow,
                neighbour_rows(3 * size),
                progress=lambda done, total: told.append((done, total)),
                on_chunk=lose_the_lease,
            )

        assert told == [(size, 3 * size), (2 * size, 3 * size)]
        assert chunks == [size, 2 * size]

    def test_a_failed_write_inside_atomic_leaves_the_rest_usable(self):
        with pytest.raises(IntegrityError), transaction.atomic(using=_alias()):
            write_rows(_alias(), NeighbourRow, {**neighbour_rows(2), "item_id": np.zeros(2, int)})

        assert write_rows(_alias(), NeighbourRow, neighbour_rows(1)) == 1


class DeletingRows(TestCase):
    def test_only_what_matches_is_deleted_and_counted(self):
        size = _chunk_rows()
        write_rows(_alias(), NeighbourRow, neighbour_rows(size + 3, version=1))
        write_rows(_alias(), NeighbourRow, neighbour_rows(4, version=2))
        chunks = []

        deleted = delete_rows(
            _alias(), NeighbourRow, Q(version_id=1), on_chunk=lambda: chunks.append(1)
        )

        assert deleted == size + 3
        assert len(chunks) == 2
        assert NeighbourRow.objects.count() == 4

    def test_nothing_to_delete_is_no_error(self):
        assert delete_rows(OURS, Category, Q(path="none")) == 0


@pytest.fixture
def file_of_sqlite(tmp_path, django_db_blocker):
    """A database in a file, in WAL mode: the only kind where one writer waits for another."""
    with django_db_blocker.unblock():
        connections.settings["file"] = {
            **connections.settings["default"],
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(tmp_path / "shop.sqlite3"),
            "OPTIONS": {"init_command": "PRAGMA journal_mode=wal;", "timeout": 20},
            "ATOMIC_REQUESTS": False,
            "AUTOCOMMIT": True,
        }
        connections["file"] = connections.create_connection("file")
        with connections["file"].schema_editor() as editor:
            editor.create_model(NeighbourRow)
            editor.create_model(Category)
        yield connections["file"]
        connections["file"].close()
        del connections["file"], connections.settings["file"]


def test_a_waiting_writer_gets_its_turn_during_a_long_write_and_delete(file_of_sqlite):
    waits, stop = [], threading.Event()
    path = file_of_sqlite.settings_dict["NAME"]
    writer = threading.Thread(target=_check_out, args=(path, waits, stop))
    writer.start()

    try:
        write_rows("file", NeighbourRow, neighbour_rows(20_000))
        deleted = delete_rows("file", NeighbourRow, Q(version_id=1))
    finally:
        stop.set()
        writer.join()

    assert deleted == 20_000
    assert np.quantile(waits, 0.99) < 0.1


def _check_out(path, waits, stop):
    own = sqlite3.connect(path, timeout=20, isolation_level=None)
    while not stop.is_set():
        began = time.perf_counter()
        own.execute("INSERT INTO shop_category(path) VALUES ('checked out')")
        waits.append(time.perf_counter() - began)
        time.sleep(0.005)
    own.close()


@override_settings(PERSONA={"WRITE_CHUNK_ROWS": 7})
def test_the_size_of_a_chunk_is_a_setting_on_sqlite():
    class File:
        vendor = "sqlite"

    assert chunk_rows(File()) == conf.current().write_chunk_rows == 7


def _alias():
    return router.db_for_write(NeighbourRow)


def _chunk_rows():
    return chunk_rows(connections[_alias()])
