"""The body of a request, bounded before anything is made of it."""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from persona_django.exceptions import BadMessage, TooLarge


class NotTaken(BadMessage):
    """A body of a kind that is not read at all."""


def read_body(request: HttpRequest, *, limit: int, types: Collection[str]) -> bytes:
    """The body of at most `limit` bytes, whatever length it claims to have.

    Raises NotTaken for another type of content or a packed body, TooLarge, or BadMessage. Asks
    nothing of a database, so that no connection waits for a client that is slow on purpose.
    """
    content_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if content_type not in types:
        raise NotTaken(f"The body is taken as {' or '.join(sorted(types))} only.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        # What is packed small may be large without an end.
        raise NotTaken("The body is taken without Content-Encoding only.")
    too_large = f"The body has more than {limit} bytes."
    claimed = request.META.get("CONTENT_LENGTH") or "0"
    if claimed.isascii() and claimed.isdigit() and int(claimed[:20]) > limit:
        raise TooLarge(too_large)
    parts: list[bytes] = []
    missing = limit + 1
    try:
        while missing and (part := request.read(missing)):
            parts.append(part)
            missing -= len(part)
    except UnreadablePostError:
        raise BadMessage("The body broke off.") from None
    if not missing:
        raise TooLarge(too_large)
    return b"".join(parts)
