"""Debian's Chromium, led by Playwright: what the tests share of pages, requests and pictures.

Playwright and axe-core are no part of the project's environment; `make test-browser` puts them into a folder of it.
"""

import io
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

TOOLS = Path(sys.prefix) / "browser"
PACKAGES = TOOLS / "python"
AXE = TOOLS / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 900  # seconds; only against waiting for ever
LARGEST = 150_000  # bytes of a picture for the documentation

sys.path.append(str(PACKAGES))  # last, so that the environment's own packages come before those
try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    expect = sync_playwright = None
else:
    expect.set_options(timeout=PATIENCE * 1000)

needs_browser = pytest.mark.skipif(
    sync_playwright is None or not AXE.is_file() or not CHROMIUM,
    reason="Playwright, axe-core or Chromium are not installed: `make test-browser` does that",
)


@contextmanager
def running_browser():
    """A browser without a window; ended afterwards. Until then no other event loop can run in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@contextmanager
def opened(browser, width=1280, height=900):
    """A new page with nothing kept from others, and the addresses that it asks for, of which the list grows."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE * 1000)
    requests = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    try:
        yield page, requests
    finally:
        context.close()


def violations(page):
    """What axe-core finds on a page that is serious or critical: the rule, and the elements."""
    page.evaluate(AXE.read_text("utf-8"))  # a script of the page's own would be stopped by its policy
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return {
        f"{one['impact']}: {one['id']}": [node["html"][:200] for node in one["nodes"]]
        for one in found
        if one["impact"] in ("serious", "critical")
    }


def keep_picture(page, name):
    """Keep what is seen of a page as a small picture, in the folder that SCREENSHOTS names, if it names one."""
    if not os.environ.get("SCREENSHOTS"):
        return
    seen = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    path = Path(os.environ["SCREENSHOTS"]) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    seen.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < LARGEST, f"{path} is too large for the documentation"
