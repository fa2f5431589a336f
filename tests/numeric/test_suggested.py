"""A word for a pair: it counts as made-up shoppers, and real ones outweigh it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.similarity import shrink_by_support
from persona_django.numeric.suggested import (
    TAKES_BACK,
    SuggestedPairs,
    suggested_score,
    widened,
    with_suggested,
)

PRIOR = 10.0
counts = st.integers(0, 3_000)
strengths = st.floats(0.5, 2_000)
tilts = st.sampled_from([0.0, 0.3, 0.5, 1.0])


def similarity(both: int, first: int, second: int, tilt: float = 0.5) -> float:
    """What the evidence alone says, before it is pulled towards zero."""
    return both / (first ** (1 - tilt) * second**tilt) if both else 0.0


def evidence(both: int, first: int, second: int, tilt: float = 0.5) -> float:
    raw = np.array([similarity(both, first, second, tilt)])
    return float(shrink_by_support(raw, np.array([both]), prior=PRIOR)[0])


def mixed(both: int, first: int, second: int, *, strength: float, tilt: float = 0.5) -> float:
    (score,) = suggested_score(
        np.array([evidence(both, first, second, tilt)]),
        np.array([both]),
        strength=np.array([strength]),
        first=np.array([first]),
        second=np.array([second]),
        prior=PRIOR,
        tilt=tilt,
    )
    return float(score)


def at_least(one: float, other: float) -> bool:
    return one >= other - 1e-12


@given(both=counts, alone=counts, others=counts, strength=strengths, more=counts, tilt=tilts)
def test_a_stronger_word_never_counts_for_less(both, alone, others, strength, more, tilt):
    first, second = both + alone, both + others

    weak = mixed(both, first, second, strength=strength, tilt=tilt)
    strong = mixed(both, first, second, strength=strength + more, tilt=tilt)

    assert at_least(strong, weak)


@given(both=counts, alone=counts, others=counts, strength=strengths, more=counts, tilt=tilts)
def test_whoever_takes_both_never_speaks_against_it(both, alone, others, strength, more, tilt):
    first, second = both + alone, both + others

    before = mixed(both, first, second, strength=strength, tilt=tilt)
    after = mixed(both + more, first + more, second + more, strength=strength, tilt=tilt)

    assert at_least(after, before)


@given(both=counts, alone=counts, others=counts, strength=strengths, more=counts, tilt=tilts)
def test_whoever_comes_and_does_not_take_it_never_speaks_for_it(
    both, alone, others, strength, more, tilt
):
    first, second = both + alone, both + others

    before = mixed(both, first, second, strength=strength, tilt=tilt)
    after = mixed(both, first + more, second, strength=strength, tilt=tilt)

    assert at_least(before, after)


@given(both=counts, alone=counts, others=counts, strength=strengths, tilt=tilts)
def test_it_lies_between_what_the_evidence_and_what_the_word_says(
    both, alone, others, strength, tilt
):
    first, second = both + alone, both + others
    found = mixed(both, first, second, strength=strength, tilt=tilt)

    # By the similarity before all of them pull it towards zero; the word alone says 1. After that
    # it may pass both: two who say the same are surer than each of them.
    everyone = both + max(strength - TAKES_BACK * first, 0)
    raw = found * (everyone + PRIOR) / everyone if everyone else 0.0
    assert at_least(raw, similarity(both, first, second, tilt))
    assert at_least(1, raw)
    assert at_least(found, evidence(both, first, second, tilt))


@given(strength=strengths)
def test_alone_it_stands_where_its_strength_puts_it(strength):
    assert mixed(0, 0, 0, strength=strength) == pytest.approx(strength / (strength + PRIOR))


@given(both=counts, alone=counts, others=counts, strength=st.floats(0.5, 30))
def test_when_enough_have_come_evidence_alone_decides(both, alone, others, strength):
    first, second = both + alone + 100 * 30, both + others

    assert mixed(both, first, second, strength=strength) == evidence(both, first, second)


def test_much_evidence_leaves_little_of_it():
    own = evidence(900, 1_000, 1_000)

    assert mixed(900, 1_000, 1_000, strength=20) == pytest.approx(own, abs=0.002)


def pairs_of(*pairs: tuple[int, int, float], met: tuple[int, int] = (0, 0)) -> SuggestedPairs:
    first, second, strength = np.array(pairs, dtype=float).reshape(-1, 3).T
    return SuggestedPairs(
        first=first.astype(int),
        second=second.astype(int),
        strength=strength,
        first_met=np.full(len(pairs), met[0]),
        second_met=np.full(len(pairs), met[1]),
    )


def lists(*rows: list[tuple[int, float]], gap: bool = False) -> Neighbours:
    entries = [entry for row in rows for entry in row]
    return Neighbours(
        indptr=np.cumsum([0, *map(len, rows)]),
        item=np.array([item for item, _ in entries], np.int32),
        score=np.array([score for _, score in entries], np.float32),
        support=np.full(len(entries), 8, np.int32),
        llr=np.full(len(entries), 9.0, np.float32),
        item_support=np.full(len(rows), 20, np.int32),
        owners=99,
        gap=np.full(len(entries), 60.0, np.float32) if gap else None,
    )


def listed(found: Neighbours, row: int) -> list[int]:
    return found.item[found.indptr[row] : found.indptr[row + 1]].tolist()


def test_what_is_suggested_enters_its_list_and_no_other():
    before = lists([(1, 0.5), (2, 0.2)], [(0, 0.5)], [(0, 0.2)], [])

    after = with_suggested(before, pairs_of((0, 3, 8.0)), k=5, prior=PRIOR)

    assert [listed(after, row) for row in range(4)] == [[1, 3, 2], [0], [0], []]
    assert after.support.tolist() == [8, 0, 8, 8, 8]
    assert after.llr.tolist() == [9, 0, 9, 9, 9]
    assert after.item_support.tolist() == before.item_support.tolist()
    assert after.gap is None


def test_what_is_there_already_keeps_its_figures_and_may_rise():
    before = lists([(1, 0.5), (2, 0.2)], [], [], gap=True)

    after = with_suggested(before, pairs_of((0, 2, 90.0), met=(20, 20)), k=5, prior=PRIOR)

    assert listed(after, 0) == [2, 1]
    assert after.support.tolist() == [8, 8]
    assert after.gap is not None and after.gap.tolist() == [60, 60]


def test_a_list_stays_as_long_as_lists_are():
    after = with_suggested(
        lists([(1, 0.5), (2, 0.2)], [], [], []), pairs_of((0, 3, 8.0)), k=2, prior=PRIOR
    )

    assert listed(after, 0) == [1, 3]


def test_what_evidence_has_overruled_leaves_its_list():
    after = with_suggested(lists([], []), pairs_of((0, 1, 8.0), met=(800, 3)), k=5, prior=PRIOR)

    assert listed(after, 0) == []


def test_scores_that_are_multiples_of_a_similarity_keep_their_order():
    before = lists([(1, 5.0), (2, 2.0)], [], [], [])

    after = with_suggested(before, pairs_of((0, 3, 8.0)), k=5, prior=PRIOR, scale=np.array([10.0]))

    assert listed(after, 0) == [1, 3, 2]
    assert after.score.tolist() == pytest.approx([5, 80 / 18, 2])


def test_nothing_suggested_changes_nothing():
    before = lists([(1, 0.5)], [(0, 0.5)])

    after = with_suggested(before, pairs_of(), k=5, prior=PRIOR)

    assert [listed(after, row) for row in range(2)] == [[1], [0]]


def test_among_more_items_lists_are_what_they_were():
    after = widened(lists([(1, 0.5)], [(0, 0.5)]), np.array([1, 3]), n_items=5)

    assert [listed(after, row) for row in range(5)] == [[], [3], [], [1], []]
    assert after.item_support.tolist() == [0, 20, 0, 20, 0]


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (((0, 0, 5.0),), "beside itself"),
        (((0, 1, 0.0),), "above 0"),
        (((0, 1, np.inf),), "above 0"),
        (((0, 1, 5.0), (1, 0, 5.0), (0, 1, 6.0)), "once"),
    ],
)
def test_what_is_no_word_for_a_pair_is_refused(pairs, said):
    with pytest.raises(ValueError, match=said):
        pairs_of(*pairs)


def test_columns_of_different_lengths_are_refused():
    one, two = np.zeros(1, int), np.zeros(2, int)

    with pytest.raises(ValueError, match="two items"):
        SuggestedPairs(first=one, second=two, strength=one + 1.0, first_met=one, second_met=one)


@pytest.mark.parametrize("wrong", [{"tilt": 1.5}, {"prior": -1.0}, {"first": np.array([-1])}])
def test_options_out_of_range_are_refused(wrong):
    none = np.array([0])
    usual = {"strength": np.array([5.0]), "first": none, "second": none, "prior": PRIOR}

    with pytest.raises(ValueError):
        suggested_score(np.array([0.0]), none, **{**usual, **wrong})


def test_a_list_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one neighbour"):
        with_suggested(lists([], []), pairs_of((0, 1, 5.0)), k=0, prior=PRIOR)
