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


@override_settings(PERSONA={"MIN_BUYERS": 25})
def test_a_larger_crowd_is_asked_for_in_the_sentences_too():
    assert reason_for("similar", support=24).text == "Liked by the same shoppers"
    assert reason_for("similar", support=26).text == "More than 25 shoppers liked both"


def test_a_shopper_reads_how_often_they_bought_it_themselves():
    assert reason_for("reorder", support=1).text == "You bought this once"
    assert reason_for("reorder", support=3).text == "You bought this 3 times"


@pytest.mark.parametrize("code", ["popular", "popular-nearby", "newest"])
def test_fallbacks_say_what_they_are_without_any_figure(code):
    text = reason_for(code, support=9_999, support_of=99_999).text

    assert text
    assert not re.search(r"\d", text)


def test_a_source_without_a_sentence_says_nothing():
    assert reason_for("made-by-the-shop", support=9).text == ""


def test_the_thousands_are_parted_as_in_the_language_of_the_page():
    with translation.override("de"):
        assert "1.000" in reason_for("bought-together", support=1_201).text
    assert "1,000" in reason_for("bought-together", support=1_201).text


@override_settings(PERSONA={"REASONS": False})
def test_a_shop_may_show_no_sentences():
    assert reason_for("bought-together", support=214).text == ""
