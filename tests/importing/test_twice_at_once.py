"""Two imports of one file at the same time: one of them goes on, and every count is right."""

from __future__ import annotations

from typing import Any

import pytest

from persona_django.exceptions import BadImport
from persona_django.importing import files, runs
from persona_django.importing.models import ImportRun
from persona_django.importing.runs import import_file
from persona_django.tracking.models import Event
from tests.importing.files import SHOP, refused
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(file, monkeypatch):
    """Ten lines, every fifth of them refused, in chunks of four."""
    monkeypatch.setattr(files, "CHUNK_LINES", 4)
    tea, _ = stocked()
    keys = [tea.pk if n % 5 else "POST" for n in range(10)]
    return file(*(f"{n},{key},purchase,2010-12-01,1,1,A" for n, key in enumerate(keys)))


def start_another(monkeypatch: Any, path: Any, step: str, **options: Any) -> list[Any]:
    """Run a whole second import when the first one comes to a step of its second chunk."""
    really = getattr(runs._Run, step)
    others: list[Any] = []

    def meanwhile(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.rows_done == 4 and not others:
            others.append(None)
            others[0] = import_file(path, SHOP, **options)
        really(self, *args, **kwargs)

    monkeypatch.setattr(runs._Run, step, meanwhile)
    return others


@pytest.mark.parametrize("step", ["store", "keep"])
@pytest.mark.parametrize("restart", [False, True])
def test_the_slower_of_two_stops_and_says_so(orders, monkeypatch, step, restart):
    others = start_another(monkeypatch, orders, step, restart=restart)

    with pytest.raises(BadImport, match="Another import of this file is running"):
        import_file(orders, SHOP)

    (other,) = others
    assert (other.lines, other.rejected) == (10, 2)
    assert other.stored + other.repeated == 8
    assert Event.objects.count() == 8
    assert ImportRun.objects.get().rejected == 2


def test_refused_lines_stand_in_their_file_once(orders, monkeypatch):
    others = start_another(monkeypatch, orders, "store")

    with pytest.raises(BadImport):
        import_file(orders, SHOP)

    assert [row[0] for row in refused(others[0])] == ["2", "7"]
