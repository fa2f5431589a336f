"""Read by every Python that the suite starts: such a process may speak to no other machine either.

Python imports a module of this name at its start. The folder stands on PYTHONPATH and holds
nothing else, so nothing of the checkout comes into reach. pip alone is let through, with whatever
it starts: the tests of the wheel install what the wheel needs.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

ATTEMPTS_IN = "NETWORK_ATTEMPTS_IN"


def _guard() -> None:
    place = Path(__file__).resolve().parents[1] / "network.py"
    spec = importlib.util.spec_from_file_location("network_of_the_suite", place)
    assert spec is not None and spec.loader is not None
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    network.guard_child(Path(os.environ[ATTEMPTS_IN]))


if sys.orig_argv[1:3] == ["-m", "pip"]:
    os.environ.pop(ATTEMPTS_IN, None)
elif ATTEMPTS_IN in os.environ:
    _guard()
