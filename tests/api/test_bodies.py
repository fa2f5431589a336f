"""Bodies that are too large, packed, slow or broken off are refused before they are made into
anything."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest

from persona_django.api.bodies import NotTaken, read_body
from persona_django.exceptions import BadMessage, TooLarge
from tests.reporting import EVENTS, post, visitor

JSON = ("application/json", "text/plain")
KIB_64 = 65_536


def request(stream: Any, *, length: str | None = None, **meta: str) -> HttpRequest:
    """As a server hands it over; without a length as one that takes chunks does."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": EVENTS,
        "CONTENT_TYPE": "application/json",
        "wsgi.input": stream,
        **meta,
    }
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    made = WSGIRequest(environ)
    if length is None:
        made._stream = stream
    return made


def read(made: HttpRequest, limit: int = 10) -> bytes:
    return read_body(made, limit=limit, types=JSON)


class Endless(io.RawIOBase):
    """100 MB of spaces, a little at a time, and how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        part = min(size if size >= 0 else 10**8, 1_000, 10**8 - self.taken)
        self.taken += part
        return b" " * part


def test_a_body_is_read_up_to_its_limit_and_not_a_byte_further():
    assert read(request(io.BytesIO(b"0123456789"), length="10")) == b"0123456789"
    assert read(request(io.BytesIO(b""), length="0")) == b""

    with pytest.raises(TooLarge):
        read(request(io.BytesIO(b"0123456789X")))


@pytest.mark.parametrize("length", ["11", "99999999999999999999999", "000000000000000000000011"])
def test_threat_14_a_body_that_says_it_is_too_large_is_not_read_at_all(length):
    stream = Endless()

    with pytest.raises(TooLarge):
        read(request(stream, length=length))
    assert stream.taken == 0 or length.startswith("0")


def test_threat_14_a_body_without_a_length_is_read_to_the_limit_only():
    stream = Endless()
    tracemalloc.start()

    with pytest.raises(TooLarge):
        read(request(stream), limit=KIB_64)

    assert stream.taken <= KIB_64 + 1
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_threat_14_a_small_body_that_unpacks_to_a_large_one_is_not_unpacked():
    packed = gzip.compress(b" " * 10**6)

    with pytest.raises(NotTaken, match="Content-Encoding"):
        read(request(io.BytesIO(packed), HTTP_CONTENT_ENCODING="gzip"), limit=KIB_64)


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "multipart/form-data; boundary=x", "application/jsonp"]
)
def test_other_types_of_content_are_not_read(content_type):
    with pytest.raises(NotTaken, match="application/json or text/plain"):
        read(request(io.BytesIO(b"{}"), length="2", CONTENT_TYPE=content_type))


def test_a_client_that_goes_away_is_told_from_one_that_is_done():
    class Gone(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError("by peer")

    with pytest.raises(BadMessage, match="broke off"):
        read(request(Gone(), length="10"))


@pytest.mark.parametrize("size", [KIB_64 + 1, 200_000])
def test_the_endpoint_says_so(size):
    response = post(visitor(), b" " * size)

    assert response.status_code == 413
    assert len(response.content) < 200


def test_the_endpoint_reads_64_kib():
    response = post(visitor(), b'{"events": []}'.ljust(KIB_64))

    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_the_endpoint_takes_nothing_that_is_packed(encoding):
    response = post(visitor(), gzip.compress(b"{}"), HTTP_CONTENT_ENCODING=encoding)

    assert response.status_code == 415
