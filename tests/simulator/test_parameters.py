"""The simulated shop is not tuned in secret: its numbers change only together with a note."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace

from example_shop.simulator import parameters
from example_shop.simulator.goods.all import KINDS
from example_shop.simulator.goods.kind import Kind
from example_shop.simulator.parameters import Parameters

HABITS_OF_GOODS = ("price", "peak_month", "cycle_days", "goes_with", "weight", "demand", "gift")
"""Numbers that stand with each kind of goods; words may be mended without a note."""
NOTE = re.compile(r"^(\d{4}-\d{2}-\d{2})  ", re.MULTILINE)
MARK = re.compile(r"\[numbers ([0-9a-f]{12})\]")
WHAT_TO_DO = """The numbers of the simulated shop are not those of its newest note.
If you did not mean to change any, take the change back. If you did, add a note at the end of the
notes in example_shop/simulator/parameters.py: the date, the number, and why the shop was less
believable before ("the method scored better" is no reason). Let it end with [numbers {now}],
leave the older notes as they are, and throw away the figures that were measured before."""


def fingerprint(shop: Parameters, kinds: Sequence[Kind] = KINDS) -> str:
    """Twelve letters that change with any number of the shop or of its goods."""
    goods = {kind.path: {name: asdict(kind)[name] for name in HABITS_OF_GOODS} for kind in kinds}
    text = json.dumps([asdict(shop), goods], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def complaint(text: str, now: str) -> str:
    """What is wrong with the notes, for whoever changed a number; "" when nothing is."""
    _, _, notes = text.partition("\nNotes\n-----\n")
    dates = NOTE.findall(notes)
    marks = [MARK.findall(note) for note in NOTE.split(notes)[2::2]]
    known = [mark for found in marks for mark in found]
    if not dates or marks[-1] != [now]:
        return WHAT_TO_DO.format(now=now)
    if dates != sorted(dates):
        return "Notes stand in the order of their dates, the newest last."
    if len(set(known)) != len(known):
        return "Two notes name the same numbers: one of them tells of no change."
    return ""


def test_every_number_is_the_one_that_the_newest_note_speaks_of():
    wrong = complaint(parameters.__doc__ or "", fingerprint(Parameters()))

    assert not wrong, wrong


def test_any_other_number_needs_a_note():
    shop, kind = Parameters(), KINDS[0]
    now = fingerprint(shop)

    assert fingerprint(replace(shop, days=364)) != now
    assert fingerprint(replace(shop, taste=replace(shop.taste, focus=0.6))) != now
    assert fingerprint(shop, [replace(kind, demand=kind.demand + 0.1), *KINDS[1:]]) != now
    assert fingerprint(shop, [replace(kind, goes_with={kind.path: 0.1}), *KINDS[1:]]) != now
    assert fingerprint(shop, [replace(kind, about=("Other words.",)), *KINDS[1:]]) == now


def test_who_changed_a_number_is_told_what_to_write():
    first, second = "2026-11-24  first set.", "2026-11-30  `days` 365 to 730: why."
    old, new = "0123456789ab", "ba9876543210"

    assert complaint(notes(f"{first} [numbers {old}]"), old) == ""
    assert complaint(notes(first, f"{second} [numbers {new}]"), new) == ""
    for told in (
        complaint(notes(f"{first} [numbers {old}]"), new),
        complaint(notes(f"{first} [numbers {new}]", second), new),
        complaint("No notes at all.", new),
    ):
        assert "add a note" in told and f"Let it end with [numbers {new}]" in told


def test_notes_stand_in_order_and_none_repeats_another_s_numbers():
    now = "[numbers 0123456789ab]"

    unordered = complaint(notes("2026-11-30  later.", f"2026-11-24  first. {now}"), now[9:-1])
    repeated = complaint(notes(f"2026-11-24  a. {now}", f"2026-11-30  b. {now}"), now[9:-1])

    assert "order of their dates" in unordered
    assert "same numbers" in repeated


def notes(*lines: str) -> str:
    return "\n".join(["Numbers.", "", "Notes", "-----", *lines, ""])
