"""What the invented shop knows of one kind of goods, before any product of it exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A leaf of the shop's category tree, with the words and habits its products are made of."""

    path: str
    """Category from the top, as `Outdoor > Camping > Tents`; also names the kind."""
    nouns: tuple[str, ...]
    """What such a product is called after its brand and series."""
    brands: tuple[str, ...]
    price: tuple[float, float]
    """Cheapest and dearest usual price, in euros."""
    about: tuple[str, ...]
    """First sentences of a description; the shop takes one."""
    series: tuple[str, ...] = ()
    """Model names; without them a product is brand and noun, as in a grocery."""
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    """Every product comes in all of these; each is a variant with its own stock."""
    peak_month: int = 0
    """Month of highest demand, 1 to 12; 0 sells the same all year."""
    cycle_days: int = 0
    """Usual days until it is used up and bought again; 0: lasts."""
    goes_with: Mapping[str, float] = field(default_factory=dict)
    """Path of another kind to the chance that a buyer of this takes one of those too."""
    fits: str = ""
    """Path of the kind each product is made for: a case fits one telephone."""
    weight: float = 1.0
    """Share of the catalogue, against the other kinds."""
    demand: float = 0.0
    """How sought after, as a natural logarithm against the other kinds."""
    gift: float = 0.0
    """How often it is given away, against the other kinds; 0: never."""

    @property
    def department(self) -> str:
        return self.path.partition(" > ")[0]

    @property
    def is_food(self) -> bool:
        """Bought by several pieces, and not taken back."""
        return self.department == "Grocery"

    @property
    def has_to_fit(self) -> bool:
        return len(self.sizes) > 1

    @property
    def season(self) -> str:
        """The word the shop files it under; empty sells all year."""
        if not self.peak_month:
            return ""
        return ("winter", "spring", "summer", "autumn")[self.peak_month % 12 // 3]
