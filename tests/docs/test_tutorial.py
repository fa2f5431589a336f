"""The tutorial, followed line by line in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

from tests.newcomer.recipe import ROOT, Place, steps_of

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PAGE = """
from django.test import Client
from shop.models import Product
page = Product.objects.get(name="Sencha").get_absolute_url()
print(Client(SERVER_NAME="localhost").get(page).content.decode())
"""


def test_every_code_block_of_the_tutorial_has_a_meaning():
    assert len(list(steps_of(TUTORIAL))) == TUTORIAL.count("\n```") / 2


def test_the_tutorial_leads_from_an_empty_folder_to_a_block(tmp_path: Path):
    place = Place(tmp_path)
    steps = list(steps_of(TUTORIAL))

    answers = [place.follow(step) for step in steps]

    reminded = [step for step, text in enumerate(answers) if "persona.W" in text]
    silenced = [step for step, done in enumerate(steps) if "SILENCED_SYSTEM_CHECKS" in done.text]
    assert reminded and reminded[-1] < silenced[0], "what was silenced is said no more"
    before, after = (text for text in answers if text.startswith("1. "))
    assert before.startswith("1. Bamboo whisk: Bought together")
    assert "Bamboo whisk" not in after
    page = place.run("python", "manage.py", "shell", "-c", PAGE)
    assert _shown_under("Often bought together", page) == {"Glass pot", "Timer"}
    assert _shown_under("Similar items", page) == {"Matcha", "Tea bowl"}, "the whisk is hidden"


def _shown_under(heading: str, page: str) -> set[str]:
    _, _, rest = page.partition(f">{heading}</h2>")
    block, _, _ = rest.partition("</section>")
    return set(re.findall(r'<a class="persona-card__link"[^>]*>([^<]+)<', block))
