"""Text is never HTML, whatever it says and wherever it stands."""

import urllib.parse

from playwright.sync_api import expect

from server import Server
from visitor import Visitors, bubble, say, sees, texts

IMAGE = "<img src=x onerror=alert(1)>"
NAMES = (
    IMAGE,
    "\"><script>alert(2)</script>",
    # A combining mark makes one character of itself and the quote before it.
    "\"\u0301 onfocus=alert(3) autofocus x=",
    "'\u0308{{code}}{{{error}}}&lt;b&gt;",
)
MESSAGES = (
    IMAGE,
    "<script>alert(4)</script>",
    "</p><svg onload=alert(5)>",
    "<\u0301img src=x onerror=alert(6)>",
    "javascript:alert(7) &amp; &#60;b&#62; {{name}}",
    "\u202egnp.exe\u202c \u0000-free",
)
# What HTML would make of them.
FORBIDDEN = "#log img, #log script, #log svg, #log b, aside img, header img"


def names_and_messages():
    with Server() as server, Visitors(server) as visitors:
        alice, code = visitors.create("Alice")
        for name in NAMES:
            page = visitors.join(name, code)
            assert page.evaluate("document.body.dataset.name") == name
            assert page.evaluate("document.body.getAttributeNames().length") == 4
            expect(alice.locator(".notice").last).to_contain_text(f"({name}) entered the chat")
            expect(alice.locator("#members li").last).to_have_text(name)
            for text in MESSAGES:
                text = text.replace("\0", "")
                say(page, text)
                expect(alice.locator("#messages .message .text").last).to_have_text(text)
                expect(alice.locator("#messages .sender").last).to_have_text(name)
            expect(page.locator("#outbox li")).to_have_count(0)
            for one in (alice, page):
                assert one.locator(FORBIDDEN).count() == 0
            page.reload()
            expect(page.locator("#messages .message .text").last).to_have_text(MESSAGES[-1]
                .replace("\0", ""))
            assert page.locator(FORBIDDEN).count() == 0
            page.get_by_role("button", name="Leave the Chat").click()
            expect(alice.locator(".notice").last).to_contain_text(f"({name}) left the chat")


def home_page_fields():
    """What was typed comes back in the fields, as text."""
    with Server() as server, Visitors(server) as visitors:
        page = visitors.page()
        for name in NAMES:
            for code in (IMAGE, "\"><img src=x onerror=alert(8)>", "\"\u0301 autofocus x="):
                page.goto(server.url)
                page.get_by_label("User name").fill(name)
                page.get_by_label("Room code").evaluate(
                    "(field, code) => { field.maxLength = 99; field.value = code; }", code)
                page.get_by_role("button", name="Join").click()
                expect(page.get_by_role("alert")).to_contain_text("not found")
                expect(page.get_by_label("User name")).to_have_value(name)
                assert page.locator("#code").input_value().upper() == code.upper()
                for field in ("#name", "#code"):
                    assert page.locator(field).get_attribute("autofocus") is None
                    assert page.locator(field).get_attribute("onfocus") is None
                assert page.locator("img").count() == 1, "only the picture of the heading"


def content_security_policy():
    """Nothing inline, nothing from elsewhere, no frame; a script that got in would not run."""
    with Server() as server, Visitors(server) as visitors:
        page, _ = visitors.create("Alice")
        for path in ("/", "/room"):
            answer = page.goto(server.url + path)
            policy = {
                part.split()[0]: part.split()[1:]
                for part in answer.headers["content-security-policy"].split(";") if part.strip()
            }
            assert policy["default-src"] == ["'none'"], policy
            assert policy["script-src"] == ["'self'"] and policy["style-src"] == ["'self'"], policy
            assert policy["frame-ancestors"] == ["'none'"] and policy["base-uri"] == ["'none'"]
            assert policy["form-action"] == ["'self'"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        cookie = page.context.cookies()[0]
        assert cookie["httpOnly"] and cookie["sameSite"] in ("Lax", "Strict"), cookie
    with Server() as server, Visitors(server) as visitors:
        visitors.heard = lambda message: refused.append(message.text)
        refused = []
        page, _ = visitors.create("Alice")
        page.evaluate("""() => {
            const image = document.createElement("div");
            image.innerHTML = "<img src=/favicon.svg onload=alert(9)>";
            document.body.append(image);
            const script = document.createElement("script");
            script.textContent = "alert(10)";
            document.body.append(script);
        }""")
        say(page, "the page goes on")
        sees(page, "the page goes on")
        assert len(refused) == 2 and all("Content Security Policy" in r for r in refused), refused


def session_of_somebody_else():
    """Who has no valid session is told, on the page, and shown the way home."""
    with Server() as server, Visitors(server) as visitors:
        page, code = visitors.create("Alice")
        cookie = next(one for one in page.context.cookies() if one["name"] == "session")
        page.context.add_cookies([{**cookie, "value": cookie["value"][:-4] + "AAAA"}])
        page.evaluate("window.dispatchEvent(new Event('offline'))")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("#status")).to_have_text("Not connected")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        page.get_by_role("link", name="Back to the start").click()
        expect(page).to_have_url(server.url + "/")
        # A form that another site sends does nothing.
        answer = page.request.post(
            server.url + "/", headers={"Origin": "http://elsewhere.test"},
            form={"name": "Eve", "code": code, "join": "join"}, max_redirects=0)
        assert answer.status == 403, answer.status
        assert urllib.parse.urlsplit(answer.headers.get("location", "")).path != "/room"
