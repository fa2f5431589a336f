"""Browsers and apps that report events, as the script does, and what they were told."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import Client

from persona_django.feedback.tokens import sign_slot
from persona_django.identity import cookies
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from tests.browsing import BROWSER

EVENTS = "/persona/api/v1/events/"
_numbers = itertools.count()


def visitor(pseudonym: str = "someone", *, agreed: bool = True, **headers: str) -> Client:
    """A browser that agreed and has its cookie, on a page of the shop."""
    client = Client(
        headers={"User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin", **headers},
        raise_request_exception=False,
    )
    client.cookies["persona"] = cookie_of(pseudonym)
    if agreed:
        client.cookies["banner"] = "yes"
    return client


def cookie_of(pseudonym: str) -> str:
    response = HttpResponse()
    cookies.issue(HttpRequest(), response, VisitorCookie(pseudonym=pseudonym))
    return str(response.cookies["persona"].value)


def key_of(pseudonym: str = "someone") -> int:
    return keyed("visitor", pseudonym)


def event(type_: str, **fields: Any) -> dict[str, Any]:
    """One event that happened now, with a name of its own."""
    now = int(time.time() * 1000)
    return {"id": f"e{next(_numbers)}", "type": type_, "at": now, **fields}


def message(*events: Any, **more: Any) -> bytes:
    return json.dumps({"sent": int(time.time() * 1000), "events": events} | more).encode()


def send(client: Client, *events: Any, **more: Any) -> Any:
    """What the shop answers to one message."""
    return post(client, message(*events, **more))


def post(client: Client, body: bytes, content_type: str = "application/json", **extra: Any) -> Any:
    return client.post(EVENTS, data=body, content_type=content_type, **extra)


def told(response: Any) -> str:
    """The verdicts, one letter each."""
    assert response.status_code == 200, response.content
    return str(response.json()["result"])


def reasons(response: Any) -> dict[str, int]:
    """How many events were refused, by reason."""
    counts = dict(response.json()["counts"])
    del counts["accepted"], counts["duplicate"]
    return counts


def slate(
    block: str, *item_ids: int, version: int = 7, customer: int | None = None, store: int = 1
) -> list[str]:
    """The tokens of a slate, in order."""
    return [
        sign_slot(block, item_id, position, version, customer, store=store)
        for position, item_id in enumerate(item_ids, 1)
    ]
