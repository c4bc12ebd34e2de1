"""What goes wrong between page and server, and that nothing is lost or said twice."""

import json
import os
import signal

from playwright.sync_api import expect

from server import Server
from visitor import Visitors, bubble, connected, say, sees, texts


def restart_after_sigterm():
    """A server that is stopped and started again."""
    _restart(signal.SIGTERM)


def restart_after_sigkill():
    """A server that is killed and started again."""
    _restart(signal.SIGKILL)


def _restart(kind):
    with Server() as server, Visitors(server, outages=True) as visitors:
        alice, code = visitors.create("Alice")
        ahmad = visitors.join("Ahmad", code)
        say(alice, "before")
        say(ahmad, "and this")
        sees(alice, "before", "and this")
        sees(ahmad, "before", "and this")
        server.stop(kind)
        for page in (alice, ahmad):
            expect(page.locator("#status")).to_have_text("Reconnecting…")
        say(alice, "said while the server was down")
        expect(alice.locator("#outbox li")).to_contain_text("Waiting for the connection…")
        server.start()
        for page in (alice, ahmad):
            connected(page)
            sees(page, "before", "and this", "said while the server was down")
        say(ahmad, "after")
        for page in (alice, ahmad):
            sees(page, "before", "and this", "said while the server was down", "after")
            assert len(texts(page)) == 4
        alice.reload()
        connected(alice)
        sees(alice, "before", "and this", "said while the server was down", "after")


def offline_and_back():
    """A phone that loses its network finds out, and catches up."""
    with Server() as server, Visitors(server, outages=True) as visitors:
        alice, code = visitors.create("Alice")
        ahmad = visitors.join("Ahmad", code)
        ahmad.context.set_offline(True)
        expect(ahmad.locator("#status")).to_have_text("Reconnecting…")
        for text in ("one", "two", "three"):
            say(alice, text)
        sees(alice, "one", "two", "three")
        assert texts(ahmad) == []
        ahmad.context.set_offline(False)
        connected(ahmad)
        sees(ahmad, "one", "two", "three")
        say(alice, "four")
        sees(ahmad, "one", "two", "three", "four")


def not_sent():
    """A message that did not get through says so, survives a reload, and can be sent again."""
    with Server() as server, Visitors(server, outages=True) as visitors:
        alice, code = visitors.create("Alice", prepare=lambda page: page.clock.install())
        ahmad = visitors.join("Ahmad", code)
        alice.context.set_offline(True)
        expect(alice.locator("#status")).to_have_text("Reconnecting…")
        say(alice, "is anybody there?")
        pending = alice.locator("#outbox li")
        expect(pending).to_contain_text("Waiting for the connection…")
        alice.clock.fast_forward(11_000)
        expect(pending).to_contain_text("Not sent")
        again = pending.get_by_role("button", name="Send again")
        again.click()
        expect(pending).to_contain_text("Waiting for the connection…")
        alice.clock.fast_forward(11_000)
        expect(pending).to_contain_text("Not sent")
        alice.context.set_offline(False)
        connected(alice)
        sees(alice, "is anybody there?")
        sees(ahmad, "is anybody there?")
        # Refused: the reason stands there, and only the reader sends it again.
        too_long = "x" * 5_000
        say(alice, too_long)
        expect(pending).to_contain_text("Not sent: The message is longer than 4000 characters")
        alice.get_by_role("textbox", name="Message").fill("half a thought")
        alice.reload()
        connected(alice)
        expect(pending).to_contain_text("Not sent: The message is longer than 4000 characters")
        expect(alice.get_by_role("textbox", name="Message")).to_have_value("half a thought")
        pending.get_by_role("button", name="Edit").click()
        expect(pending).to_have_count(0)
        expect(alice.get_by_role("textbox", name="Message")).to_have_value(
            f"{too_long}\nhalf a thought")
        alice.get_by_role("textbox", name="Message").press("Enter")
        expect(pending).to_contain_text("Not sent")
        pending.get_by_role("button", name="Delete").click()
        expect(pending).to_have_count(0)
        alice.reload()
        connected(alice)
        expect(pending).to_have_count(0)
        sees(alice, "is anybody there?")
        assert texts(ahmad) == ["is anybody there?"]


def _is_ack(frame):
    return isinstance(frame, str) and frame.startswith("43")


def _is_message(frame):
    return isinstance(frame, str) and frame.startswith('42["message"') and '"id"' in frame


def acknowledgment_and_broadcast_in_either_order():
    """One's own message shows once, whether its acknowledgment or itself comes first."""
    for first, second in ((_is_ack, _is_message), (_is_message, _is_ack)):
        held = []
        seen = []

        def swap(route):
            server = route.connect_to_server()

            def from_server(frame):
                if second(frame) and not seen:
                    held.append(frame)
                    return
                route.send(frame)
                if first(frame):
                    seen.append(frame)

            server.on_message(from_server)
            routes.append(route)

        routes = []
        with Server() as server, Visitors(server) as visitors:
            alice, _ = visitors.create(
                "Alice", prepare=lambda page: page.route_web_socket("**/socket.io/*", swap))
            say(alice, "once")
            expect(bubble(alice, "once")).to_have_count(1)
            expect(alice.get_by_text("once", exact=True)).to_have_count(1)
            for frame in held:
                routes[-1].send(frame)
            say(alice, "twice")
            sees(alice, "once", "twice")
            assert texts(alice) == ["once", "twice"]


def lost_acknowledgment():
    """The connection ends before the acknowledgment comes: sent again, saved once."""
    sent = []

    def lose(route):
        server = route.connect_to_server()

        def from_page(frame):
            if isinstance(frame, str) and frame.startswith("42"):
                sent.append(json.loads(frame[frame.index("["):])[1])
            server.send(frame)

        def from_server(frame):
            # Neither the message itself nor its acknowledgment comes through the first time.
            if len(sent) == 1 and _is_message(frame):
                return
            if len(sent) == 1 and _is_ack(frame):
                route.close()
                return
            route.send(frame)

        route.on_message(from_page)
        server.on_message(from_server)

    with Server() as server, Visitors(server) as visitors:
        alice, code = visitors.create(
            "Alice", prepare=lambda page: page.route_web_socket("**/socket.io/*", lose))
        ahmad = visitors.join("Ahmad", code)
        say(alice, "said once")
        sees(alice, "said once")
        say(ahmad, "heard once")
        sees(alice, "said once", "heard once")
        assert texts(ahmad) == texts(alice) == ["said once", "heard once"]
        assert len(sent) == 2 and sent[0] == sent[1] and len(sent[0]["key"]) == 32, sent


def polling_where_websocket_is_blocked():
    """Long polling carries the chat where no WebSocket opens, and survives a restart."""
    def closed_by_a_proxy(page):
        page.route_web_socket("**/socket.io/*", lambda route: route.close())

    def forbidden(page):
        page.add_init_script("window.WebSocket = class { constructor() { throw new Error(); } };")

    for block in (closed_by_a_proxy, forbidden):
        with Server() as server, Visitors(server, outages=True) as visitors:
            alice, code = visitors.create("Alice", prepare=block)
            requests = []
            alice.on("request", lambda request: requests.append(request.url))
            ahmad = visitors.join("Ahmad", code)
            say(alice, "by polling")
            sees(ahmad, "by polling")
            say(ahmad, "by WebSocket")
            sees(alice, "by polling", "by WebSocket")
            assert any("transport=polling" in url for url in requests), requests
            server.stop(signal.SIGKILL)
            expect(alice.locator("#status")).to_have_text("Reconnecting…")
            say(alice, "while down")
            server.start()
            connected(alice)
            sees(alice, "by polling", "by WebSocket", "while down")
            sees(ahmad, "by polling", "by WebSocket", "while down")


def room_that_is_gone():
    """The server comes back without the room: said, with a way home."""
    with Server() as server, Visitors(server, outages=True) as visitors:
        alice, _ = visitors.create("Alice")
        server.stop()
        for name in os.listdir(server.folder.name):
            if name.startswith("history"):
                os.remove(os.path.join(server.folder.name, name))
        server.start()
        expect(alice.get_by_role("alert")).to_contain_text("Room not found")
        expect(alice.locator("#status")).to_have_text("Not connected")
        alice.get_by_role("link", name="Back to the start").click()
        expect(alice).to_have_url(server.url + "/")


def silent_server():
    """A connection that only looks open is given up when the heartbeat stays out."""
    routes = []

    def mute(route):
        server = route.connect_to_server()
        routes.append(route)
        is_first = len(routes) == 1

        def from_server(frame):
            # The server is answered, so that it is the page that has to notice.
            if is_first and frame == "2":
                server.send("3")
            else:
                route.send(frame)

        server.on_message(from_server)

    with Server("--ping-interval", "300ms", "--ping-timeout", "400ms") as server, \
            Visitors(server) as visitors:
        alice, _ = visitors.create(
            "Alice", prepare=lambda page: page.route_web_socket("**/socket.io/*", mute))
        expect(alice.locator("#status")).to_have_text("Reconnecting…")
        connected(alice)
        assert len(routes) == 2
        say(alice, "still here")
        sees(alice, "still here")
