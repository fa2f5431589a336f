"""Taking away versions that nobody needs, their rows first, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

from django.db import router

from persona_django.artefacts import store as artefacts
from persona_django.catalogue.paced import go_on
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.retention import give_up_surplus
from persona_django.similarity import store as similarity_store
from persona_django.training.recipes import RECIPES


def clean(store: int = 1, *, on_chunk: Callable[[], None] | None = None) -> int:
    """Delete surplus versions and whatever dead builders left; how many versions went.

    Killed half way it leaves versions without rows that nobody points at, and goes on next time.
    """
    gone = 0
    for kind in RECIPES:
        for version in give_up_surplus(kind, store):
            similarity_store.delete_version(version.pk, on_chunk=on_chunk)
            version.delete()
            gone += 1
    _delete_orphans(on_chunk)
    for kind in RECIPES:
        _delete_artefacts(kind, store)
    return gone


def clean_some(store: int = 1, *, seconds: float, on_chunk: Callable[[], None]) -> bool:
    """Go on cleaning for about this long, at least for one chunk; True when nothing is left."""

    def some(look: Callable[[], None]) -> None:
        def after_a_chunk() -> None:
            on_chunk()
            look()

        clean(store, on_chunk=after_a_chunk)

    # The first may be empty: the end of a version whose rows the last message took away.
    return go_on(some, seconds=seconds, chunks=2)


def _delete_orphans(on_chunk: Callable[[], None] | None) -> None:
    """Rows that a builder wrote on after it was thought dead and its version was taken away."""
    alias = router.db_for_write(ModelVersion)
    stored = similarity_store.stored_versions()
    known = set(ModelVersion.objects.using(alias).values_list("id", flat=True))
    for version_id in stored - known:
        similarity_store.delete_version(version_id, on_chunk=on_chunk)


def _delete_artefacts(kind: str, store: int) -> None:
    alias = router.db_for_write(ModelVersion)
    versions = ModelVersion.objects.using(alias).filter(kind=kind, store=store)
    used = {found for found in versions.values_list("artefact_id", flat=True) if found}
    name = f"reverse/{kind}/{store}" if RECIPES[kind].relation else f"{kind}/{store}"
    # The newest may belong to a version that is just being completed.
    artefacts.prune(name, keep=1, protect=used)
