"""Which addresses of a product may become links and pictures in a page."""

from __future__ import annotations

import re
from typing import Any

SCHEMES = frozenset({"http", "https"})

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_EDGES = "".join(map(chr, range(0x21)))
"""C0 controls and the space, which browsers cut off both ends before they look at the scheme."""
_CONTROLS = re.compile("[\x00-\x1f\x7f]")
LONGEST = 2048


def safe_url(value: Any) -> str:
    """The address, if it is a path or plain web address; empty for anything else.

    A list of allowed schemes, because the forbidden ones (`javascript:`, `data:`, `vbscript:` and
    their spellings with tabs and line ends inside) cannot be listed.
    """
    if value is None:
        return ""
    text = str(value).strip(_EDGES)
    if len(text) > LONGEST or _CONTROLS.search(text):
        return ""
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() not in SCHEMES:
        return ""
    return text
