"""Which candidate first: the interface."""

from __future__ import annotations

from abc import ABC, abstractmethod

from persona_django.sources.base import Candidates
from persona_django.sources.query import Query


class Ranker(ABC):
    """Puts candidates in order. An extension point: one method."""

    @abstractmethod
    def rank(self, candidates: Candidates, query: Query) -> Candidates:
        """The same candidates, best first. Equal scores keep one order on every host and day."""
