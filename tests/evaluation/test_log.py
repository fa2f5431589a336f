"""A file of what shoppers did, as columns of numbers."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.evaluation.log import STEP_SECONDS, Log, parts_of, read_log
from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import rows_of, written


def log_of(folder, header: str, *lines, **options) -> tuple[Log, list[str]]:
    """A log and its rows by name."""
    path = written(folder, header, lines)
    log = read_log(path, None, by=["user_id", "session_id"], **options)
    code = log.catalogue.code
    return log, rows_of(log.steps(), sorted(code, key=code.__getitem__))


def test_lines_of_a_row_come_by_time_and_those_of_one_time_as_they_stand(tmp_path):
    lines = [("ann", "c", 30), ("bob", "x", 10), ("ann", "a", 10), ("ann", "b", 10)]

    log, rows = log_of(tmp_path, "user_id,item_id,timestamp", *lines)

    assert rows == ["a b c", "x"]
    assert (list(log.names), log.timed) == (["ann", "bob"], True)


@pytest.mark.parametrize(
    "written_as",
    [
        "1577836800",
        "1577836800.0",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "2020-01-01T01:00:00+01:00",
    ],
)
def test_times_are_seconds_or_iso_and_without_a_zone_utc(written_as, tmp_path):
    log, _ = log_of(tmp_path, "user_id,item_id,timestamp", ("ann", "a", written_as))

    assert log.at.tolist() == [1_577_836_800]


@pytest.mark.parametrize("bad", ["yesterday", "nan", "inf", "1e300", "1577836800000"])
def test_what_is_no_time_is_said(bad, tmp_path):
    with pytest.raises(BadEvaluation, match=f"log.csv: '{bad}' is no time, write ISO 8601"):
        log_of(tmp_path, "user_id,item_id,timestamp", ("ann", "a", bad))


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("1700000000.9", "1700000000.1"),
        ("2023-11-14T22:13:20.9Z", "2023-11-14T22:13:20.1Z"),
        ("2023-11-14T22:13:20.000002", "2023-11-14T22:13:20.000001"),
        ("-0.1", "-0.9"),
    ],
)
def test_fractions_of_a_second_order_what_is_kept_in_seconds(later, earlier, tmp_path):
    lines = [("ann", "c", later), ("ann", "a", earlier)]

    log, rows = log_of(tmp_path, "user_id,item_id,timestamp", *lines)

    assert rows == ["a c"]
    assert log.at[0] == log.at[1]


def test_baskets_of_one_second_come_by_their_fractions_and_each_in_a_second_of_its_own(tmp_path):
    lines = [("ann", "b", "y", 10.9), ("ann", "a", "x", 10.1), ("ann", "c", "y", 10.2)]

    log, rows = log_of(
        tmp_path, "user_id,item_id,basket_id,timestamp", *lines, moments="basket_id"
    )

    assert rows == ["a b c"]
    assert log.at.tolist() == [10, 11, 11]


@pytest.mark.parametrize("day", ["20240101", "19991231"])
def test_a_day_without_dashes_is_refused_before_it_is_read_as_a_second_of_1970(day, tmp_path):
    header = "user_id,item_id,timestamp"

    with pytest.raises(BadEvaluation, match=f"{day!r} .* Write 2024-01-31"):
        log_of(tmp_path, header, ("ann", "a", "2024-01-01"), ("ann", "b", day))
    told = log_of(tmp_path, header, ("ann", "b", f"{day}.0"))[0]
    among_seconds = log_of(tmp_path, header, ("ann", "a", 5), ("ann", "b", day))[0]

    assert told.at.tolist() == among_seconds.at[1:].tolist() == [int(day)]


def test_without_times_the_position_orders(tmp_path):
    lines = [("ann", "b", "", 2), ("ann", "a", "", 1)]

    log, rows = log_of(tmp_path, "user_id,item_id,timestamp,position", *lines)

    assert rows == ["a b"]
    assert not log.timed
    assert np.diff(log.at).tolist() == [STEP_SECONDS]


def test_a_single_line_without_a_time_is_named_and_does_not_drop_those_of_all(tmp_path):
    lines = [("ann", "a", 7), ("ann", '"b\nc"', 8), ("", "c", ""), ("bob", "d", "")]

    with pytest.raises(BadEvaluation, match=r"log\.csv, line 6: the timestamp is empty"):
        log_of(tmp_path, "user_id,item_id,timestamp", *lines)

    assert log_of(tmp_path, "user_id,item_id,timestamp", *lines[:3])[0].timed


def test_times_of_one_part_alone_are_used_for_none(tmp_path):
    lines = [("v1", "a", "", "train"), ("v2", "b", 9, "test"), ("v2", "c", 8, "test")]
    header = "session_id,item_id,timestamp,part"

    log, rows = log_of(tmp_path, header, *lines)

    assert (rows, log.timed) == (["a", "b c"], False)
    with pytest.raises(BadEvaluation, match=r"line 5: .* others of the part test have one"):
        log_of(tmp_path, header, *lines, ("v3", "a", "", "test"))


@pytest.mark.parametrize(
    ("bad", "said"), [("first", "is no whole number"), (10**30, "is no place in a row")]
)
def test_what_is_no_place_is_said(bad, said, tmp_path):
    with pytest.raises(BadEvaluation, match=said):
        log_of(tmp_path, "user_id,item_id,position", ("ann", "a", bad))


def test_without_anything_the_lines_stand_in_order(tmp_path):
    _, rows = log_of(tmp_path, "session_id,item_id", ("v", "b"), ("w", "x"), ("v", "a"))

    assert rows == ["b a", "x"]


def test_rows_without_times_begin_together_or_in_turn(tmp_path):
    lines = [("v", "a", 1), ("v", "b", 2), ("w", "x", 1)]

    together, _ = log_of(tmp_path, "session_id,item_id,position", *lines)
    one_by_one, _ = log_of(tmp_path, "session_id,item_id,position", *lines, in_turn=True)

    assert together.at[0] == together.at[2]
    assert one_by_one.at[0] < one_by_one.at[1] < one_by_one.at[2]


def test_returns_corrections_and_lines_of_nobody_or_nothing_are_left_out(tmp_path):
    lines = [
        ("ann", "a", "purchase"),
        ("ann", "b", "return"),
        ("ann", "c", "adjustment"),
        ("", "d", "purchase"),
        ("ann", "", "view"),
    ]

    _, rows = log_of(tmp_path, "user_id,item_id,event", *lines)

    assert rows == ["a"]
    with pytest.raises(BadEvaluation, match="has no line with user_id and item_id"):
        log_of(tmp_path, "user_id,item_id,event", *lines[1:])


def test_a_file_without_any_of_the_rows_columns_is_said(tmp_path):
    with pytest.raises(BadEvaluation, match="has no column user_id or session_id"):
        log_of(tmp_path, "basket_id,item_id", ("1", "a"))


def test_lines_outside_of_any_basket_are_none_of_one(tmp_path):
    lines = [("ann", "a", "", 5), ("ann", "b", "b1", 7), ("ann", "c", "", 9)]
    header = "user_id,item_id,basket_id,timestamp"

    _, rows = log_of(tmp_path, header, *lines, moments="basket_id")

    assert rows == ["b"]


def test_a_basket_is_one_moment_whenever_its_lines_were_written(tmp_path):
    lines = [("ann", "a", "b1", 10), ("ann", "b", "b1", 19), ("ann", "c", "b2", 15)]

    log, _ = log_of(tmp_path, "user_id,item_id,basket_id,timestamp", *lines, moments="basket_id")

    assert log.at.tolist() == [10, 10, 15]


def test_baskets_that_began_together_come_one_after_the_other_by_their_numbers(tmp_path):
    lines = [("ann", "a", "x", 10, 2), ("ann", "b", "y", 10, 1), ("ann", "c", "z", 11, 3)]
    header = "user_id,item_id,basket_id,timestamp,basket_no"

    log, rows = log_of(tmp_path, header, *lines, moments="basket_id")

    assert rows == ["b a c"]
    assert log.at.tolist() == [10, 11, 12]


def test_parts_are_told_by_the_column_only_where_it_has_both(tmp_path):
    header = "user_id,item_id,part"
    both, _ = log_of(tmp_path, header, ("a", 1, "train"), ("b", 1, "valid"), ("c", 1, "test"))
    neither, _ = log_of(tmp_path, header, ("a", 1, "history"), ("a", 2, "future"))

    assert parts_of(both, {}).tolist() == ["train", "val", "test"]
    assert parts_of(neither, {}) is None
