"""Orders and events from files of elsewhere: in chunks, resumable, and twice is as once."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import router
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.timezone import get_default_timezone

from persona_django import conf
from persona_django.exceptions import BadImport
from persona_django.importing.fields import NEEDED
from persona_django.importing.files import Chunk, Source
from persona_django.importing.lines import ItemColumn, LineReader, Rows
from persona_django.importing.models import ImportRun
from persona_django.importing.rejects import RejectsFile
from persona_django.importing.values import Reader
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.writing import insert_columns

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and those of the whole file."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How one file is to be understood. Part of what names its import run."""

    kind: str = "order"
    """`order`: purchases and refunds. `event`: anything that happened; a view by default."""
    basis: str = "aggregate"
    """`consent`, `customer` or `aggregate`: see schema.Basis."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Column of the file to field of ours; names that speak for themselves may be left out."""
    model: str = ""
    item_field: str = ""
    """Field of the shop's product that the item column holds; its primary key by default."""
    currency: str = ""
    time_format: str = ""
    time_zone: str = ""
    """Zone of times that name none; the shop's by default."""
    encoding: str = "utf-8-sig"
    delimiter: str = ""
    decimal: str = "."
    store: int = 1

    def fingerprint(self) -> str:
        """Names the options in 32 characters, of which the last one is the basis."""
        others = {**vars(self), "mapping": dict(self.mapping), "basis": ""}
        text = json.dumps(others, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:31] + str(int(Basis.of(self.basis)))


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What became of a file."""

    lines: int
    stored: int
    """Rows that are new."""
    repeated: int
    """Lines that were there already, or are of people who want to be left alone."""
    rejected: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Lines refused by this run, by kind of reason."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Good lines of this run by what they say happened, as `view`; new or there already."""
    rejects: Path | None = None
    """Where the refused lines are written down."""
    items_in: str = ""
    """Where the item column was looked for, as `shop.product.id`."""
    went_on_at: int = 0
    """Lines that an interrupted import had done before."""
    was_done: bool = False
    """The same file was imported before with the same options; nothing was read."""
    seconds: float = 0.0

    @property
    def nothing_came_in(self) -> bool:
        """True when every line was refused."""
        return _is_all_refused(self)


def import_file(
    path: str | Path,
    options: Options | None = None,
    *,
    rejects: str | Path | None = None,
    dry_run: bool = False,
    restart: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file. Killed at any point, the next call with the same options goes on there.

    A line that cannot be used is written to the rejects file (`FILE.rejects.csv` by default) with
    its number and reason, and never stops the import. Raises BadImport for a file that cannot be
    used at all, and where the rejects file cannot be written.
    """
    options = options or Options()
    path = Path(path)
    if options.kind not in NEEDED:
        raise BadImport(f"There is no kind of file {options.kind!r}. Use order or event.")
    if path.is_dir():
        raise BadImport(f"{path} is a folder. Name the files in it one by one.")
    if not path.is_file():
        raise BadImport(f"There is no file {path}.")
    started = time.monotonic()
    source = Source(
        path=path,
        mapping=options.mapping,
        kind=options.kind,
        encoding=options.encoding,
        delimiter=options.delimiter,
    )
    content = source.fingerprint()
    _refuse_another_basis(content, Basis.of(options.basis))
    name = content + options.fingerprint()
    run = _DryRun() if dry_run else _Run(path.name, name, restart=restart)
    if run.is_done:
        return replace(run.report(), was_done=True)
    rejects_path = Path(rejects) if rejects else path.with_name(f"{path.name}.rejects.csv")
    reasons: Counter[str] = Counter()
    kinds: Counter[Kind] = Counter()
    reader = _line_reader(options)
    went_on_at = run.rows_done
    with source.opened() as (header, chunks):
        refused = RejectsFile(rejects_path, header)
        refused.try_out()
        if not went_on_at:
            refused.begin()
        _go_through(chunks, reader, run, refused, reasons, kinds, source.size(), progress)
    run.finish()
    return replace(
        run.report(),
        reasons=dict(reasons.most_common()),
        kinds={kind.name.lower(): lines for kind, lines in kinds.most_common()},
        rejects=rejects_path if rejects_path.exists() else None,
        items_in=reader.items.looked_for_in,
        went_on_at=went_on_at,
        seconds=time.monotonic() - started,
    )


def _refuse_another_basis(content: str, basis: Basis) -> None:
    """A customer has another key for each use of the data: the same orders would count twice."""
    rows = ImportRun.objects.using(router.db_for_read(ImportRun))
    there = rows.filter(Q(stored__gt=0) | Q(repeated__gt=0), fingerprint__startswith=content)
    other = there.exclude(fingerprint__endswith=str(int(basis))).first()
    if other is not None:
        known = Basis(int(other.fingerprint[-1])).name.lower()
        raise BadImport(
            f"This file was imported before as {other.filename}, with --basis {known}. With "
            f"another one all of it would count twice. Import it with --basis {known}."
        )


def _line_reader(options: Options) -> LineReader:
    orders = frozenset({Kind.PURCHASE, Kind.REFUND})
    try:
        zone = ZoneInfo(options.time_zone) if options.time_zone else get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadImport(f"There is no time zone {options.time_zone!r}.") from error
    values = Reader(
        currency=options.currency or conf.current().currency,
        zone=zone,
        time_format=options.time_format,
        decimal=options.decimal,
        allowed=orders if options.kind == "order" else frozenset(Kind),
    )
    items = ItemColumn(options.model, options.item_field, options.store)
    if not len(items.ids):
        raise BadImport("The catalogue is empty. Run `manage.py persona_sync` first.")
    return LineReader(
        values,
        items,
        Basis.of(options.basis),
        encoding=options.encoding,
        store=options.store,
    )


def _go_through(
    chunks: Iterable[Chunk],
    reader: LineReader,
    run: _Run | _DryRun,
    refused: RejectsFile,
    reasons: Counter[str],
    kinds: Counter[Kind],
    size: int,
    progress: Progress | None,
) -> None:
    done, to_skip = 0, run.rows_done
    for chunk in chunks:
        # A resumed run reads what was done again, to know which lines it has seen.
        rows = reader.read(chunk)
        done += len(chunk)
        if done <= to_skip:
            if done == to_skip:
                refused.go_on_after(chunk.lines[-1])
            continue
        bad = _refused(chunk, rows)
        run.store(rows)
        refused.add(bad)
        reasons.update(reason.partition(":")[0] for _, reason, _ in bad)
        run.keep(rows, lines=len(chunk))
        kinds.update(Kind(kind) for kind in rows.columns["kind"].tolist())
        if progress is not None:
            progress(min(chunk.bytes_read, size), size)


def _refused(chunk: Chunk, rows: Rows) -> list[tuple[int, str, list[str]]]:
    bad = (~rows.faults.good).nonzero()[0].tolist()
    return [(chunk.lines[at], rows.faults.reason(at), list(chunk.raw[at])) for at in bad]


class _Run:
    """How far this file has come, kept in the database with every chunk.

    Its row is made with the first chunk: a file that cannot be understood leaves none, which
    would look for ever as if it were still being read.
    """

    def __init__(self, filename: str, fingerprint: str, *, restart: bool) -> None:
        self.alias = router.db_for_write(ImportRun)
        self.filename, self.fingerprint = filename[-255:], fingerprint
        found = self._rows().first()
        # What was refused as a whole may be known since: nothing of it is done.
        was_in_vain = found is not None and found.finished_at and _is_all_refused(found)
        self.begins_anew = found is not None and bool(restart or was_in_vain)
        self.row = None if self.begins_anew else found
        self.rows_done = self.row.rows_done if self.row else 0

    @property
    def is_done(self) -> bool:
        return self.row is not None and self.row.finished_at is not None

    def _rows(self) -> QuerySet[ImportRun]:
        return ImportRun.objects.using(self.alias).filter(fingerprint=self.fingerprint)

    def _begun(self) -> ImportRun:
        """The row; made now where this run is the first, or is to begin anew."""
        if self.row is None:
            if self.begins_anew:
                self._rows().delete()
            self.row, _ = ImportRun.objects.using(self.alias).get_or_create(
                fingerprint=self.fingerprint, defaults={"filename": self.filename}
            )
        return self.row

    def store(self, rows: Rows) -> None:
        """Store the good rows of one chunk, as far as they are new."""
        self._begun()
        insert_columns(rows.columns, within=self._added)
        # Asked before the refused lines are noted: they must not stand in their file twice.
        self._only_one(self._as_i_left_it().exists())

    def keep(self, rows: Rows, *, lines: int) -> None:
        """Note that the lines of one chunk are done. Raises BadImport for the second of two."""
        done = self.rows_done + lines
        rejected = F("rejected") + lines - rows.good
        self._only_one(self._as_i_left_it().update(rows_done=done, rejected=rejected))
        self.rows_done = done
        # What is done, good and not new was there before; right also after a kill in a chunk.
        self._stored_row().update(repeated=F("rows_done") - F("rejected") - F("stored"))

    def _as_i_left_it(self) -> QuerySet[ImportRun]:
        return self._stored_row().filter(rows_done=self.rows_done, finished_at=None)

    def _only_one(self, is_mine: object) -> None:
        if not is_mine:
            raise BadImport(
                "Another import of this file is running, so this one stops. "
                "Nothing is lost: the other one goes on."
            )

    def _added(self, rows: int) -> None:
        self._stored_row().update(stored=F("stored") + rows)

    def _stored_row(self) -> QuerySet[ImportRun]:
        return ImportRun.objects.using(self.alias).filter(pk=self._begun().pk)

    def finish(self) -> None:
        """Note that the whole file is in."""
        self._stored_row().update(finished_at=timezone.now())

    def report(self) -> ImportReport:
        row = self._begun()
        row.refresh_from_db(using=self.alias)
        return ImportReport(
            lines=row.rows_done,
            stored=row.stored,
            repeated=row.repeated,
            rejected=row.rejected,
        )


def _is_all_refused(counts: ImportRun | ImportReport) -> bool:
    return counts.rejected > 0 and not counts.stored and not counts.repeated


class _DryRun:
    """Counts what would be done, and writes nothing to the database."""

    is_done = False
    rows_done = 0

    def __init__(self) -> None:
        self.lines = 0
        self.good = 0

    def store(self, rows: Rows) -> None:
        """Nothing is stored."""

    def keep(self, rows: Rows, *, lines: int) -> None:
        self.lines += lines
        self.good += rows.good

    def finish(self) -> None:
        """There is nothing to note."""

    def report(self) -> ImportReport:
        return ImportReport(
            lines=self.lines, stored=self.good, repeated=0, rejected=self.lines - self.good
        )
