"""Versions in the states that tests need them in."""

from __future__ import annotations

from persona_django.model_registry import publish
from persona_django.model_registry.leases import hold
from persona_django.model_registry.models import ModelVersion


def published(*, artefact_id: int | None = None, kind: str = "similar") -> ModelVersion:
    with hold(publish.job_of(kind)) as held:
        version = publish.begin(held, kind, relation=1)
        publish.stage(version, held=held, figures={}, artefact_id=artefact_id)
        return publish.publish(version, held=held)


def staged(*reasons: str, usable: bool = True) -> ModelVersion:
    with hold(publish.job_of("similar")) as held:
        version = publish.begin(held, "similar", relation=1)
        return publish.stage(version, held=held, figures={}, reasons=reasons, usable=usable)


def status_of(version: ModelVersion) -> str:
    return ModelVersion.objects.get(pk=version.pk).status
