"""A real browser on a running demo: the LMS on `127.0.0.1`, the tool on `localhost`, third-party cookies blocked."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = [600, 1280]
COURSE = "basis-intensive-care"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no chromium on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's chromium, kept off the network, with third-party cookies blocked."""
    return {
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--test-third-party-cookie-phaseout",
        ],
    }


@contextlib.contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """A demo in an empty folder. Yields the address that it prints, without a slash at the end."""
    command = [sys.executable, "-m", "lti_tool.cli", "demo", "--port", "0", "--data", str(folder)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            assert address.startswith("http://127.0.0.1:"), (folder / "log").read_text()
            with urllib.request.urlopen(address, timeout=60):
                pass
            yield address.rstrip("/")
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this worker's own."""
    with running_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@dataclass
class Visitor:
    """Somebody at a browser: the page of the LMS, and the tool's frame in it."""

    page: Page
    demo: str

    @property
    def tool(self) -> str:
        """The tool's address."""
        return self.demo.replace("127.0.0.1", "localhost")

    @property
    def frame(self) -> Frame:
        """The frame that the LMS shows the tool in."""
        handle = self.page.locator("#contentframe").element_handle()
        frame = handle.content_frame()
        assert frame is not None
        return frame

    def walk_in(
        self, persona: str, *, course: str = "basis-intensive-care", item: int = 1, cookies: bool = True
    ) -> Frame:
        """Open a link of a course as a persona. Returns the frame, once the tool answered."""
        off = "" if cookies else "&cookies=off"
        self.page.goto(f"{self.demo}/walk-in?as={persona}&course={course}&item={item}{off}")
        self.page.wait_for_selector("#contentframe")
        frame = self.frame
        frame.wait_for_url(f"{self.tool}/**", wait_until="load")
        return frame

    def open(self, path: str) -> Frame:
        """Go somewhere else within the frame."""
        frame = self.frame
        frame.goto(f"{self.tool}{path}")
        return frame


@pytest.fixture
def visitor(browser: Browser, demo: str) -> Iterator[Callable[..., Visitor]]:
    """Make visitors, each with a browser profile of their own, in Dutch."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def make(width: int = 600, height: int = 900, **more: Any) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="nl-NL", **more)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
        )
        return Visitor(page, demo)

    yield make
    for context in contexts:
        context.close()
    assert not faults, faults


def findings(frame: Frame | Page) -> list[str]:
    """What axe finds on a page: rule and place. Empty when there is no axe on this machine."""
    if not AXE.exists():
        return []
    frame.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = frame.evaluate(f"axe.run(document, {{runOnly: {json.dumps(tags)}}})")
    return [
        f"{violation['id']}: {node['html'][:160]}" for violation in found["violations"] for node in violation["nodes"]
    ]


def sideways(frame: Frame | Page) -> int:
    """How many pixels a page is wider than its window: it must never scroll sideways."""
    return int(frame.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
