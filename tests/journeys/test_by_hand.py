"""What docs/events.md says to copy into a terminal works, word for word, in the example shop."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.journeys.running import ROOT, Shop, filled_shop

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("sh")), reason="needs curl and a shell"
)
DEMO = "http:" + "//127.0.0.1:8000"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with filled_shop(tmp_path_factory.mktemp("shop")) as filled:
        yield filled


def sessions() -> list[str]:
    text = (ROOT / "docs" / "events.md").read_text("utf-8")
    section = text.partition("\n## Trying it by hand\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.S | re.M)


def test_the_session_of_the_documentation_agrees_reports_reads_and_erases(shop, tmp_path):
    (session,) = sessions()
    assert DEMO in session

    done = subprocess.run(
        ["sh", "-e", "-c", session.replace(DEMO, shop.address)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    cookie, reported, held, erased = done.stdout.strip().splitlines()
    assert "persona" in cookie
    assert json.loads(reported)["result"] == "a"
    told = json.loads(held)
    assert told["known"] and not told["paused"]
    (events,) = [one for one in told["data"] if one["name"] == "events"]
    assert [row["what"] for row in events["rows"]] == ["view", "save"]
    assert json.loads(erased)["erased"]["events"] == 2
    assert not json.loads(erased)["failed"]


def test_an_app_is_tried_with_the_cookie_that_the_demos_policy_reads(shop):
    asked = ["curl", "-s", "-X", "POST", f"{shop.address}/persona/api/v1/visitor/"]
    text = " ".join((ROOT / "docs" / "rest.md").read_text("utf-8").split())
    (cookie,) = re.findall(r"`-b ([^`]*)` takes the place of that header", text)

    def answer(*more: str) -> dict[str, str]:
        done = subprocess.run([*asked, *more], capture_output=True, timeout=60, check=True)
        return dict(json.loads(done.stdout))

    assert list(answer("-H", "X-Persona-Consent: measure, personalise")) == ["detail"]
    assert list(answer("-b", cookie)) == ["visitor"]
