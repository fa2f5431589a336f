"""The documented way to sign a message is one that the shop takes, word for word."""

from __future__ import annotations

import re
from typing import Any
from urllib.error import HTTPError

import pytest

from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.house.tree import ROOT
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "a secret of the till with 32 characters"


def documented() -> Any:
    """The function of the page, run as it stands there."""
    page = (ROOT / "docs" / "rest.md").read_text("utf-8")
    (code,) = [
        found
        for found in re.findall(r"^```python\n(.*?)^```", page, re.S | re.M)
        if "X-Persona-Signature" in found
    ]
    names: dict[str, Any] = {}
    exec(compile(code, "docs/rest.md", "exec"), names)
    return names["send"]


def test_the_documented_snippet_signs_what_the_shop_takes(live_server, settings):
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": {"till": SECRET}}
    tea, item = stocked()
    events = [
        {"id": "1", "type": "purchase", "order": "A-1001", "item": f"shop.product:{tea.pk}"},
        {"id": "2", "type": "gossip"},
    ]
    send = documented()

    reply = send(live_server.url, "till", SECRET, events)

    assert reply["result"] == "ar"
    assert Event.objects.get().item_id == item
    assert Event.objects.get().kind == Kind.PURCHASE
    with pytest.raises(HTTPError, match="401"):
        send(live_server.url, "till", SECRET + "!", events)
