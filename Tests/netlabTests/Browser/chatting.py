"""Coming, chatting, going and coming back."""

import re

from playwright.sync_api import expect

from server import Server
from visitor import PHONE, Visitors, bubble, connected, enter, say, sees, texts


def home_page_errors():
    """The home page says what is wrong, in red, and keeps what was typed."""
    with Server() as server, Visitors(server) as visitors:
        page = visitors.page()
        page.goto(server.url)
        expect(page.get_by_role("heading", name="netlab chat")).to_be_visible()
        for text in ("Join a Chat?", "Or", "Create a Chat?"):
            expect(page.get_by_text(text, exact=True)).to_be_visible()
        name, code = page.get_by_label("User name"), page.get_by_label("Room code")
        alert = page.get_by_role("alert")
        for button in ("Join", "Create"):
            code.fill("abcdef")
            page.get_by_role("button", name=button).click()
            expect(alert).to_have_text("Please Enter Name")
            expect(code).to_have_value("ABCDEF")
        name.fill("Alice")
        code.fill("")
        page.get_by_role("button", name="Join").click()
        expect(alert).to_have_text("Please enter the room code to join the chat")
        expect(name).to_have_value("Alice")
        code.fill("qqqqqq")
        page.get_by_role("button", name="Join").click()
        expect(alert).to_have_text("Room code invalid, Room code not found")
        expect(name).to_have_value("Alice")
        expect(code).to_have_value("QQQQQQ")
        red, green, blue = map(int, re.findall(r"\d+", alert.evaluate(
            "element => getComputedStyle(element).color"))[:3])
        assert red > 2 * green and red > 2 * blue, "the error is not red"
        page.goto(server.url + "/room")
        expect(page).to_have_url(server.url + "/")


def without_javascript():
    """The home page works without scripts, in small letters too."""
    with Server() as server, Visitors(server) as visitors:
        _, code = visitors.create("Alice")
        page = visitors.page(java_script_enabled=False)
        page.goto(server.url)
        page.get_by_label("User name").fill("Ahmad")
        page.get_by_label("Room code").fill(code.lower())
        page.get_by_role("button", name="Join").click()
        expect(page.locator("#code")).to_have_text(code)
        expect(page.locator("noscript p")).to_be_visible()


def two_browsers():
    """Two people see the same messages in the same order, and each knows the own ones."""
    with Server() as server, Visitors(server) as visitors:
        alice, code = visitors.create("Alice")
        assert re.fullmatch("[A-Z]{6}", code), code
        ahmad = visitors.join("Ahmad", code.lower(), **PHONE)
        expect(alice.locator(".notice").last).to_contain_text("(Ahmad) entered the chat")
        expect(alice.locator("#count")).to_have_text("2 here", use_inner_text=False)
        expect(alice.locator("#members li")).to_have_text(["Alice (you)", "Ahmad"])
        for number in range(8):
            say(alice, f"a{number}")
            say(ahmad, f"b{number}")
        for page in (alice, ahmad):
            expect(page.locator("#messages .message")).to_have_count(16)
            expect(page.locator("#outbox li")).to_have_count(0)
            assert page.locator("#log").evaluate(
                "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"), "not at the end"
        assert texts(alice) == texts(ahmad)
        assert [t for t in texts(alice) if t[0] == "a"] == [f"a{n}" for n in range(8)]
        own, others = bubble(alice, "a1"), bubble(alice, "b1")
        expect(own).to_have_class(re.compile(r"\bown\b"))
        expect(own).to_contain_text("Alice (you)")
        expect(others).not_to_have_class(re.compile(r"\bown\b"))
        expect(others.locator(".sender")).to_have_text("Ahmad")
        assert own.bounding_box()["x"] > others.bounding_box()["x"], "told apart by place too"
        when = others.locator("time").get_attribute("datetime")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", when), when
        say(alice, "   ")
        alice.get_by_role("textbox", name="Message").fill("")
        alice.get_by_role("textbox", name="Message").press_sequentially("one")
        alice.get_by_role("textbox", name="Message").press("Shift+Enter")
        alice.get_by_role("textbox", name="Message").press_sequentially("two")
        alice.get_by_role("button", name="Send").click()
        sees(ahmad, "one\ntwo")


def leave_and_return():
    """Who leaves is seen to leave, and finds everything again."""
    with Server() as server, Visitors(server) as visitors:
        alice, code = visitors.create("Alice")
        ahmad = visitors.join("Ahmad", code)
        say(alice, "before")
        sees(ahmad, "before")
        alice.get_by_role("button", name="Leave the Chat").click()
        expect(alice).to_have_url(server.url + "/")
        expect(ahmad.locator(".notice").last).to_contain_text("(Alice) left the chat")
        expect(ahmad.locator("#members li")).to_have_text(["Ahmad (you)"])
        say(ahmad, "while she was away")
        sees(ahmad, "before", "while she was away")
        alice.goto(server.url + "/room")
        expect(alice).to_have_url(server.url + "/")
        enter(alice, server.url, "Alice", code)
        sees(alice, "before", "while she was away")
        expect(ahmad.locator(".notice").last).to_contain_text("(Alice) entered the chat")
        expect(bubble(alice, "before")).to_contain_text("Alice (you)")
        alice.reload()
        connected(alice)
        sees(alice, "before", "while she was away")


def scrolling():
    """The list follows its end, except under a reader's eyes; a button leads back."""
    with Server() as server, Visitors(server) as visitors:
        alice, code = visitors.create("Alice")
        ahmad = visitors.join("Ahmad", code, **PHONE)
        for number in range(12):
            say(alice, f"line\n\n\n{number}")
        expect(ahmad.locator("#messages .message")).to_have_count(12)
        jump = ahmad.locator("#jump")
        expect(jump).to_be_hidden()
        ahmad.locator("#log").evaluate("log => { log.scrollTop = 40; }")
        expect(jump).to_have_text("To the end ↓")
        say(alice, "news")
        expect(jump).to_have_text("1 new message ↓")
        say(alice, "more news")
        expect(jump).to_have_text("2 new messages ↓")
        assert ahmad.locator("#log").evaluate("log => log.scrollTop") == 40, "the list moved"
        jump.click()
        expect(jump).to_be_hidden()
        expect(bubble(ahmad, "more news")).to_be_in_viewport()
        ahmad.locator("#log").evaluate("log => { log.scrollTop = 0; }")
        say(ahmad, "one's own message leads to the end")
        expect(bubble(ahmad, "one's own message leads to the end")).to_be_in_viewport()


def long_history():
    """More than one answer holds comes part by part: what was before, and what was missed."""
    # A character of 25 octets: 18 such messages are more than a megabyte.
    part = "👩\u200d👩\u200d👧\u200d👦" * 2_500
    with Server() as server, Visitors(server, outages=True) as visitors:
        alice, code = visitors.create("Alice")
        ahmad = visitors.join("Ahmad", code)
        say(alice, "first")
        sees(ahmad, "first")
        ahmad.context.set_offline(True)
        expect(ahmad.locator("#status")).to_have_text("Reconnecting…")
        said = [f"{number:02} {part}" for number in range(18)]
        for text in said:
            say(alice, text)
        expect(alice.locator("#messages .message")).to_have_count(19)
        ahmad.context.set_offline(False)
        expect(ahmad.locator("#messages .message")).to_have_count(19)
        assert texts(ahmad) == ["first", *said]
        ahmad.reload()
        button = ahmad.get_by_role("button", name="Show earlier messages")
        button.click()
        expect(ahmad.locator("#messages .message")).to_have_count(19)
        expect(button).to_be_hidden()
        assert texts(ahmad) == ["first", *said]
        expect(ahmad.locator("#messages .day")).to_have_count(1)
