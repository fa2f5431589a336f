"""The simulated shop is not tuned in secret: its numbers change only together with a note."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from example_shop.simulator import parameters
from example_shop.simulator.errands import ERRANDS, LIVES
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


NO_MECHANISM = ("parameters.py", "errands.py", "names.py", "scoring.py")
"""Where the numbers stand, where words do, and what only measures."""
OF_ARITHMETIC = {
    0.5: "half: of two persons, of a wave's height, of a month",
    4.0: "distances of prices, counted in halves of the range, squared",
    24: "hours of a day",
    30.0: "days of a month",
    30.44: "days of a month, the year round",
    365: "days of a year",
    86_400: "seconds of a day",
    3: "tiers of prices; and a bound on how many steps are drawn, not on what is done with them",
    1e-3: "instead of a division by nothing",
    1e-12: "instead of a division by nothing",
    1e-30: "instead of a logarithm of nothing",
}


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
    missions = shop.missions
    likelier = (replace(ERRANDS[0], needs={**ERRANDS[0].needs, "Grocery > Pets > Cat food": 0.1}),)
    oftener = {**LIVES, "city": {**LIVES["city"], "dinner party": 1.1}}
    follows = (replace(ERRANDS[0], then={"dinner party": 0.1}),)
    for change in (
        {"errands": likelier + ERRANDS[1:]},
        {"errands": follows + ERRANDS[1:]},
        {"lives": oftener},
    ):
        assert fingerprint(replace(shop, missions=replace(missions, **change))) != now
    assert fingerprint(shop, [replace(kind, demand=kind.demand + 0.1), *KINDS[1:]]) != now
    assert fingerprint(shop, [replace(kind, goes_with={kind.path: 0.1}), *KINDS[1:]]) != now
    assert fingerprint(shop, [replace(kind, about=("Other words.",)), *KINDS[1:]]) == now


def test_no_mechanism_holds_a_number_of_its_own():
    folder = Path(parameters.__file__).parent
    mechanisms = sorted(path for path in folder.glob("*.py") if path.name not in NO_MECHANISM)

    held = [
        f"{path.name}:{line} {number}"
        for path in mechanisms
        for line, number in numbers_in(path.read_text())
        if number not in OF_ARITHMETIC
    ]

    assert len(mechanisms) > 10
    assert not held, "Give it a name and a reason in parameters.py: " + ", ".join(held)


def test_a_number_in_a_mechanism_is_seen_wherever_it_is_hidden():
    for hidden in (
        "x = 0.7",
        "HIDDEN = 12",
        "rng.integers(3, 120)",
        "SPAN = (3, 9)",
        "self.rng.normal(scale=2)",
    ):
        assert list(numbers_in(hidden)), hidden
    assert not list(numbers_in("x = y[1:] + rng.normal(0.0, spread, size=(n, 1))"))


def numbers_in(text: str) -> Iterator[tuple[int, float]]:
    """Line and value of what may be a parameter: a number with a point, one that is drawn with,
    or one that has a name of its own."""
    module = ast.parse(text)
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found = [node]
        elif isinstance(node, ast.Call) and "rng." in ast.unparse(node.func) + ".":
            drawn_with = [*node.args, *(given.value for given in node.keywords)]
            found = [one for part in drawn_with for one in ast.walk(part)]
        elif node in module.body and isinstance(node, ast.Assign):
            found = list(ast.walk(node.value))
        else:
            continue
        for one in found:
            number = getattr(one, "value", None) if isinstance(one, ast.Constant) else None
            if type(number) in (int, float) and number not in (0, 1):
                yield one.lineno, number


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
