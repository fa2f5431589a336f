"""What a process holds of searches, read from arrays that are checked first."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.artefacts.packing import pack_texts
from persona_django.sources.searches import KnownSearches


def arrays_of(*keys: str) -> dict[str, np.ndarray]:
    """Searches of which each found the family of its place, from 10 on."""
    text, ends = pack_texts(keys)
    n = len(keys)
    lists = {
        f"{name}_{column}": values
        for name in ("found", "bought")
        for column, values in {
            "indptr": np.arange(n + 1), "item": np.arange(n), "score": np.ones(n),
            "visitors": np.full(n, 9),
        }.items()
    }  # fmt: skip
    return {
        "key_text": text, "key_ends": ends, "words_text": text, "words_ends": ends,
        "group_id": np.arange(10, 10 + n), "is_dead": np.zeros(n, dtype=bool), **lists,
    }  # fmt: skip


def test_each_search_has_its_own_lists_and_others_none():
    known = KnownSearches(arrays_of("mug", "tea"))

    assert len(known) == 2
    assert known.found_after("tea").group_id.tolist() == [11]
    assert known.bought_in_the_end("mug").group_id.tolist() == [10]
    assert known.found_after("pot").group_id.tolist() == []
    assert not known.leads_nowhere("pot")


@pytest.mark.parametrize("name", ["found_indptr", "is_dead"])
def test_arrays_that_do_not_fit_together_are_refused(name):
    arrays = arrays_of("mug", "tea")
    arrays[name] = arrays[name][:-1]

    with pytest.raises(ValueError, match="one list for each search"):
        KnownSearches(arrays)
