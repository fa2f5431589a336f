"""What it takes to keep lists up with one per cent more events, and how right they are then.

    python -m benchmarks.increment [--quick] [--seed 1]

The tables of the kernel's benchmark; on top of them come one per cent more pairs of the same
distribution, and 500 new items that 12 shoppers each have looked at. The lists are brought up to
date with three values of the share, and held against those that learning everything gives. Shown
are what a reader sees: the new row where a list changed, and the old one where it did not, or no
score in it by more than the tolerance.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks.findings import Finding, add_option, hand_over
from benchmarks.generators import SHAPES, interactions
from benchmarks.peers import GATES
from persona_django.numeric.increments import Increment, Learnt, incremented
from persona_django.numeric.near_misses import near_misses
from persona_django.numeric.neighbours import Neighbours, Wish, multiply_adds, top_neighbours
from persona_django.numeric.rows import Rows

FULL = {"shoppers": 200_000, "items": 50_000, "pairs": 3_600_000}
QUICK = {"shoppers": 20_000, "items": 5_000, "pairs": 360_000}
MORE, NEW_ITEMS, LOOKS_AT_NEW = 0.01, 0.01, 12
"""Of the pairs and of the items there were; and who looks at each new item."""
SHARES, TOLERANCE, AT = (0.3, 0.1, 0.03), 0.04, 10
JUDGED = 0.1
"""The share that is held against the aims."""
MOST_WORK, LEAST_OVERLAP, WORST_SCORE = 0.05, 0.99, 0.05


def measured(kind: str, *, seed: int, size: dict[str, int]) -> dict[str, Any]:
    """Both tables, what was learnt from the first, and each increment beside learning all anew."""
    before, after = tables(kind, seed=seed, size=size)
    wish = Wish(**GATES)
    top_neighbours(before, **vars(wish))  # compiled before anything is timed
    seconds, whole = timed(lambda: top_neighbours(after, **vars(wish)))
    near_seconds, near = timed(lambda: near_misses(before, wish))
    learnt = Learnt(
        rows=before, neighbours=top_neighbours(before, **vars(wish)), near=near, wish=wish
    )
    now = changed_rows(before, after)
    return {
        "seconds": seconds,
        "near_seconds": near_seconds,
        "near": len(near),
        "listed": len(learnt.neighbours.item),
        "owners": len(now),
        "shares": {
            share: judged(learnt, now, whole, share=share, work=multiply_adds(after))
            for share in SHARES
        },
    }


def tables(kind: str, *, seed: int, size: dict[str, int]) -> tuple[Rows, Rows]:
    """The history, and the same with what came since."""
    pairs = size["pairs"]
    shopper, item = interactions(kind, seed=seed, **{**size, "pairs": round(pairs * (1 + MORE))})
    rng = np.random.default_rng(seed)
    new = size["items"] + np.arange(round(size["items"] * NEW_ITEMS))
    looks = np.repeat(new, LOOKS_AT_NEW)
    # Whoever looks at much also looks at what is new.
    who = np.concatenate([shopper, shopper[rng.integers(0, pairs, len(looks))]])
    what = np.concatenate([item, looks])
    n_items = size["items"] + len(new)
    return tuple(  # type: ignore[return-value]
        one_row_each(who[:end], what[:end], size["shoppers"], n_items) for end in (pairs, None)
    )


def one_row_each(shopper: Any, item: Any, shoppers: int, n_items: int) -> Rows:
    """Rows of weight 1, one for each shopper."""
    pair = np.unique(shopper * n_items + item)
    counts = np.bincount(pair // n_items, minlength=shoppers)
    return Rows(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        item=(pair % n_items).astype(np.int32),
        weight=np.ones(len(pair), np.float32),
        owner=np.arange(shoppers, dtype=np.int32),
        n_items=n_items,
        n_owners=shoppers,
    )


def changed_rows(before: Rows, after: Rows) -> Rows:
    """The rows of those who did more, as an increment is given them."""
    more = np.flatnonzero(np.diff(after.indptr) != np.diff(before.indptr))
    lengths = np.diff(after.indptr)[more]
    theirs = np.zeros(len(after), bool)
    theirs[more] = True
    kept = np.repeat(theirs, np.diff(after.indptr))
    return Rows(
        indptr=np.concatenate([[0], np.cumsum(lengths)]),
        item=after.item[kept],
        weight=after.weight[kept],
        owner=more.astype(np.int32),
        n_items=after.n_items,
        n_owners=after.n_owners,
    )


def judged(learnt: Learnt, now: Rows, whole: Neighbours, *, share: float, work: int) -> Any:
    """One increment: its work, and how far what readers see is from learning everything."""
    seconds, found = timed(lambda: incremented(learnt, now, share=share, tolerance=TOLERANCE))
    overlap, worst = compared(seen(learnt, found), whole)
    return {
        "counted": int(found.counted.sum()),
        "changed": int(found.changed.sum()),
        "work": found.multiply_adds / work,
        "seconds": seconds,
        "overlap": overlap,
        "worst": worst,
    }


def seen(learnt: Learnt, found: Increment) -> list[tuple[Any, Any]]:
    """Each item's list as a reader has it: items and scores."""
    lists = []
    for item, is_new in enumerate(found.changed.tolist()):
        of = found.neighbours if is_new else learnt.neighbours
        part = slice(of.indptr[item], of.indptr[item + 1])
        lists.append((of.item[part], of.score[part]))
    return lists


def compared(lists: list[tuple[Any, Any]], whole: Neighbours) -> tuple[float, float]:
    """Share of the first ten that are the same, weighted by views, and the worst score."""
    same = views = worst = 0.0
    for item, (mine, scores) in enumerate(lists):
        part = slice(whole.indptr[item], whole.indptr[item + 1])
        theirs, their_scores = whole.item[part], whole.score[part]
        if len(theirs):
            weight = float(whole.item_support[item])
            first = theirs[:AT]
            same += weight * len(np.intersect1d(mine[:AT], first)) / len(first)
            views += weight
        _, ours, other = np.intersect1d(mine, theirs, return_indices=True)
        if len(ours):
            worst = max(worst, float(np.abs(scores[ours] / their_scores[other] - 1).max()))
    return same / views, worst


def timed(work: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def as_text(kind: str, figures: dict[str, Any]) -> str:
    lines = [
        f"\n{kind}: {figures['owners']:,} shoppers did more; {figures['listed']:,} listed pairs, "
        f"{figures['near']:,} near misses found in {figures['near_seconds']:.1f} s; learning "
        f"everything anew takes the kernel {figures['seconds']:.2f} s",
        f"{'share':>6}{'counted':>9}{'changed':>9}{'work':>8}{'seconds':>9}"
        f"{'overlap@10':>12}{'worst score':>13}",
    ]
    lines += [
        f"{share:6.2f}{row['counted']:9,}{row['changed']:9,}{row['work']:8.2%}"
        f"{row['seconds']:9.2f}{row['overlap']:12.4f}{row['worst']:13.4f}"
        for share, row in figures["shares"].items()
    ]
    return "\n".join(lines)


def findings(kind: str, figures: dict[str, Any]) -> list[Finding]:
    row = figures["shares"][JUDGED]
    said = f"one per cent more events, {kind}"
    return [
        Finding(
            name=f"{said}, kernel work of learning everything",
            value=row["work"],
            limit=MOST_WORK,
            beside=f"{row['counted']:,} items counted, {row['changed']:,} lists changed",
        ),
        Finding(
            name=f"{said}, overlap@{AT} with it, by views",
            value=row["overlap"],
            limit=LEAST_OVERLAP,
            is_least=True,
        ),
        Finding(name=f"{said}, worst score", value=row["worst"], limit=WORST_SCORE),
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="a tenth of the size")
    options.add_argument("--seed", type=int, default=1)
    add_option(options)
    chosen = options.parse_args()
    found: list[Finding] = []
    for kind in SHAPES:
        figures = measured(kind, seed=chosen.seed, size=QUICK if chosen.quick else FULL)
        print(as_text(kind, figures), flush=True)
        found += findings(kind, figures)
    hand_over(found, chosen.findings)


if __name__ == "__main__":
    main()
