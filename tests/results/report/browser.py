"""The browser that opens reports, and a report opened in it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, Request

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSTALLATION = ["apt-get update", "apt-get install -y --no-install-recommends chromium"]
_LONGEST_S = 120


def find_or_install() -> str:
    """The path of Chromium or Chrome; if there is none, it is installed as root in continuous integration."""
    if executable := next(filter(None, map(shutil.which, _NAMES)), None):
        return executable
    if os.environ.get("CI") != "true" or os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.skip(
            "Chromium is missing: `apt-get install chromium`, or CI=true as root on Debian to have it installed"
        )
    for command in _INSTALLATION:
        try:
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command.split(), env=environment, capture_output=True, timeout=_LONGEST_S, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"Chromium is missing and could not be installed: {error}")
    return find_or_install()


class Opened:
    """A report in the browser.

    Attributes:
        page: The page.
        said: What it did beside showing itself: words on the console, dialogs, errors of scripts, requests.
    """

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self._own = path.as_uri()
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", self._note)
        page.goto(self._own)

    def heading(self, name: str) -> Locator:
        return self.page.locator(".trials thead th").nth(self._place(name))

    def column(self, name: str) -> list[str]:
        """The cells below a heading in the visible rows, without the tags of trials."""
        cells = self.page.locator(f".trials tbody tr:not([hidden]) > :nth-child({self._place(name) + 1})")
        return cells.evaluate_all("cells => cells.map((cell) => cell.firstChild?.textContent.trim() ?? '')")

    def sort(self, name: str) -> str | None:
        """Clicks a heading; returns the order that it then announces."""
        self.heading(name).get_by_role("button").click()
        return self.heading(name).get_attribute("aria-sort")

    def count(self) -> str:
        """The number of trials that the page says it shows."""
        return self.page.locator("#shown").inner_text()

    def is_as_wide_as_its_window(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def _place(self, name: str) -> int:
        return self.page.locator(".trials thead th").all_text_contents().index(name)

    def _note(self, request: Request) -> None:
        if request.url != self._own and not request.url.startswith("data:image/"):
            self.said.append(f"request: {request.url}")

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()
