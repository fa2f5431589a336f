"""Files of recommender data, sound and broken."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from persona_django.evaluation.files import items_file, part_of, read_columns, read_split
from persona_django.exceptions import BadEvaluation

TEXT = 'user_id,item_id,title\nann,1,"red, hot"\n\nbob,2,tea\n'


def columns(path: Path, *needed: str, wished: tuple[str, ...] = ()) -> dict[str, list[str]]:
    return read_columns(path, needed=needed, wished=wished)


@pytest.mark.parametrize(
    "packed",
    [TEXT.encode(), gzip.compress(TEXT.encode(), mtime=0), b"\xef\xbb\xbf" + TEXT.encode()],
)
def test_columns_are_read_packed_or_not(packed, tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(packed)

    found = columns(path, "user_id", wished=("title", "price"))

    assert found == {"user_id": ["ann", "bob"], "title": ["red, hot", "tea"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "log.csv has no column item_id; it has nothing."),
        (b"user_id,sku\n1,2\n", "log.csv has no column item_id; it has user_id, sku."),
        (b"item_id\n", "log.csv has no lines beneath its header."),
        (b"item_id,user_id\n1,2\n1\n", "log.csv, line 3: 1 values instead of 2."),
        (b"item_id\n\xff\n", "log.csv is not UTF-8, save it as that"),
        (b'item_id\n"' + b"x" * 200_000 + b'"\n', "log.csv is no CSV that can be read"),
        (gzip.compress(TEXT.encode(), mtime=0)[:30], "log.csv is a broken gzip, fetch it again"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-8] + b"12345678", "log.csv is a broken gzip"),
        (b"\x1f\x8b nothing packed", "log.csv is a broken gzip"),
    ],
)
def test_a_broken_file_is_said_in_one_line(content, said, tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(content)

    with pytest.raises(BadEvaluation) as raised:
        columns(path, "item_id")

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadEvaluation, match="cannot be read"):
            columns(path, "item_id")


def test_a_split_is_lists_of_ids_or_objects_by_them(tmp_path):
    path = tmp_path / "split.json"
    parts = {"train": [1, 2], "valid": ["3"], "validation": ["4"], "test": {"5": [[7]]}, "n": 9}
    path.write_text(json.dumps(parts), encoding="utf-8")

    assert read_split(path) == {"train": {"1", "2"}, "val": {"3", "4"}, "test": {"5"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "must be an object"),
        ("{", "is no JSON"),
        ('{"train": [1]}', "must name the parts train and test, it has train."),
        ("{}", "it has nothing."),
    ],
)
def test_a_split_that_says_too_little_is_refused(text, said, tmp_path):
    path = tmp_path / "split.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadEvaluation, match=said):
        read_split(path)


def test_every_name_of_a_validation_part_means_the_same():
    named = [part_of(name) for name in ("val", "valid", "validate", "validation", "test")]

    assert named == ["val", "val", "val", "val", "test"]


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.examples.csv.gz"])
def test_the_items_lie_beside_the_file(name, tmp_path):
    assert items_file(tmp_path / name) is None

    (tmp_path / "log.items.csv.gz").touch()

    assert items_file(tmp_path / name) == tmp_path / "log.items.csv.gz"
