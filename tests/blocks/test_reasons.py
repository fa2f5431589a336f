"""The sentences under each item: figures that give nobody away, exact ones for staff."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from django.test import override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from persona_django.blocks.reasons import reason_for, rounded, steps
from persona_django.sources.levels import Level

K = 5


def test_figures_are_published_in_few_steps_only():
    assert list(islice(steps(K), 8)) == [5, 10, 20, 50, 100, 200, 500, 1000]
    assert list(islice(steps(10), 3)) == [10, 20, 50]


@given(support=st.integers(0, 10**9), least=st.integers(3, 50))
def test_a_published_figure_is_below_the_true_one_and_never_below_the_crowd(support, least):
    figure = rounded(support, least=least)

    assert figure == 0 or least <= figure < support


@given(support=st.integers(0, 10**6))
def test_one_more_customer_changes_a_sentence_only_when_a_step_is_crossed(support):
    before = reason_for("bought-together", support=support).text
    after = reason_for("bought-together", support=support + 1).text

    assert before == after or support in set(islice(steps(K), 30))


@pytest.mark.parametrize(
    ("support", "text"),
    [
        (214, "Bought together by more than 200 customers"),
        (1_201, "Bought together by more than 1,000 customers"),
        (K + 1, "Bought together by more than 5 customers"),
        (K, "Often bought together"),
        (1, "Often bought together"),
    ],
)
def test_shoppers_read_rounded_figures_and_none_at_the_edge_of_the_crowd(support, text):
    reason = reason_for("bought-together", support=support, support_of=3_050)

    assert reason.text == text
    assert reason.exact == ""


def test_staff_read_the_exact_figures_beside_the_sentence():
    reason = reason_for("bought-together", support=214, support_of=3_050, staff=True)

    assert reason.text == "Bought together by more than 200 customers"
    assert reason.exact == "214 of 3,050"


@pytest.mark.parametrize(
    ("by_chance", "said"),
    [
        (61.4, "61"), (1_204.6, "1,205"), (10.0, "10"), (9.96, "10"), (9.94, "9.9"),
        (0.1, "0.1"), (0.04, "under 0.1"),
    ],
)  # fmt: skip
def test_staff_read_how_many_there_would_be_by_chance(by_chance, said):
    figures = {"support": 214, "support_of": 3_050, "by_chance": by_chance}

    assert reason_for("similar", **figures, staff=True).exact == (
        f"214 of 3,050, by chance {said}"
    )
    assert reason_for("similar", **figures).exact == ""
    assert "chance" not in reason_for("similar", **figures).text


@override_settings(PERSONA={"MIN_BUYERS": 25})
def test_a_larger_crowd_is_asked_for_in_the_sentences_too():
    assert reason_for("similar", support=24).text == "Liked by the same shoppers"
    assert reason_for("similar", support=26).text == "More than 25 shoppers liked both"


def test_a_shopper_reads_how_often_they_bought_it_themselves():
    assert reason_for("reorder", support=1).text == "You bought this once"
    assert reason_for("reorder", support=3).text == "You bought this 3 times"


@pytest.mark.parametrize("code", ["popular", "popular-nearby", "popular-brand", "newest"])
def test_fallbacks_say_what_they_are_without_any_figure(code):
    text = reason_for(code, support=9_999, support_of=99_999).text

    assert text
    assert not re.search(r"\d", text)


@pytest.mark.parametrize(
    ("code", "level", "text"),
    [
        ("popular-nearby", Level("sub-category", "Black tea"), "Popular in Black tea"),
        ("popular-nearby", Level("category", "100 % cotton"), "Popular in 100 % cotton"),
        ("popular-brand", Level("brand", "Kusmi"), "Popular from Kusmi"),
        ("popular", Level("shop"), "Popular in our shop"),
        ("newest", Level("sub-category", "Black tea"), "New in Black tea"),
        ("newest", Level("brand", "Kusmi"), "New from Kusmi"),
        ("newest", Level("shop"), "New in our shop"),
        ("content", Level("family"), "Of the same kind"),
    ],
)
def test_a_fallback_names_the_level_that_it_comes_from(code, level, text):
    reason = reason_for(code, level=level)

    assert (reason.text, reason.level) == (text, level.kind)


@pytest.mark.parametrize(
    ("own", "language", "named"),
    [("en", "en-gb", True), ("en-us", "en", True), ("en", "de", False), ("de", "de-at", True)],
)
def test_a_category_is_named_in_the_language_that_the_catalogue_was_read_in(own, language, named):
    with override_settings(LANGUAGE_CODE=own), translation.override(language):
        text = reason_for("popular-nearby", level=Level("category", "Tea")).text

    assert ("Tea" in text) == named


def test_where_no_language_is_active_it_is_that_of_the_shop():
    with translation.override(None):
        text = reason_for("popular-nearby", level=Level("category", "Tea")).text

    assert text == "Popular in Tea"


def test_a_source_without_a_sentence_says_nothing():
    assert reason_for("made-by-the-shop", support=9).text == ""


def test_the_thousands_are_parted_as_in_the_language_of_the_page():
    with translation.override("de"):
        assert "1.000" in reason_for("bought-together", support=1_201).text
    assert "1,000" in reason_for("bought-together", support=1_201).text


@override_settings(PERSONA={"REASONS": False})
def test_a_shop_may_show_no_sentences():
    assert reason_for("bought-together", support=214).text == ""
