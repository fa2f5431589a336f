"""Write the lowest versions that pyproject.toml admits, one requirement a line."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import tomllib

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def lowest_requirements() -> list[str]:
    """`numpy>=1.26` becomes `numpy==1.26.*`: the newest mending of the lowest version."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for requirements in project["optional-dependencies"].values():
        wanted += requirements
    return [re.sub(r">=\s*([\d.]+).*", r"==\1.*", requirement) for requirement in wanted]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("\n".join(lowest_requirements()) + "\n", encoding="utf-8")
    print(", ".join(lowest_requirements()))
