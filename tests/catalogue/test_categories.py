"""Which categories a prefix names."""

from __future__ import annotations

import pytest

from persona_django.catalogue.categories import is_under


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("Health", "Health"),
        ("Health > Tests", "Health"),
        ("health>tests > Quick", "Health > Tests"),
        ("HEALTH / Tests", "health"),
        ("Straße > Schuhe", "STRASSE"),
        ("Health > Tests", "Health >"),
    ],
)
def test_a_prefix_names_a_category_and_all_below_it_however_they_are_spelt(path, prefix):
    assert is_under(path, prefix)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("Healthy snacks", "Health"),
        ("Health food", "Health"),
        ("Health > Testing", "Health > Test"),
        ("Food > Health", "Health"),
        ("Health", "Health > Tests"),
        ("Health", ""),
        ("", "Health"),
    ],
)
def test_a_prefix_names_no_category_that_only_begins_with_the_same_letters(path, prefix):
    assert not is_under(path, prefix)
