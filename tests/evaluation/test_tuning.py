"""Options are chosen by the rehearsal alone, within a time, and only where they are better."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from persona_django.evaluation.lineup import LINEUPS, choices_of
from persona_django.evaluation.tuning import tune
from tests.evaluation.logs import read, written

pytestmark = pytest.mark.usefixtures("one_thread")
LONG = 5.0
"""Minutes that these small files never need."""


@pytest.fixture
def log(tmp_path):
    """Visits in which the first item decides what comes last, whatever stands between."""
    draw = random.Random(11)
    lines = []
    for visit in range(260):
        kind = draw.randrange(6)
        between = [f"noise{draw.randrange(12)}" for _ in range(2)]
        items = [f"start{kind}", *between, f"end{kind}"]
        lines += [(f"v{visit}", item, place) for place, item in enumerate(items)]
    return written(tmp_path, "session_id,item_id,position", lines)


def test_what_is_chosen_is_better_where_nobody_looked(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    task = read("session-next", log, min_prefix=3)

    found = tune("session-next", task, minutes=LONG)

    assert found.options, "the first item counts too little as it is"
    assert found.after > found.before
    assert found.tried > 5


def test_what_is_judged_later_changes_nothing(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    task = read("session-next", log, min_prefix=3)
    wrong = np.zeros_like(task.exam.answer)
    other = replace(task, exam=replace(task.exam, answer=wrong))

    assert tune("session-next", task, minutes=LONG) == tune("session-next", other, minutes=LONG)


def test_without_time_nothing_is_tried_and_nothing_changed(log):
    found = tune("session-next", read("session-next", log), minutes=1e-9)

    assert (found.tried, found.options) == (0, {})


def test_progress_names_each_source(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    heard = []

    tune(
        "session-next",
        read("session-next", log),
        minutes=1e-9,
        progress=lambda stage, done, total: heard.append((stage, done, total)),
    )

    assert heard == [("viewed-next", 0, 2), ("popular", 1, 2)]


@pytest.mark.parametrize("protocol", LINEUPS)
def test_every_value_that_may_be_tried_makes_a_source(protocol):
    for entry in LINEUPS[protocol].values():
        for option, values in choices_of(entry).items():
            for value in values:
                assert entry.way({option: value}).proposer is not None


def only_popular_and_following(monkeypatch):
    """Few sources, so that a test takes seconds."""
    lineup = LINEUPS["session-next"]
    few = {name: lineup[name] for name in ("viewed-next", "popular")}
    monkeypatch.setitem(LINEUPS, "session-next", few)
