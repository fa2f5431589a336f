"""What became of each event of a message, and the reply that says so in few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from persona_django import counters

REASONS: dict[str, str] = {
    "consent": "This visitor did not agree to it, or objects.",
    "visitor": "There is no visitor cookie or token, or it belongs to somebody else.",
    "robot": "The client calls itself a robot, or comes from a network of such.",
    "throttled": "That is more than one visitor or network may send.",
    "shape": "An event is an object.",
    "size": "It has more fields, or longer names or texts, than an event may have.",
    "text": "A text holds NUL or half of a surrogate pair.",
    "id": "It has no id of 1 to 128 characters.",
    "type": "There is no such type, or it may not be reported here.",
    "field": "It has a field that its type does not have, or lacks one that it needs.",
    "at": "Its time is no number of milliseconds since 1970.",
    "value": "A value has the wrong type or is out of range.",
    "words": "Nothing that may be kept is left of the words.",
    "item": "There is no such item in the catalogue.",
    "sensitive": "What is about sensitive items and categories is not kept.",
    "customer": "It names no customer or guest of 1 to 128 characters.",
    "basis": "Its basis is customer, which needs a customer or guest, or aggregate.",
    "stock": "The item could not be read from the shop's tables.",
    "token": "The token was not given to this visitor, is too old, or fits no slate.",
}
"""Why an event is refused, in words that never change. Of a type or a field `misnamed` tells more,
and nothing else ever repeats anything that a client sent."""

MOST_ERRORS = 3
"""Errors told in words; the counts tell of the rest."""


class Verdicts:
    """One letter for each event, in the order in which they came: `a`, `d` or `r`."""

    def __init__(self, events: int) -> None:
        self._letters = ["r"] * events
        self._reasons: dict[int, str] = {}
        self._tells: dict[int, Callable[[], str]] = {}

    @classmethod
    def all_refused(cls, events: int, reason: str) -> Verdicts:
        """Of a message of which nothing is taken."""
        verdicts = cls(events)
        for at in range(events):
            verdicts.refuse(at, reason)
        return verdicts

    def accept(self, at: int) -> None:
        """It is committed."""
        self._letters[at] = "a"

    def repeat(self, at: int) -> None:
        """It is there already."""
        self._letters[at] = "d"

    def refuse(self, at: int, reason: str, tell: Callable[[], str] | None = None) -> None:
        """It is not stored, for one of `REASONS`; `tell` has words of its own for this event."""
        self._reasons[at] = reason
        self._tells[at] = tell or REASONS[reason].__str__

    def count(self) -> None:
        """Add what was refused to the counts that operators see."""
        for reason, n in Counter(self._reasons.values()).items():
            counters.count(f"event_{reason}", n)

    def reply(self) -> dict[str, Any]:
        """What the client is told, below 2 KB however many events there were."""
        found = Counter(self._letters)
        first = sorted(self._reasons)[:MOST_ERRORS]
        reply: dict[str, Any] = {
            "result": "".join(self._letters),
            "counts": {
                "accepted": found["a"],
                "duplicate": found["d"],
                **dict(sorted(Counter(self._reasons.values()).items())),
            },
            "errors": [
                {"event": at, "reason": self._reasons[at], "text": self._tells[at]()}
                for at in first
            ],
        }
        if "consent" in self._reasons.values():
            # Its page need not send any more.
            reply["stop"] = True
        return reply
