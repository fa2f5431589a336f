"""What the house rules look at: the files of this checkout."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "persona_django"
CODE = ("persona_django", "example_shop", "benchmarks", "tests")


def modules(*folders: str) -> Iterator[Path]:
    """Python files that people write, so no migrations."""
    for folder in folders or CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and "__pycache__" not in path.parts:
                yield path


def shown(path: Path) -> str:
    """A path as people name it."""
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module a file imports, by name and line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def called(path: Path) -> Iterator[tuple[str, int]]:
    """Every name a file calls, dotted, and its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def equated(path: Path) -> Iterator[tuple[str, int]]:
    """Whatever a file compares by == or !=, as it stands there, and its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            yield ast.unparse(node), node.lineno


def markdown() -> Iterator[Path]:
    """Every page of words: the README, the changelog and the documentation."""
    yield ROOT / "README.md"
    yield ROOT / "CHANGELOG.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))
