"""Reads a page strictly: what is opened is closed, what is shown is named, nothing is foreign."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta"}
OUTSIDE = re.compile(r"^(https?:)?//")


class Page(HTMLParser):
    """One parsed page and everything wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.headings: list[int] = []
        self.title = ""
        self._open: list[str] = []
        self._ids: Counter[str] = Counter()
        self._named: set[str] = set()
        self._fields: list[str] = []
        self._in_label = 0
        self.feed(html)
        self.close()
        self._sum_up()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self._ids[given["id"]] += 1
        self._check_safety(tag, given)
        self._check_names(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()
        self._in_label -= tag == "label"

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["title"]:
            self.title += data
        if self._open[-1:] in (["script"], ["style"]) and data.strip():
            self.faults.append(f"code within the page: {data.strip()[:40]}")

    def _check_safety(self, tag: str, given: dict[str, str]) -> None:
        if "style" in given or tag == "style":
            self.faults.append(f"style within the page on <{tag}>")
        self.faults += [f"{name} within the page" for name in given if name.startswith("on")]
        for name in ("src", "href", "action"):
            if OUTSIDE.match(given.get(name, "")):
                self.faults.append(f"{given[name]} is another machine")

    def _check_names(self, tag: str, given: dict[str, str]) -> None:
        if tag == "img":
            self.faults += [
                f"<img> without {name}" for name in ("alt", "src") if name not in given
            ]
        if tag == "label":
            self._in_label += 1
            self._named.add(given.get("for", ""))
        is_field = tag in ("select", "textarea", "input") and given.get("type") != "hidden"
        if is_field and not self._in_label:
            self._fields.append(given.get("id", f"<{tag} name={given.get('name')}>"))

    def _sum_up(self) -> None:
        if self._open:
            self.faults.append(f"left open: {self._open}")
        self.faults += [f"id {name} stands twice" for name, n in self._ids.items() if n > 1]
        self.faults += [f"no label for {name}" for name in self._fields if name not in self._named]
        if self.headings.count(1) != 1:
            self.faults.append(f"{self.headings.count(1)} headings of the first level")
        if not self.title.strip():
            self.faults.append("no title")
