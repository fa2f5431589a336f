"""Files and folders that are named to `python -m tests.run` restrict what it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import run
from tests.run import chosen, command, main, narrowed, plan

DOCSTRINGS, SHOP = "the examples in docstrings", "the example shop"


def titles(*arguments: str, unit: bool = False) -> list[str]:
    places, _ = chosen(arguments)
    return [one.title for one in narrowed(plan(unit=unit), places) if one.paths]


def paths(title: str, *arguments: str) -> tuple[str, ...]:
    places, _ = chosen(arguments)
    (found,) = [one for one in narrowed(plan(unit=False), places) if one.title == title]
    return found.paths


def test_without_a_place_everything_runs_as_planned():
    assert narrowed(plan(unit=False), []) == plan(unit=False)
    assert chosen(["-x", "-k", "tests", "--maxfail=1"]) == (
        [],
        ["-x", "-k", "tests", "--maxfail=1"],
    )


@pytest.mark.parametrize("option", ["--ignore", "--deselect", "--cov", "--junitxml"])
def test_what_an_option_of_pytest_takes_is_no_place(option):
    assert chosen([option, "tests/blocks", "-x"]) == ([], [option, "tests/blocks", "-x"])


def test_a_folder_runs_in_every_stage_that_looks_into_it_and_in_no_other():
    ran = titles("tests/blocks")

    assert "SQLite" in ran and "PostgreSQL" in ran and "what measures time" in ran
    assert DOCSTRINGS not in ran and SHOP not in ran
    assert paths("SQLite", "tests/blocks") == ("tests/blocks",)


@pytest.mark.parametrize(
    ("place", "ran"),
    [
        ("persona_django/numeric/decay.py", [DOCSTRINGS]),
        ("persona_django", [DOCSTRINGS]),
        ("tests/journeys", [SHOP]),
        ("tests/journeys/test_demo.py", [SHOP]),
        ("tests/docs", ["SQLite", "what must run alone", "what measures time"]),
    ],
)
def test_a_stage_that_leaves_a_place_out_leaves_it_out_when_it_is_named(place, ran):
    assert titles(place) == ran


def test_what_a_stage_has_a_part_of_is_its_part():
    assert paths(SHOP, "tests") == ("tests/journeys",)
    assert paths("SQLite", "tests", "persona_django") == ("tests",)


def test_one_test_and_several_places_may_be_named_with_words_for_pytest_between():
    one = "tests/blocks/test_pipeline.py::test_it"

    places, more = chosen(["-x", one, "-k", "tests/docs", "./tests/docs/", "--maxfail", "2"])

    assert places == [one, "tests/docs"]
    assert more == ["-x", "-k", "tests/docs", "--maxfail", "2"]
    (sqlite,) = [run for run in narrowed(plan(unit=False), places) if run.title == "SQLite"]
    call = command(sqlite, Path("report.xml"), more)
    assert call[-2:] == [one, "tests/docs"]
    assert "tests" not in call


def test_a_place_that_is_not_there_is_said_and_nothing_runs(capsys, nothing_starts):
    assert main(["tests/bloks"]) == 2
    assert "tests/bloks" in capsys.readouterr().out


def test_a_stage_without_anything_to_run_is_named_and_skipped(capsys, nothing_starts):
    assert main(["--unit", "persona_django/numeric"]) == 0

    said = capsys.readouterr().out
    assert nothing_starts == [DOCSTRINGS]
    assert "SQLite, without services: skipped, nothing of what was named runs there" in said


def test_where_no_stage_has_anything_to_run_that_is_no_success(capsys, nothing_starts):
    assert main(["--unit", "tests/docs"]) == 1
    assert nothing_starts == []


@pytest.fixture
def nothing_starts(monkeypatch) -> list[str]:
    """The titles of what would have run."""
    started: list[str] = []

    def start(one: run.Run, folder: Path, more: list[str], **_: object) -> run.Outcome:
        started.append(one.title)
        return run.Outcome(title=one.title, code=0, seconds=0.0)

    monkeypatch.setattr(run, "carry_out", start)
    monkeypatch.setattr(run, "measured_coverage", lambda folder, gate: 0)
    return started
