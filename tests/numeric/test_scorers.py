"""What was learnt about ranking, stored and read back."""

from __future__ import annotations

import io
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.linear import Linear
from persona_django.numeric.scorers import from_arrays, to_arrays
from persona_django.numeric.trees import Trees

seeds = st.integers(0, 2**32 - 1)
names = st.lists(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1),
    max_size=5,
    unique=True,
)
COLUMNS = ["price", "age_days"]
TREES = Trees(
    feature=np.array([[1]], np.int16),
    threshold=np.array([[2.5]], np.float32),
    value=np.array([[-1.0, 1.0]], np.float32),
    base=0.5,
)
LINE = Linear(centre=np.zeros(2), scale=np.ones(2), weight=np.ones(2), base=0.5)


def trees_of(rng, columns: int) -> Trees:
    trees = int(rng.integers(0, 4)) if columns else 0
    return Trees(
        feature=rng.integers(0, max(columns, 1), (trees, 3)).astype(np.int16),
        threshold=rng.normal(size=(trees, 3)).astype(np.float32),
        value=rng.normal(size=(trees, 4)).astype(np.float32),
        base=float(rng.normal()),
    )


def line_of(rng, columns: int) -> Linear:
    return Linear(
        centre=rng.normal(size=columns),
        scale=rng.uniform(0.5, 2, columns),
        weight=rng.normal(size=columns),
        base=float(rng.normal()),
    )


@pytest.mark.parametrize("made", [trees_of, line_of])
@given(columns=names, seed=seeds)
def test_what_is_stored_comes_back_and_scores_the_same(made, columns, seed):
    rng = np.random.default_rng(seed)
    scorer, matrix = made(rng, len(columns)), rng.normal(size=(6, len(columns)))
    file = io.BytesIO()

    np.savez(file, **to_arrays(scorer, columns=columns))
    file.seek(0)
    found = from_arrays(dict(np.load(file, allow_pickle=False)), columns=columns)

    assert type(found) is type(scorer)
    for field in fields(scorer):
        stored, given_ = getattr(found, field.name), getattr(scorer, field.name)
        assert np.asarray(stored).dtype == np.asarray(given_).dtype
        assert np.array_equal(stored, given_)
    assert found.score(matrix).tolist() == scorer.score(matrix).tolist()


@pytest.mark.parametrize("scorer", [TREES, LINE])
def test_arrays_are_plain_numbers_and_are_not_copied_when_they_are_read(scorer):
    arrays = to_arrays(scorer, columns=COLUMNS)

    found = from_arrays(arrays, columns=COLUMNS)

    assert all(array.dtype.kind in "iuf" and array.ndim for array in arrays.values())
    read = [getattr(found, field.name) for field in fields(found) if field.name != "base"]
    assert all(any(one is array for array in arrays.values()) for one in read)


@pytest.mark.parametrize("scorer", [TREES, LINE])
@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["age_days", "price"], "same columns in another order: price, age_days"),
        (["price"], "fitted on other columns: with age_days$"),
        (["price", "age_days", "views"], "fitted on other columns: without views$"),
        (["price", "views"], "fitted on other columns: without views, with age_days"),
        ([], "with price, age_days"),
    ],
)
def test_other_columns_than_it_was_fitted_on_are_refused_by_name(scorer, asked, says):
    arrays = to_arrays(scorer, columns=COLUMNS)

    with pytest.raises(ValueError, match=says):
        from_arrays(arrays, columns=asked)


@pytest.mark.parametrize("scorer", [TREES, LINE])
def test_no_array_may_be_missing_and_none_may_come_along(scorer):
    arrays = to_arrays(scorer, columns=COLUMNS)

    for name in arrays:
        with pytest.raises(ValueError, match=f"stored without {name}"):
            from_arrays({key: arrays[key] for key in arrays if key != name}, columns=COLUMNS)
    with pytest.raises(ValueError, match="unknown: more"):
        from_arrays({**arrays, "more": arrays["base"]}, columns=COLUMNS)


@pytest.mark.parametrize("scorer", [TREES, LINE])
def test_every_array_that_was_cut_off_is_noticed(scorer):
    arrays = to_arrays(scorer, columns=COLUMNS)

    for name, array in arrays.items():
        for cut in (array[:-1], array[:0], array[..., :-1]):
            with pytest.raises(ValueError):
                from_arrays({**arrays, name: cut}, columns=COLUMNS)


@pytest.mark.parametrize("scorer", [TREES, LINE])
def test_every_array_of_another_kind_of_number_is_noticed(scorer):
    arrays = to_arrays(scorer, columns=COLUMNS)

    for name, array in arrays.items():
        for kind in (np.float16, np.int8, object):
            with pytest.raises(ValueError):
                from_arrays({**arrays, name: array.astype(kind)}, columns=COLUMNS)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"schema": np.array([2])}, "under schema 2, but only 1"),
        ({"kind": np.frombuffer(b"forest", np.uint8)}, "'forest', but only trees, linear"),
        ({"kind": np.frombuffer(b"linear", np.uint8)}, "without centre, scale, weight"),
        ({"columns": np.array([0xC3], np.uint8)}, "columns is cut off or damaged"),
        ({"columns": np.array([[65]], np.uint8)}, "columns must be text"),
        ({"base": np.array([np.nan])}, "base must be finite"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(changed, says):
    arrays = {**to_arrays(TREES, columns=COLUMNS), **changed}

    with pytest.raises(ValueError, match=says):
        from_arrays(arrays, columns=COLUMNS)


@pytest.mark.parametrize("columns", [["a", "a"], ["a", ""], ["a", "b\nc"], ["a"], ["a", "b", "c"]])
def test_names_that_cannot_tell_the_columns_apart_are_not_stored(columns):
    with pytest.raises(ValueError, match="columns"):
        to_arrays(LINE, columns=columns)


def test_trees_need_not_have_asked_about_the_last_columns():
    wider = [*COLUMNS, "views"]

    back = from_arrays(to_arrays(TREES, columns=wider), columns=wider)
    assert isinstance(back, Trees)
    for name in ("feature", "threshold", "value", "base"):
        assert np.array_equal(getattr(back, name), getattr(TREES, name))
    with pytest.raises(ValueError, match="2 columns, but 1"):
        to_arrays(TREES, columns=["price"])
