"""Files of any size as chunks of text columns: CSV, CSV.gz and Parquet."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from persona_django.exceptions import BadImport
from persona_django.importing.fields import find_columns
from persona_django.importing.records import LONGEST_LINE, records

CHUNK_LINES = 20_000
"""Lines of one chunk. A killed import goes on at the chunk where it stopped."""
LOOKED_AT = 4096
"""Bytes from which it is told what kind of file this is."""
WIDE = ("utf-16", "utf_16", "utf-32", "utf_32")
"""Encodings in which letters have several bytes, most of them NUL."""
DELIMITERS = ",;\t|"
CUT_OFF = "The file ends too early, it was not copied whole. Copy it again and import it again."


@dataclass(kw_only=True)
class Chunk:
    """Some lines of a file, as texts by field of ours."""

    lines: list[int] = field(default_factory=list)
    """Where each one starts in the file, from 1; the header is line 1 of a CSV."""
    columns: dict[str, list[str]] = field(default_factory=dict)
    raw: list[Sequence[str]] = field(default_factory=list)
    """Each line as it stands, for the rejects file."""
    faults: dict[int, str] = field(default_factory=dict)
    """What is wrong with lines that cannot even be cut into columns, by position."""
    bytes_read: int = 0

    def __len__(self) -> int:
        return len(self.lines)


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file, and how to read it."""

    path: Path
    mapping: Mapping[str, str]
    kind: str
    encoding: str = "utf-8-sig"
    delimiter: str = ""

    def fingerprint(self) -> str:
        """Names the content of the file: 32 characters."""
        digest = hashlib.blake2b(digest_size=16)
        with self.path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    def size(self) -> int:
        """Bytes of the file as it lies on the disk."""
        return self.path.stat().st_size

    def _refuse_what_is_no_text(self, start: bytes) -> None:
        """UTF-16 and the files of programs would be told that columns are missing. A NUL byte
        behind a header that can be read costs its line only."""
        if self.encoding.lower().startswith(WIDE):
            return
        header, _, _ = start.partition(b"\n")
        if b"\0" in header or (b"\0" in start and not _is_utf_8(header)):
            is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            raise BadImport(
                f"{self.path.name} is no text in UTF-8. Save it as CSV in UTF-8"
                + (", or say --encoding utf-16." if is_wide else ".")
            )

    @contextmanager
    def opened(self) -> Iterator[tuple[list[str], Iterator[Chunk]]]:
        """The file's header and its chunks. Raises BadImport for a file that is none of ours."""
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise BadImport(f"There is no encoding {self.encoding!r}.") from error
        with ExitStack() as stack:
            file = stack.enter_context(self.path.open("rb"))
            start = file.read(LOOKED_AT)
            file.seek(0)
            try:
                if start.startswith(b"PAR1"):
                    yield _parquet(self, file)
                elif start.startswith(b"PK"):
                    raise BadImport(f"{self.path.name} is an archive. Unpack it first.")
                else:
                    stream: Any = file
                    if start.startswith(b"\x1f\x8b"):
                        stream = stack.enter_context(gzip.GzipFile(fileobj=file))
                        start = stream.read(LOOKED_AT)
                        stream.seek(0)
                    self._refuse_what_is_no_text(start)
                    # Bytes that are no text stay recognisable, so that one bad line is one.
                    text = io.TextIOWrapper(
                        stream, encoding=self.encoding, errors="surrogateescape", newline=""
                    )
                    yield _csv(self, file, stack.enter_context(text))
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise BadImport(CUT_OFF) from error
            except UnicodeDecodeError as error:
                raise BadImport(f"{self.path.name} is not {self.encoding}: {error}.") from error


def _csv(
    source: Source, file: BinaryIO, text: io.TextIOWrapper
) -> tuple[list[str], Iterator[Chunk]]:
    first = text.readline(LONGEST_LINE)
    if not first.strip():
        raise BadImport(f"{source.path.name} is empty. Its first line must name its columns.")
    delimiter = source.delimiter or max(DELIMITERS, key=first.count)
    try:
        header = next(csv.reader([first], delimiter=delimiter))
    except csv.Error as error:
        raise BadImport(
            f"The first line of {source.path.name} must name its columns, and is no readable CSV: "
            f"{error}."
        ) from error
    places = find_columns(header, source.mapping, kind=source.kind)
    found = records(text, delimiter=delimiter, width=len(header))
    return header, _csv_chunks(found, places, len(header), file)


def _csv_chunks(
    found: Iterable[tuple[int, list[str], str]],
    places: dict[str, int],
    width: int,
    file: BinaryIO,
) -> Iterator[Chunk]:
    chunk = Chunk()
    for line, row, fault in found:
        if fault:
            chunk.faults[len(chunk)] = fault
        chunk.lines.append(line)
        chunk.raw.append(row)
        if len(chunk) == CHUNK_LINES:
            yield _by_field(chunk, places, width, file)
            chunk = Chunk()
    if len(chunk):
        yield _by_field(chunk, places, width, file)


def _by_field(chunk: Chunk, places: dict[str, int], width: int, file: BinaryIO) -> Chunk:
    rows = chunk.raw
    if chunk.faults:
        rows = [[""] * width if at in chunk.faults else row for at, row in enumerate(rows)]
    columns = list(zip(*rows, strict=True))
    chunk.columns = {name: list(columns[place]) for name, place in places.items()}
    chunk.bytes_read = file.tell()
    return chunk


def _parquet(source: Source, file: BinaryIO) -> tuple[list[str], Iterator[Chunk]]:
    try:
        import pyarrow.parquet as parquet
        from pyarrow import ArrowException
    except ImportError as error:
        raise BadImport(
            "Parquet is read by pyarrow, which is not installed. "
            'Install it with: python -m pip install "persona-django[parquet]"'
        ) from error
    try:
        table = parquet.ParquetFile(file)
    except ArrowException as error:
        raise BadImport(CUT_OFF) from error
    header = list(table.schema_arrow.names)
    places = find_columns(header, source.mapping, kind=source.kind)
    names = {name: header[place] for name, place in places.items()}
    return list(names.values()), _parquet_chunks(table, names, source.size())


def _parquet_chunks(table: Any, names: dict[str, str], size: int) -> Iterator[Chunk]:
    import pyarrow as arrow

    done, total = 0, max(table.metadata.num_rows, 1)
    for batch in table.iter_batches(batch_size=CHUNK_LINES, columns=list(names.values())):
        columns = {}
        for name, column in names.items():
            values = batch.column(batch.schema.get_field_index(column))
            try:
                texts = values.cast(arrow.string()).fill_null("").to_pylist()
            except arrow.ArrowException as error:
                raise BadImport(
                    f"Column {column!r} holds {values.type}, which is no plain value. "
                    "Map another column."
                ) from error
            columns[name] = texts
        lines = list(range(done + 1, done + batch.num_rows + 1))
        done += batch.num_rows
        raw: list[Sequence[str]] = list(zip(*columns.values(), strict=True))
        yield Chunk(lines=lines, columns=columns, raw=raw, bytes_read=size * done // total)
