"""CSV text as records, so that a stray quote costs its own line and none of those after it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TextIO

LONGEST_LINE = 1 << 20
"""A line without an end must not fill the memory: it is read in pieces, each of them wrong."""
MOST_LINES = 1_000
"""Lines of one record. A remark with line breaks has fewer; after a stray quote there are more."""
NUL = "\0"
NUL_READ_AS = "\ud800"
"""What stands for NUL while a line is taken apart: Python 3.10 knows no CSV with NUL in it. Half
of a surrogate pair, alone, comes from no file, whatever its encoding."""
UNCLOSED = "no readable CSV: a quote is opened and not closed"


def records(text: TextIO, *, delimiter: str, width: int) -> Iterator[tuple[int, list[str], str]]:
    """Each record's first line, its columns and what is wrong with it. Blank lines are no lines.

    A value may hold line breaks between quotes. Where that gives no sound record the quote is a
    stray one: its line is refused, and the next lines are read as if it were not there.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        fault = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row, fault = [], f"no readable CSV: {error}"
        if lines.has_nul:
            row = [value.replace(NUL_READ_AS, NUL) for value in row]
        is_blank = not row and not fault
        if len(row) != width and not fault:
            fault = f"{'missing' if len(row) < width else 'too many'} columns: {len(row)}"
            fault += f" instead of {width}"
        if lines.is_open or (fault and len(lines.taken) > 1):
            row, fault = [lines.taken[0].rstrip("\r\n")], UNCLOSED
            lines.give_back_all_but_one()
        line = lines.settle()
        if not is_blank:
            yield line, row, fault


class _Lines:
    """Lines of a text, remembered until their record is known to be sound."""

    def __init__(self, text: TextIO) -> None:
        self.taken: list[str] = []
        """Lines of the record that is being read."""
        self.is_open = False
        """True when the text or the patience ended within a record."""
        self.has_nul = False
        """True when a line of the record holds a NUL character."""
        self._done = 1
        self._again: deque[str] = deque()
        self._source = iter(partial(text.readline, LONGEST_LINE), "")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.is_open = bool(self.taken)
        if len(self.taken) == MOST_LINES:
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._source)
        self.taken.append(line)
        self.is_open = False
        if NUL in line:
            self.has_nul = True
            return line.replace(NUL, NUL_READ_AS)
        return line

    def give_back_all_but_one(self) -> None:
        """Read what followed the first line of the record again."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def settle(self) -> int:
        """The record is dealt with; the number of its first line, the header being line 1."""
        first = self._done + 1
        self._done += len(self.taken)
        self.taken.clear()
        self.is_open = self.has_nul = False
        return first
