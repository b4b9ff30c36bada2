"""The live page in a real Chromium: it loads, orders come, reasons open, phones need not scroll."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import live_demo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]
if CHROMIUM is not None:
    from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """A demo that has orders."""
    with tempfile.TemporaryDirectory(prefix="es-live-") as folder:
        Path(folder).chmod(0o755)
        with live_demo.running(Path(folder) / "home") as (address, process):
            live_demo.first_order(address, process)
            yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


class Seen:
    """A page and what its console complained about."""

    def __init__(self, browser: Browser, base: str, width: int, height: int) -> None:
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(base)
        self.page.wait_for_selector("article.order", timeout=30_000)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture(params=[(390, 844), (1440, 900)], ids=["phone", "desk"])
def seen(request: pytest.FixtureRequest, browser: Browser, base: str) -> Iterator[Seen]:
    """The page at the width of a phone and of a desk."""
    made = Seen(browser, base, *request.param)
    yield made
    made.page.close()
    assert made.complaints == []


def test_orders_come_with_their_figures(seen: Seen) -> None:
    page = seen.page
    first = int(page.inner_text("#kpi-orders").replace(",", ""))
    page.wait_for_function(
        "n => Number(document.querySelector('#kpi-orders').textContent.replace(',', '')) > n",
        arg=first, timeout=20_000,
    )  # fmt: skip
    assert page.inner_text("#kpi-oversold") == "0"
    assert page.locator("#map .marks > g").count() == 33
    assert page.locator("#stock tr").count() == 12


def test_details_show_why_and_the_list_stands_still(seen: Seen) -> None:
    page = seen.page
    page.wait_for_selector("article.order .why strong", timeout=20_000)
    card = page.locator("article.order", has=page.locator(".why strong")).first
    page.locator(
        "article.order", has=page.locator(".why strong")
    ).first.scroll_into_view_if_needed()
    button = card.locator(".reveal")
    button.focus()
    page.keyboard.press("Enter")
    opened = page.locator("article.order.open")
    opened.locator(".steps li").first.wait_for(timeout=10_000)
    assert opened.locator(".reveal").get_attribute("aria-expanded") == "true"
    assert opened.locator(".weighed .chosen").count() >= 1
    mark = opened.get_attribute("aria-label")
    page.wait_for_selector("#fresh:not([hidden])", timeout=20_000)
    assert page.locator("article.order.open").get_attribute("aria-label") == mark
    page.click("#fresh")
    page.wait_for_selector("#fresh", state="hidden", timeout=10_000)
    assert page.locator("article.order.open").count() == 0


def test_nothing_is_wider_than_the_screen(seen: Seen) -> None:
    page = seen.page
    page.locator(".reveal").first.click()
    page.wait_for_selector(".steps li", timeout=10_000)
    page.click("#more-stock")
    wide, screen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= screen
    out = page.evaluate(
        "[...document.querySelectorAll('main p, main li, main td, main th, main button')]"
        ".filter(e => e.getBoundingClientRect().right > window.innerWidth + 1).length"
    )
    assert out == 0


def test_it_can_be_paused(seen: Seen) -> None:
    page = seen.page
    page.click("#pause")
    assert page.get_attribute("#pause", "aria-pressed") == "true"
    page.wait_for_timeout(2_000)  # What was asked before the pause has been answered.
    at = page.inner_text("#kpi-orders")
    page.wait_for_timeout(3_500)
    assert page.inner_text("#kpi-orders") == at
    page.click("#pause")
    page.wait_for_function(
        "n => document.querySelector('#kpi-orders').textContent !== n", arg=at, timeout=20_000
    )


def test_the_page_is_built_for_everybody(seen: Seen) -> None:
    page = seen.page
    assert page.locator("main").count() == 1
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_attribute("#spoken", "aria-live") == "polite"
    nameless = page.evaluate(
        "[...document.querySelectorAll('button:not([hidden]), a')]"
        ".filter(e => !e.textContent.trim() && !e.getAttribute('aria-label')).length"
    )
    assert nameless == 0
    small = page.evaluate(
        "[...document.querySelectorAll('button:not([hidden])')]"
        ".filter(e => e.getBoundingClientRect().height < 24).length"
    )
    assert small == 0
