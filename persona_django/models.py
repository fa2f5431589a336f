"""Every room's models, gathered for Django and for host code; rooms never import this."""

from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.catalogue.models import Item, State
from persona_django.identity.models import Visitor
from persona_django.merchandising.models import PairDecision
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import Event, ImportRun

__all__ = [
    "Artefact",
    "ArtefactPart",
    "Event",
    "ImportRun",
    "Item",
    "Lease",
    "ModelVersion",
    "NeighbourRow",
    "PairDecision",
    "State",
    "Visitor",
]
