"""Draws a product as SVG: the same address gives the same picture for ever."""

from __future__ import annotations

from functools import lru_cache
from string import Template

from example_shop.pictures import palette
from example_shop.pictures.kinds import SHAPES

VIEWS = 4
"""Front, turned, close up, and standing in a room."""

SEEDS = 10_000
"""Seeds from 0 up to this give different drawings."""

_PATTERNS = (
    "",
    '<pattern id="p" width="26" height="26" patternUnits="userSpaceOnUse">'
    '<path d="M0 6h26" stroke="$light" stroke-width="8" stroke-opacity=".8"/></pattern>',
    '<pattern id="p" width="30" height="30" patternUnits="userSpaceOnUse">'
    '<circle cx="8" cy="8" r="4" fill="$light"/>'
    '<circle cx="23" cy="23" r="4" fill="$light"/></pattern>',
    '<pattern id="p" width="34" height="34" patternUnits="userSpaceOnUse">'
    '<path d="M0 8h34M8 0v34" stroke="$light" stroke-width="7" stroke-opacity=".4"/></pattern>',
    '<pattern id="p" width="22" height="22" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path d="M0 0v22" stroke="$dark" stroke-width="7" '
    'stroke-opacity=".55"/></pattern>',
)
_PLAIN_SHARE = 5
"""Patterns go to the seeds whose remainder by twice this number of patterns is among theirs."""

_SHADOW = '<ellipse cx="200" cy="342" rx="122" ry="13" fill="#1c1a24" fill-opacity=".1"/>'


@lru_cache(maxsize=4096)
def draw(kind: str, colour: str, seed: int, view: int) -> str:
    """The picture of a `kind` in `colour` (six hex digits). KeyError: no such kind."""
    inks = palette.inks(colour, seed)
    pattern = _PATTERNS[_pattern_number(seed)]
    inks["pattern"] = "url(#p)" if pattern else "none"
    shape = Template(_source(kind)).substitute(inks)
    wall, floor = palette.backdrop(colour, seed)
    body = _COMPOSED[view % VIEWS].substitute(inks, shape=shape, wall=wall, floor=floor)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="800" height="800">'
        f"<defs>{Template(pattern).substitute(inks)}"
        f'<linearGradient id="w" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{wall}"/>'
        f'<stop offset="1" stop-color="{floor}"/></linearGradient></defs>{body}</svg>'
    )


def _pattern_number(seed: int) -> int:
    """Most things are plain; a third of the seeds carry stripes, dots or checks."""
    chosen = seed % (3 * (len(_PATTERNS) - 1))
    return chosen + 1 if chosen < len(_PATTERNS) - 1 else 0


@lru_cache(maxsize=256)
def _source(kind: str) -> str:
    path = SHAPES / f"{kind}.svg"
    if not path.is_file():
        raise KeyError(kind)
    return path.read_text(encoding="utf-8")


_COMPOSED = tuple(
    Template(text)
    for text in (
        '<path fill="url(#w)" d="M0 0h400v400H0z"/>'
        f'<g transform="translate(26 24) scale(.87)">{_SHADOW}$shape</g>',
        '<path fill="$wall" d="M0 0h400v400H0z"/><circle cx="200" cy="196" r="150" fill="$floor"/>'
        f'<g transform="translate(40 40) scale(.8)">{_SHADOW}'
        '<g transform="translate(400 0) scale(-1 1) rotate(9 200 210)">$shape</g></g>',
        '<path fill="$floor" d="M0 0h400v400H0z"/>'
        '<g transform="translate(-190 -170) scale(1.95)">$shape</g>',
        '<path fill="$wall" d="M0 0h400v300H0z"/><path fill="#fff" fill-opacity=".55" '
        'd="M40 34h112v150H40z"/><path d="M96 34v150M40 106h112" stroke="$wall" '
        'stroke-width="7"/><circle cx="124" cy="66" r="18" fill="#f4d58a"/>'
        '<path fill="$wood" fill-opacity=".85" d="M0 286h400v26H0z"/>'
        '<path fill="$floor" d="M0 312h400v88H0z"/>'
        '<path fill="#1c1a24" fill-opacity=".06" d="M0 312h400v14H0z"/>'
        '<g fill="$leaf"><path d="M340 220c-40-20-50-60-46-100 34 20 52 54 46 100zM346 220c-10-50 '
        '8-84 34-104 10 40 0 80-34 104z"/></g><path fill="$paper" d="M314 216h58l-8 66c-1 4-4 6-8 '
        '6h-26c-4 0-7-2-8-6z"/>'
        '<g transform="translate(62 94) scale(.58)">$shape</g>',
    )
)
