"""persona_rebuild: what would be noticed too late is refused before it learns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from persona_django.model_registry.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("place", ["no/such/folder/figures.json", "."])
def test_figures_that_can_be_written_nowhere_are_refused_before_anything_is_learnt(
    tmp_path: Path, place: str
):
    with pytest.raises(CommandError, match=r"cannot be written .*so nothing was learnt"):
        call_command("persona_rebuild", "--json", str(tmp_path / place))

    assert not ModelVersion.objects.exists()


def test_figures_are_written_over_those_of_the_last_time(tmp_path: Path):
    factories.products(2)
    factories.read_catalogue()
    path = tmp_path / "figures.json"
    path.write_text("of the last time")

    call_command("persona_rebuild", "--kind", "popular", "--json", str(path), verbosity=0)

    assert [one["kind"] for one in json.loads(path.read_text())] == ["popular"]
