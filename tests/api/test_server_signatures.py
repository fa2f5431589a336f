"""Who may report as a server of the shop's: whoever signs, in time, and once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client

from persona_django import counters
from persona_django.feedback import retention
from persona_django.identity.keys import keyed
from persona_django.tracking import signatures
from persona_django.tracking.context import Context, Sender
from persona_django.tracking.models import Event, UsedNonce
from persona_django.tracking.schema import Basis, Kind
from persona_django.training.cleaning import clean
from tests.signing import ADDRESS, SECRETS, message, post, report, send, signed
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db

OWN = {"ask_expert": {"number": 70}, "size_help": {"number": 71, "sender": "browser"}}


@pytest.fixture(autouse=True)
def _two_servers(settings: Any) -> None:
    cache.clear()
    settings.PERSONA = {
        **settings.PERSONA,
        "SERVER_KEYS": SECRETS,
        "EVENT_KINDS": OWN,
    }


@pytest.fixture
def tea() -> str:
    return f"shop.product:{stocked()[0].pk}"


def told(response: Any) -> str:
    assert response.status_code == 200, response.content
    return str(response.json()["result"])


def test_what_a_server_of_the_shop_signed_is_stored(tea):
    response = send(report("purchase", item=tea, order="A-1", customer=17, basis="customer"))

    assert response.json() == {
        "result": "a",
        "counts": {"accepted": 1, "duplicate": 0},
        "errors": [],
    }
    assert response["Cache-Control"] == "private, no-store"
    row = Event.objects.get()
    assert (row.kind, row.shopper, row.basis) == (
        Kind.PURCHASE,
        keyed("customer", "17"),
        Basis.CUSTOMER,
    )
    assert Context.unpacked(row.context).sender is Sender.SERVER
    assert UsedNonce.objects.count() == 1


def test_one_byte_that_was_altered_spoils_the_signature(tea):
    body = message(report("purchase", item=tea, order="A-1"))
    headers = signed(body)

    for altered in (body.replace(b"A-1", b"A-2"), body + b" ", body[:-1]):
        assert post(altered, headers).status_code == 401
    for name, value in headers.items():
        spoilt = value[:-1] + ("1" if value[-1] != "1" else "2")
        assert post(body, headers | {name: spoilt}).status_code == 401

    assert not Event.objects.exists()
    assert not UsedNonce.objects.exists()
    assert told(post(body, headers)) == "a"


@pytest.mark.parametrize(("shift", "status"), [(-301, 401), (-299, 200), (299, 200), (301, 401)])
def test_a_message_counts_for_five_minutes(tea, shift, status):
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        response = send(report("save", item=tea, customer=1), at=int(time.time()) + shift)

    assert response.status_code == status


def test_a_message_is_taken_once(tea):
    body = message(report("purchase", item=tea, order="A-1"))
    headers = signed(body)

    assert told(post(body, headers)) == "a"
    again = post(body, headers)

    assert again.status_code == 401
    assert "another nonce" in again.json()["detail"]
    assert counters.counts()["server_replayed"] == 1
    # Sent anew, as after a reply that was lost, it is no second purchase.
    assert told(post(body, signed(body))) == "d"


def test_each_server_has_nonces_of_its_own(tea):
    for key in SECRETS:
        assert told(send(report("save", item=tea, customer=1), key=key, nonce="n" * 20)) == "a"


def test_keys_are_changed_without_a_gap(tea, settings):
    def keys(**known: str) -> None:
        settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": known}

    old, new = SECRETS["erp"], "a new secret of more than 32 characters"

    def by(name: str, secret: str) -> int:
        event = report("save", item=tea, customer=1)
        return int(send(event, key=name, secret=secret).status_code)

    keys(y2025=old)
    assert (by("y2025", old), by("y2026", new)) == (200, 401)
    keys(y2025=old, y2026=new)
    assert (by("y2025", old), by("y2026", new)) == (200, 200)
    keys(y2026=new)
    assert (by("y2025", old), by("y2026", new)) == (401, 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Persona-Key": "nobody"},
        {"X-Persona-Key": ""},
        {"X-Persona-Key": "erp\n"},
        {"X-Persona-Nonce": "short"},
        {"X-Persona-Nonce": "n" * 129},
        {"X-Persona-Timestamp": "now"},
        {"X-Persona-Timestamp": "1e9"},
        {"X-Persona-Timestamp": "9" * 400},
        {"X-Persona-Timestamp": "\u0661" * 10},
        {"X-Persona-Signature": ""},
        {"X-Persona-Signature": "\u00e9" * 64},
        {"X-Persona-Signature": "A" * 64},
    ],
)
def test_what_is_no_signature_is_refused_before_it_is_read(tea, headers):
    body = message(report("save", item=tea, customer=1))

    response = post(body, signed(body) | headers)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Persona-HMAC-SHA256"
    assert not Event.objects.exists()


@pytest.mark.parametrize("secret", ["", "short", None, 5])
def test_a_key_without_a_real_secret_opens_nothing(tea, settings, secret):
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": {"erp": secret}}

    response = send(report("save", item=tea, customer=1), secret=str(secret or "x"))

    assert response.status_code == 401


def test_a_shop_without_keys_has_no_such_address(tea, settings):
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": {}}
    assert send(report("save", item=tea, customer=1)).status_code == 404

    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": SECRETS, "ENABLED": False}
    assert send(report("save", item=tea, customer=1)).status_code == 404


def test_neither_a_session_nor_a_cookie_opens_it(tea):
    client = Client(headers={"Sec-Fetch-Site": "same-origin"})

    response = client.post(
        ADDRESS, message(report("save", item=tea, customer=1)), content_type="application/json"
    )

    assert response.status_code == 401
    assert client.get(ADDRESS).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_of_the_same_message_sent_many_times_at_once_one_is_taken(tea):
    if connection.vendor == "sqlite":
        pytest.skip("a SQLite database in memory belongs to one thread")
    body = message(report("purchase", item=tea, order="A-1"))
    headers = signed(body)
    statuses: list[int] = []
    start = threading.Barrier(6)

    def sending() -> None:
        start.wait()
        statuses.append(post(body, headers).status_code)
        connections.close_all()

    threads = [threading.Thread(target=sending) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 401, 401, 401, 401, 401]
    assert Event.objects.count() == 1


def test_nonces_are_forgotten_when_their_messages_are_too_old_anyway(tea):
    send(report("save", item=tea, customer=1))
    with time_machine.travel(time.time() - 3_600, tick=False):
        send(report("save", item=tea, customer=2))

    retention.delete_old(beat=lambda: None)

    assert UsedNonce.objects.count() == 1


@pytest.mark.parametrize("ahead", [0, 900])
def test_a_message_that_is_still_fresh_is_refused_again_whatever_jobs_did_meanwhile(tea, ahead):
    """Also after they ran while the clock was a quarter of an hour ahead."""
    now, window = int(time.time()), int(signatures.WINDOW.total_seconds())
    body = message(report("save", item=tea, customer=1))
    headers = signed(body, at=now + window)
    with time_machine.travel(now, tick=False) as clock:
        assert post(body, headers).status_code == 200
        clock.shift(2 * window + ahead)
        retention.delete_old(beat=lambda: None)
        clean()
        clock.shift(-ahead)

        assert post(body, headers).status_code == 401

    assert Event.objects.count() == 1


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_a_network_that_guesses_is_shut_out_before_a_signature_is_worked_out(
    tea, settings, monkeypatch
):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1}
    checked: list[bytes] = []
    really = signatures.verify
    monkeypatch.setattr(
        signatures, "verify", lambda claim, body: (checked.append(body), really(claim, body))
    )
    body = message(report("purchase", item=tea, order="A-1"))
    guessed = signed(body, secret="somebody else's" * 4)

    codes = [post(body, guessed).status_code for _ in range(12)]

    assert codes == [401] * 10 + [429] * 2
    assert len(checked) == 10
    assert 1 <= int(post(body, signed(body))["Retry-After"]) <= 60
    elsewhere = Client(REMOTE_ADDR="198.51.100.7").post(
        ADDRESS, data=body, content_type="application/json", headers=signed(body)
    )
    assert told(elsewhere) == "a"
