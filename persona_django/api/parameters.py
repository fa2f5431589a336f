"""What is wrong with a parameter is told in one shape: its name, and a list of sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rest_framework.exceptions import ValidationError

MOST_NAMED = 10
LONGEST_NAMED = 60
MOST_SENTENCES = 3
"""Of one parameter that was given several times, so that an answer stays short."""


def refuse_unknown(given: Iterable[str], known: Collection[str] = ()) -> None:
    """Raise ValidationError if anything is `given` that is not `known`."""
    unknown = sorted(set(given).difference(known))
    if unknown:
        use = f" Use {', '.join(known)}." if known else ""
        told = [f"There is no such parameter.{use}"]
        raise ValidationError({name[:LONGEST_NAMED]: told for name in unknown[:MOST_NAMED]})


def told_once(errors: Iterable[Iterable[str]]) -> list[str]:
    """The first sentences about one parameter, none of them twice."""
    return list(dict.fromkeys(one for some in errors for one in some))[:MOST_SENTENCES]
