"""The kernel as the plain Python it is written in."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

import persona_django.numeric as room
from persona_django.numeric import kernel_cache
from persona_django.numeric.neighbours import available_backend, top_neighbours
from tests.numeric.tables import drawn

pytestmark = pytest.mark.skipif(available_backend() != "numba", reason="numba is not installed")
MODULES = ("kernel_table", "kernel", "compiled_pass")


@pytest.fixture
def uncompiled(monkeypatch):
    """The same modules, imported again with a compiler that does nothing; forgotten afterwards."""
    monkeypatch.setattr(kernel_cache, "_compile", lambda function, **options: function)
    before = _forget()
    for name in MODULES:
        importlib.import_module(f"{room.__name__}.{name}")
    yield
    _forget()
    for name, module in before.items():
        sys.modules[f"{room.__name__}.{name}"] = module
        setattr(room, name, module)


def _forget():
    """Take the modules out of the interpreter's memory, and return those that were there."""
    known = {}
    for name in MODULES:
        module = sys.modules.pop(f"{room.__name__}.{name}", None)
        if module is not None:
            known[name] = module
            delattr(room, name)
    return known


@pytest.mark.parametrize("n_owners", [None, 15], ids=["one row each", "several rows each"])
@pytest.mark.parametrize("n_items", [12, 90], ids=["crowded", "sparse"])
def test_uncompiled_it_finds_what_the_fallback_finds(uncompiled, n_owners, n_items, monkeypatch):
    from persona_django.numeric import compiled_pass, kernel_table

    # Both ways of putting a row in order are gone.
    monkeypatch.setattr(kernel_table, "FEW", 4)
    # So few logarithms are known beforehand that larger counts must be computed.
    monkeypatch.setattr(compiled_pass, "KNOWN_LOGARITHMS", 10)
    rows = drawn(
        np.random.default_rng(8), n_rows=60, n_items=n_items, n_owners=n_owners, whole=False
    )
    options = {"k": 3, "min_support": 1, "min_llr": 0.5, "prior": 2.0, "discount": 0.5}

    one = top_neighbours(rows, backend="numba", **options)
    other = top_neighbours(rows, backend="scipy", **options)

    assert one.indptr.tolist() == other.indptr.tolist()
    assert one.score == pytest.approx(other.score, abs=1e-6)
    assert one.llr == pytest.approx(other.llr, abs=1e-4)
    assert one.item_support.tolist() == other.item_support.tolist()
