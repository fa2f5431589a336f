"""What a sync says it did, for people, for logs and for `--json`."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field

log = logging.getLogger("persona_django.catalogue")

MOST_EXAMPLES = 10
MOST_KINDS = 50


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What one sync did. `rejected` counts products by reason; `examples` names the first few."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    retired: int = 0
    seconds: float = 0.0
    rejected: dict[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    def words(self) -> str:
        """The report as one sentence for people."""
        refused = sum(self.rejected.values())
        return (
            f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged, "
            f"{self.retired} retired, {refused} rejected in {self.seconds:.1f} s"
        )


class Tally:
    """Counts of a running sync, from zero or from where another process left it."""

    def __init__(self, so_far: SyncReport | None = None) -> None:
        found = so_far or SyncReport()
        self.added, self.changed = found.added, found.changed
        self.unchanged, self.retired = found.unchanged, found.retired
        self.rejected: Counter[str] = Counter(found.rejected)
        self.examples: list[str] = list(found.examples)
        self._started = time.perf_counter() - found.seconds

    def reject(self, label: str, key: str, reason: str) -> None:
        """Count a product that cannot be an item, and log the first of each kind."""
        reason = " ".join(reason.split())[:300]
        kind = reason.partition(":")[0] if len(reason) > 80 else reason
        if kind not in self.rejected and len(self.rejected) >= MOST_KINDS:
            kind = "other reasons"
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(f"{label}:{key[:60]!a}: {reason}")
            log.warning("%s %a is left out: %s", label, key[:60], reason)
        self.rejected[kind] += 1

    @property
    def changes(self) -> int:
        """Items that were written."""
        return self.added + self.changed + self.retired

    def report(self) -> SyncReport:
        """The counts so far, with the time since the sync began."""
        return SyncReport(
            added=self.added,
            changed=self.changed,
            unchanged=self.unchanged,
            retired=self.retired,
            seconds=time.perf_counter() - self._started,
            rejected=dict(self.rejected),
            examples=tuple(self.examples),
        )
