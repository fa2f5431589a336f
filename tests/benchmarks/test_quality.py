"""The benchmark of quality judges nothing by what tuning has seen."""

from __future__ import annotations

import pytest

from benchmarks.quality import Row, measure
from persona_django.evaluation import run, tuning
from persona_django.evaluation.results import Figures, Results
from persona_django.evaluation.tuning import Tuning

ROW = Row(
    name="drawn",
    protocol="holdout",
    file="pairs.csv",
    goals={"ndcg@10": 0.4},
    seeds=(0, 1, 2),
)


def test_what_is_tuned_on_a_draw_is_judged_on_that_draw_alone(tmp_path, monkeypatch, capsys):
    judged: list[tuple[tuple[int, ...], object]] = []

    def read_task(protocol, path, items, split, options):
        return options.seed

    def tune(protocol, task, *, minutes):
        return Tuning(options={"similar": {"neighbours": task}}, tried=3)

    def evaluate(protocol, path, *, seeds, tuned=None, **options):
        judged.append((tuple(seeds), tuned))
        value = 0.1 * sum(seeds) if tuned else 0.0
        figures = Figures(seconds=1.0, values={"ndcg@10": value}, intervals={})
        return Results(
            protocol=protocol, file="pairs.csv", header={}, cases=1, unknown_targets=0,
            default="default", methods={"default": figures},
        )  # fmt: skip

    monkeypatch.setattr(run, "read_task", read_task)
    monkeypatch.setattr(run, "evaluate", evaluate)
    monkeypatch.setattr(tuning, "tune", tune)

    untuned, tuned = measure(ROW, tmp_path, seeds=ROW.seeds, minutes=1.0)

    assert judged == [
        ((0, 1, 2), None),
        *(((seed,), {"similar": {"neighbours": seed}}) for seed in ROW.seeds),
    ]
    assert (untuned.value, tuned.value) == (0.0, pytest.approx(0.1)), "the mean over the draws"
    assert "tuned and judged on seed 2 alone" in capsys.readouterr().out
