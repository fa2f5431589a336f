"""Counts in what a person reads."""

from __future__ import annotations

import pytest

from persona_django.plurals import counted


@pytest.mark.parametrize(
    ("n", "words", "said"),
    [
        (1, ("visitor",), "1 visitor"),
        (0, ("visitor",), "0 visitors"),
        (1_234, ("visitor",), "1,234 visitors"),
        (1, ("is", "are"), "1 is"),
        (2, ("is", "are"), "2 are"),
    ],
)
def test_one_is_said_as_one(n, words, said):
    assert counted(n, *words) == said
