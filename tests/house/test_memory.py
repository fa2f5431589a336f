"""No test remembers another one: whatever a module keeps for a process is forgotten between."""

from __future__ import annotations

import ast
from importlib import import_module

import pytest

from tests.conftest import REMEMBERING
from tests.house.tree import modules, shown


@pytest.mark.parametrize("name", REMEMBERING)
def test_every_module_that_is_told_to_forget_can(name: str):
    assert callable(import_module(name).forget)


def test_every_module_that_can_forget_is_told_to():
    able = {
        shown(path).removesuffix(".py").replace("/", ".")
        for path in modules("persona_django")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "forget"
    }

    assert able == set(REMEMBERING)
