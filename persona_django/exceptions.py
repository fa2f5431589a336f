"""What can go wrong, each message saying what to do next."""

from __future__ import annotations

from collections.abc import Callable


class PersonaError(Exception):
    """Anything persona_django raises on purpose. Edges catch it, count it and fall back."""


class NotRegistered(PersonaError):
    """An object's model has no map in any `persona.py`, or an item was never synced."""


class UnknownBlock(PersonaError):
    """A page asks for a block that nobody declared."""


class BadSize(PersonaError):
    """A page asks for a number of items that is no number."""


class BadSituation(PersonaError):
    """A page names a device, or a way in, that there is none of."""


class BadCategory(PersonaError):
    """A category that a block is asked for is none that can be understood."""


class BrokenMap(PersonaError):
    """An `ItemMap` or `OrderMap` names something its model does not have, or raised."""


class BadArtefact(PersonaError):
    """Stored arrays fail their checksum, their schema or their limits; they are not used."""


class BadEvent(PersonaError):
    """An event cannot be stored as it was given."""


class BadMessage(PersonaError):
    """What a client sent cannot be read as a whole, so nothing of it is stored."""


class TooLarge(BadMessage):
    """A client sent more at once than anybody may."""


class Refusal(PersonaError):
    """One event of a message is not stored; the rest may be. `reason` is one of a fixed list.

    `tell` says more to its sender, of what they sent, and is asked for few: it is no part of this
    error's own words, which may come into a log.
    """

    def __init__(self, reason: str, tell: Callable[[], str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tell = tell


class Unsigned(PersonaError):
    """A message is not from a server of the shop's. `reason`: signature, stale or replayed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadToken(PersonaError):
    """A token was not signed by this shop, was altered, or is too old to count."""


class BadImport(PersonaError):
    """A file cannot be imported as it is, or not as it was described."""


class BadEvaluation(PersonaError):
    """What an evaluation was given cannot be evaluated."""


class NotReady(PersonaError):
    """There is too little to learn from, or a needed step has not run yet."""


class Resting(PersonaError):
    """Something outside that failed a moment ago is left alone, so that no page waits for it."""


class LostLease(PersonaError):
    """Another worker took over this job; what this one made must not be published."""


class WaitsForPerson(PersonaError):
    """A job died again and again; the message says what a person does so that it goes on."""


class UnknownJob(PersonaError):
    """A person asks for a job that nobody has; the message lists those there are."""


class GateFailed(PersonaError):
    """A model version did not pass its checks and stays staged."""


LONGEST_LINE = 300
"""Characters; Django lists every field of a model that lacks one."""


def in_one_line(error: BaseException) -> str:
    """What an exception says, as the last line of its traceback does: for messages of ours."""
    said = " ".join(str(error).split())
    line = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
