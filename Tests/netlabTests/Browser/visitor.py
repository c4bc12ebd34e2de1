"""People with a browser each, and what must hold for every page they see."""

import os
import re
import shutil

from playwright.sync_api import expect, sync_playwright

DESKTOP = {"viewport": {"width": 1200, "height": 760}}
PHONE = {
    "viewport": {"width": 360, "height": 740}, "device_scale_factor": 2,
    "is_mobile": True, "has_touch": True,
}
# What the browser itself says of a connection that fails.
OUTAGE = ("WebSocket connection to", "Failed to load resource", "net::ERR_")

# What stands on the button of the members once they are known.
ANY_COUNT = re.compile(r"^\d+ here$")

expect.set_options(timeout=20_000)


class Visitors:
    """A browser, the people in it, and at the end the judgment over their pages."""

    def __init__(self, server, outages=False, arguments=()):
        self.server = server
        self.outages = outages
        self.arguments = arguments
        self.faults = []
        self.origins = {server.url, server.url.replace("http:", "ws:")}

    def __enter__(self):
        self.playwright = sync_playwright().start()
        program = next(filter(None, map(shutil.which, (
            "chromium", "chromium-browser", "google-chrome"))), None)
        assert program, "no Chromium is installed: make test-packages"
        self.browser = self.playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", *self.arguments])
        return self

    def __exit__(self, kind, *_):
        shots = os.environ.get("NETLAB_SHOTS")
        if kind and shots:
            for number, page in enumerate(p for c in self.browser.contexts for p in c.pages):
                page.screenshot(path=f"{shots}/failed-{number}.png")
        self.browser.close()
        self.playwright.stop()
        if kind is None:
            assert not self.faults, "\n".join(self.faults)

    def page(self, prepare=None, **options):
        """A new person's page; `prepare(page)` sees it before anything is loaded."""
        context = self.browser.new_context(**(options or DESKTOP))
        page = context.new_page()
        page.on("console", self.heard)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.asked(request.url))
        if prepare:
            prepare(page)
        return page

    def heard(self, message):
        if message.type not in ("error", "warning"):
            return
        if not (self.outages and any(known in message.text for known in OUTAGE)):
            self.faults.append(f"console {message.type}: {message.text}")

    def asked(self, url):
        origin = "/".join(url.split("/")[:3])
        if origin not in self.origins:
            self.faults.append(f"a request to elsewhere: {url}")

    def create(self, name, **options):
        """Somebody who makes a room: the page, and the room's code."""
        page = self.page(**options)
        page.goto(self.server.url)
        page.get_by_label("User name").fill(name)
        page.get_by_role("button", name="Create").click()
        page.wait_for_url("**/room")
        connected(page)
        return page, page.locator("#code").inner_text()

    def join(self, name, code, **options):
        page = self.page(**options)
        return enter(page, self.server.url, name, code)


def enter(page, url, name, code):
    page.goto(url)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Room code").fill(code)
    page.get_by_role("button", name="Join").click()
    page.wait_for_url("**/room")
    connected(page)
    return page


def connected(page):
    """Waits until the page is in the room, history and all."""
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator("#count")).to_have_text(ANY_COUNT)


def say(page, text):
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("textbox", name="Message").press("Enter")


def bubble(page, text):
    """The messages in the room of exactly this text, not those that are still on their way."""
    return page.locator("#messages .message", has=page.get_by_text(text, exact=True))


def texts(page):
    """What was said, in the order shown."""
    return page.locator("#messages .message .text").all_inner_texts()


def sees(page, *wanted):
    """Waits until the last messages are these."""
    expect(page.locator("#messages .message .text").last).to_have_text(wanted[-1])
    expect(page.locator("#outbox li")).to_have_count(0)
    shown = texts(page)
    assert shown[-len(wanted):] == list(wanted), f"{shown} does not end with {list(wanted)}"


