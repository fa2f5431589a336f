"""What a run keeps between two messages: its work once, and with each how much of it is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.deriving import marks

IntArray = NDArray[np.int64]


def keep(name: str, arrays: dict[str, IntArray] | None, *, begun: int, left: int) -> None:
    """Keep that so many of the persons of the run that was `begun` then are left, and its work
    where it is new: `arrays`, of which "persons" is one."""
    if arrays is not None:
        marks.keep(name, {**arrays, "begun": np.array([begun], dtype=np.int64)})
    marks.keep(_left(name), {"left": np.array([begun, left], dtype=np.int64)})


def recall(name: str) -> dict[str, IntArray]:
    """The work that was kept, its "persons" those who are left; nothing where there is none. All
    of them where that was not kept any more: to do some twice changes nothing."""
    work = marks.recall(name)
    if not work:
        return {}
    said = marks.recall(_left(name)).get("left", np.zeros(2, dtype=np.int64)).tolist()
    persons = work["persons"]
    left = min(said[1], len(persons)) if said[0] == work["begun"][0] else len(persons)
    return {**work, "persons": np.array(persons[len(persons) - left :])}


def discard(name: str) -> None:
    """The run is complete."""
    marks.discard(_left(name))
    marks.discard(name)


def _left(name: str) -> str:
    return f"{name}/left"
