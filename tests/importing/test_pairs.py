"""Suggested pairs out of a file, and into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from io import StringIO
from itertools import permutations
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, router
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.merchandising.decisions import hide_pair
from persona_django.merchandising.models import SuggestedPair
from persona_django.similarity.relations import BOUGHT_AFTER, SIMILAR
from tests.factories import family_of, item_id, product, products, read_catalogue
from tests.second_writer import FILE, beside_a_second_writer

pytestmark = pytest.mark.django_db
HEADER = "list,beside,suggested,strength,reason,expires_at\n"


@pytest.fixture
def shop():
    made = products(3)
    read_catalogue()
    return made


def named(product) -> str:
    return f"shop.product:{product.pk}"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("persona_pairs", *arguments, stdout=out)
    return out.getvalue()


def read(tmp_path, text: str) -> str:
    path = tmp_path / "pairs.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return run("--read", str(path))


def every_pair_of(shop: Sequence[Any], *lists: str) -> str:
    """A file that suggests each beside each other one, a line for each list."""
    names = list(permutations(map(named, shop), 2))
    return "list,beside,suggested\n" + "".join(
        f"{one},{beside},{suggested}\n" for one in lists for beside, suggested in names
    )


def test_what_is_written_is_read_again(shop, tmp_path):
    until = datetime(2031, 5, 1, 12, tzinfo=timezone.utc)
    tea, mug, pot = map(item_id, shop)
    SuggestedPair.objects.create(relation=SIMILAR, item_id=tea, other_id=mug, strength=7)
    SuggestedPair.objects.create(
        relation=BOUGHT_AFTER, item_id=tea, other_id=pot, reason="=as ever", expires_at=until
    )
    path = tmp_path / "pairs.csv"
    before = list(SuggestedPair.objects.order_by("pk").values_list(*_FIELDS))

    assert run("--write", str(path)) == "2 suggested pairs written.\n"
    assert run("--write", "-").splitlines() == path.read_text("utf-8").splitlines()
    assert "'=as ever" in path.read_text("utf-8")
    SuggestedPair.objects.all().delete()
    said = run("--read", str(path))

    assert said == "2 suggested pairs taken in; lists follow with the next rebuild.\n"
    assert list(SuggestedPair.objects.order_by("pk").values_list(*_FIELDS)) == before


_FIELDS = ("relation", "item_id", "other_id", "strength", "reason", "expires_at")


def test_a_pair_that_is_there_gets_what_the_file_says_and_none_is_taken_away(shop, tmp_path):
    tea, mug, pot = map(item_id, shop)
    for other in (mug, pot):
        SuggestedPair.objects.create(relation=SIMILAR, item_id=tea, other_id=other, strength=7)

    read(tmp_path, f"list,beside,suggested\nsimilar,{named(shop[0])},{named(shop[1])}\n\n")

    assert [*SuggestedPair.objects.order_by("pk").values_list("strength", flat=True)] == [20, 7]


def test_a_pair_that_stands_there_twice_is_as_its_last_line_says(shop, tmp_path):
    line = f"similar,{named(shop[0])},{named(shop[1])}"

    said = read(tmp_path, f"{HEADER}{line},5,once,\n{line},9,twice,\n")

    assert said.startswith("1 suggested pair taken in")
    assert SuggestedPair.objects.values_list("strength", "reason").get() == (9, "twice")


def expiry_of(shop, tmp_path, written: str) -> datetime | None:
    read(tmp_path, f"{HEADER}similar,{named(shop[0])},{named(shop[1])},5,,{written}\n")
    return SuggestedPair.objects.get().expires_at


def test_a_moment_without_a_zone_is_the_shops(shop, tmp_path, settings):
    settings.TIME_ZONE = "America/New_York"

    kept = expiry_of(shop, tmp_path, "2031-05-01T12:00")

    assert kept == datetime(2031, 5, 1, 16, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2031-05-01T12:00", datetime(2031, 5, 1, 12)),
        ("2031-05-01T12:00Z", datetime(2031, 5, 1, 8)),
    ],
)
def test_a_shop_without_time_zones_has_moments_by_its_own_clock(
    shop, tmp_path, settings, written, kept
):
    settings.USE_TZ, settings.TIME_ZONE = False, "America/New_York"

    assert expiry_of(shop, tmp_path, written) == kept


def test_a_moment_that_the_shops_clock_never_shows_is_none(shop, tmp_path, settings):
    settings.TIME_ZONE = "Asia/Tokyo"

    with pytest.raises(CommandError, match="Line 2: expires_at is a moment"):
        expiry_of(shop, tmp_path, "9999-12-31T23:59Z")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("popular,1,2,5,,", "list is one of similar, bought-together, bought-after"),
        ("similar,{0},shop.product:999999,5,,", "no shop.product:999999 in the catalogue"),
        ("similar,{0},31,5,,", "Cannot tell which item"),
        ("similar,{0},{1},many,,", "strength is a number of customers"),
        ("similar,{0},{1},0,,", "greater than or equal to 1"),
        ("similar,{0},{0},5,,", "nothing is suggested beside itself"),
        ("similar,{0},{1},5,,soon", "expires_at is a moment"),
        ("similar,{0},{1},5,,2031-13-01T00:00", "expires_at is a moment"),
        ("similar,{0},{1},5,,9999-12-31T23:59-12:00", "expires_at is a moment"),
        ("similar,{0},{1},5,for\0ever,", "NUL character in the reason"),
        ("similar,{0},{1},5,f\udcfcr immer,", "not UTF-8: the reason"),
        ("similar,{0},shop.product:1\0,5,,", "holds a NUL character"),
        ("similar,{0},shop.product:\udcfc,5,,", "half of a surrogate pair"),
        ("similar,{0}", "Cannot tell which item"),
    ],
)
def test_a_line_that_is_no_pair_is_named_and_nothing_is_taken_in(shop, tmp_path, line, said):
    good = f"similar,{named(shop[1])},{named(shop[2])},5,,\n"

    with pytest.raises(CommandError) as refused:
        read(tmp_path, HEADER + good + line.format(*map(named, shop)) + "\n")

    assert said in str(refused.value)
    assert "Line 3:" in str(refused.value) and "Nothing was taken in." in str(refused.value)
    assert not SuggestedPair.objects.exists()


def test_of_many_wrong_lines_the_first_are_named(shop, tmp_path):
    with pytest.raises(CommandError) as refused:
        read(tmp_path, HEADER + "popular,1,2,,,\n" * 14)

    assert "Line 11:" in str(refused.value) and "Line 12:" not in str(refused.value)
    assert "and 4 more" in str(refused.value)


def test_a_file_of_other_columns_is_refused(shop, tmp_path):
    with pytest.raises(CommandError, match="begins with the columns"):
        read(tmp_path, "item,other\n1,2\n")


def test_a_file_that_is_not_there_is_said_in_a_line(shop, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        run("--read", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="cannot be written"):
        run("--write", str(tmp_path / "none" / "pairs.csv"))


def test_what_no_page_would_ever_show_is_refused_line_by_line(tmp_path, settings):
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Health",)}
    tea, pot, gone = products(3)
    mugs = [product(f"{one} mug", family="mug") for one in ("Red", "Blue")]
    test = product("Test", category="Health > Tests")
    read_catalogue()
    Item.objects.filter(pk=item_id(gone)).update(retired_at=now())
    hide_pair(family_of(tea), family_of(mugs[0]))
    pairs = [(tea, pot), (tea, gone), (test, tea), tuple(mugs), (tea, mugs[1]), (mugs[1], tea)]
    lines = [f"similar,{named(one)},{named(other)}\n" for one, other in pairs]

    with pytest.raises(CommandError) as refused:
        read(tmp_path, "list,beside,suggested\n" + "".join(lines))

    *faults, last = str(refused.value).split("\n")
    assert [fault.partition(": ")[0] for fault in faults] == [f"Line {n}" for n in (3, 4, 5, 6)]
    assert all("never shown together" in fault for fault in faults[:3])
    assert "That pair is hidden" in faults[3]
    assert last == "Nothing was taken in."
    assert not SuggestedPair.objects.exists()


def test_what_was_suggested_before_it_left_the_catalogue_is_written_and_read_again(shop, tmp_path):
    tea, mug, _ = map(item_id, shop)
    SuggestedPair.objects.create(relation=SIMILAR, item_id=tea, other_id=mug, strength=7)
    Item.objects.filter(pk=mug).update(retired_at=now())
    path = tmp_path / "pairs.csv"
    run("--write", str(path))

    said = run("--read", str(path))

    assert said.startswith("1 suggested pair taken in")
    with pytest.raises(CommandError, match="never shown together"):
        read(tmp_path, every_pair_of(shop[:2], "similar"))


def test_what_is_newer_than_the_snapshot_may_be_suggested_unless_it_is_sensitive(shop, tmp_path):
    for key, secret in (("70001", False), ("70002", True)):
        ref = ref_of("shop.product", key)
        Item.objects.create(model="shop.product", key=key, ref=ref, sensitive=secret)

    read(tmp_path, f"{HEADER}similar,{named(shop[0])},shop.product:70001,5,,\n")

    assert SuggestedPair.objects.count() == 1
    with pytest.raises(CommandError, match="never shown together"):
        read(tmp_path, f"{HEADER}similar,{named(shop[0])},shop.product:70002,5,,\n")


def test_a_long_file_takes_no_more_queries_than_a_short_one(tmp_path):
    shop = products(5)
    read_catalogue()
    connection = connections[router.db_for_write(SuggestedPair)]
    asked = []

    for lists in (["similar"], ["similar", "bought-together", "bought-after"]):
        with CaptureQueriesContext(connection) as queries:
            read(tmp_path, every_pair_of(shop, *lists))
        asked.append(len(queries))

    assert SuggestedPair.objects.count() == 60
    # The first one also waits for the snapshot.
    assert asked[1] <= asked[0]


def test_a_file_is_taken_in_on_sqlite_while_others_write(tmp_path):
    with beside_a_second_writer(tmp_path):
        shop = products(2)
        read_catalogue()

        said = read(tmp_path, every_pair_of(shop, "similar"))

        assert said.startswith("2 suggested pairs taken in")
        assert SuggestedPair.objects.count() == 2


def test_what_is_killed_between_two_chunks_is_finished_by_reading_the_file_again(
    tmp_path, settings
):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 4}
    with beside_a_second_writer(tmp_path):
        shop = products(3)
        read_catalogue()
        file = every_pair_of(shop, "similar")

        with _killed_at_the_second_write(), pytest.raises(KeyboardInterrupt):
            read(tmp_path, file)

        assert SuggestedPair.objects.count() == 4
        assert read(tmp_path, file).startswith("6 suggested pairs taken in")
        assert SuggestedPair.objects.count() == 6


@contextmanager
def _killed_at_the_second_write() -> Iterator[None]:
    writes = 0

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal writes
        writes += sql.startswith("INSERT") and SuggestedPair._meta.db_table in sql
        if writes == 2:
            raise KeyboardInterrupt
        return execute(sql, *rest)

    with connections[FILE].execute_wrapper(count):
        yield
