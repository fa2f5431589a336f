"""What the sender of an event is told of a type or field that is unknown or missing.

A name that was sent is told back only where it is a short plain word: whatever else it is, it is
none that somebody mistyped, and what anybody may send is not repeated. It stands in the answer
alone, never in a log or a count. Worked out for the few refusals told in words, never for each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

LONGEST_TOLD = 32
"""Characters; also what keeps a look for the nearest name short, and three answers below 2 KB."""
ONLY_BY_SERVERS = frozenset({"purchase", "refund", "stock"})
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def about_type(given: Mapping[str, Any], known: Collection[str]) -> str:
    """Of a type that is none of `known`, those that this sender may report.

    Whether the shop has one of that name for other senders stays untold.
    """
    if "type" not in given:
        return "'type' is missing."
    said = given["type"]
    if not _is_plain(said):
        return "There is no such type, or it may not be reported here."
    if said in ONLY_BY_SERVERS:
        return f"'{said}' is taken from another server of the shop's only."
    return f"There is no type '{said}', or it may not be reported here.{_meant(said, known)}"


def about_fields(given: Mapping[str, Any], needed: Collection[str], known: Collection[str]) -> str:
    """Of fields that are not `known` for its type, or `needed` and not there."""
    type_ = f"'{given['type']}'" if _is_plain(given["type"]) else "this type"
    missing = [name for name in sorted(needed) if name not in given]
    told = f"{' and '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing."
    unknown = [name for name in given if name not in known]
    if not unknown:
        return told
    plain = next(filter(_is_plain, unknown), "")
    if not plain:
        return f"It has a field that {type_} does not have."
    text = f"There is no field '{plain}' in {type_}."
    # A name that was mistyped is missing, too, and said once.
    return text + (_meant(plain, known) or (f" {told}" if missing else ""))


def one_of_two(name: str, other: str) -> str:
    """Of two fields of which an event has both or neither."""
    return f"It needs either '{name}' or '{other}', and not both."


def not_both(name: str, other: str) -> str:
    """Of two fields of which an event has one at most."""
    return f"It may have '{name}' or '{other}', and not both."


def _is_plain(name: Any) -> bool:
    return type(name) is str and len(name) <= LONGEST_TOLD and bool(_PLAIN.fullmatch(name))


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    return f" Did you mean '{close[0]}'?" if close else ""
