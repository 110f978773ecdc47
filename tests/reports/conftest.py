"""A real Chromium for the pages: Debian's package, or what the machine has."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from erasure.reports import page as reports
from erasure.reports.html import html
from tests.reports.chromium import chromium

Show = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Return where the browser is, on machines that have one; CI has to have one."""
    try:
        return chromium()
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


# Of a module, not of a session: playwright runs an event loop as long as it runs, which other tests would trip over.
@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Run one browser for all tests of a module."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path)
        yield running
        running.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Return what opens a report in a window of its own; it may ask for nothing, log nothing and open no dialog."""
    contexts, unwanted = [], []

    def open_(report: reports.Page, **settings: Any) -> Page:  # noqa: ANN401 -- playwright's settings
        file = tmp_path / "report.html"
        file.write_text(html(report), encoding="utf-8")
        contexts.append(browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | settings)))
        page = contexts[-1].new_page()
        page.on("console", lambda message: unwanted.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: unwanted.append(str(error)))
        page.on("dialog", lambda dialog: unwanted.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: unwanted.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page

    yield open_
    for one in contexts:
        one.close()
    assert unwanted == []
