"""What a process holds of searches, read from arrays that are checked first."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.artefacts.packing import pack_texts
from persona_django.exceptions import BadArtefact
from persona_django.sources.searches import KnownSearches


def arrays_of(*keys: str) -> dict[str, np.ndarray]:
    """Searches of which each found the family of its place, from 10 on."""
    text, ends = pack_texts(keys)
    n = len(keys)
    lists = {
        f"{name}_{column}": values
        for name in ("found", "bought")
        for column, values in {
            "indptr": np.arange(n + 1), "item": np.arange(n), "score": np.ones(n),
            "visitors": np.full(n, 9),
        }.items()
    }  # fmt: skip
    return {
        "key_text": text, "key_ends": ends, "words_text": text, "words_ends": ends,
        "group_id": np.arange(10, 10 + n), "is_dead": np.zeros(n, dtype=bool), **lists,
    }  # fmt: skip


def test_each_search_has_its_own_lists_and_others_none():
    known = KnownSearches(arrays_of("mug", "tea"))

    assert len(known) == 2
    assert known.found_after("tea").group_id.tolist() == [11]
    assert known.bought_in_the_end("mug").group_id.tolist() == [10]
    assert known.found_after("pot").group_id.tolist() == []
    assert not known.leads_nowhere("pot")


LISTS = [
    f"{name}_{column}"
    for name in ("found", "bought")
    for column in ("indptr", "item", "score", "visitors")
]
ARRAYS = [*LISTS, "key_ends", "words_ends", "is_dead", "group_id"]


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    "damage", [lambda array: array[:-1], lambda array: array[:, np.newaxis]], ids=["end", "shape"]
)
def test_arrays_that_do_not_fit_together_are_refused(name, damage):
    arrays = arrays_of("mug", "tea")

    with pytest.raises(BadArtefact, match=name):
        KnownSearches({**arrays, name: damage(arrays[name])})


@pytest.mark.parametrize("name", [*LISTS, "key_ends", "words_ends", "is_dead"])
def test_arrays_that_go_on_where_others_end_are_refused(name):
    arrays = arrays_of("mug", "tea")

    with pytest.raises(BadArtefact, match=name):
        KnownSearches({**arrays, name: np.append(arrays[name], arrays[name][-1:])})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("key_ends", [1, 3, 6]),
        ("words_ends", [0, 7, 6]),
        ("found_indptr", [0, 3, 2]),
        ("bought_indptr", [-1, 1, 2]),
        ("found_item", [0, 2]),
        ("bought_item", [0, -1]),
        ("found_item", [0.0, 1.0]),
        ("found_score", [1.0, float("nan")]),
        ("found_visitors", [9.5, 9.5]),
    ],
)
def test_numbers_that_lead_out_of_other_arrays_are_refused(name, values):
    with pytest.raises(BadArtefact, match=name):
        KnownSearches({**arrays_of("mug", "tea"), name: np.array(values)})


@pytest.mark.parametrize("name", [*ARRAYS, "key_text", "words_text"])
def test_where_one_is_missing_all_are_refused(name):
    arrays = arrays_of("mug", "tea")
    del arrays[name]

    with pytest.raises(KeyError, match=name):
        KnownSearches(arrays)


def test_a_version_that_knows_no_search_is_none_the_worse():
    known = KnownSearches(arrays_of())

    assert len(known) == 0
    assert len(known.found_after("tea").group_id) == 0
