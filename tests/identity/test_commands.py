"""What an operator does for somebody who writes to the shop."""

from __future__ import annotations

import io
import json
import stat
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from persona_django.identity import cookies, holdings, restrictions
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.erasure import bury
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction
from persona_django.tracking.models import SearchTerm
from persona_django.tracking.search_marks import marks_of
from tests.identity.held import TERM, hold_everything, rows_of

pytestmark = pytest.mark.django_db

CUSTOMER = keyed("customer", "31")
HERS = 4_711


@pytest.fixture
def anna() -> None:
    hold_everything(HERS, account=CUSTOMER)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_customer_is_told_everything_as_json(anna):
    told = json.loads(run("persona_export", "--customer", "31"))

    assert [len(section["rows"]) for section in told["data"]] == [1, 3, 1, 1, 0, 1, 0]


def test_what_cannot_be_told_is_named_and_all_else_is_written(anna, capsys):
    def fail(subject: Any) -> Any:
        raise RuntimeError("no")

    holdings.register(
        holdings.Holding(name="wishes", about="", fields={}, tell=fail, erase=lambda s, n: 0)
    )
    out = io.StringIO()
    try:
        with pytest.raises(CommandError, match="Not told: wishes"):
            call_command("persona_export", "--customer", "31", stdout=out)
    finally:
        holdings.unregister("wishes")

    assert len(json.loads(out.getvalue())["data"][1]["rows"]) == 3


def test_an_export_to_a_file_is_for_its_owner_only_and_overwrites_nothing(anna, tmp_path):
    path = tmp_path / "anna.json"

    run("persona_export", "--customer", "31", "--out", str(path))

    assert json.loads(path.read_text("utf-8"))["known"] is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="cannot be written"):
        run("persona_export", "--customer", "31", "--out", str(path))


def test_a_visitor_is_found_by_the_cookie_they_quote():
    visitor = VisitorCookie.fresh()
    hold_everything(keyed("visitor", visitor.pseudonym))

    told = json.loads(run("persona_export", "--visitor", cookies.signed(visitor)))

    assert len(told["data"][0]["rows"]) == 1
    with pytest.raises(CommandError, match="no cookie of ours"):
        run("persona_export", "--visitor", "forged")


def test_a_customer_is_erased_and_what_went_is_said(anna):
    said = run("persona_erase", "--customer", "31", "--no-input")

    assert "events: 3 deleted" in said
    assert rows_of(HERS) == 0
    assert restrictions.is_erased(HERS) and restrictions.is_erased(CUSTOMER)


@pytest.mark.parametrize(("answer", "erased"), [("yes\n", True), ("no\n", False), ("", False)])
def test_it_asks_first(anna, monkeypatch, answer, erased):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    if erased:
        run("persona_erase", "--customer", "31")
    else:
        with pytest.raises(CommandError, match="Nothing was deleted") as said:
            run("persona_erase", "--customer", "31")
        assert ("--no-input" in str(said.value)) is (answer == "")
    assert (rows_of(HERS) == 0) is erased


def test_of_a_customer_who_only_ordered_it_says_what_the_tombstone_does():
    user = get_user_model().objects.create(username="ordered")

    said = run("persona_erase", "--customer", str(user.pk), "--no-input")

    assert said.splitlines() == [
        "There was nothing to delete.",
        "Left out of all learning from now on; the shop's own orders stay.",
    ]
    assert restrictions.is_erased(keyed("customer", str(user.pk)))


def test_of_a_visitor_who_is_erased_it_does_not_speak_of_orders():
    visitor = VisitorCookie.fresh()
    hold_everything(keyed("visitor", visitor.pseudonym))

    said = run("persona_erase", "--visitor", cookies.signed(visitor), "--no-input")

    assert "events: 3 deleted" in said
    assert "Nothing more is recorded about this visitor" in said
    assert "orders" not in said and ": 0 deleted" not in said


def test_somebody_has_to_be_named():
    with pytest.raises(CommandError, match="Say whose data"):
        run("persona_erase")
    with pytest.raises(CommandError):
        run("persona_export")


def test_tombstones_are_kept_beside_a_backup_and_replayed_after_it_was_restored(anna, tmp_path):
    run("persona_erase", "--customer", "31", "--no-input")
    kept = tmp_path / "tombstones.jsonl"
    kept.write_text(run("persona_erase", "--tombstones"), "utf-8")
    stones = dict(Restriction.objects.values_list("key", "at"))
    Restriction.objects.all().delete()
    hold_everything(HERS, account=CUSTOMER)
    restrictions.forget()

    said = run("persona_erase", "--replay", str(kept))

    assert "events: 3 deleted" in said
    assert rows_of(HERS) == 0
    assert dict(Restriction.objects.values_list("key", "at")) == stones


def test_replaying_without_a_file_goes_by_the_tombstones_there_are(anna):
    restrictions.restrict([HERS], Restriction.Kind.ERASED)

    run("persona_erase", "--replay")

    assert rows_of(HERS) == 0


BACKUP = "2026-03-01T04:00+01:00"
BEGUN = 1_772_334_000
HOUR = 3_600


@pytest.mark.parametrize("moment", [BACKUP, "2026-03-01T03:00:00Z"])
def test_whoever_was_erased_before_the_backup_was_begun_is_not_looked_for_in_it(moment):
    long_ago, shortly_before, since = 1, 2, 3
    stones = {long_ago: BEGUN - 3 * HOUR, shortly_before: BEGUN - HOUR // 2, since: BEGUN + HOUR}
    for key in stones:
        hold_everything(key)
    bury(stones)

    run("persona_erase", "--replay", "--since", moment)

    assert rows_of(shortly_before, since) == 0
    assert rows_of(long_ago) > 0
    (term,) = SearchTerm.objects.all()
    assert bytes(term.marks) == marks_of([long_ago], TERM).tobytes()


def test_a_moment_without_a_zone_is_the_shops(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    bury({HERS: BEGUN - 2 * HOUR, HERS + 1: BEGUN + HOUR})
    hold_everything(HERS)
    hold_everything(HERS + 1)

    run("persona_erase", "--replay", "--since", "2026-03-01T04:00")

    assert rows_of(HERS) > 0
    assert rows_of(HERS + 1) == 0


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", ""])
def test_no_moment_is_told_apart_from_one(text):
    with pytest.raises(CommandError, match="is no moment"):
        run("persona_erase", "--replay", f"--since={text}")


def test_a_moment_says_nothing_without_a_replay():
    with pytest.raises(CommandError, match="--replay"):
        run("persona_erase", "--customer", "31", "--since", BACKUP)


@pytest.mark.parametrize("text", ["no json", '{"key": "x", "at": 1}', "[1]", '{"at": 1}'])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    path = tmp_path / "other.jsonl"
    path.write_text(text, "utf-8")

    with pytest.raises(CommandError, match="holds no tombstones"):
        run("persona_erase", "--replay", str(path))
    with pytest.raises(CommandError, match="holds no tombstones"):
        run("persona_erase", "--replay", str(tmp_path / "missing"))


def test_a_table_of_the_shops_that_fails_makes_the_command_fail(anna):
    def fail(subject: Any, most: int) -> int:
        raise RuntimeError("no")

    holdings.register(
        holdings.Holding(name="wishes", about="", fields={}, tell=lambda s: iter(()), erase=fail)
    )
    try:
        with pytest.raises(CommandError, match="wishes"):
            run("persona_erase", "--customer", "31", "--no-input")
    finally:
        holdings.unregister("wishes")
    assert rows_of(HERS) == 0


def test_pausing_and_resuming_for_a_customer_and_a_guest(anna):
    run("persona_pause", "--customer", "31")
    run("persona_pause", "--guest", "A@shop.example")
    guest = keyed("guest", "a@shop.example")
    assert all(map(restrictions.is_restricted, (HERS, CUSTOMER, guest)))
    assert rows_of(HERS) > 0

    run("persona_pause", "--customer", "31", "--resume")
    assert not restrictions.is_restricted(HERS)
    assert restrictions.is_restricted(guest)


@pytest.mark.parametrize("command", ["persona_erase", "persona_pause", "persona_export"])
@pytest.mark.parametrize("key", ["99999", "nope"])
def test_a_slip_of_the_pen_locks_nobody_out(anna, command, key):
    with pytest.raises(CommandError, match=f"no user with the key {key}.*--anyway"):
        run(command, "--customer", key)

    assert not Restriction.objects.exists()


def test_a_customer_of_whom_nothing_is_held_yet_is_left_alone_all_the_same():
    user = get_user_model().objects.create(username="new")
    run("persona_pause", "--customer", str(user.pk))
    run("persona_pause", "--customer", "gone", "--anyway")

    assert restrictions.is_restricted(keyed("customer", str(user.pk)))
    assert restrictions.is_restricted(keyed("customer", "gone"))
