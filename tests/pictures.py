"""Makes the README's pictures, of a plan and of a receipt, on the sandbox: `python -m tests.pictures [FOLDER]`."""

import datetime
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import FloatRect, sync_playwright

from erasure import clock
from sandbox.running import RunningSandbox
from sandbox.workspace import PROJECT, ready_engine
from tests.engine.rehearsal import CHARLIE, STACK, rehearsal
from tests.engine.story import Story, telling
from tests.reports.chromium import chromium

_CUSTOMER: Final = "Acme Dental"
_GOES_ON: Final = ("0b7d2f4e-91a6-4c58-8f3b-d4e6a7c01592", "RECEPTION-02")  # its agent, which nobody stopped
_RETIRED: Final = {(CHARLIE, "CHARLIE-LAPTOP"), _GOES_ON}
_WIDTH: Final = 1100  # pixels
_FIRST_LEFT_OUT: Final = {"plan": "Stored data by user", "receipt": "What happened"}  # headings
_ASKS: Final = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.email", "GIT_CONFIG_VALUE_0": "lee@msp.example"}


def pictures(folder: Path) -> None:
    """Write `plan.png` and `receipt.png`."""
    with (
        tempfile.TemporaryDirectory() as directory,
        RunningSandbox(seed="demo", purge_delay="24h") as sandbox,
        telling(rehearsal(Path(directory), ready_engine(), sandbox)) as story,
    ):
        plan, receipt = _reports(story)
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium()) as browser:
        for name, html in (("plan", plan), ("receipt", receipt)):
            page = browser.new_page(viewport={"width": _WIDTH, "height": 720})
            page.set_content(html)
            below = page.get_by_role("heading", name=_FIRST_LEFT_OUT[name]).bounding_box()
            assert below is not None
            shown: FloatRect = {"x": 0, "y": 0, "width": _WIDTH, "height": below["y"]}
            page.screenshot(path=folder / f"{name}.png", full_page=True, clip=shown)


def _reports(story: Story) -> tuple[str, str]:
    """Have two computers purged, of which one is backed up again; return the plan's page and the receipt's."""
    story.rehearsal.workspace.init(STACK)
    story.rehearsal.workspace.env.update(_ASKS)
    story.rehearsal.sandbox.change_settings(destination_list_ids="same")
    _want(story, without=set())
    story.rehearsal.up().require()
    _want(story, without=_RETIRED)
    plan = story.says("plan", "--format", "html", code=3)
    in_a_month = str(clock.today() + datetime.timedelta(days=30))
    why = ["--reason", "Both were retired", "--request", "DSR-7", "--due", in_a_month, "--expires", in_a_month]
    story.says("approve", *why, "--by", "dana@msp.example", code=0)
    story.rehearsal.up().require()
    for hours, code in ((1, 2), (26, 2), (30, 0)):
        story.goes_on_until(hours)
        story.says("verify", code=code)
    story.rehearsal.sandbox.backup(*_GOES_ON)
    story.goes_on_until(48)
    story.says("verify", code=3)
    return plan, story.says("receipt", "--format", "html", "--request", "DSR-7", code=0)


def _want(story: Story, without: set[tuple[str, str]]) -> None:
    """Write the customer's inventory, of what the account lists."""
    state, users = story.rehearsal.sandbox.state(), list[dict[str, object]]()
    for user in (one for one in state.users if one.company == _CUSTOMER):
        listed = [one for one in state.bindings if one.user == user.id and (one.user, one.computer) not in without]
        computers = [{"name": one.computer, "destinations": [one.destination]} for one in listed]
        if computers:
            users.append({"id": user.id, "login": user.login, "computers": computers})
    story.rehearsal.write(json.dumps({"version": 1, "customer": _CUSTOMER, "users": users}))  # JSON is YAML


if __name__ == "__main__":
    pictures(Path(sys.argv[1]) if sys.argv[1:] else PROJECT / "docs/pictures")
