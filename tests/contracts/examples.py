"""The examples of the documentation, run as a shop would that copied them."""

from __future__ import annotations

import re
from typing import Any

from persona_django.blocks.registry import Registry, isolated
from tests.house.tree import ROOT

CODE = re.compile(r"^```python\n(.*?)^```", re.S | re.M)


def run(page: str) -> tuple[dict[str, Any], Registry]:
    """What the code of one page of docs/extending defines, and which blocks it registers."""
    path = ROOT / "docs" / "extending" / f"{page}.md"
    defined: dict[str, Any] = {"__name__": f"documented_{page}"}
    with isolated() as registry:
        for code in CODE.findall(path.read_text("utf-8")):
            exec(compile(code, str(path), "exec"), defined)
    assert registry.found == []
    return defined, registry


def example(page: str) -> dict[str, Any]:
    """What the code of one page of docs/extending defines."""
    return run(page)[0]
