"""Writes the page of the data map and of the record of processing, with the default settings.

Run it by `python -m docs.data_map` after a change of a model or of its entry. A shop prints both
with its own numbers by `manage.py persona_data_map`.
"""

from __future__ import annotations

import os
from pathlib import Path

PAGE = Path(__file__).with_name("data-map.md")
MARK = "<!-- every table; written by python -m docs.data_map -->\n"


def page() -> str:
    """The whole page: what a person wrote above the mark, and what is generated below it."""
    from django.test.utils import override_settings

    from persona_django.measurement import data_map, processing_record

    above, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    with override_settings(PERSONA={}):
        record, tables = processing_record.as_markdown(), data_map.as_markdown()
    return (
        f"{above}{mark}\n## Record of processing\n\n{record}\n"
        f"## Every table\n\n{tables.rstrip()}\n"
    )


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
