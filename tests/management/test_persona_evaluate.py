"""The command that evaluates a file of recommender data."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from persona_django.numeric.proposals import Proposals
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from tests.evaluation.logs import visits, written

DOTTED = f"{__name__}.LastAgain"


class LastAgain(Proposer):
    """A shop's own method: the last item of the history, and nothing else."""

    def fit(self, lessons: Lessons) -> None:
        pass

    def propose(self, questions: Questions) -> Proposals:
        ends = questions.histories.indptr[1:]
        case = np.arange(len(questions))
        return Proposals(
            case=case, item=questions.histories.item[ends - 1], score=np.ones(len(case))
        )


@pytest.fixture
def log(tmp_path):
    return written(tmp_path, "session_id,item_id,position", visits(60))


@pytest.fixture
def orders(tmp_path):
    draw = random.Random(5)
    lines = [
        (f"u{user}", f"u{user}-{basket}", f"i{item}")
        for user in range(30)
        for basket in range(4)
        for item in draw.sample(range(10), 3)
    ]
    return written(tmp_path, "user_id,basket_id,item_id", lines, name="orders.csv")


def told(*arguments, **options) -> str:
    said = io.StringIO()
    call_command("persona_evaluate", *map(str, arguments), stdout=said, **options)
    return said.getvalue()


def test_the_command_says_what_was_used_and_how_good_each_method_was(log, one_thread):
    said = told(
        "session-next", log, "--method", "default", "popular", "--k", "5", "--min-prefix", 2
    )

    assert "default (default)" in said
    assert "popular" in said
    assert "hr@5" in said
    assert "2 (--min-prefix)" in said
    assert "95 % intervals of default" in said


def test_the_figures_are_written_as_json(orders, tmp_path):
    path = tmp_path / "figures.json"

    told("next-basket", orders, "--method", "popular", "repeats", "--k", 10, 5, "--json", path)

    figures = json.loads(path.read_text("utf-8"))
    assert {name: figures[name] for name in ("protocol", "file", "cases", "unknown_targets")} == {
        "protocol": "next-basket",
        "file": "orders.csv",
        "cases": 30,
        "unknown_targets": 0,
    }
    assert figures["default"] == "default"
    assert list(figures["methods"]) == ["popular", "repeats"]
    metrics = ["hr", "phr", "recall", "precision", "ndcg", "mrr", "map", "coverage", "gini"]
    metrics += ["novelty", "recall_repeated", "recall_new"]
    for method in figures["methods"].values():
        assert {f"{name}@{k}" for name in metrics for k in (5, 10)} < set(method)
        assert method["phr@5"] == method["hr@5"]
        assert method["seconds"] >= 0
        low, high = method["intervals"]["hr@10"]
        assert low <= method["hr@10"] <= high


def test_a_report_is_written_as_a_page(log, tmp_path):
    path = tmp_path / "report.html"

    told("session-next", log, "--method", "popular", "--html", path)

    page = path.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "session-next" in page
    assert "<svg" in page


def test_a_method_of_the_shops_own_is_named_by_its_path(log, tmp_path):
    path = tmp_path / "figures.json"

    told("session-next", log, "--method", DOTTED, "popular", "--json", path)

    methods = json.loads(path.read_text("utf-8"))["methods"]
    assert list(methods) == [DOTTED, "popular"]
    assert methods[DOTTED]["recall_new@5"] == 0
    assert methods[DOTTED]["coverage@5"] > 0


def test_parts_come_from_a_split_and_other_users_teach_when_told(orders, tmp_path, one_thread):
    split = tmp_path / "split.json"
    users = [f"u{user}" for user in range(30)]
    split.write_text(json.dumps({"train": users[:18], "val": users[18:20], "test": users[20:]}))

    said = told(
        "next-basket",
        orders,
        "--split",
        split,
        "--labels",
        "users",
        "--seeds",
        3,
        "--ndcg-ideal",
        "all",
    )

    assert "10 judged by their last basket" in said
    assert "the last baskets of the users of train" in said
    assert "holds all that was wanted" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--k", "0"], "give --k numbers from 1"),
        (["--min-prefix", "0"], "give --min-prefix 1 or more"),
        (["--min-prefix", "9"], "No visit to be judged has more items than --min-prefix 9"),
        (["--seeds"], "expected at least one argument"),
        (["--seeds", "-1"], "Give --seeds at least one number"),
        (["--method", "nobody"], "There is no method 'nobody'"),
        (["--split", "nowhere.json"], "nowhere.json cannot be read"),
        (["--items", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["--json", "nowhere/figures.json"], "name a file in an existing folder"),
        (["--html", "/"], "name a file in an existing folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(log, arguments, said):
    with pytest.raises(CommandError) as raised:
        told("session-next", log, *arguments, verbosity=0)

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_of_another_kind_and_an_unknown_protocol_are_said(log):
    with pytest.raises(CommandError, match="has no column example_id"):
        told("examples", log)
    with pytest.raises(CommandError, match="invalid choice: 'next-week'"):
        told("next-week", log)


# -- files to write -------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_file_that_cannot_be_written_is_said_before_anything_is_read(tmp_path, option):
    nameless = tmp_path / ("x" * 300)

    with pytest.raises(CommandError) as raised:
        told("session-next", tmp_path / "nowhere.csv", option, nameless, verbosity=0)

    assert str(raised.value).startswith(f"{nameless} cannot be written: ")
    assert "\n" not in str(raised.value)


def test_a_run_that_fails_leaves_no_file_behind_and_none_changed(tmp_path):
    new, target, link, old = (tmp_path / name for name in ("new", "target", "link", "old"))
    link.symlink_to(target)
    old.write_text("of last week")
    before = old.stat()

    for path in (new, link, old):
        with pytest.raises(CommandError, match="cannot be read"):
            told("session-next", tmp_path / "nowhere.csv", "--json", path, verbosity=0)

    assert not new.exists()
    assert link.is_symlink() and not target.exists()
    assert old.read_text() == "of last week"
    assert old.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk to fill")
@pytest.mark.parametrize("option", ["--json", "--html"])
def test_where_the_disk_is_full_the_figures_were_said_before(log, option):
    said = io.StringIO()

    with pytest.raises(CommandError, match="/dev/full cannot be written: "):
        call_command(
            "persona_evaluate", "session-next", str(log), "--method", "popular",
            option, "/dev/full", stdout=said, verbosity=0,
        )  # fmt: skip

    assert "hr@5" in said.getvalue()
