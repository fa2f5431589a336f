"""One evaluation from a file to its results."""

from __future__ import annotations

import gzip
import random

import numpy as np
import pytest

from persona_django.evaluation.run import evaluate
from persona_django.evaluation.task import Options
from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import visits, written

POPULAR = ["popular"]


@pytest.fixture
def log(tmp_path):
    return written(tmp_path, "session_id,item_id,position", visits(60))


def of(protocol, path, **given):
    return evaluate(protocol, path, **{"methods": POPULAR, "options": Options(), **given})


def test_all_methods_of_a_protocol_are_tried_and_the_pipeline_is_the_default(log, one_thread):
    results = of("session-next", log, methods=())

    assert results.default == "default" == next(iter(results.methods))
    assert {"repeats", "visit-next", "similar", "ridge", "popular"} <= set(results.methods)
    assert all(figures.seconds > 0 for figures in results.methods.values())


def test_a_popular_item_is_found_as_often_as_it_is_wanted(tmp_path):
    lines = [(f"v{n}", item, place) for n in range(20) for place, item in enumerate(["a", "b"])]
    path = written(tmp_path, "session_id,item_id,position", [*lines, ("w", "c", 1), ("w", "d", 2)])

    results = of("session-next", path, k=[1, 2])

    # Two visits are judged, the last of them by an item that nobody had met before.
    assert (results.cases, results.unknown_targets) == (2, 1)
    assert results.methods["popular"].values["hr@2"] == 0.5
    assert results.methods["popular"].values["recall_new@2"] == 0.5
    assert np.isnan(results.methods["popular"].values["recall_repeated@2"])


def test_seeds_are_averaged_and_are_no_more_cases_to_be_sure_by(tmp_path):
    draw = random.Random(3)
    lines = [(f"u{n}", f"i{item}") for n in range(30) for item in draw.sample(range(12), 6)]
    path = written(tmp_path, "user_id,item_id", lines)

    one, other = (of("holdout", path, seeds=[seed], k=[3]) for seed in (1, 2))
    both = of("holdout", path, seeds=[1, 2], k=[3])
    twice = of("holdout", path, seeds=[1, 1], k=[3])

    values = [run.methods["popular"].values["recall@3"] for run in (one, other, both)]
    assert values[0] != values[1]
    assert values[2] == pytest.approx((values[0] + values[1]) / 2)
    assert both.cases == one.cases + other.cases
    assert twice.methods["popular"].intervals == one.methods["popular"].intervals
    assert both.header["Seeds"] == "1, 2"


def test_items_beside_the_file_are_ranked_and_say_how_varied_lists_are(log):
    plain = of("session-next", log)
    lines = "".join(f"i{n},{'even' if n % 2 == 0 else 'odd'}\n" for n in range(20))
    beside = log.with_name("log.items.csv.gz")
    beside.write_bytes(gzip.compress(f"item_id,category\n{lines}".encode()))

    described = of("session-next", log)

    assert "diversity@5" not in plain.methods["popular"].values
    assert 0 < described.methods["popular"].values["diversity@5"] < 1
    assert plain.header["Items"] == "12, all of them ranked"
    assert described.header["Items"] == "20, all of them ranked, described by log.items.csv.gz"


@pytest.mark.parametrize("ideal", ["k", "all"])
def test_the_header_says_what_was_used(log, ideal):
    results = of("session-next", log, ideal=ideal, options=Options(min_prefix=2))

    assert (results.protocol, results.file) == ("session-next", "log.csv")
    assert results.header["Shortest beginning"] == "2 (--min-prefix)"
    assert results.header["Judged by"] == "the last 10% of the visits"
    assert ("cut at k" in results.header["The ideal of NDCG"]) == (ideal == "k")


def test_the_same_evaluation_gives_the_same_figures(log, one_thread):
    first, second = (of("session-next", log, methods=["default", "similar"]) for _ in range(2))

    assert [one.values for one in first.methods.values()] == [
        one.values for one in second.methods.values()
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k": [0, 5]}, "--k"),
        ({"k": []}, "--k"),
        ({"seeds": []}, "--seeds"),
        ({"seeds": [-1]}, "--seeds"),
        ({"options": Options(min_prefix=0)}, "--min-prefix"),
        ({"methods": ["nobody"]}, "There is no method 'nobody'"),
    ],
)
def test_options_that_mean_nothing_are_said_before_the_file_is_read(given, said, tmp_path):
    with pytest.raises(BadEvaluation, match=said):
        of("session-next", tmp_path / "nowhere.csv", **given)
