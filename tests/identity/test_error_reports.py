"""What administrators are mailed of an error lets nobody be a visitor, a server or the shop."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core import signing
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from persona_django.feedback.tokens import read_token, sign_slot
from persona_django.identity import cookies, keys, tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.models import Visitor
from persona_django.identity.subjects import subject_of, subject_of_guest, subject_of_visitor
from persona_django.tracking import signatures
from tests import scanning

pytestmark = pytest.mark.django_db

VISITOR = VisitorCookie(pseudonym="canary-pseudonym-4711")
MAIL = "canary-anna@mail.example"
SECRET = "canary-secret-of-at-least-32-characters"


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.SECRET_KEY = SECRET
    settings.SECRET_KEY_FALLBACKS = [SECRET + "-of-before"]
    keys._hasher.cache_clear()


def report_of(do: Any) -> str:
    try:
        do()
    except Exception:  # noqa: BLE001 - whatever it is, it is reported
        return str(ExceptionReporter(None, *sys.exc_info()).get_traceback_html())
    raise AssertionError("nothing went wrong")


def request(header: str = "") -> Any:
    made = RequestFactory().get("/", headers={tokens.HEADER: header} if header else {})
    if not header:
        made.COOKIES["persona"] = cookies.signed(VISITOR)
    return made


@sensitive_variables()
def broken(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("a fault of ours")


class Doing:
    """Does something with what no frame of the test itself holds."""

    def __init__(self, do: Any, given: Any) -> None:
        self.do, self.given = do, given

    def __call__(self) -> None:
        self.do(self.given)


@pytest.mark.parametrize(
    ("do", "given"),
    [
        (cookies.opened, lambda: request()),
        (cookies.signed, lambda: VISITOR),
        (tokens.issue, lambda: VISITOR),
        (tokens.carried, lambda: request(tokens.issue(VISITOR))),
        (subject_of_visitor, lambda: cookies.signed(VISITOR)),
    ],
    ids=["a cookie", "a new cookie", "a new token", "a token", "a quoted cookie"],
)
def test_no_cookie_token_or_key_is_in_it(monkeypatch, do, given):
    doing = Doing(do, given())
    values = cookies.signed(VISITOR), tokens.issue(VISITOR)
    cookies.forget()
    monkeypatch.setattr(cookies, "_signer", broken)

    assert not scanning.holds(report_of(doing), {*values, VISITOR.pseudonym, SECRET})


def test_neither_visitor_nor_guest_is_in_it_where_a_table_is_missing(lose_table):
    lose_table(Visitor)

    report = report_of(lambda: subject_of(request()))

    assert "persona_nowhere" in report
    assert not scanning.holds(report, {cookies.signed(VISITOR), VISITOR.pseudonym, SECRET})


def test_no_address_of_a_guest_is_in_it(monkeypatch):
    monkeypatch.setattr(keys, "_number", broken)

    assert not scanning.holds(report_of(lambda: subject_of_guest(MAIL)), {MAIL, SECRET})


def test_no_secret_of_another_server_is_in_it(settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": {"till": SECRET}}
    claim = signatures.Claim(key="till", at=1, nonce="n" * 16, signature="a" * 64)
    monkeypatch.setattr(signatures.hmac, "compare_digest", broken)

    assert not scanning.holds(report_of(lambda: signatures.verify(claim, b"{}")), {SECRET})


def test_no_key_of_slots_is_in_it(monkeypatch):
    token = sign_slot("similar", 1, 1, 1)
    monkeypatch.setattr(signing, "b64_decode", broken)

    assert not scanning.holds(report_of(Doing(read_token, token)), {SECRET, token})


def test_whoever_prints_a_visitor_prints_no_pseudonym():
    assert VISITOR.pseudonym not in repr(VISITOR)
