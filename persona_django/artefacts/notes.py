"""What a job keeps for its next run: a few arrays under a name, always the newest ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from persona_django.artefacts import store
from persona_django.exceptions import BadArtefact

SCHEMA = 1


def recall(name: str) -> dict[str, NDArray[Any]]:
    """Arrays that were kept under a name; none when there are none, or none that can be read."""
    newest = store.newest(name)
    try:
        return dict(store.load(newest, schema=SCHEMA)) if newest else {}
    except BadArtefact:
        return {}


def keep(name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays under a name, instead of those before."""
    store.save(name, arrays, schema=SCHEMA)
    store.prune(name, keep=1)


def discard(name: str) -> None:
    """Nothing is kept under this name any more."""
    store.prune(name, keep=0)
