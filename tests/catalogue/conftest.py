"""What several tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persona_django.catalogue import registry


@pytest.fixture
def own_maps() -> Iterator[None]:
    with registry.isolated():
        yield
