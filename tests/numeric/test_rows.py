"""What a table of rows refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.numeric.tables import table

GOOD = table([0, 1], [1], [], [0, 2])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"indptr": np.array([1, 2, 3, 3, 5])}, "indptr"),
        ({"indptr": np.array([0, 3, 2, 3, 5])}, "indptr"),
        ({"indptr": np.array([0, 2, 3, 3, 6])}, "promises 6 entries"),
        ({"owner": np.zeros(1, np.int32)}, "as many owners"),
        ({"item": np.array([0, 1, 1, 0, 3], np.int32)}, "item codes"),
        ({"item": np.array([-1, 1, 1, 0, 2], np.int32)}, "item codes"),
        ({"owner": np.array([0, 1, 2, 4], np.int32)}, "owner codes"),
        ({"item": np.array([1, 0, 1, 0, 2], np.int32)}, "ascending"),
        ({"item": np.array([1, 1, 1, 0, 2], np.int32)}, "distinct"),
        ({"weight": np.array([1, np.nan, 1, 1, 1], np.float32)}, "finite"),
        ({"weight": np.array([1, np.inf, 1, 1, 1], np.float32)}, "finite"),
        ({"weight": np.array([1, -1, 1, 1, 1], np.float32)}, "0 or more"),
    ],
)
def test_a_malformed_table_is_refused_in_words(changed, message):
    GOOD.check()

    with pytest.raises(ValueError, match=message):
        replace(GOOD, **changed).check()
