"""Files of every format, whole and broken."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from persona_django.exceptions import BadImport
from persona_django.importing import files
from persona_django.importing.models import ImportRun
from persona_django.importing.runs import Options, import_file
from persona_django.tracking.models import Event
from tests.importing.files import HEADER, SHOP, refused, rows
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


def test_semicolons_a_byte_order_mark_blank_lines_and_quoted_newlines_are_read(tmp_path):
    tea, _ = stocked()
    path = tmp_path / "excel.csv"
    path.write_text(
        f'\ufeffUser_ID;Item_ID;Date;Order_ID;Note\n\n1;{tea.pk};2010-12-01;A;"two\nlines"\n'
        f"1;POST;2010-12-01;A;\n",
        encoding="utf-8",
    )

    report = import_file(path, SHOP)

    assert (report.stored, report.rejected) == (1, 1)
    assert refused(report)[0][:2] == ["5", "unknown item: 'POST'"]


def test_an_unclosed_quote_costs_its_own_lines_and_no_others(file):
    tea, _ = stocked()
    good = f"9,{tea.pk},purchase,2010-12-01,1,1,Z"
    path = file(good, f'"1,{tea.pk},purchase,2010-12-01,1,1,A', *["y" * 1000] * 140, good)

    report = import_file(path, SHOP)

    assert report.stored == 2
    assert refused(report)[0][:2] == ["3", "no readable CSV: a quote is opened and not closed"]
    assert report.rejected == len(refused(report)) == 141


@pytest.mark.parametrize("column", [0, 1, 6])
def test_one_stray_quote_in_a_long_file_costs_one_line(file, column):
    tea, _ = stocked()
    lines = [f"{n},{tea.pk},purchase,2010-12-01,1,1,A{n}" for n in range(2_500)]
    values = lines[40].split(",")
    values[column] = f'"{values[column]}'
    lines[40] = ",".join(values)

    report = import_file(file(*lines), SHOP)

    assert (report.lines, report.stored, report.rejected) == (2_500, 2_499, 1)
    assert refused(report) == [
        ["42", "no readable CSV: a quote is opened and not closed", lines[40]]
    ]


def test_a_quote_left_open_at_the_end_of_the_file_costs_its_line(file):
    tea, _ = stocked()
    good = f"9,{tea.pk},purchase,2010-12-01,1,1,Z"
    path = file(good, f'8,{tea.pk},purchase,2010-12-01,1,1,"Y')

    report = import_file(path, SHOP)

    assert (report.stored, [row[0] for row in refused(report)]) == (1, ["3"])


def test_gzip_is_read_whatever_its_name(tmp_path):
    tea, _ = stocked()
    path = tmp_path / "orders.bin"
    path.write_bytes(gzip.compress(f"{HEADER}\n1,{tea.pk},purchase,2010-12-01,1,1,A\n".encode()))

    assert import_file(path, SHOP).stored == 1


def test_a_file_cut_off_keeps_what_was_read_and_goes_on_with_the_whole_one(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "CHUNK_LINES", 10)
    tea, _ = stocked()
    lines = [f"{n},{tea.pk},purchase,2010-12-01,1,1,{os.urandom(9).hex()}" for n in range(500)]
    whole = gzip.compress("\n".join([HEADER, *lines, ""]).encode())
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BadImport, match="ends too early"):
        import_file(path, SHOP)
    partly = Event.objects.count()
    path.write_bytes(whole)
    report = import_file(path, SHOP)

    assert 0 < partly < 500
    assert (report.stored, report.repeated) == (500 - partly, partly)


def parquet(path: Path, columns: dict[str, Any]) -> Path:
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(arrow.table(columns), path)
    return path


def test_parquet_is_read_with_its_own_types(tmp_path):
    from datetime import datetime, timezone
    from decimal import Decimal

    tea, _ = stocked()
    moment = datetime(2010, 12, 1, 8, 26, tzinfo=timezone.utc)
    path = parquet(
        tmp_path / "orders.parquet",
        {
            "user_id": [17850, None, 3],
            "item_id": [tea.pk, tea.pk, 0],
            "timestamp": [moment, moment, moment],
            "price": [Decimal("2.55"), None, None],
            "quantity": [6.0, 1.0, 1.0],
            "basket_id": ["A", "B", "C"],
            "ignored": [[1], [2], [3]],
        },
    )

    report = import_file(path, SHOP)

    assert rows("at", "price", "quantity") == [
        (1_291_191_960, 255, 6),
        (1_291_191_960, None, 1),
    ]
    assert refused(report)[0][:2] == ["3", "unknown item: '0'"]


def test_a_parquet_column_that_is_no_plain_value_is_said_so(tmp_path):
    stocked()
    path = parquet(
        tmp_path / "orders.parquet", {"item": [[1]], "time": ["2010-12-01"], "order": ["A"]}
    )

    with pytest.raises(BadImport, match=r"Column 'item' holds list.*Map another column"):
        import_file(path, SHOP)


def test_a_broken_parquet_file_is_said_so(tmp_path):
    stocked()
    path = tmp_path / "orders.parquet"
    path.write_bytes(b"PAR1 and nothing more")

    with pytest.raises(BadImport, match="ends too early"):
        import_file(path, SHOP)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    import sys

    stocked()
    path = parquet(tmp_path / "orders.parquet", {"item": ["1"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(BadImport, match=r"persona-django\[parquet\]"):
        import_file(path, SHOP)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "is empty"),
        (b"PK\x03\x04", {}, "is an archive"),
        (b"item," + b"x" * 140_000 + b"\n", {}, "must name its columns, and is no readable CSV"),
        (b"a,b\n1,2\n", {}, r"No column is known to be the item.*The file has: a, b"),
        (b"item,time,order\n", {"mapping": {"nope": "item"}}, "not exactly one column 'nope'"),
        (b"item,item,order\n", {"mapping": {"item": "item"}}, "not exactly one column 'item'"),
        (b"item,time,order\n", {"mapping": {"item": "colour"}}, "no field 'colour'"),
        (b"a,b,time,order\n", {"mapping": {"a": "item", "b": "item"}}, "Two columns"),
        (b"item,time,order\n", {"encoding": "klingon"}, "no encoding 'klingon'"),
        (b"item,time,order\n", {"time_zone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        (b"item,time,order\n", {"kind": "gossip"}, "no kind of file 'gossip'"),
        (b"item,time,order\n", {"model": ""}, "as in --model app.Model"),
        (b"item,time,order\n", {"item_field": "nope"}, "no field 'nope'"),
        (b"\x1f\x8b\x08\x00broken", {}, "ends too early"),
        ("item,time,order\n".encode("utf-16"), {}, "no text in UTF-8.*--encoding utf-16"),
        ("item,time,order\n".encode("utf-16-le"), {}, "no text in UTF-8. Save it as CSV"),
        (gzip.compress("item,time,order\n".encode("utf-16"), mtime=0), {}, "no text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), {}, "no text in UTF-8. Save it as CSV"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(tmp_path, content, options, message):
    stocked()
    path = tmp_path / "orders.csv"
    path.write_bytes(content)

    with pytest.raises(BadImport, match=message):
        import_file(path, Options(**{"model": "shop.product", **options}))

    assert not Event.objects.exists()
    assert not ImportRun.objects.exists(), "it would look as if it were still being read"


def test_a_file_in_another_encoding_is_read_where_that_is_named(tmp_path):
    tea, _ = stocked()
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\n1,{tea.pk},purchase,2010-12-01,1,1,A\n", encoding="utf-16")

    report = import_file(path, Options(model="shop.product", encoding="utf-16"))

    assert (report.stored, report.rejected) == (1, 0)


def test_a_missing_file_and_an_empty_catalogue_are_said_so(tmp_path, file):
    with pytest.raises(BadImport, match="There is no file"):
        import_file(tmp_path / "nowhere.csv", SHOP)
    with pytest.raises(BadImport, match="is a folder"):
        import_file(tmp_path, SHOP)
    with pytest.raises(BadImport, match="persona_sync"):
        import_file(file(), SHOP)
