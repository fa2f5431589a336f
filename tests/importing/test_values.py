"""What stands in the lines of a file, good and bad."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.importing.runs import Options, import_file
from persona_django.tracking.schema import Kind
from tests.importing.files import SHOP, refused, rows
from tests.tracking.catalogue import item_of, product, stocked

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,{tea},purchase,2010-12-01,1,1", "missing columns: 6 instead of 7"),
        ("1,{tea},purchase,2010-12-01,1,1,A,B", "too many columns: 8 instead of 7"),
        ("1,POST,purchase,2010-12-01,1,1,A", "unknown item: 'POST'"),
        ("1,,purchase,2010-12-01,1,1,A", "unknown item: nothing"),
        ("1,{tea},purchase,yesterday,1,1,A", "bad time: 'yesterday'"),
        ("1,{tea},purchase,,1,1,A", "bad time: nothing"),
        ("1,{tea},purchase,1970-01-01,1,1,A",
         "bad time: '1970-01-01' is before 1990 or still to come"),
        ("1,{tea},purchase,2999-01-01,1,1,A",
         "bad time: '2999-01-01' is before 1990 or still to come"),
        ("1,{tea},purchase,2010-12-01,1,zero,A", "bad quantity: 'zero'"),
        ("1,{tea},purchase,2010-12-01,1,0,A", "bad quantity: '0'"),
        ("1,{tea},purchase,2010-12-01,1,1e9,A", "bad quantity: '1e9'"),
        ("1,{tea},purchase,2010-12-01,1,NaN,A", "bad quantity: 'NaN'"),
        ("1,{tea},purchase,2010-12-01,-4,1,A", "bad price: '-4'"),
        ("1,{tea},purchase,2010-12-01,Infinity,1,A", "bad price: 'Infinity'"),
        ("1,{tea},purchase,2010-12-01,£4,1,A", "bad price: '£4'"),
        ("1,{tea},purchase,2010-12-01,1,1,", "no order"),
        ("1,{tea},adjustment,2010-12-01,1,1,A", "unknown kind: 'adjustment'"),
        ("1,{tea},view,2010-12-01,1,1,A", "not an order: view; import it with --kind event"),
        ("caf\udce9,{tea},purchase,2010-12-01,1,1,A", "not UTF-8: the customer"),
        ("a\0b,{tea},purchase,2010-12-01,1,1,A", "NUL character in the customer"),
        (f"{'x' * 200},{{tea}},purchase,2010-12-01,1,1,A",
         "too long: the customer has 200 characters, at most 128"),
        ('"' + "x" * 140_000 + '",{tea},purchase,2010-12-01,1,1,A',
         "no readable CSV: field larger than field limit (131072)"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_with_its_number_and_reason_and_stops_nothing(file, line, reason):
    tea, _ = stocked()
    good = f"9,{tea.pk},purchase,2010-12-01,1,1,Z"
    path = file(good, line.format(tea=tea.pk), good)

    report = import_file(path, SHOP)

    assert (report.lines, report.stored, report.rejected) == (3, 2, 1)
    assert [row[:2] for row in refused(report)] == [["3", reason]]
    assert report.reasons == {reason.partition(":")[0]: 1}


def test_the_rejects_file_is_private_and_no_spreadsheet_runs_it(file):
    tea, _ = stocked()
    path = file(f'"=HYPERLINK(""http://evil"")",{tea.pk},@SUM(A1),never,-1,+2,-x')

    report = import_file(path, SHOP)

    (row,) = refused(report)
    assert row[2:] == [
        '\'=HYPERLINK("http://evil")',
        str(tea.pk),
        "'@SUM(A1)",
        "never",
        "-1",
        "+2",
        "'-x",
    ]
    assert stat.S_IMODE(report.rejects.stat().st_mode) == 0o600
    assert report.rejects == path.with_name("orders.csv.rejects.csv")


def test_bytes_of_another_encoding_in_a_column_nobody_reads_do_no_harm(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},2010-12-01,A,caf\udce9", header="user_id,item_id,date,order_id,note")

    assert import_file(path, SHOP).stored == 1


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"time_format": "%d.%m.%Y %H:%M"}, "1,{tea},purchase,01.12.2010 08:26,2.55,6,5"),
        ({"time_zone": "Europe/London"}, "1,{tea},purchase,2010-12-01T08:26:00,2.55,6,5"),
        ({}, "1,{tea},purchase,2010-12-01T08:26:00Z,2.55,6,5"),
        ({}, "1,{tea},purchase,2010-12-01T09:26:00+01:00,2.55,6,5"),
        ({}, "1,{tea},purchase,1291191960,2.55,6,5"),
        ({}, "1,{tea},purchase,1291191960.0,2.55,6.0,5"),
        ({}, "1,{tea},purchase,1291191960123,2.55,6,5"),
        ({"decimal": ","}, '1,{tea},purchase,1291191960,"2,55","6,0",5'),
        ({"currency": "EUR"}, "1 , {tea} , purchase , 1291191960 , 2.55 , 6 , 5"),
    ],
)
def test_times_and_numbers_are_understood_as_files_write_them(file, options, line):
    tea, _ = stocked()

    import_file(file(line.format(tea=tea.pk)), Options(model="shop.product", **options))

    assert rows("at", "price", "quantity") == [(1_291_191_960, 255, 6)]


def test_prices_follow_the_decimals_of_their_currency(file):
    tea, _ = stocked()

    import_file(
        file(f"1,{tea.pk},purchase,2010-12-01,300,1,A"),
        Options(model="shop.product", currency="JPY"),
    )

    assert rows("price") == [(300,)]


def test_part_of_a_piece_counts_as_one(file):
    tea, _ = stocked()
    path = file(
        *(
            f"1,{tea.pk},purchase,2010-12-0{n},1,{q},A"
            for n, q in ((1, "0.35"), (2, "2.6"), (3, "-0.4"))
        )
    )

    import_file(path, SHOP)

    assert rows("kind", "quantity") == [
        (Kind.PURCHASE, 1),
        (Kind.PURCHASE, 3),
        (Kind.REFUND, 1),
    ]


@given(content=st.binary(max_size=400))
def test_no_bytes_break_an_import(content, tmp_path_factory):
    """Whatever a file holds, its lines are stored or refused, or it is refused as a whole."""
    tea = product()
    item_of(tea)
    path = tmp_path_factory.mktemp("any") / "orders.csv"
    path.write_bytes(b"customer,item,time,order\n" + content)

    report = import_file(path, SHOP, dry_run=True)

    assert report.stored + report.rejected == report.lines


def quoted(values) -> str:
    """A line of CSV; the writer of Python 3.10 refuses a NUL character."""
    return ",".join('"' + str(value).replace('"', '""') + '"' for value in values) + "\r\n"


@given(
    lines=st.lists(
        st.tuples(
            st.text(max_size=8), st.sampled_from(["known", "POST"]), st.text(max_size=12),
            st.text(max_size=6), st.text(max_size=6), st.text(max_size=6),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_every_line_is_stored_once_or_refused_once(lines, tmp_path_factory):
    tea = product()
    item_of(tea)
    path = tmp_path_factory.mktemp("any") / "orders.csv"
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as out:
        out.write("customer,item,time,order,quantity,price\n")
        for customer, item, time, *rest in lines:
            key = tea.pk if item == "known" else item
            out.write(quoted([customer, key, time or "2010-12-01", *rest]))

    first = import_file(path, SHOP, restart=True)
    again = import_file(path, SHOP, restart=True)

    assert first.lines == len(lines) == first.stored + first.repeated + first.rejected
    assert (again.stored, again.repeated) == (0, first.stored + first.repeated)
