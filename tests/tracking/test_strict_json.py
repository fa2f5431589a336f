"""JSON that is read in one way only, whatever is sent."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.exceptions import BadMessage
from persona_django.tracking.strict_json import has_odd_text, parsed

finite = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | finite | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(plain)
def test_what_is_json_is_read_as_everybody_reads_it(value):
    assert parsed(json.dumps(value).encode(), depth=100) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        '{"a": 1}'.encode("utf-16"),
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b"9" * 4_000,
        b"-" + b"9" * 21,
        b'{"a": 1, "a": 2}',
        b'[{"a": {"b": 1, "b": 1}}]',
        b'"a\nb"',
        b'"a\0b"',
        b"[1] 2",
        b"'a'",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(body):
    with pytest.raises(BadMessage):
        parsed(body, depth=5)


@pytest.mark.parametrize("depth", [10, 200, 900, 1_500, 100_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
def test_however_deep_it_is_nested_it_is_only_refused(depth, start, end):
    whole = start * depth + "1" + end * depth

    for body in (whole, start * depth):
        with pytest.raises(BadMessage):
            parsed(body.encode(), depth=5)


def test_nesting_is_counted_to_the_last_level_that_is_allowed():
    assert parsed(b'[[[1]], {"a": {"b": 2}}]', depth=3)
    assert parsed(b"7", depth=1) == 7

    with pytest.raises(BadMessage, match="nested more than 2"):
        parsed(b'[[1], {"a": {"b": 2}}]', depth=2)


def test_a_refusal_never_quotes_what_was_sent():
    with pytest.raises(BadMessage) as caught:
        parsed(b'{"email": "jane@example.com", "x": NaN}', depth=5)

    assert "jane" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(plain)
def test_numbers_are_always_finite(value):
    def walk(one):
        if isinstance(one, float):
            assert math.isfinite(one)
        for inner in (
            one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        ):
            walk(inner)

    walk(parsed(json.dumps(value).encode(), depth=100))


@pytest.mark.parametrize(
    ("text", "is_odd"),
    [
        (r'{"a": "x"}', False),
        (r'{"a": "\u0000"}', True),
        (r'{"\u0000": 1}', True),
        (r'{"a": ["b", {"c": "\ud800"}]}', True),
        (r'["\udc00\ud800"]', True),
        (r'["\ud83d\ude00", 5, null]', False),
        ('["😀 é"]', False),
    ],
)
def test_nul_and_half_characters_are_found_wherever_they_are(text, is_odd):
    assert has_odd_text(parsed(text.encode(), depth=9)) is is_odd
