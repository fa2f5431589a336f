"""Colours by name, and the tints and shades that a drawing needs of one."""

from __future__ import annotations

Rgb = tuple[int, int, int]

NAMED = {
    "apricot": "e8a67c", "beige": "d9c8ab", "berry": "8e3b5c", "black": "34343a",
    "blue": "4a73b0", "bronze": "9a7142", "brown": "7d563c", "burgundy": "6f2a3a",
    "charcoal": "4a4d55", "clay": "b5694a", "cobalt": "2f52a8", "copper": "b87350",
    "coral": "e5806b", "cream": "ece0c6", "denim": "4d6a8f", "forest": "2f5d4a",
    "gold": "c9a24b", "graphite": "565a62", "green": "4f8a5f", "grey": "9a9da2",
    "indigo": "43478a", "ivory": "eee6d6", "khaki": "a39a6b", "lavender": "a99bcb",
    "lilac": "b7a0cf", "lime": "a7bf4f", "magenta": "b8437f", "maroon": "6d2e35",
    "mauve": "a2829c", "melange": "a7a9ad", "metallic": "a9adb3", "mint": "a3cdb6",
    "moss": "6f7f4a", "multi": "d8845f", "mushroom": "a8957f", "mustard": "d0a13a",
    "navy": "2d3f63", "nude": "dcb9a0", "oat": "dccfb6", "oatmeal": "d8ccb6",
    "ochre": "c98f3c", "olive": "7d7c47", "orange": "e08b45", "peach": "efb592",
    "petrol": "2b6470", "pink": "dd93a4", "plum": "6d4568", "purple": "7a5a9a",
    "red": "c24b45", "rose": "cf8690", "rust": "b05a35", "sage": "9fae8c",
    "sand": "d6bf99", "sea": "4f9d92", "silver": "b5babf", "skin": "e0b99c",
    "sky": "8fb8d6", "slate": "66737f", "smoke": "8d9298", "stone": "b9b0a2",
    "tan": "b98f63", "taupe": "94836f", "teal": "33827f", "terracotta": "c26f4e",
    "transparent": "c9d8dc", "turquoise": "4fb0ae", "walnut": "6b4a36", "white": "f4f2ec",
    "wine": "74303f", "yellow": "e3bd4d",
}  # fmt: skip

UNNAMED = (
    "c26f4e", "33827f", "d0a13a", "4a73b0", "9fae8c", "cf8690", "2d3f63", "e08b45",
    "6d4568", "4f8a5f", "8fb8d6", "b05a35", "d6bf99", "66737f", "a3cdb6", "74303f",
)  # fmt: skip
"""For products whose colour has no name we know; the seed chooses."""

_WALLS = ("c26f4e", "33827f", "d0a13a", "4a73b0", "9fae8c", "cf8690", "e08b45", "8fb8d6", "a3cdb6")
"""Paint of the wall behind things that are themselves black, white or grey."""


def hex_of(colour: str, seed: int) -> str:
    """The colour "Navy Blue" as six digits; an unknown or missing name gets one by the seed."""
    for word in colour.lower().replace("-", " ").split():
        if word in NAMED:
            return NAMED[word]
    return UNNAMED[seed % len(UNNAMED)]


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with `share` (0 to 1) of `other` in it."""
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def inks(colour: str, seed: int) -> dict[str, str]:
    """All colours of one drawing, by the names that the shapes use."""
    others = [other for other in UNNAMED if _distance(other, colour) > 130]
    accent = others[(seed // 7) % len(others)]
    shades = {
        "main": colour,
        "light": mix(colour, "ffffff", 0.34),
        "dark": mix(colour, "1c1a24", 0.24),
        "deep": mix(colour, "1c1a24", 0.48),
        "accent": accent,
        "paper": "fbf8f1",
        "ink": "3b3a42",
        "metal": "bcc2c6",
        "wood": "b98d62",
        "leaf": "6b9270",
    }
    return {name: f"#{value}" for name, value in shades.items()}


def backdrop(colour: str, seed: int) -> tuple[str, str]:
    """Wall and floor behind a product: its own colour, faint; behind greys and near-whites a
    livelier one from which they stand out."""
    rgb = _rgb(colour)
    tint = colour
    if max(rgb) - min(rgb) <= 45:
        farthest = sorted(_WALLS, key=lambda wall: _distance(_floor(wall), colour))[-4:]
        tint = farthest[seed % len(farthest)]
    return f"#{mix(tint, 'f8f5ef', 0.8)}", f"#{_floor(tint)}"


def _floor(tint: str) -> str:
    return mix(tint, "f0ebe2", 0.68)


def _rgb(colour: str) -> Rgb:
    return int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16)


def _distance(one: str, other: str) -> int:
    return sum(abs(a - b) for a, b in zip(_rgb(one), _rgb(other), strict=True))
