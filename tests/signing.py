"""Another server of the shop's, that signs what it sends."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from typing import Any

from django.test import Client

from persona_django.tracking.signatures import signature_of

ADDRESS = "/persona/api/v1/server/events/"
SECRETS = {"erp": "erp-0123456789-0123456789-0123456789", "till": "till" * 10}
_numbers = itertools.count()


def report(type_: str, **fields: Any) -> dict[str, Any]:
    """One event with a name of its own."""
    return {"id": f"s{next(_numbers)}", "type": type_, **fields}


def message(*events: Any, **more: Any) -> bytes:
    return json.dumps({"events": events} | more).encode()


def signed(
    body: bytes, *, key: str = "erp", secret: str = "", at: int | None = None, nonce: str = ""
) -> dict[str, str]:
    """The four headers of a message."""
    at = int(time.time()) if at is None else at
    nonce = nonce or secrets.token_urlsafe(16)
    return {
        "X-Persona-Key": key,
        "X-Persona-Timestamp": str(at),
        "X-Persona-Nonce": nonce,
        "X-Persona-Signature": signature_of((secret or SECRETS[key]).encode(), at, nonce, body),
    }


def post(body: bytes, headers: dict[str, str], content_type: str = "application/json") -> Any:
    client = Client(raise_request_exception=False)
    return client.post(ADDRESS, data=body, content_type=content_type, headers=headers)


def send(*events: Any, **how: Any) -> Any:
    """What the shop answers to one signed message."""
    body = message(*events)
    return post(body, signed(body, **how))
