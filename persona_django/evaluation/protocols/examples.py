"""examples: each line is a case, a short history and the item that came after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_django.evaluation.catalogue import Catalogue, catalogue_of
from persona_django.evaluation.files import items_file, part_of, read_columns
from persona_django.evaluation.log import STEP_SECONDS
from persona_django.evaluation.task import Options, Task, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.sorting import places_within
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam, one_answer

COLUMNS = ("example_id", "history_item_ids", "item_id", "part")


def read(path: Path, items: Path | None, parts: dict[str, set[str]], options: Options) -> Task:
    """Lines of `test` as cases; those of `train` and `val` may be learnt from."""
    if parts:
        raise BadEvaluation("examples are told apart by their column part, not by --split.")
    columns = read_columns(path, needed=COLUMNS, wished=[])
    named = {name for text in columns["history_item_ids"] for name in text.split()}
    catalogue = catalogue_of(named | set(columns["item_id"]), items or items_file(path))
    part = np.array([part_of(name) for name in columns["part"]])
    known = [np.flatnonzero(part == name) for name in ("train", "val", "test")]
    train, val, test = known
    if not len(test) or not len(train) + len(val):
        raise BadEvaluation(
            f"{path.name} needs lines of the part test, and of train or valid; its column "
            f"part has {', '.join(sorted(set(columns['part'])))}."
        )
    # What the ranker rehearses with is not learnt from at the same time.
    if len(train) and len(val):
        earlier, rehearsed = train, val
    else:
        earlier, rehearsed = _cut(train, 0.9) if len(train) else _cut(val, 0.5)
    learnt = np.concatenate([train, val]) if options.fit_validation or not len(train) else train
    before = catalogue.lessons(_steps(columns, catalogue, earlier))
    lessons = before
    # The same object where nothing more is learnt from, so that the sources learn it once.
    if not np.array_equal(learnt, earlier):
        lessons = catalogue.lessons(_steps(columns, catalogue, learnt))
    exam = _exam(columns, catalogue, lessons, test)
    rehearsal = _exam(columns, catalogue, before, rehearsed)
    return task(
        exam,
        rehearsal,
        {
            "Examples": f"{len(learnt):,} to learn from, {len(test):,} to be judged by",
            "Learnt of a test example": "nothing; its own history is read while it is answered",
            "Items of the history": "may be recommended",
        },
    )


def _cut(places: NDArray[np.int64], share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    at = int(len(places) * share)
    return places[:at], places[at:]


def _histories(columns: dict[str, list[str]], places: NDArray[np.int64]) -> list[list[str]]:
    return [columns["history_item_ids"][place].split() for place in places]


def _steps(
    columns: dict[str, list[str]], catalogue: Catalogue, places: NDArray[np.int64]
) -> Steps:
    """Each history with what came after it as a row."""
    rows = _histories(columns, places)
    return _rows(
        [[*row, columns["item_id"][place]] for row, place in zip(rows, places, strict=True)],
        catalogue,
    )


def _exam(
    columns: dict[str, list[str]],
    catalogue: Catalogue,
    lessons: Lessons,
    places: NDArray[np.int64],
) -> Exam:
    histories = _rows(_histories(columns, places), catalogue)
    now = np.diff(histories.indptr) * STEP_SECONDS
    answer = catalogue.codes([columns["item_id"][place] for place in places])
    return one_answer(lessons, Questions(histories=histories, now=now), answer, masked=False)


def _rows(rows: Sequence[Sequence[str]], catalogue: Catalogue) -> Steps:
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    return Steps(
        indptr=np.concatenate([[0], np.cumsum(sizes)]),
        item=catalogue.codes([name for row in rows for name in row]),
        at=places_within(sizes) * STEP_SECONDS,
        owner=np.arange(len(rows)),
        n_items=len(catalogue),
        n_owners=len(rows),
    )
