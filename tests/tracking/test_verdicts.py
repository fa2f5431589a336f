"""What a client is told of its events."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from persona_django import counters
from persona_django.tracking.verdicts import REASONS, Verdicts


def test_each_event_has_its_letter_and_each_reason_its_count():
    verdicts = Verdicts(4)
    verdicts.accept(0)
    verdicts.repeat(1)
    verdicts.refuse(2, "item")
    verdicts.refuse(3, "item")

    assert verdicts.reply() == {
        "result": "adrr",
        "counts": {"accepted": 1, "duplicate": 1, "item": 2},
        "errors": [
            {"event": 2, "reason": "item", "text": REASONS["item"]},
            {"event": 3, "reason": "item", "text": REASONS["item"]},
        ],
    }
    verdicts.count()
    assert counters.counts() == {"event_item": 2}


@given(st.lists(st.sampled_from(sorted(REASONS)), min_size=500, max_size=500))
def test_threat_17_a_reply_stays_below_two_kilobytes_whatever_is_wrong(wrong):
    verdicts = Verdicts(len(wrong))
    for at, reason in enumerate(wrong):
        verdicts.refuse(at, reason)

    reply = verdicts.reply()

    assert len(json.dumps(reply)) < 2_048
    assert len(reply["errors"]) == 3
