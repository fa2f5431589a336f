"""Which sources the pipeline has for each protocol, and with which options."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Proposer
from persona_django.numeric.proposers.linked import (
    AlikeInLabels,
    AlikeInText,
    Following,
    Ridge,
    Similar,
)
from persona_django.numeric.proposers.own import Repeats
from persona_django.numeric.proposers.popular import Popular
from persona_django.numeric.proposers.visits import LikeVisits
from persona_django.ranking.pipeline import Entry, Way
from persona_django.ranking.visits import VISITS

Options = Mapping[str, Any]
Tuned = Mapping[str, Options]
"""Options that were chosen by validation, by name of the source."""


CHOICES: Mapping[Callable[..., Proposer], Mapping[str, Sequence[Any]]] = {
    Similar: {
        "fade": (0.5, 0.7, 0.8, 0.9, 1.0),
        "neighbours": (50, 100, 200),
        "prior": (0.0, 2.0, 10.0),
        "discount": (0.4, 0.5, 0.6),
        "half_life_days": (90.0, 365.0),
    },
    Ridge: {
        "fade": (0.5, 0.7, 0.8, 0.9, 1.0),
        "regressors": (50, 100, 200),
        "penalty": (5.0, 10.0, 20.0, 50.0),
        "discount": (0.4, 0.5),
        "half_life_days": (90.0, 365.0),
    },
    Following: {
        "fade": (0.3, 0.5, 0.7),
        "reach": (1, 3, 5, 10),
        "distance_fade": (0.4, 0.6, 0.8),
        "discount": (0.0, 0.25, 0.5),
        "prior": (0.0, 2.0),
    },
    LikeVisits: {
        "visits": (100, 200, 500),
        "places": (1.5, 2.5, 5.0),
        "days": (10.0, 60.0, 1_000.0),
        "reach": (2.0, 4.0, 8.0),
        "length": (0.0, 0.25, 0.5),
        "most": (500, 1_000, 3_000),
    },
    AlikeInText: {"fade": (0.4, 0.6, 0.8, 1.0)},
    AlikeInLabels: {"fade": (0.4, 0.6, 0.8, 1.0)},
    Repeats: {"fade": (0.7, 0.8, 0.9, 1.0)},
    Popular: {"half_life_days": (7.0, 30.0, 90.0, 365.0, 10_000.0)},
}
"""Values around those that papers and trials found good, coarse enough for a time budget."""

_VISITS = {
    "repeats": Entry(made=Repeats, limit=30),
    **VISITS,
    "popular": Entry(made=Popular, limit=20),
}
_BASKETS = {
    "bought-together": Entry(
        made=Similar, limit=60, options={"fade": 1.0, "half_life_days": 365.0}
    ),
    "ridge": Entry(made=Ridge, limit=100, options={"half_life_days": 365.0}),
    "popular": Entry(made=Popular, limit=20),
    "content": Entry(made=AlikeInText, limit=40, options={"fade": 1.0}),
    # Baskets have no order: any place in one is as near as any other.
    "baskets-alike": Entry(
        made=LikeVisits,
        limit=60,
        options={"places": 1e6, "reach": 1e6, "days": 365.0, "most": 3_000, "seen": 200},
    ),
}
_PEOPLE = {
    "similar": Entry(made=Similar, limit=60),
    "similar-last": Entry(made=Similar, limit=30, options={"fade": 0}),
    "viewed-next": Entry(made=Following, limit=60),
    "viewed-next-last": Entry(made=Following, limit=40, options={"fade": 0}),
    "viewed-before": Entry(made=Following, limit=20, options={"backwards": True}),
    "viewed-before-last": Entry(made=Following, limit=20, options={"backwards": True, "fade": 0}),
    "ridge": Entry(made=Ridge, limit=60, options={"fade": 0.8}),
    "visit-next": Entry(made=LikeVisits, limit=60),
    "attributes": Entry(made=AlikeInLabels, limit=20),
    "attributes-last": Entry(made=AlikeInLabels, limit=20, options={"fade": 0}),
    "popular": Entry(made=Popular, limit=20),
}
_REPEATING = {**_PEOPLE, "repeats": _VISITS["repeats"]}
# Without an order there is nothing that comes before or after.
_SETS = {
    "similar": Entry(made=Similar, limit=100, options={"fade": 1.0}),
    "ridge": Entry(made=Ridge, limit=100),
    "attributes": Entry(made=AlikeInLabels, limit=20, options={"fade": 1.0}),
    "popular": Entry(made=Popular, limit=40),
}
_TEXTS = {
    "content": Entry(made=AlikeInText, limit=100),
    "content-last": Entry(made=AlikeInText, limit=40, options={"fade": 0}),
}
LINEUPS: Mapping[str, Mapping[str, Entry]] = {
    "session-next": _VISITS,
    "basket-completion": _BASKETS,
    "leave-one-out": _PEOPLE,
    "examples": {**_REPEATING, **_TEXTS},
    "holdout": _SETS,
    "temporal": _REPEATING,
    "next-basket": _REPEATING,
}
"""Sources of the pipeline, by protocol."""


def choices_of(entry: Entry) -> Mapping[str, Sequence[Any]]:
    """What `persona_tune` may try of a source, by option; nothing that defines it."""
    return {
        name: values
        for name, values in CHOICES.get(entry.made, {}).items()
        if not (name == "fade" and entry.options.get("fade") == 0)
    }


def ways_of(lineup: Mapping[str, Entry], tuned: Tuned) -> dict[str, Way]:
    """The sources of a lineup, each with what was tuned of it."""
    return {name: entry.way(tuned.get(name, {})) for name, entry in lineup.items()}


def read_tuned(path: Path, protocol: str) -> dict[str, dict[str, Any]]:
    """What `persona_tune` wrote. Raises BadEvaluation for what is not of this protocol, and for a
    value beyond those that it tries."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadEvaluation(f"{path} cannot be read: {error}.") from error
    lineup = LINEUPS[protocol]
    options = found.get("options") if isinstance(found, dict) else None
    if not isinstance(options, dict) or found.get("protocol") != protocol:
        raise BadEvaluation(f"{path.name} is nothing that persona_tune wrote for {protocol}.")
    for name, chosen in options.items():
        known = choices_of(lineup[name]) if name in lineup else None
        if known is None or not isinstance(chosen, dict) or not chosen.keys() <= known.keys():
            raise BadEvaluation(f"{path.name} sets what {protocol} has not: {name} {chosen}.")
        for option, value in chosen.items():
            if not _is_among(value, known[option]):
                raise BadEvaluation(
                    f"{path.name} sets {option} of {name} to {json.dumps(value)}; it may be "
                    f"{_in_words(known[option])}."
                )
    return options


def _is_among(value: Any, choices: Sequence[Any]) -> bool:
    """Whether it is such a number as the choices, no lower than all of them and no higher."""
    # Of a file that was corrected by hand; JSON writes 7.0 as 7, and true is no number.
    kinds = (int,) if _are_whole(choices) else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    return fits and min(choices) <= value <= max(choices)


def _in_words(choices: Sequence[Any]) -> str:
    number = "a whole number" if _are_whole(choices) else "a number"
    return f"{number} from {min(choices):g} to {max(choices):g}"


def _are_whole(choices: Sequence[Any]) -> bool:
    return all(isinstance(choice, int) for choice in choices)
