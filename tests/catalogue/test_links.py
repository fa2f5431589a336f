"""Which addresses of a product reach a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue.links import LONGEST, safe_url

GOOD = [
    "/product/31/",
    "product/31?colour=red&size=6#reviews",
    "https://shop.example/product/31/",
    "HTTP://shop.example/",
    "//cdn.shop.example/tea.jpg",
    "/produkt/grüner-tee/",
    "?page=2",
    "#top",
    "",
]
BAD = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " \t javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "\x00javascript:alert(1)",
    "javascript\x00:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zz4=",
    "file:///etc/passwd",
    "blob:https://shop.example/x",
    "feed:javascript:alert(1)",
    "/product\r\nSet-Cookie: a=b",
    "/" + "a" * LONGEST,
]


@pytest.mark.parametrize("address", GOOD)
def test_paths_and_web_addresses_stay_as_they_are(address):
    assert safe_url(address) == address


@pytest.mark.parametrize("address", BAD)
def test_anything_that_could_run_or_leave_the_web_is_dropped(address):
    assert safe_url(address) == ""


def test_no_address_is_no_address():
    assert safe_url(None) == ""


@given(st.text())
def test_what_remains_never_has_a_scheme_other_than_the_web_s(text):
    kept = safe_url(text)

    scheme, colon, _ = kept.partition(":")
    if colon and scheme.isascii() and scheme.replace("+", "").replace("-", "").isalnum():
        assert scheme.lower() in ("http", "https") or not scheme[0].isalpha()
