"""The command that chooses options, and the file it hands to the evaluation."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.evaluation.logs import visits, written


@pytest.fixture
def log(tmp_path):
    return written(tmp_path, "session_id,item_id,position", visits(60))


def told(name: str, *arguments) -> str:
    said = io.StringIO()
    call_command(name, *map(str, arguments), stdout=said, verbosity=0)
    return said.getvalue()


def test_the_file_that_is_written_is_one_that_the_evaluation_takes(log, tmp_path, one_thread):
    path = tmp_path / "tuned.json"

    told("persona_tune", "session-next", log, "--minutes", "0.02", "--write", path)

    assert json.loads(path.read_text())["protocol"] == "session-next"
    said = told("persona_evaluate", "session-next", log, "--method", "popular", "--tuned", path)
    assert "Options" in said


def test_tuned_options_are_used(log, tmp_path):
    tuned = tmp_path / "tuned.json"
    tuned.write_text(
        json.dumps({"protocol": "session-next", "options": {"popular": {"half_life_days": 7.0}}})
    )

    said = told("persona_evaluate", "session-next", log, "--method", "popular", "--tuned", tuned)

    assert "tuned" in said


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


def test_no_file_to_write_and_no_time_are_refused_before_anything_is_read(log, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        told("persona_tune", "session-next", log, "--write", tmp_path / "none" / "x.json")
    with pytest.raises(CommandError, match="above 0"):
        told("persona_tune", "session-next", log, "--write", tmp_path / "x", "--minutes", "0")
