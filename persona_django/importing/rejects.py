"""The file of lines that an import refused, with their reasons, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from persona_django.exceptions import BadImport

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z")
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RejectsFile:
    """Written as an import goes along; made only once there is something to write.

    It holds what the given file holds, customers included, so only its owner may read it.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.header = header

    def try_out(self) -> None:
        """Raise BadImport where nothing can be written, while nothing is stored yet."""
        with self._may_fail():
            is_new = not self.path.exists()
            os.close(self._open())
            if is_new:
                self.path.unlink()

    def begin(self) -> None:
        """Forget what an earlier import of the same file refused."""
        with self._may_fail():
            self.path.unlink(missing_ok=True)

    def go_on_after(self, line: int) -> None:
        """Keep what was refused up to a line of the file; a killed import repeats the rest."""
        if not self.path.exists():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        self.begin()
        self._append([row for row in rows if row and row[0].isdigit() and int(row[0]) <= line])

    def add(self, refused: Sequence[tuple[int, str, Sequence[str]]]) -> None:
        """Note refused lines: their number, the reason, and the line itself."""
        self._append([[str(line), safe(reason), *map(safe, raw)] for line, reason, raw in refused])

    def _append(self, rows: list[list[Any]]) -> None:
        if not rows:
            return
        is_new = not self.path.exists()
        with (
            self._may_fail(),
            os.fdopen(self._open(), "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            if is_new:
                writer.writerow(["line", "reason", *map(safe, self.header)])
            writer.writerows(rows)

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @contextmanager
    def _may_fail(self) -> Iterator[None]:
        """What the disk refuses is said in a line, with what to do."""
        try:
            yield
        except OSError as error:
            raise BadImport(
                f"{self.path} cannot be written: {error.strerror}; give --rejects PATH."
            ) from error


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and that every file can hold.

    >>> safe("=1+1"), safe("-12.5")
    ("'=1+1", '-12.5')
    """
    cell = cell.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    if cell.startswith(_STARTS_FORMULA) and not _NUMBER.match(cell):
        return f"'{cell}"
    return cell
