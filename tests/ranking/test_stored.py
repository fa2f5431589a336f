"""A fitted pipeline as arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persona_django.artefacts.packing import pack, unpack
from persona_django.numeric.linear import fit_linear
from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.proposers.linked import Following, Similar
from persona_django.numeric.proposers.own import Repeats
from persona_django.numeric.proposers.popular import Popular
from persona_django.numeric.trees import fit_trees
from persona_django.ranking.exam import one_answer
from persona_django.ranking.features import columns_of
from persona_django.ranking.pipeline import Added, Pipeline, Way
from persona_django.ranking.stored import pipeline_arrays, take_over
from tests.numeric.proposers.logs import questions_of, steps_of

pytestmark = pytest.mark.usefixtures("one_thread")

N_ITEMS = 12
WALKS = [[n % N_ITEMS, (n + 1) % N_ITEMS, (n + 3) % N_ITEMS] for n in range(60)]
ASKED = questions_of([[3], [0, 1], []], n_items=N_ITEMS)


def ways() -> dict[str, Way]:
    return {
        "next": Way(proposer=Following()),
        "next-last": Way(proposer=Following(fade=0)),
        "similar": Way(proposer=Similar()),
        "popular": Way(proposer=Popular(), limit=0),
    }


def unranked(sources: dict[str, Way]) -> Pipeline:
    """One that learnt its sources, and had nothing to learn a ranker from."""
    pipeline = Pipeline(sources)
    lessons = Lessons(steps=steps_of(WALKS, n_items=N_ITEMS))
    nothing = questions_of([], n_items=N_ITEMS)
    pipeline.fit(lessons, one_answer(lessons, nothing, np.empty(0, np.int64), masked=True))
    return pipeline


def fitted(scorer: str) -> Pipeline:
    pipeline = unranked(ways())
    columns = len(columns_of([*pipeline.ways]))
    matrix = np.random.default_rng(5).normal(size=(400, columns)).astype(np.float32)
    label = matrix[:, 0] + matrix[:, 3] > 0
    line, trees = fit_linear(matrix, label), fit_trees(matrix, label, trees=9, depth=2)
    known: dict[str, Any] = {
        "added up": pipeline.scorer,
        "a line": line,
        "trees": trees,
        "both": Added(parts=(line, trees)),
    }
    pipeline.scorer = known[scorer]
    return pipeline


def listed(pipeline: Pipeline) -> list[list[int]]:
    found: list[list[int]] = pipeline.lists(ASKED, masked=True, k=6).tolist()
    return found


@pytest.mark.parametrize("scorer", ["added up", "a line", "trees", "both"])
def test_it_answers_as_before(scorer):
    before = fitted(scorer)
    after = Pipeline(ways())

    take_over(after, unpack(pack(pipeline_arrays(before))))

    assert listed(after) == listed(before)
    assert any(item >= 0 for item in listed(after)[0])


def test_every_number_of_it_is_finite_so_that_a_version_of_it_may_go_live():
    for name, array in pipeline_arrays(fitted("both")).items():
        assert np.isfinite(array).all(), name


def test_what_two_sources_share_is_stored_once():
    stored = pipeline_arrays(fitted("added up"))

    assert {name.partition("/")[0] for name in stored} == {"next", "similar", "popular", "facts"}


def test_arrays_of_other_sources_are_refused():
    stored = pipeline_arrays(fitted("a line"))
    other = Pipeline({**ways(), "more": Way(proposer=Similar(discount=0.1))})
    links = {name: array for name, array in stored.items() if name.startswith("similar/")}

    with pytest.raises(KeyError):
        take_over(other, stored)
    more = {name.replace("similar", "more"): array for name, array in links.items()}
    with pytest.raises(ValueError, match="without more"):
        take_over(other, {**stored, **more})


def test_a_source_that_keeps_nothing_cannot_be_stored():
    pipeline = unranked({"repeats": Way(proposer=Repeats())})

    with pytest.raises(TypeError, match="Repeats cannot be stored"):
        pipeline_arrays(pipeline)
