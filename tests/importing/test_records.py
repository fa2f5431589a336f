"""CSV text as records, whatever its quotes do."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from persona_django.importing import records as reading
from persona_django.importing.records import UNCLOSED, records

VALUES = st.text(alphabet='ab"\n\r,; ', max_size=6)


def cut(text: str, width: int = 2) -> list[tuple[int, list[str], str]]:
    return list(records(io.StringIO(text, newline=""), delimiter=",", width=width))


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=6))
def test_whatever_a_spreadsheet_writes_is_read_as_it_was(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)

    found = cut(file.getvalue())

    assert [(row, fault) for _, row, fault in found] == [(row, "") for row in rows]


@given(st.text(alphabet='ab",\n', max_size=60))
def test_no_line_is_lost_without_a_word(text):
    found = cut(text)

    lines = text.splitlines(keepends=True)
    starts = [line for line, _, _ in found] + [len(lines) + 2]
    assert starts == sorted(set(starts))
    for (first, row, fault), following in zip(found, starts[1:], strict=True):
        swallowed = [line for line in lines[first - 1 : following - 2] if line.strip("\n")]
        assert fault == "" or not swallowed
        assert fault or len(row) == 2


def test_what_follows_a_stray_quote_is_read_on_its_own():
    assert cut('1,a\n"2,b\n3,c\n4,d\n') == [
        (2, ["1", "a"], ""),
        (3, ['"2,b'], UNCLOSED),
        (4, ["3", "c"], ""),
        (5, ["4", "d"], ""),
    ]


def test_a_record_of_very_many_lines_is_none(monkeypatch):
    monkeypatch.setattr(reading, "MOST_LINES", 3)

    found = cut('1,"a\nb\nc"\n2,"a\nb\nc\nd"\n3,c\n')

    assert found[0] == (2, ["1", "a\nb\nc"], "")
    assert found[1] == (5, ['2,"a'], UNCLOSED)
    assert found[-1] == (9, ["3", "c"], "")


def test_blank_lines_are_counted_and_are_no_records():
    assert cut("\n1,a\n\n2,b") == [(3, ["1", "a"], ""), (5, ["2", "b"], "")]
