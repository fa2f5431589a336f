"""Small files to be evaluated, and what an exam of them asks, in the names of the file."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from persona_django.evaluation.catalogue import catalogue_of
from persona_django.evaluation.run import PROTOCOLS
from persona_django.evaluation.task import Options, Task
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam

Line = Sequence[Any]


def written(folder: Path, header: str, lines: Iterable[Line], *, name: str = "log.csv") -> Path:
    path = folder / name
    rows = [header, *(",".join(map(str, line)) for line in lines)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def read(protocol: str, path: Path, *, split: Any = None, **options: Any) -> Task:
    return PROTOCOLS[protocol](path, None, split or {}, Options(**options))


def items_in(path: Path) -> list[str]:
    """All items that a file names, by code."""
    head, *lines = [line.split(",") for line in path.read_text("utf-8").splitlines()]
    places = [place for place, name in enumerate(head) if name in ("item_id", "history_item_ids")]
    names = {name for line in lines for place in places for name in line[place].split()}
    code = catalogue_of(names, None).code
    return sorted(code, key=lambda name: code[name])


def rows_of(steps: Steps, names: Sequence[str]) -> list[str]:
    """Each row as its items, one after the other."""
    return [
        " ".join(names[item] for item in steps.item[low:high])
        for low, high in zip(steps.indptr[:-1], steps.indptr[1:], strict=True)
    ]


def cases_of(exam: Exam, names: Sequence[str]) -> list[tuple[str, str]]:
    """Each case as its history and its answers, those by name."""
    answers = [
        " ".join(sorted(names[item] for item in exam.answer[low:high]))
        for low, high in zip(exam.answer_indptr[:-1], exam.answer_indptr[1:], strict=True)
    ]
    return list(zip(rows_of(exam.questions.histories, names), answers, strict=True))


def seen(protocol: str, path: Path, **options: Any) -> tuple[list[tuple[str, str]], ...]:
    """The cases that are judged and those that teach the ranker."""
    task, names = read(protocol, path, **options), items_in(path)
    return cases_of(task.exam, names), cases_of(task.rehearsal, names)


def visits(n: int, *, length: int = 5, n_items: int = 12) -> list[tuple[str, str, int]]:
    """Lines of visits through neighbouring items: visit, item, place."""
    draw = random.Random(7)
    starts = [draw.randrange(n_items) for _ in range(n)]
    return [
        (f"v{visit}", f"i{(start + place) % n_items}", place + 1)
        for visit, start in enumerate(starts)
        for place in range(length)
    ]
