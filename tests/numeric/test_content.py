"""Items compared by what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from persona_django.numeric import alike as comparing
from persona_django.numeric.alike import most_alike
from persona_django.numeric.content import (
    beside_own,
    called_for,
    label_vectors,
    text_vectors,
)

TITLES = ["Green tea", "Black tea", "Tea cup", "Teapot, green", "Notebook"]
texts = st.lists(st.text(alphabet="ab é", max_size=8), min_size=1, max_size=6)


def alike(fields: dict[str, list[str]], **weights: float) -> np.ndarray:
    vectors = text_vectors(fields, weights=weights or dict.fromkeys(fields, 1.0), fewest=1)
    return (vectors @ vectors.T).toarray()


def test_what_shares_rare_words_is_more_alike_than_what_shares_common_ones():
    found = alike({"title": TITLES})

    assert found[0, 3] > found[0, 2] > 0
    assert not found[4, :4].any()


def test_accents_case_and_marks_make_no_difference():
    found = alike({"title": ["Café crème!", "cafe CREME", "other"]})

    assert found[0, 1] == pytest.approx(1)


def test_each_field_counts_as_its_weight_says_however_long_its_texts_are():
    fields = {
        "brand": ["Acme", "Acme", "Other"],
        "text": ["a long tale of a chair", "quite something else", "a long tale of a chair"],
    }

    assert alike(fields, brand=9, text=1)[0].argsort().tolist() == [2, 1, 0]
    assert alike(fields, brand=1, text=9)[0].argsort().tolist() == [1, 2, 0]
    assert alike(fields, text=1)[0, 1] == 0


def test_a_word_that_only_one_item_has_counts_for_nothing_by_default():
    fields = {"title": ["tea serendipity", "tea", "cup"]}

    vectors = text_vectors(fields, weights={"title": 1.0})

    assert (vectors @ vectors.T).toarray()[0, 1] == pytest.approx(1)
    assert vectors[2].nnz == 0


@given(titles=texts, others=texts, fewest=st.integers(1, 3))
def test_rows_have_length_one_or_none(titles, others, fewest):
    n = min(len(titles), len(others))
    fields = {"title": titles[:n], "text": others[:n]}

    vectors = text_vectors(fields, weights={"title": 2, "text": 1}, fewest=fewest)

    length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    assert vectors.shape[0] == n
    assert np.all((abs(length - 1) < 1e-9) | (length == 0))


@pytest.mark.parametrize("fields", [{}, {"title": []}, {"title": ["", " ! "]}])
def test_without_a_word_nothing_is_like_anything(fields):
    vectors = text_vectors(fields, weights={"title": 1.0})

    assert vectors.shape == (len(fields.get("title", [])), 0)
    assert len(most_alike(vectors, k=3)[1]) == 0


def test_fields_of_other_items_and_weights_below_nothing_are_refused():
    with pytest.raises(ValueError, match="same items"):
        text_vectors({"a": ["x"], "b": []}, weights={"a": 1})
    with pytest.raises(ValueError, match="0 or more"):
        text_vectors({"a": ["x"]}, weights={"a": -1})


def likeness(labels: list[list[str]], **options: int) -> np.ndarray:
    vectors = label_vectors(labels, **options)
    return (vectors @ vectors.T).toarray()


def test_who_shares_a_rare_label_is_more_alike_than_who_shares_a_common_one():
    found = likeness([["tea", "red"], ["tea", "red"], ["tea", "blue"], ["tea", "blue"], ["cup"]])

    assert found[0, 1] == pytest.approx(1)
    assert 1 > found[0, 2] > 0
    assert not found[4].any()


def test_labels_are_compared_as_they_are_and_a_label_that_stands_twice_counts_once():
    found = likeness([["Red Tea", "x"], ["red tea", "x"], ["Red Tea", "x", "x"]], fewest=1)

    assert found[0, 2] == pytest.approx(1)
    assert 0 < found[0, 1] < 1


def test_a_label_that_too_few_items_have_does_not_count():
    assert likeness([["tea", "rare"], ["tea"]])[0, 1] == pytest.approx(1)
    assert likeness([["tea", "rare"], ["tea"]], fewest=1)[0, 1] < 1
    assert not likeness([["tea"], ["tea"], ["cup"]], fewest=3).any()


@given(
    labels=st.lists(st.lists(st.sampled_from(["a", "b", "c d", ""]), max_size=4), max_size=5),
    fewest=st.integers(1, 3),
)
def test_rows_of_labels_have_length_one_or_none(labels, fewest):
    vectors = label_vectors(labels, fewest=fewest)

    length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    assert vectors.shape[0] == len(labels)
    assert np.all((abs(length - 1) < 1e-9) | (length == 0))


@pytest.mark.parametrize("labels", [[], [[]], [[], []], [["a"], ["b"]]])
def test_without_a_label_that_counts_nothing_is_like_anything(labels):
    vectors = label_vectors(labels)

    assert vectors.shape[0] == len(labels)
    assert len(most_alike(vectors, k=3)[1]) == 0


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 12),
    k=st.integers(1, 14),
    block=st.sampled_from([1, 5, 30, 10**6]),
    sifted=st.sampled_from([2, 16]),
    as_table=st.booleans(),
)
def test_the_most_alike_are_those_of_a_full_comparison_however_it_is_cut(
    seed, n, k, block, sifted, as_table
):
    # Few different numbers, so that many are equally alike.
    vectors = np.random.default_rng(seed).integers(-1, 3, (n, 3)).astype(float)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(comparing, "BLOCK_PAIRS", block)
        changed.setattr(comparing, "SIFTED", sifted)
        indptr, item, score = most_alike(csr_matrix(vectors) if as_table else vectors, k=k)

    every = vectors @ vectors.T
    assert len(indptr) == n + 1
    for one in range(n):
        wanted = sorted((-every[one, j], j) for j in range(n) if j != one and every[one, j] > 0)[
            :k
        ]
        here = slice(indptr[one], indptr[one + 1])
        assert item[here].tolist() == [j for _, j in wanted]
        assert score[here].tolist() == pytest.approx([-s for s, _ in wanted])


def test_items_are_compared_together_by_how_many_others_each_has_something_in_common_with(
    monkeypatch,
):
    """And not by their number: a label that all of a large shop have makes a pair of any two."""
    monkeypatch.setattr(comparing, "BLOCK_PAIRS", 12)
    labels = [["tea"]] * 6 + [["cup"], ["cup"], ["pot"], ["pot"], []]
    heard = []

    most_alike(label_vectors(labels), k=3, progress=lambda *told: heard.append(told))

    assert heard == [(2, 11), (4, 11), (6, 11), (11, 11)]


def test_the_last_item_of_a_history_counts_most():
    vectors = text_vectors({"title": TITLES}, weights={"title": 1.0}, fewest=1)

    found = called_for(vectors, np.array([4, 0]), fade=0.5)

    assert found[0] == pytest.approx(1)
    assert found[4] == pytest.approx(0.5)
    assert not called_for(vectors, np.array([], dtype=np.int64), fade=0.5).any()


@pytest.mark.parametrize("fade", [0, 1.5, np.nan])
def test_options_out_of_their_range_are_refused(fade):
    with pytest.raises(ValueError, match="fade"):
        called_for(np.eye(2), np.array([0]), fade=fade)
    with pytest.raises(ValueError, match="k=0"):
        most_alike(np.eye(2), k=0)


@given(st.data())
def test_vectors_of_the_shop_s_own_count_beside_what_is_said(data):
    """As if both were one table, with every number of the two side by side."""
    n, d, e = (data.draw(st.integers(1, most)) for most in (12, 4, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    said, own = (
        unit(rng.random((n, d)) * (rng.random((n, d)) < 0.5)),
        unit(rng.normal(size=(n, e))),
    )
    own[rng.random(n) < 0.3] = 0
    weights = (2.5, data.draw(st.sampled_from([0.5, 2.5])))
    whole = unit(np.hstack([weights[0] ** 0.5 * said, weights[1] ** 0.5 * own]))

    scaled, mine = beside_own(csr_matrix(said), own.astype(np.float32), weights=weights)
    indptr, item, score = most_alike(scaled, k=4, own=mine)

    alike = whole @ whole.T
    for place in range(n):
        others = [one for one in range(n) if one != place and alike[place, one] > 1e-6]
        best = sorted((alike[place, others]).tolist(), reverse=True)[:4]
        found = score[indptr[place] : indptr[place + 1]]
        assert found[: len(best)] == pytest.approx(best, abs=1e-5)
        named = item[indptr[place] : indptr[place + 1]]
        assert alike[place, named] == pytest.approx(found, abs=1e-5)


def unit(rows):
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def test_in_a_large_shop_own_vectors_are_compared_where_something_is_said_in_common(monkeypatch):
    monkeypatch.setattr("persona_django.numeric.alike.MOST_WITH_ALL", 3)
    said = csr_matrix(np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]))
    own = np.array([[1, 0], [-1, 0], [1, 0], [1, 0]], dtype=np.float32)

    scaled, mine = beside_own(said, own, weights=(1.0, 3.0))
    indptr, item, score = most_alike(scaled, k=3, own=mine)

    # The last one is like the first in its vector alone, and the second unlike it.
    assert item[: indptr[1]].tolist() == [2]
    assert score[0] == pytest.approx(1.0)


def test_own_vectors_alone_make_things_alike():
    nothing = csr_matrix((3, 0))
    own = np.array([[1, 0], [0.6, 0.8], [0, 0]], dtype=np.float32)

    indptr, item, score = most_alike(nothing, k=2, own=own)

    assert indptr.tolist() == [0, 1, 2, 2] and item.tolist() == [1, 0]
    assert score == pytest.approx([0.6, 0.6])
