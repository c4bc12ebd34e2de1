"""Phones, keyboards, screen readers, eyes: everybody can use both pages."""

from playwright.sync_api import expect

from server import Server
from visitor import DESKTOP, PHONE, Visitors, bubble, say, sees

WIDE = """() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body, body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    const isSeen = box.width > 0 && !element.closest(".unseen");
    return isSeen && (box.right > width + 0.5 || box.left < -0.5);
  }).map((element) => element.outerHTML.slice(0, 80));
}"""

# The contrast of every text with what is behind it, by WCAG 2.2, success criterion 1.4.3.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("noscript")) continue;
    const [one, other] = [light(rgba(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) faults.push(`${ratio.toFixed(2)} ${node.data.trim()}`);
  }
  return faults;
}"""


def _fits(page):
    page.wait_for_function("document.fonts.status === 'loaded'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
    wide = page.evaluate(WIDE)
    assert not wide, wide
    for target in page.locator("button:visible, input:visible, textarea:visible").all():
        box = target.bounding_box()
        assert box["height"] >= 43.5 and box["width"] >= 43.5, target.inner_text()


def _is_legible(page):
    # Without its style sheet a page has no colours of its own.
    page.wait_for_load_state("load")
    faint = page.evaluate(CONTRAST)
    assert not faint, faint


def phone_width():
    """From 320 to 430 pixels: nothing stands out, all can be touched, long words break."""
    with Server() as server, Visitors(server) as visitors:
        for width, height in ((360, 740), (320, 568), (430, 932)):
            options = {**PHONE, "viewport": {"width": width, "height": height}}
            page = visitors.page(**options)
            page.goto(server.url)
            _fits(page)
            page.get_by_label("User name").fill("W" * 40)
            page.get_by_role("button", name="Join").tap()
            expect(page.get_by_role("alert")).to_be_visible()
            _fits(page)
            page.get_by_role("button", name="Create").tap()
            expect(page.locator("#status")).to_have_text("Connected")
            _fits(page)
            text = page.get_by_role("textbox", name="Message")
            assert page.evaluate("document.activeElement.tagName") != "TEXTAREA", "keyboard pops up"
            text.tap()
            text.fill("W" * 400)
            page.get_by_role("button", name="Send").tap()
            expect(bubble(page, "W" * 400)).to_be_visible()
            _fits(page)
            expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
            expect(page.get_by_role("button", name="Leave the Chat")).to_be_in_viewport(ratio=1)
            expect(page.locator("#here")).to_be_hidden()
            people = page.get_by_role("button", name="1 here")
            people.tap()
            expect(people).to_have_attribute("aria-expanded", "true")
            expect(page.locator("#members")).to_be_visible()
            _fits(page)
            # The keyboard takes half of the screen.
            page.set_viewport_size({"width": width, "height": height // 2})
            expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)


def keyboard_alone():
    """Everything by Tab, Enter and the arrows, and the focus is always seen."""
    with Server() as server, Visitors(server) as visitors:
        page = visitors.page()
        page.goto(server.url)
        keys = page.keyboard

        def tab_to(name):
            for _ in range(12):
                if page.evaluate(
                        "document.activeElement.labels?.[0]?.textContent "
                        "?? document.activeElement.getAttribute('aria-label') "
                        "?? document.activeElement.textContent").strip() == name:
                    assert page.evaluate(
                        "getComputedStyle(document.activeElement).outlineStyle") != "none", name
                    return
                keys.press("Tab")
            raise AssertionError(f"Tab does not lead to {name}")

        tab_to("User name")
        keys.type("Alice")
        tab_to("Create")
        keys.press("Enter")
        expect(page.locator("#status")).to_have_text("Connected")
        assert page.evaluate("document.activeElement.id") == "text"
        keys.type("by the keyboard")
        keys.press("Shift+Enter")
        keys.type("alone")
        keys.press("Enter")
        sees(page, "by the keyboard\nalone")
        for number in range(14):
            keys.type(f"line {number}")
            keys.press("Enter")
        sees(page, "line 13")
        assert page.evaluate("document.activeElement.id") == "text"
        tab_to("Messages")
        keys.press("Home")
        expect(page.locator("#jump")).to_be_visible()
        keys.press("Tab")
        keys.press("Enter")
        expect(page.locator("#jump")).to_be_hidden()
        assert page.evaluate("document.activeElement.id") == "log"
        tab_to("Copy the room code")
        keys.press("Enter")
        expect(page.locator("#copied")).to_have_text("Copied")
        tab_to("Leave the Chat")
        keys.press("Enter")
        expect(page).to_have_url(server.url + "/")


def screen_reader():
    """Roles, names and live regions, as a screen reader gets them."""
    with Server() as server, Visitors(server) as visitors:
        page, code = visitors.create("Alice")
        log = page.get_by_role("log", name="Messages")
        expect(log).to_have_attribute("aria-live", "polite")
        expect(page.get_by_role("status").filter(has_text="Connected")).to_be_visible()
        expect(page.get_by_role("textbox", name="Message as Alice")).to_be_focused()
        expect(page.get_by_role("button", name="Copy the room code")).to_be_visible()
        expect(page.get_by_role("heading", name=f"Room {code}")).to_be_visible()
        expect(page.get_by_role("complementary", name="Who is here")).to_be_visible()
        expect(page.get_by_role("banner")).to_be_visible()
        expect(page.get_by_role("main")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.title() == f"Room {code} · netlab chat"
        say(page, "hello")
        item = log.get_by_role("listitem").filter(has_text="hello")
        expect(item).to_contain_text("Alice (you)")
        expect(log).to_have_attribute("aria-busy", "false")


def contrast():
    """4.5 to 1 for every text, by day and by night."""
    with Server() as server, Visitors(server) as visitors:
        for scheme in ("light", "dark"):
            # No colour is on its way from one to another while it is looked at.
            still = {"color_scheme": scheme, "reduced_motion": "reduce"}
            page = visitors.page(**DESKTOP, **still)
            page.goto(server.url)
            page.get_by_role("button", name="Join").click()
            expect(page.get_by_role("alert")).to_be_visible()
            _is_legible(page)
            alice, code = visitors.create("Alice", **DESKTOP, **still)
            ahmad = visitors.join("Ahmad", code, **PHONE, **still)
            say(alice, "hello")
            say(ahmad, "hello yourself")
            say(ahmad, "x" * 5_000)
            expect(ahmad.locator("#outbox li")).to_contain_text("Not sent")
            sees(alice, "hello", "hello yourself")
            _is_legible(alice)
            _is_legible(ahmad)


def copy_over_plain_http():
    """The room code can be copied where the browser hides its clipboard from plain HTTP."""
    rule = "--host-resolver-rules=MAP lab.test 127.0.0.1"
    with Server() as server, Visitors(server, arguments=[rule]) as visitors:
        url = f"http://lab.test:{server.port}"
        visitors.origins |= {url, url.replace("http:", "ws:")}
        page = visitors.page()
        page.goto(url)
        assert not page.evaluate("isSecureContext || 'clipboard' in navigator")
        page.get_by_label("User name").fill("Alice")
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#status")).to_have_text("Connected")
        page.get_by_role("button", name="Copy the room code").click()
        expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
        text = page.get_by_role("textbox", name="Message")
        text.focus()
        page.keyboard.press("Control+V")
        expect(text).to_have_value(page.locator("#code").inner_text())
        text.press("Enter")
        sees(page, page.locator("#code").inner_text())
