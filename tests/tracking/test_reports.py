"""One event of a client: read strictly, or refused with one of the known reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.exceptions import Refusal
from persona_django.tracking.batches import Clock
from persona_django.tracking.ingest import event_uid
from persona_django.tracking.models import Intent
from persona_django.tracking.report_values import Happening, Shown, Wish
from persona_django.tracking.reports import TYPES, read_report
from persona_django.tracking.schema import MOST_VALUE, Kind
from persona_django.tracking.verdicts import REASONS

NOW = 1_800_000_000.0
TEA = ("shop.product", "31")
SOUND: dict[str, dict[str, Any]] = {
    "view": {"item": "shop.product:31"},
    "dwell": {"item": "shop.product:31", "seconds": 12.4},
    "engage": {"item": "shop.product:31", "part": "zoom", "share": 0.5},
    "play": {"item": "shop.product:31", "share": 0},
    "progress": {"item": "shop.product:31", "share": 0.25},
    "finish": {"item": "shop.product:31"},
    "cart_add": {"item": "shop.product:31", "quantity": 3},
    "cart_remove": {"item": "shop.product:31"},
    "save": {"item": "shop.product:31"},
    "unsave": {"item": "shop.product:31"},
    "restore": {"item": "shop.product:31"},
    "click": {"token": "t1", "slate": "v1 similar-items-1"},
    "dismiss": {"token": "t1"},
    "more_like": {"item": "shop.product:31"},
    "slate": {"slate": "v1 similar-items-1", "tokens": ["t1", "t2"], "first": 1, "seen": [2]},
    "search": {"words": "Red Shoes", "results": 4},
    "filter": {"name": "Price", "low": 9.5, "high": 20},
    "sort": {"value": "Cheapest first"},
}


def read(type_: str, *without: str, **fields: Any) -> Any:
    given = {"id": "e1", "type": type_, "at": NOW * 1000, **SOUND.get(type_, {}), **fields}
    return read_report(
        {name: value for name, value in given.items() if name not in without}, Clock(now=NOW)
    )


def reason(type_: Any, *without: str, **fields: Any) -> str:
    with pytest.raises(Refusal) as caught:
        read(type_, *without, **fields)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_there_is_an_example_of_every_type():
    assert set(SOUND) == set(TYPES)


@pytest.mark.parametrize(
    ("type_", "kind", "value", "quantity"),
    [
        ("view", Kind.VIEW, 0, 1),
        ("dwell", Kind.DWELL, 12, 1),
        ("engage", Kind.ENGAGE, 500, 1),
        ("play", Kind.PLAY, 0, 1),
        ("progress", Kind.PROGRESS, 250, 1),
        ("finish", Kind.FINISH, 1000, 1),
        ("cart_add", Kind.CART_ADD, 0, 3),
        ("cart_remove", Kind.CART_REMOVE, 0, 1),
        ("save", Kind.SAVE, 0, 1),
        ("unsave", Kind.UNSAVE, 0, 1),
        ("restore", Kind.RESTORE, 0, 1),
        ("more_like", Kind.MORE_LIKE, 0, 1),
    ],
)
def test_what_happened_to_an_item_is_read_with_its_measure(type_, kind, value, quantity):
    assert read(type_) == Happening(
        uid=read(type_).uid,
        kind=kind,
        at=int(NOW),
        clamped=False,
        item=TEA,
        value=value,
        quantity=quantity,
    )


def test_an_event_has_one_name_whatever_its_type_and_none_that_the_shop_uses_itself():
    assert read("save").uid == read("dwell").uid == read("search").uid
    assert read("save", id="cart-5").uid != event_uid("cart-5")


def test_a_view_has_the_name_that_the_middleware_gives_it():
    assert read("view", id="v1").uid == event_uid("view v1")


def test_a_click_has_one_name_whatever_the_client_calls_it():
    assert read("click", id="a").uid == read("click", id="b").uid
    assert read("click", token="other").uid != read("click").uid
    assert read("dismiss", id="a").uid != read("dismiss", id="b").uid


def test_a_slot_is_named_by_its_token_and_may_say_its_slate():
    found = read("click")

    assert (found.token, found.item) == ("t1", None)
    assert found.slate == read("slate").uid == event_uid("slate v1 similar-items-1")
    assert read("dismiss").slate == 0


def test_a_slate_tells_its_slots_and_which_of_them_were_seen():
    found = read("slate")

    assert isinstance(found, Shown)
    assert (found.tokens, found.seen) == (("t1", "t2"), (2,))


def test_wishes_are_read_as_words_or_ranges():
    search, price, sort = read("search"), read("filter"), read("sort")

    assert isinstance(search, Wish)
    assert (search.kind, search.words, search.results) == (Intent.Kind.SEARCH, "red shoes", 4)
    assert (price.name, price.words, price.low, price.high) == ("price", "", 950, 2_000)
    colour = read("filter", "low", "high", name="Colour", value=" Dark  Red ")
    assert (colour.name, colour.words, colour.low) == ("colour", "dark red", None)
    assert (sort.kind, sort.words) == (Intent.Kind.SORT, "cheapest first")


def test_a_long_look_is_as_long_as_can_be_counted():
    assert read("dwell", seconds=10**6).value == MOST_VALUE


@pytest.mark.parametrize("given", [None, 5, "view", [], [["id", "e1"]]])
def test_an_event_is_an_object(given):
    with pytest.raises(Refusal) as caught:
        read_report(given, Clock(now=NOW))

    assert caught.value.reason == "shape"


@pytest.mark.parametrize(
    "type_", ["purchase", "refund", "revisit", "ordered", "skip", "one_off", "VIEW", "", 3, None]
)
def test_threat_4_nothing_but_what_a_browser_may_say_is_taken_from_one(type_):
    assert reason(type_, item="shop.product:31") == "type"


@pytest.mark.parametrize("type_", sorted(SOUND))
@pytest.mark.parametrize(
    "field",
    [
        *("shopper", "visitor", "user", "customer", "store", "uid", "kind", "item_id", "order"),
        *("price", "basis", "context", "weight", "variant", "arm", "next", "url", "seen__gt"),
    ],
)
def test_threats_10_and_39_no_field_says_who_it_was_or_what_it_counts(type_, field):
    assert reason(type_, **{field: 1}) == "field"


@pytest.mark.parametrize("type_", sorted(SOUND))
def test_what_a_type_needs_is_asked_for(type_):
    for field in sorted(TYPES[type_].needed - {"type"}):
        assert reason(type_, field) == "field"


@pytest.mark.parametrize("named", ["", "x" * 129, 5, None, ["a"]])
def test_an_event_has_a_short_name(named):
    assert reason("view", id=named) == "id"


def test_a_name_may_be_as_long_as_is_allowed():
    assert read("view", id="é" * 128)


@pytest.mark.parametrize("at", ["now", True, [], {}])
def test_a_time_is_a_number(at):
    assert reason("view", at=at) == "at"


def test_without_a_time_it_happened_now():
    assert read("view", "at").at == int(NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {f"f{n}": 1 for n in range(21)},
        {"x" * 65: 1},
        {"item": "x" * 257},
        {"item": ["x"] * 64},
    ],
)
def test_an_event_is_small(fields):
    assert reason("view", **fields) == "size"


@pytest.mark.parametrize("letter", ["t", "\u00e9", "\u20ac", '"'])
def test_an_event_is_at_most_4_kib_whatever_it_is_made_of(letter):
    """As it would be written without blanks, in UTF-8."""
    bytes_each = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    tokens = [letter * (240 // bytes_each)] * 16
    empty = {"id": "e1", "type": "slate", "at": NOW * 1000, **SOUND["slate"], "tokens": tokens}
    written = json.dumps(empty, ensure_ascii=False, separators=(",", ":"))
    left = 4_096 - len(written.encode()) - len(',""')

    assert len(read("slate", tokens=[*tokens, "t" * left]).tokens) == 17
    assert reason("slate", tokens=[*tokens, "t" * (left + 1)]) == "size"


def test_a_long_event_of_many_texts_is_measured_as_well():
    given = {"id": "e1", "type": "view", "item": "shop.product:31"}
    given |= {f"{n:064}": "\u20ac" * 256 for n in range(5)}

    assert reason("view", **given) == "size"
    assert reason("view", **{f"{n:064}": "t" for n in range(5)}) == "field"


@pytest.mark.parametrize(
    "item", ["no.model:3", "shop.product:", "shop.product:abc", "31", "shop.product:' OR 1=1 --"]
)
def test_an_item_is_named_as_everywhere(item):
    assert reason("view", item=item) == "item"


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("view", {"item": 31}),
        ("view", {"item": ""}),
        ("view", {"item": None}),
        ("dwell", {"seconds": -1}),
        ("dwell", {"seconds": "5"}),
        ("dwell", {"seconds": True}),
        ("dwell", {"seconds": 10**9}),
        ("engage", {"part": "basement"}),
        ("engage", {"part": 3}),
        ("progress", {"share": 1.01}),
        ("progress", {"share": -0.1}),
        ("progress", {"share": None}),
        ("cart_add", {"quantity": 0}),
        ("cart_add", {"quantity": -2}),
        ("cart_add", {"quantity": 1.5}),
        ("cart_add", {"quantity": 10**7}),
        ("cart_add", {"quantity": False}),
        ("click", {"token": ""}),
        ("click", {"token": 5}),
        ("click", {"slate": ""}),
        ("click", {"slate": "x" * 129}),
        ("slate", {"tokens": []}),
        ("slate", {"tokens": "t1"}),
        ("slate", {"tokens": ["t"] * 41}),
        ("slate", {"tokens": [1]}),
        ("slate", {"tokens": ["x" * 257]}),
        ("slate", {"seen": 1}),
        ("slate", {"seen": [0]}),
        ("slate", {"seen": [64]}),
        ("slate", {"seen": ["1"]}),
        ("slate", {"seen": [[1]]}),
        ("slate", {"first": 0}),
        ("search", {"words": 5}),
        ("search", {"words": ""}),
        ("search", {"results": -1}),
        ("search", {"results": 10**10}),
        ("search", {"results": "many"}),
        ("filter", {"low": -1}),
        ("filter", {"low": 30}),
        ("filter", {"low": "1"}),
        ("filter", {"high": 10**13}),
        ("filter", {"value": "red"}),
        ("sort", {"value": None}),
    ],
)
def test_a_value_of_the_wrong_type_or_out_of_range_is_refused(type_, fields):
    assert reason(type_, **fields) == "value"


def test_a_filter_says_by_what():
    assert reason("filter", "low", "high") == "value"


@pytest.mark.parametrize("type_", ["dismiss", "more_like"])
def test_an_opinion_is_about_a_slot_or_about_an_item(type_):
    assert reason(type_, "token", "item") == "field"
    assert reason(type_, token="t1", item="shop.product:31") == "field"


def test_words_that_name_somebody_are_not_kept():
    assert reason("search", words="jane@example.com") == "words"
    assert read("search", words="lamp jane@example.com").words == "lamp"


def test_a_shop_may_let_its_browsers_report_kinds_of_its_own(settings):
    settings.PERSONA = {
        "EVENT_KINDS": {
            "compare": {"number": 64, "sender": "browser"},
            "called": {"number": 65, "sender": "shop"},
        }
    }

    found = read("compare", item="shop.product:31", value=7)

    assert (found.kind, found.value, found.item) == (64, 7, TEA)
    assert read("compare", item="shop.product:31").value == 0
    assert reason("called", item="shop.product:31") == "type"
    assert reason("compare", item="shop.product:31", value=MOST_VALUE + 1) == "value"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=70), inner),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted(SOUND)),
    st.dictionaries(
        st.sampled_from(
            [*sorted({name for one in SOUND.values() for name in one}), "id", "at", "x"]
        ),
        anything,
        max_size=3,
    ),
)
def test_whatever_is_sent_is_read_within_the_limits_or_refused_with_a_known_reason(type_, fields):
    try:
        found = read(type_, **fields)
    except Refusal as refusal:
        assert refusal.reason in REASONS
        return
    assert 0 < found.uid < 2**63
    assert int(NOW) - 86_401 <= found.at <= int(NOW)
    if isinstance(found, Happening):
        assert 0 <= found.value <= MOST_VALUE and 1 <= found.quantity <= 10**6
    if isinstance(found, Wish):
        assert len(found.words) <= 64 and len(found.name) <= 64
        assert all(end is None or 0 <= end < 2**63 for end in (found.low, found.high))
