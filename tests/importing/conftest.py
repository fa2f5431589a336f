"""What several tests of this room share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importing.files import HEADER


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, header: str = HEADER, name: str = "orders.csv") -> Path:
        path = tmp_path / name
        path.write_bytes("\n".join([header, *lines, ""]).encode("utf-8", "surrogateescape"))
        return path

    return write
