"""Tokens prove what we served, to us alone, for a while."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.exceptions import BadToken
from persona_django.feedback.tokens import GRAIN_SECONDS, LONGEST, read_token, sign_slot


@given(
    block=st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True),
    item_id=st.integers(1, 2**63 - 1),
    position=st.integers(1, 50),
    version=st.integers(0, 2**63 - 1),
    customer=st.none() | st.integers(1, 2**63 - 1),
    store=st.integers(1, 2**15 - 1),
)
def test_a_token_gives_back_exactly_what_was_signed(
    block, item_id, position, version, customer, store
):
    token = sign_slot(block, item_id, position, version, customer, store=store)
    proof = read_token(token, customer, store=store)

    assert (proof.block, proof.item_id, proof.position) == (block, item_id, position)
    assert (proof.version, proof.personal) == (version, customer is not None)
    assert 0 <= time.time() - proof.served_at < GRAIN_SECONDS + 5


def test_a_token_of_a_public_slate_counts_for_everyone():
    token = sign_slot("similar-items", 31, 1, 7)

    assert [read_token(token, who).personal for who in (None, 5, 6)] == [False] * 3


def test_everybody_is_served_the_same_public_token_for_ten_minutes():
    tokens = []
    for clock in ("10:00:00", "10:09:59", "10:10:00"):
        with time_machine.travel(f"2026-03-01T{clock}Z", tick=False):
            tokens.append(sign_slot("similar-items", 31, 1, 7))

    assert tokens[0] == tokens[1] != tokens[2]


@pytest.mark.parametrize("customer", [None, 5])
def test_a_token_counts_in_its_own_store_alone(customer):
    token = sign_slot("similar-items", 31, 1, 7, customer, store=2)

    assert read_token(token, customer, store=2).item_id == 31
    for another in (1, 5, 22):
        with pytest.raises(BadToken, match="signature"):
            read_token(token, customer, store=another)


def test_a_token_of_a_personal_slate_counts_for_that_customer_alone():
    token = sign_slot("reorder", 31, 1, 0, 5)

    assert read_token(token, 5).personal
    for somebody_else in (None, 6):
        with pytest.raises(BadToken, match="signature"):
            read_token(token, somebody_else)


def test_a_personal_token_shows_its_readers_nothing_that_stays_the_same_for_a_customer():
    customer = 0x1122334455667788
    payload, _, signature = sign_slot("reorder", 31, 1, 0, customer).rpartition(":")

    assert payload == sign_slot("reorder", 31, 1, 0, 6).rpartition(":")[0]
    assert customer.to_bytes(8, "big") not in signing.b64_decode(payload.encode())
    assert signature != sign_slot("reorder", 32, 1, 0, customer).rpartition(":")[2]


def test_a_token_changed_in_any_character_proves_nothing():
    token = sign_slot("similar-items", 31, 1, 7)

    for place, letter in enumerate(token):
        forged = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        with pytest.raises(BadToken):
            read_token(forged)


@given(st.text(max_size=2 * LONGEST))
def test_no_text_that_somebody_made_up_is_a_token_or_an_error_of_another_kind(text):
    with pytest.raises(BadToken):
        read_token(text)


def test_a_text_longer_than_any_token_is_refused_before_it_is_checked():
    with pytest.raises(BadToken, match="too long"):
        read_token("A" * (LONGEST + 1))


@override_settings(PERSONA={"TOKEN_MAX_AGE": timedelta(seconds=-2 * GRAIN_SECONDS)})
def test_a_token_older_than_allowed_no_longer_counts():
    with pytest.raises(BadToken, match="too old"):
        read_token(sign_slot("similar-items", 31, 1, 7))


def test_what_the_shop_signed_for_something_else_is_no_token():
    other = signing.Signer(salt="shop.discounts").sign("AWsE_4QAAAAAAAAABgAAAAAAAAABAAAAAAAAAAAF")

    with pytest.raises(BadToken):
        read_token(other)


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x02" + b"\x00" * 40])
def test_what_another_release_signed_is_refused(payload):
    text = signing.b64_encode(payload).decode()
    token = signing.Signer(salt="persona_django.feedback.tokens:1").sign(text)

    with pytest.raises(BadToken, match="another release"):
        read_token(token)


def test_a_token_outlives_the_rotation_of_the_key_while_the_old_one_is_a_fallback():
    with override_settings(SECRET_KEY="the old key of this shop, long enough"):
        token = sign_slot("similar-items", 31, 1, 7)

    fallback = ["the old key of this shop, long enough"]
    with override_settings(SECRET_KEY="the new key", SECRET_KEY_FALLBACKS=fallback):
        assert read_token(token).item_id == 31
    with override_settings(SECRET_KEY="the new key"), pytest.raises(BadToken):
        read_token(token)
