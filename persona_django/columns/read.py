"""Rows of a database as arrays, without building an object for each row."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import IntegerField, QuerySet
from numpy.typing import NDArray

from persona_django.columns.dialects import Dialect, dialect_of
from persona_django.columns.kinds import Kind, joined, parse_kinds, to_array
from persona_django.columns.readers import Ask, Readers, readers

Arrays = list[NDArray[Any]]
Progress = Callable[[int], None]
"""Called with the number of rows read so far."""
Ranged = Callable[[int, int], tuple[str, Sequence[Any]]]
"""SQL and parameters of the rows whose key lies between two numbers, both included."""
NextKey = Callable[[int], int | None]
"""The lowest key there is from a number on; None when there is none."""
Fetch = Callable[[int, int, BaseDatabaseWrapper], list[Arrays] | None]
"""The rows of such a range, read on a connection; None when one value cannot hold them."""

CHUNK_ROWS = 100_000
WIDEST = 16
"""Most times the rows of a chunk that one range of the key may span."""


def read_columns(
    alias: str,
    sql: str,
    params: Sequence[Any],
    kinds: str | Sequence[str],
    *,
    chunk: int = CHUNK_ROWS,
    progress: Progress | None = None,
    by: int | None = None,
    ends: tuple[int | None, int | None] | None = None,
    threads: int = 1,
) -> Arrays:
    """The columns of a query, one array each, aligned.

    `kinds` names what each column holds (see `columns.kinds.Kind`). `by` is the position of a
    selected whole-number column that has an index and no NULL, the primary key at best: the read
    is then cut into ranges of it, which is several times faster and needs little memory, and rows
    come range after range. It may be one past the last of `kinds`: then it only cuts. `ends` are
    the lowest and the highest of its numbers, for a caller who can find them sooner than this
    query. With `threads` some ranges are read side by side, see `columns.readers`. As in Django,
    a literal per cent sign in `sql` is written twice.
    """
    wanted = parse_kinds(kinds)
    dialect = dialect_of(connections[alias])
    names = [f"c{at}" for at in range(max(len(wanted), (by or 0) + 1))]
    head = f"WITH persona_rows({', '.join(names)}) AS ({dialect.source(sql)}) SELECT "
    expressions = dialect.expressions(sql, params, wanted)
    if by is None:
        query = f"{head}{', '.join(expressions)} FROM persona_rows"
        return _gathered(
            _by_rows(dialect, query, params, wanted, chunk), dialect, wanted, progress
        )

    key = names[by]

    def lowest(low: int) -> int | None:
        return _one(
            dialect, f"{head}min({key}) FROM persona_rows WHERE {key} >= %s", [*params, low]
        )

    if ends is None:
        # Two statements, because each alone is one step down the index.
        ends = (
            _one(dialect, f"{head}min({key}) FROM persona_rows", params),
            _one(dialect, f"{head}max({key}) FROM persona_rows", params),
        )
    columns = dialect.columns(expressions, wanted)
    query = f"{head}{columns} FROM persona_rows WHERE {key} BETWEEN %s AND %s"

    def ranged(low: int, high: int) -> tuple[str, Sequence[Any]]:
        return query, [*params, low, high]

    pieces = _by_ranges(dialect, ranged, lowest, *ends, wanted, chunk, threads)
    return _gathered(pieces, dialect, wanted, progress)


def read_queryset(
    queryset: QuerySet[Any, Any],
    kinds: str | Sequence[str],
    *,
    chunk: int = CHUNK_ROWS,
    progress: Progress | None = None,
) -> Arrays:
    """The columns of a `values_list` queryset, one array each, aligned.

    The queryset is compiled for its own database and never evaluated, so no row becomes an
    object; keys and texts pass Django's own conversions, once a distinct value. An order is kept
    if one is asked for; else a table with a whole-number key is read in ranges of it.
    """
    wanted = parse_kinds(kinds)
    dialect = dialect_of(connections[queryset.db])
    try:
        if dialect.gains_by_ranges(wanted) and _can_be_cut(queryset):
            pieces = _queryset_ranges(dialect, queryset, wanted, chunk)
            found = _gathered(pieces, dialect, wanted, progress)
        else:
            sql, params = _compiled(queryset)
            found = read_columns(queryset.db, sql, params, kinds, chunk=chunk, progress=progress)
    except EmptyResultSet:
        # A condition that nothing can meet, such as pk__in=[].
        found = [to_array([], kind) for kind in wanted]
    return _converted(queryset, found, wanted)


def _compiled(queryset: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    return queryset.query.get_compiler(queryset.db).as_sql()


def _can_be_cut(queryset: QuerySet[Any, Any]) -> bool:
    query = queryset.query
    return (
        isinstance(queryset.model._meta.pk, IntegerField)
        and not query.is_sliced
        and not query.distinct
        and not query.combinator
        and query.group_by is None
        and tuple(query.order_by) in {(), ("pk",), ("id",)}
        and not query.extra_order_by
    )


def _queryset_ranges(
    dialect: Dialect, queryset: QuerySet[Any, Any], kinds: Sequence[Kind], chunk: int
) -> Generator[Arrays, None, None]:
    sql, params = _compiled(queryset)
    names = ", ".join(f"c{at}" for at in range(len(kinds)))
    columns = dialect.columns(dialect.expressions(sql, params, kinds), kinds)
    ordered = queryset.order_by("pk") if queryset.query.order_by else queryset.order_by()

    def ranged(low: int, high: int) -> tuple[str, Sequence[Any]]:
        part, part_params = _compiled(ordered.filter(pk__range=(low, high)))
        source = dialect.source(part)
        head = f"WITH persona_rows({names}) AS ({source}) SELECT "
        return f"{head}{columns} FROM persona_rows", part_params

    keys = queryset.model._base_manager.using(queryset.db).values_list("pk", flat=True)

    def lowest(low: int) -> int | None:
        return keys.filter(pk__gte=low).order_by("pk").first()

    low, last = keys.order_by("pk").first(), keys.order_by("-pk").first()
    yield from _by_ranges(dialect, ranged, lowest, low, last, kinds, chunk)


def _by_rows(
    dialect: Dialect, query: str, params: Sequence[Any], kinds: Sequence[Kind], chunk: int
) -> Generator[Arrays, None, None]:
    for rows in dialect.rows(query, params, chunk=chunk):
        yield [
            to_array(values, kind)
            for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)
        ]


def _one(dialect: Dialect, sql: str, params: Sequence[Any]) -> int | None:
    with dialect.connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: int | None = cursor.fetchone()[0]
    return found


class _Width:
    """How much of the key one range covers: more or less as ranges turn out to hold few rows.

    Never so much more that the rows after a gap, all of them in one range, would be too many for
    one value. Where even the widest range is empty, the next row is looked for instead.
    """

    def __init__(self, chunk: int) -> None:
        self.now = self._chunk = chunk
        self.is_lost = False
        """True when the last range was as wide as can be, and empty."""

    def learnt_from(self, pieces: list[Arrays], *, of: int) -> list[Arrays]:
        """What is in the pieces of a range of the width `of`, from whose size it learns."""
        self._learn(sum(len(piece[0]) for piece in pieces), of)
        return [piece for piece in pieces if len(piece[0])]

    def _learn(self, size: int, of: int) -> None:
        self.is_lost = size == 0 and of >= WIDEST * self._chunk
        if of != self.now:
            # Asked before the last change, so it says nothing new.
            return
        if size < self._chunk // 2:
            self.now = min(self.now * (4 if size < self._chunk // 8 else 2), WIDEST * self._chunk)
        elif size > self._chunk * 2:
            self.now = max(self.now // 2, 1)

    def narrow(self) -> None:
        self.now = max(self.now // 4, 1)


def _by_ranges(
    dialect: Dialect,
    ranged: Ranged,
    lowest: NextKey,
    low: int | None,
    last: int | None,
    kinds: Sequence[Kind],
    chunk: int,
    threads: int = 1,
) -> Generator[Arrays, None, None]:
    """The pieces of a key's ranges, one after the other."""
    if low is None or last is None:
        return
    several = 1
    if dialect.collects_all(kinds):
        chunk = min(chunk, dialect.most_rows)
        # A short history is read before further connections would be open.
        several = threads if last - low >= chunk * threads else 1
    fetch: Fetch = partial(_fetched, ranged, kinds, chunk)
    connection, width = dialect.connection, _Width(chunk)
    with readers(connection, several) as others:
        if others is None:
            yield from _one_by_one(connection, fetch, lowest, low, last, width)
        else:
            yield from _side_by_side(others, connection, fetch, lowest, low, last, width)


def _fetched(
    ranged: Ranged,
    kinds: Sequence[Kind],
    chunk: int,
    low: int,
    high: int,
    connection: BaseDatabaseWrapper,
) -> list[Arrays] | None:
    dialect = dialect_of(connection)
    query, params = ranged(low, high)
    if not dialect.collects_all(kinds):
        return list(_by_rows(dialect, query, params, kinds, chunk))
    piece = dialect.collect(query, params)
    return None if piece is None else [piece]


def _one_by_one(
    connection: BaseDatabaseWrapper,
    fetch: Fetch,
    lowest: NextKey,
    low: int | None,
    last: int,
    width: _Width,
) -> Iterator[Arrays]:
    while low is not None and low <= last:
        span = width.now
        pieces = fetch(low, min(low + span - 1, last), connection)
        if pieces is None:
            width.narrow()
            continue
        low += span
        yield from width.learnt_from(pieces, of=span)
        if width.is_lost:
            low = lowest(low)


def _side_by_side(
    others: Readers,
    connection: BaseDatabaseWrapper,
    fetch: Fetch,
    lowest: NextKey,
    low: int,
    last: int,
    width: _Width,
) -> Iterator[Arrays]:
    asked: deque[tuple[int, int, int]] = deque()

    def asks() -> Iterator[Ask[list[Arrays] | None]]:
        start: int | None = low
        while start is not None and start <= last:
            if width.is_lost:
                width.is_lost = False
                start = lowest(start)
                continue
            end = min(start + width.now - 1, last)
            asked.append((start, end, width.now))
            yield partial(fetch, start, end)
            start = end + 1

    for pieces in others.answers(asks()):
        start, end, span = asked.popleft()
        if pieces is None:
            narrow = _Width(max(span // 4, 1))
            yield from _one_by_one(connection, fetch, lowest, start, end, narrow)
            continue
        yield from width.learnt_from(pieces, of=span)


def _gathered(
    pieces: Generator[Arrays, None, None],
    dialect: Dialect,
    kinds: Sequence[Kind],
    progress: Progress | None,
) -> Arrays:
    parts: list[Arrays] = [[] for _ in kinds]
    done = 0
    # What `progress` raises must not leave queries running behind it.
    with closing(pieces):
        for piece in pieces:
            for part, values in zip(parts, piece, strict=True):
                part.append(values)
            done += len(piece[0])
            if progress is not None:
                progress(done)
    # One column after the other, so that only one is there twice.
    found = [joined(parts.pop(0), kind) for kind in kinds]
    return [
        dialect.to_utc(values, kind) if kind.letter in "ty" else values
        for values, kind in zip(found, kinds, strict=True)
    ]


def _converted(queryset: QuerySet[Any, Any], found: Arrays, kinds: Sequence[Kind]) -> Arrays:
    """Keys and texts as the shop's objects spell them, such as a UUID that SQLite keeps bare."""
    if not any(kind.letter in "sk" for kind in kinds):
        return found
    compiler = queryset.query.get_compiler(queryset.db)
    compiler.setup_query()
    converters = compiler.get_converters([column[0] for column in compiler.select])
    for at, (convert, expression) in converters.items():
        if kinds[at].letter in "sk" and found[at].dtype == object:
            spelled: dict[Any, str | None] = {None: None}
            for value in set(found[at].tolist()) - {None}:
                converted = value
                for step in convert:
                    converted = step(converted, expression, compiler.connection)
                spelled[value] = None if converted is None else str(converted)
            found[at] = to_array([spelled[value] for value in found[at].tolist()], Kind("s"))
    return found
