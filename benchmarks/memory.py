"""How much memory this process has had at most."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """The high-water mark of this process alone, where the system tells it."""
    if STATUS.exists():
        return int(STATUS.read_text().split("VmHWM:")[1].split()[0]) / 1024
    # Elsewhere than on Linux there is at most this one, which starts with the parent's.
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
