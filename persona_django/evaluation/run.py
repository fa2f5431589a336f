"""One evaluation from a file to its results."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.evaluation import judging
from persona_django.evaluation.files import items_file, read_split
from persona_django.evaluation.lineup import LINEUPS, Tuned
from persona_django.evaluation.methods import DEFAULT, method_of
from persona_django.evaluation.protocols import (
    basket_completion,
    examples,
    holdout,
    leave_one_out,
    next_basket,
    session_next,
    temporal,
)
from persona_django.evaluation.results import Figures, Results
from persona_django.evaluation.task import Options, Task
from persona_django.exceptions import BadEvaluation

Read = Callable[[Any, Path | None, dict[str, set[str]], Options], Task]
OF_THE_SHOP = "temporal"
"""The protocol that reads the shop's own history, and no file."""
PROTOCOLS: Mapping[str, Read] = {
    "next-basket": next_basket.read,
    "basket-completion": basket_completion.read,
    "session-next": session_next.read,
    "leave-one-out": leave_one_out.read,
    "examples": examples.read,
    "holdout": holdout.read,
    "temporal": temporal.read,
}


def evaluate(
    protocol: str,
    path: Path | None,
    *,
    items: Path | None = None,
    split: Path | None = None,
    methods: Sequence[str] = (),
    k: Sequence[int] = (5, 10, 20),
    options: Options,
    ideal: str = "k",
    seeds: Sequence[int] = (0,),
    tuned: Tuned | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Results:
    """Let methods answer a file's exam by the rules of a protocol, and judge them.

    With several seeds each is an evaluation of its own, and each case counts with its mean over
    them: its answers are no evidence of their own. Raises BadEvaluation for what cannot be
    evaluated.
    """
    _refuse(k, seeds)
    names = list(dict.fromkeys(methods or [DEFAULT, *LINEUPS[protocol]]))
    for name in names:
        method_of(name, protocol)
    seconds = dict.fromkeys(names, 0.0)
    judged: dict[str, list[judging.Judged]] = {name: [] for name in names}
    shared: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    cases, unknown = 0, 0
    task: Task | None = None
    steps = len(names) * len(seeds)
    for number, seed in enumerate(seeds):
        progress("reading", number, len(seeds))
        task = read_task(protocol, path, items, split, replace(options, seed=seed))
        described = judging.descriptions(task.exam.lessons)
        cases += len(task.exam.questions)
        unknown += task.unknown_targets
        for place, name in enumerate(names):
            progress(name, number * len(names) + place, steps)
            began = time.perf_counter()
            shown = method_of(name, protocol, tuned).answer(task, k=max(k), seed=seed)
            seconds[name] += time.perf_counter() - began
            judged[name].append(judging.by_case(shown, task.exam, k=k, ideal=ideal))
            shared[name].append(
                judging.of_the_catalogue(shown, task.exam, k=k, described=described)
            )
    assert task is not None, "there is a seed"
    found = items or (items_file(path) if path else None)
    return Results(
        protocol=protocol,
        file=path.name if path else "the shop's own history",
        header={
            **task.notes,
            "Items": f"{task.exam.n_items:,}, all of them ranked"
            + (f", described by {found.name}" if found else ""),
            "Equal scores": "in an order drawn by lot, the same for all methods",
            "The ideal of NDCG": "cut at k" if ideal == "k" else "holds all that was wanted",
            "Options": "tuned" if tuned else "as they are",
            "Seeds": ", ".join(str(seed) for seed in seeds),
        },
        cases=cases,
        unknown_targets=unknown,
        default=DEFAULT,
        methods={
            name: _figures(judged[name], shared[name], seconds[name], task.exam.group)
            for name in names
        },
    )


def read_task(
    protocol: str, path: Path | None, items: Path | None, split: Path | None, options: Options
) -> Task:
    """What a protocol makes of a file. Raises BadEvaluation for what it cannot be read from."""
    if options.min_prefix < 1:
        raise BadEvaluation("A beginning has 1 item or more, so give --min-prefix 1 or more.")
    if path is None and protocol != OF_THE_SHOP:
        raise BadEvaluation(f"{protocol} needs a file: persona_evaluate {protocol} FILE.")
    return PROTOCOLS[protocol](path, items, read_split(split) if split else {}, options)


def _refuse(k: Sequence[int], seeds: Sequence[int]) -> None:
    if not k or min(k) < 1:
        raise BadEvaluation("A list has 1 place or more, so give --k numbers from 1.")
    if not seeds or min(seeds) < 0 or max(seeds) >= 2**32:
        raise BadEvaluation("Give --seeds at least one number from 0 to 4294967295.")


def _figures(
    judged: Sequence[judging.Judged],
    shared: Sequence[dict[str, float]],
    seconds: float,
    group: NDArray[np.int64] | None,
) -> Figures:
    values, intervals = judging.summary(
        {name: np.mean([part[name] for part in judged], axis=0) for name in judged[0]}, group
    )
    for name in shared[0]:
        values[name] = float(np.mean([part[name] for part in shared]))
    return Figures(seconds=seconds, values=values, intervals=intervals)
