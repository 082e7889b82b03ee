"""A browser, and reports opened in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.results.report.browser import Opened, find_or_install


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_or_install()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens a report in a window of some width; further options are those of a Playwright context."""
    contexts = []

    def open_page(path: Path, width: int, **options: Any) -> Opened:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        return Opened(contexts[-1].new_page(), path)

    yield open_page
    for context in contexts:
        context.close()
