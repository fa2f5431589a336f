"""The demo filled from the real public sets, whole: where their folder is on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from example_shop.loaders.public_sets import DataMissingError, data_folder

ROOT = Path(__file__).parents[2]
MINUTES = 10

ALWAYS = {"similar", "content", "trending", "popular"}
ORDERS = {*ALWAYS, "bought-together", "bought-after"}
VISITS = {*ALWAYS, "viewed-next", "visit-next"}
"""What can be learnt from orders, and from visits of people who buy elsewhere."""

pytestmark = pytest.mark.slow


@pytest.fixture
def fill(tmp_path: Path):
    """Runs the demo with one set, as a newcomer does; returns the figures it writes."""
    try:
        folder = data_folder()
    except DataMissingError as problem:
        pytest.skip(str(problem))

    def run(name: str, *, file: str) -> dict[str, Any]:
        if not (folder / file).is_file():
            pytest.skip(f"There is no {file} among the public data sets.")
        figures = tmp_path / "figures.json"
        done = subprocess.run(
            [
                *(sys.executable, "manage.py", "demo", "--no-server"),
                *("--data", name, "--data-folder", str(folder), "--json", str(figures)),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite3'}",
                "DJANGO_SETTINGS_MODULE": "example_shop.settings",
            },
            capture_output=True,
            text=True,
            timeout=60 * MINUTES,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3_000:]
        return json.loads(figures.read_text(encoding="utf-8"))

    return run


def learnt(figures: dict[str, Any]) -> set[str]:
    """Kinds of which a version is live."""
    return {version["kind"] for version in figures["versions"] if version["live"]}


def beside(figures: dict[str, Any], name: str, kind: str) -> list[str]:
    """Names of what is told to go with one product."""
    (found,) = [one for one in figures["neighbours"] if one["name"] == name]
    return [one["name"] for one in found["neighbours"][kind]]


def test_a_year_of_a_wholesaler_teaches_what_goes_with_its_best_sellers(fill):
    figures = fill("online_retail", file="online_retail.csv.gz")

    assert learnt(figures) == ORDERS
    assert figures["counts"]["order_lines"] > 500_000
    for kind in ("similar", "bought-together"):
        best = beside(figures, "Jumbo bag red retrospot", kind)
        assert "Jumbo bag pink polkadot" in best


def test_three_hours_of_electronics_are_too_little_for_what_is_bought_together(fill):
    figures = fill("rees46", file="rees46_oct2019_sample.csv.gz")

    assert learnt(figures) == VISITS
    assert figures["counts"]["visit_events"] > 10_000


def test_four_months_of_baskets_teach_without_names_or_dates(fill):
    figures = fill("tafeng", file="tafeng.csv.gz")

    assert learnt(figures) == ORDERS
    assert figures["counts"]["orders"] > 70_000


def test_a_real_catalogue_is_learnt_from_invented_shoppers(fill):
    figures = fill("fashion_products", file="fashion_products.items.csv.gz")

    assert learnt(figures) == ORDERS | VISITS
    assert figures["counts"]["products"] == 4_000
