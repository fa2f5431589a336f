"""What a run keeps between two messages: its work once, and with each how much of it is left.

Of its arrays "persons" says who is to be looked at. Those whose names begin with "of_" are
aligned columns of what these did, and "of_person" says who.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from persona_django.artefacts import notes
from persona_django.artefacts import store as artefacts
from persona_django.exceptions import BadArtefact

IntArray = NDArray[np.int64]
T = TypeVar("T")
JOBS = ("derive", "gifts")


def name_of(job: str, store: int) -> str:
    """What the work of one of `JOBS` is kept under."""
    return f"{artefacts.READ_ONCE}{job}/{store}"


def keep(name: str, arrays: dict[str, IntArray] | None, *, begun: int, left: int) -> None:
    """Keep that so many of the persons of the run that was `begun` then are left, and its work
    where it is new: `arrays`, of which "persons" is one."""
    if arrays is not None:
        notes.keep(name, {**arrays, "begun": np.array([begun], dtype=np.int64)})
    notes.keep(_left(name), {"left": np.array([begun, left], dtype=np.int64)})


def recall(name: str) -> dict[str, IntArray]:
    """The work that was kept, its "persons" those who are left; nothing where there is none. All
    of them where that was not kept any more: to do some twice changes nothing."""
    work = notes.recall(name)
    if not work:
        return {}
    said = notes.recall(_left(name)).get("left", np.zeros(2, dtype=np.int64)).tolist()
    persons = work["persons"]
    left = min(said[1], len(persons)) if said[0] == work["begun"][0] else len(persons)
    return {**work, "persons": np.array(persons[len(persons) - left :])}


def resumed(name: str, make: Callable[[dict[str, IntArray]], T]) -> T | None:
    """What `make` makes of the work that was kept; None, for the run to begin anew, where there
    is none, or where code before an update kept it in another shape."""
    try:
        kept = recall(name)
        return make(kept) if kept else None
    except artefacts.OF_ANOTHER_SHAPE:
        discard(name)
        return None


def discard(name: str) -> None:
    """The run is complete."""
    notes.discard(_left(name))
    notes.discard(name)


def take_out(persons: Collection[int]) -> int:
    """Take some persons out of all work that is kept; how many rows of theirs there were.

    What a run has in its hands meanwhile it may keep with them once more: to be repeated then.
    """
    gone = 0
    for job in JOBS:
        for name in artefacts.names(f"{artefacts.READ_ONCE}{job}/"):
            if name.endswith(_LEFT):
                continue
            try:
                gone += _take_out_of(name, np.array(sorted(persons), dtype=np.int64))
            except artefacts.OF_ANOTHER_SHAPE:
                # Nobody can be taken out of it, and its run begins anew anyway.
                discard(name)
    return gone


def _take_out_of(name: str, persons: IntArray) -> int:
    before = artefacts.newest(name)
    try:
        arrays = dict(artefacts.load(before or 0, schema=notes.SCHEMA))
    except BadArtefact:
        # Just being written, or of no use to anybody: the next run writes over it.
        return 0
    gone = 0
    for whose, aligned in (("persons", "persons"), ("of_person", "of_")):
        stays = ~np.isin(arrays.get(whose, persons[:0]), persons)
        if not stays.all():
            gone += int(np.count_nonzero(~stays))
            arrays |= {n: array[stays] for n, array in arrays.items() if n.startswith(aligned)}
    if gone:
        fresh = artefacts.save(name, arrays, schema=notes.SCHEMA)
        if not artefacts.delete(before or 0):
            # The run has come to its end meanwhile, or has kept other work.
            artefacts.delete(fresh)
    return gone


_LEFT = "/left"


def _left(name: str) -> str:
    return f"{name}{_LEFT}"
