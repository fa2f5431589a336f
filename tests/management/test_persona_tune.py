"""The command that chooses options, and the file it hands to the evaluation."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from persona_django.evaluation.lineup import LINEUPS
from tests.evaluation.logs import visits, written


@pytest.fixture
def log(tmp_path):
    return written(tmp_path, "session_id,item_id,position", visits(60))


def told(name: str, *arguments) -> str:
    said = io.StringIO()
    call_command(name, *map(str, arguments), stdout=said, verbosity=0)
    return said.getvalue()


@pytest.fixture
def fashion(tmp_path):
    """Visits that for a year led to the cap, and in the last weeks to the hat."""
    lines = [
        (f"v{visit}", item, 86_400 * (day + 1) + place)
        for visit, day in enumerate([*range(0, 320, 8), *range(365, 385)])
        for place, item in enumerate((f"start{visit % 3}", "cap" if day < 365 else "hat"))
    ]
    return written(tmp_path, "session_id,item_id,timestamp", lines)


@pytest.fixture
def _one_source(monkeypatch):
    """So that a test takes seconds."""
    monkeypatch.setitem(LINEUPS, "session-next", {"popular": LINEUPS["session-next"]["popular"]})


def found_by(method: str, log, tmp_path, *arguments) -> float:
    """How many visits got what they went on to in the first place of the list."""
    path = tmp_path / "figures.json"
    told("persona_evaluate", "session-next", log, "--method", method, "--k", 1, "--json", path,
         *arguments)  # fmt: skip
    return json.loads(path.read_text())["methods"][method]["hr@1"]


@pytest.mark.usefixtures("_one_source")
def test_what_is_written_makes_the_evaluation_find_more(fashion, tmp_path):
    path = tmp_path / "tuned.json"

    said = told("persona_tune", "session-next", fashion, "--minutes", 5, "--write", path)

    tuned = json.loads(path.read_text())
    assert tuned["protocol"] == "session-next"
    assert "popular: half_life_days" in said
    assert found_by("popular", fashion, tmp_path) == 0
    assert found_by("popular", fashion, tmp_path, "--tuned", path) == 1


@pytest.mark.usefixtures("_one_source")
@pytest.mark.parametrize("method", ["popular", "default"])
def test_tuned_options_are_used(fashion, tmp_path, method):
    tuned = tmp_path / "tuned.json"
    tuned.write_text(
        json.dumps({"protocol": "session-next", "options": {"popular": {"half_life_days": 7.0}}})
    )

    assert found_by(method, fashion, tmp_path) == 0
    assert found_by(method, fashion, tmp_path, "--tuned", tuned) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no json", "cannot be read"),
        ('{"protocol": "holdout", "options": {}}', "nothing that persona_tune wrote"),
        ("[]", "nothing that persona_tune wrote"),
        ('{"protocol": "session-next", "options": {"popular": {"colour": 1}}}', "has not"),
        ('{"protocol": "session-next", "options": {"strange": {}}}', "has not"),
        ('{"protocol": "session-next", "options": {"popular": 3}}', "has not"),
    ],
)
def test_a_file_of_something_else_is_refused_in_a_sentence(log, tmp_path, content, says):
    tuned = tmp_path / "tuned.json"
    tuned.write_text(content)

    with pytest.raises(CommandError, match=says):
        told("persona_evaluate", "session-next", log, "--tuned", tuned)


@pytest.mark.parametrize(
    ("source", "option", "value", "allowed"),
    [
        ("similar", "fade", "x", "a number from 0.5 to 1"),
        ("similar", "fade", None, "a number from 0.5 to 1"),
        ("similar", "fade", True, "a number from 0.5 to 1"),
        ("similar", "fade", float("nan"), "a number from 0.5 to 1"),
        ("similar", "fade", [0.5], "a number from 0.5 to 1"),
        ("similar", "neighbours", -5, "a whole number from 50 to 200"),
        ("similar", "neighbours", 10**9, "a whole number from 50 to 200"),
        ("similar", "neighbours", 100.5, "a whole number from 50 to 200"),
        ("similar", "half_life_days", 0, "a number from 90 to 365"),
        ("viewed-next", "reach", 0, "a whole number from 1 to 10"),
        ("popular", "half_life_days", "7", "a number from 7 to 10000"),
    ],
)
def test_a_value_that_no_tuning_writes_is_refused_and_what_is_allowed_is_said(
    log, tmp_path, source, option, value, allowed
):
    tuned = tmp_path / "tuned.json"
    options = {source: {option: value}}
    tuned.write_text(json.dumps({"protocol": "leave-one-out", "options": options}))

    with pytest.raises(CommandError) as raised:
        told("persona_evaluate", "leave-one-out", log, "--tuned", tuned)

    assert str(raised.value) == (
        f"tuned.json sets {option} of {source} to {json.dumps(value)}; it may be {allowed}."
    )


def test_a_whole_number_is_a_number_too(fashion, tmp_path):
    tuned = tmp_path / "tuned.json"
    tuned.write_text(
        json.dumps({"protocol": "session-next", "options": {"popular": {"half_life_days": 7}}})
    )

    assert found_by("popular", fashion, tmp_path, "--tuned", tuned) == 1


def test_a_file_that_cannot_be_written_is_said_before_hours_of_tuning(tmp_path):
    nameless = tmp_path / ("x" * 300)

    with pytest.raises(CommandError) as raised:
        told("persona_tune", "session-next", tmp_path / "nowhere.csv", "--write", nameless)

    assert str(raised.value).startswith(f"{nameless} cannot be written: ")


@pytest.mark.usefixtures("_one_source")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk to fill")
def test_where_the_disk_is_full_what_was_found_was_said_before(fashion):
    said = io.StringIO()

    with pytest.raises(CommandError, match="/dev/full cannot be written: "):
        call_command(
            "persona_tune", "session-next", str(fashion), "--write", "/dev/full",
            stdout=said, verbosity=0,
        )  # fmt: skip

    assert "popular: half_life_days" in said.getvalue()


def test_no_file_to_write_and_no_time_are_refused_before_anything_is_read(log, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        told("persona_tune", "session-next", log, "--write", tmp_path / "none" / "x.json")
    with pytest.raises(CommandError, match="above 0"):
        told("persona_tune", "session-next", log, "--write", tmp_path / "x", "--minutes", "0")
