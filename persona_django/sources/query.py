"""What a block is asked: values only, so that ranking never meets a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.families import Families
from persona_django.sources.levels import Aisle
from persona_django.sources.orderings import Ordering

if TYPE_CHECKING:
    from persona_django.similarity.lookup import NeighbourList
    from persona_django.sources.visits import KnownVisits
    from persona_django.tracking.orders import OwnPurchases


@dataclass(frozen=True, kw_only=True)
class Query:
    """One question to one block.

    Everything in it was read before, once for the whole page, so that a source only computes.
    `seeds`, `cart` and `page_items` are families, as in the catalogue's snapshot.
    """

    families: Families
    """The catalogue as ranking sees it."""
    seeds: tuple[int, ...] = ()
    """What the block starts from: the product of the page, or the lines of a cart."""
    cart: tuple[int, ...] = ()
    """What the shopper already chose; never offered again."""
    page_items: tuple[int, ...] = ()
    """What the page itself is about; never offered beside itself."""
    neighbours: Mapping[tuple[int, int], NeighbourList] = field(default_factory=dict)
    """(relation, family) to its neighbours in the live version."""
    popular: Ordering | None = None
    """Families by popularity in the live version; None before anything was learnt."""
    trending: Ordering | None = None
    """Families that more people want now than usual, those most beyond it first."""
    newest: Ordering | None = None
    """Families by age, which every catalogue has."""
    own: OwnPurchases | None = None
    """The signed-in shopper's own purchases; None when nobody is signed in."""
    looked_at: tuple[int, ...] = ()
    """Families looked at in the present visit, the oldest first, and not offered again; empty
    without consent, and in blocks of which no source says that it needs the visit."""
    visits: KnownVisits | None = None
    """Earlier visits; None before anything was learnt."""
    dismissed: frozenset[int] = frozenset()
    """Families that this shopper said they do not want; shown to them nowhere."""
    aisle: Aisle | None = None
    """The category of which alone something is shown; None: of the whole shop."""
    among: NDArray[np.bool_] | None = None
    """By row of `families`: what endless sources may propose at all. None: everything."""
    size: int = 6
    now: float = 0.0
    """Seconds since 1970, UTC."""
