"""Every room's models, gathered for Django and for host code; rooms never import this."""

from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.catalogue.models import Item, State
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Restriction, Visitor
from persona_django.importing.models import ImportRun
from persona_django.merchandising.models import PairDecision, SuggestedPair
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import (
    DropCount,
    Event,
    Folding,
    Intent,
    SearchFind,
    SearchTerm,
    UsedNonce,
    WeekEvidence,
)

__all__ = [
    "Artefact",
    "ArtefactPart",
    "DropCount",
    "Event",
    "Folding",
    "ImportRun",
    "Intent",
    "Item",
    "Lease",
    "ModelVersion",
    "NeighbourRow",
    "PairDecision",
    "Restriction",
    "SearchFind",
    "SearchTerm",
    "ServedSlate",
    "State",
    "SuggestedPair",
    "UsedNonce",
    "Visitor",
    "WeekEvidence",
]
